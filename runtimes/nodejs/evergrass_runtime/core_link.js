// The runtime's calls to the core, each tried again while the core restarts its endpoint.
'use strict';
const common = require('../modules/aws-greengrass-common-js');
const IPCClient = require('../modules/aws-greengrass-ipc-sdk-js');
const log = require('./log');

// A core that restarts its endpoint is back within 3 s, or it restarts this worker too.
const FIRST_DELAY_MS = 50;
const FACTOR = 2;
const MOST_DELAY_MS = 500;
const MOST_ATTEMPTS = 10;
const TOTAL_MS = 3000;

const ipc = new IPCClient(common.envVars.AUTH_TOKEN);
const arn = common.envVars.MY_FUNCTION_ARN;

function again(call, failed) {
  return new common.BackoffRetry(
    call, ipc, failed, FIRST_DELAY_MS, FACTOR, MOST_DELAY_MS, MOST_ATTEMPTS, TOTAL_MS, true
  );
}

function end(error) {
  log.fatal(`The core is lost: ${error.message}`);
  process.exit(1);
}

// got(payload, id, clientContext). Ends the process when the core is lost.
exports.getWork = function getWork(got) {
  again(ipc.getWork, end).tryOrThrowError(arn, (error, payload, id, context) => got(payload, id, context));
};

// A core that refuses an answer has given the invocation up: done(refusal) is not the worker's end.
function post(call, id, body, done) {
  const failed = (error) => (error.statusCode === undefined ? end(error) : done(error));
  again(call, failed).tryOrThrowError(arn, body, id, () => done());
}

exports.postResult = (id, body, done) => post(ipc.postWorkResult, id, body, done);
exports.postError = (id, text, done) => post(ipc.postHandlerErr, id, text, done);
