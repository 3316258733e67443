// Takes work from the core, calls the handler and gives the answer back, one by one.
'use strict';
const Answer = require('./answer');
const codec = require('./codec');
const contexts = require('./context');
const coreLink = require('./core_link');
const errorObject = require('./error_object');
const log = require('./log');

function decode(payload, answer) {
  try {
    return codec.decode(payload);
  } catch (error) {
    answer.fail(error);
    return undefined;
  }
}

function call(handler, event, context, answer) {
  let returned;
  try {
    returned = handler(event, context, (error, result) => answer.settle(error, result));
  } catch (error) {
    answer.fail(errorObject.thrown(error));
    return;
  }
  // Else it calls back, or it is done when nothing is left to do.
  if (returned && typeof returned.then === 'function') {
    Promise.resolve(returned).then((result) => answer.succeed(result), (error) => answer.fail(error));
  }
}

// The process ends by a signal, by the function or with the core.
exports.serve = function serve(handler) {
  let answer = null; // of the invocation that is worked on

  function run(payload, id, contextText) {
    log.info(`START RequestId: ${id}`);
    answer = new Answer(id, () => {
      answer = null;
      log.info(`End RequestId: ${id}`);
      coreLink.getWork(run);
    });
    const event = decode(payload, answer);
    if (!answer.given) call(handler, event, contexts.create(id, contextText, answer), answer);
  }

  // Nothing is left that could call back. Connections to the core that lie idle do not count.
  process.on('beforeExit', () => {
    if (answer) answer.succeed(null);
  });
  coreLink.getWork(run);
};
