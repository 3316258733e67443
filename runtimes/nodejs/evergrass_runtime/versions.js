// Does the SDK that the function brought fit this core?
'use strict';
const common = require('../modules/aws-greengrass-common-js');

const SDK = '/node_modules/aws-greengrass-core-sdk/index.js';

// Of the SDK that the handler's module loaded, if it did. Asking for it would load one that is there and not used.
function sdkVersion() {
  const file = Object.keys(require.cache).find((name) => name.endsWith(SDK));
  return file && (require.cache[file].exports.GreengrassInterfaceVersion || '1.0');
}

// To be called when the handler's module is loaded. Throws when its SDK needs a newer core.
exports.check = function check() {
  const wanted = sdkVersion();
  if (wanted === undefined) return;
  const most = common.envVars.GGC_MAX_INTERFACE_VERSION;
  const sdk = common.versionParser.parseVersion(wanted);
  const core = common.versionParser.parseVersion(most);
  if (sdk[0] !== core[0] || sdk[1] > core[1]) {
    throw new Error(
      `the aws-greengrass-core-sdk of the function has interface version ${wanted} and this core supports up to ` +
      `${most}: use an older version of the SDK`
    );
  }
};
