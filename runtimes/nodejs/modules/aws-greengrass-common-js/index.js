// What the SDK and functions take from the core, under the names that they know.
'use strict';
const FunctionArnFields = require('./function_arn_fields');

exports.envVars = require('./env_vars');
exports.FunctionArnFields = FunctionArnFields;
exports.buildFunctionArn = FunctionArnFields.buildFunctionArn;
exports.logging = { LocalWatchLogger: require('./local_watch_logger') };
exports.BackoffRetry = require('./backoff_retry');
exports.encodingType = require('./encoding_type');
exports.versionParser = require('./version_parser');
