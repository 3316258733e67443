// Runs one Lambda function: node lambda_runtime.js --handler=file.function
//
// Started by the core in the function's directory, with the environment that env_vars.js of
// modules/aws-greengrass-common-js reads. NODE_PATH leads the function's copy of the SDK to the two modules that a core
// provides. All of this runs on Node.js 6.10 and newer.
'use strict';
// First: it must come before anything touches process.stdout.
require('./evergrass_runtime/log_setup').install();

const environment = require('./evergrass_runtime/environment');
const handlers = require('./evergrass_runtime/handler');
const log = require('./evergrass_runtime/log');
const loop = require('./evergrass_runtime/loop');
const versions = require('./evergrass_runtime/versions');

const HANDLER_FLAG = '--handler=';

function handlerName() {
  const flag = process.argv.slice(2).find((argument) => argument.startsWith(HANDLER_FLAG));
  if (flag === undefined) throw new Error(`the runtime needs ${HANDLER_FLAG}file.function`);
  return flag.slice(HANDLER_FLAG.length);
}

function load() {
  const name = handlerName();
  try {
    environment.check();
    const handler = handlers.load(name);
    versions.check();
    return handler;
  } catch (error) {
    log.exception('The stack of the failed import:', error);
    log.fatal(`Failed to import handler function "${name}" due to exception: ${log.firstLine(error)}`);
    return process.exit(1);
  }
}

// Node.js would end the process as well, but its last words are a stack. A function that has a listener of its own
// decides for itself.
function endByException(error) {
  if (process.listenerCount('uncaughtException') > 1) return;
  log.exception('An exception that nothing caught:', error);
  log.fatal(`The function ended by an exception that nothing caught: ${log.firstLine(error)}`);
  process.exit(1);
}

process.on('SIGTERM', () => process.exit(0)); // runs listeners of 'exit'; the core kills what takes too long
process.on('uncaughtException', endByException);
loop.serve(load());
