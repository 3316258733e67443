// The answer to one invocation: the first call of succeed(), fail() or settle() counts.
'use strict';
const codec = require('./codec');
const coreLink = require('./core_link');
const errorObject = require('./error_object');
const log = require('./log');

class Answer {
  // done() is called when the core has the answer or has refused it.
  constructor(id, done) {
    this.id = id;
    this.done = done;
    this.given = false;
  }

  succeed(result) {
    if (this.given) return;
    let body;
    try {
      body = codec.encode(result);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.given = true;
    coreLink.postResult(this.id, body, (refusal) => {
      if (refusal) {
        log.error(`The core did not take the result: ${refusal.message}`);
        this.postError(refusal); // too large, most likely: the invoker hears of it
      } else {
        this.done();
      }
    });
  }

  fail(error) {
    if (this.given) return;
    this.given = true;
    log.exception('The handler failed:', error);
    this.postError(error);
  }

  // As handlers call back.
  settle(error, result) {
    if (error === null || error === undefined) {
      this.succeed(result);
    } else {
      this.fail(error);
    }
  }

  postError(error) {
    coreLink.postError(this.id, errorObject.of(error), (refusal) => {
      if (refusal) log.error(`The core did not take the error: ${refusal.message}`);
      this.done();
    });
  }
}

module.exports = Answer;
