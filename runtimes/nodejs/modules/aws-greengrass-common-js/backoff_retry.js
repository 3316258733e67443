// Calls a function again, ever later, until it succeeds.
'use strict';

// Between attempts it waits initialMs * factor^n, at most maxMs, with jitter a random part of that. It gives up after
// maxAttempts, when the next wait would pass totalMs, or at once for an error whose `retryable` is false. Then
// errCb(error) is called; without one the error is thrown.
class BackoffRetry {
  constructor(fn, thisArg, errCb, initialMs, factor, maxMs, maxAttempts, totalMs, jitter) {
    this.fn = fn;
    this.thisArg = thisArg;
    this.errCb = errCb;
    this.initialMs = initialMs;
    this.factor = factor;
    this.maxMs = maxMs;
    this.maxAttempts = maxAttempts;
    this.totalMs = totalMs;
    this.jitter = jitter;
  }

  // The arguments of fn; the last one is its call-back, which is called for success only.
  tryOrThrowError(...values) {
    const done = values.pop();
    const deadline = Date.now() + this.totalMs;
    let attempt = 0;
    const tryOnce = () => {
      attempt += 1;
      this.fn.call(this.thisArg, ...values, (error, ...results) => {
        if (!error) {
          done(error, ...results);
          return;
        }
        const delay = this.delayAfter(attempt);
        if (error.retryable === false || attempt >= this.maxAttempts || Date.now() + delay > deadline) {
          this.giveUp(error);
        } else {
          setTimeout(tryOnce, delay);
        }
      });
    };
    tryOnce();
  }

  delayAfter(attempt) {
    const delay = Math.min(this.initialMs * Math.pow(this.factor, attempt - 1), this.maxMs);
    return this.jitter ? delay * (0.5 + Math.random() / 2) : delay;
  }

  giveUp(error) {
    if (!this.errCb) throw error;
    this.errCb(error);
  }
}

module.exports = BackoffRetry;
