// What the core must have told the runtime.
'use strict';
const common = require('../modules/aws-greengrass-common-js');

const REQUIRED = {
  AWS_CONTAINER_AUTHORIZATION_TOKEN: common.envVars.AUTH_TOKEN,
  ENCODING_TYPE: common.envVars.ENCODING_TYPE,
  GGC_MAX_INTERFACE_VERSION: common.envVars.GGC_MAX_INTERFACE_VERSION,
  MY_FUNCTION_ARN: common.envVars.MY_FUNCTION_ARN,
};

// Throws an error that names what is missing or wrong.
exports.check = function check() {
  const missing = Object.keys(REQUIRED).filter((name) => !REQUIRED[name]);
  if (missing.length !== 0) throw new Error(`the environment has no ${missing.join(', ')}`);
  const known = Object.keys(common.encodingType).map((name) => common.encodingType[name]);
  if (known.indexOf(REQUIRED.ENCODING_TYPE) === -1) {
    throw new Error(`ENCODING_TYPE is '${REQUIRED.ENCODING_TYPE}' and must be one of: ${known.join(', ')}`);
  }
};
