// The second argument of a handler.
'use strict';
const common = require('../modules/aws-greengrass-common-js');
const log = require('./log');

const ARN = common.envVars.MY_FUNCTION_ARN || '';
const TIMEOUT_MS = Number(process.env.EVERGRASS_FUNCTION_TIMEOUT || 3) * 1000;
const MEMORY_MB = Math.floor(Number(process.env.EVERGRASS_FUNCTION_MEMORY_KB || 0) / 1024);

function parse(text) {
  if (!text) return {};
  try {
    const fields = JSON.parse(Buffer.from(text, 'base64').toString());
    return typeof fields === 'object' && fields !== null ? fields : {};
  } catch (error) {
    log.warn(`The client context cannot be read: ${error.message}`);
    return {};
  }
}

// What the invoker sent along; for a routed message Custom.subject is its topic.
function clientContext(text) {
  const fields = parse(text);
  const custom = fields.custom || {};
  return { client: fields.client || {}, Custom: custom, custom, env: fields.env || {} };
}

exports.create = function create(id, contextText, answer) {
  const deadline = Date.now() + TIMEOUT_MS;
  const parts = ARN.split(':');
  return {
    awsRequestId: id,
    invokedFunctionArn: ARN,
    functionName: parts[6] || '',
    functionVersion: parts[7] || '$LATEST',
    clientContext: clientContext(contextText),
    // Not in V1, where functions that came from the cloud fail for want of them.
    memoryLimitInMB: String(MEMORY_MB),
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: (error, result) => answer.settle(error, result),
    succeed: (result) => answer.succeed(result),
    fail: (error) => answer.fail(error),
  };
};
