// The JSON text that an invoker gets for a failure of the handler.
'use strict';
const util = require('util');

const FRAME = '    at ';

function fieldsOf(error) {
  if (error === null || error === undefined) return { errorMessage: null };
  if (!(error instanceof Error)) return { errorMessage: String(error) };
  const frames = String(error.stack || '').split('\n').filter((line) => line.startsWith(FRAME));
  return {
    errorMessage: error.message,
    stackTrace: frames.map((line) => line.slice(FRAME.length)),
    errorType: error.code, // left out when there is none
  };
}

exports.of = function of(error) {
  try {
    return JSON.stringify(fieldsOf(error));
  } catch (unreadable) { // an object without toString, or with fields that throw
    return JSON.stringify({ errorMessage: util.inspect(error) });
  }
};

// As V1 tells a handler that threw before it returned.
exports.thrown = function thrown(error) {
  const wrapped = new Error(`Failed to invoke handler: ${error instanceof Error ? error : util.inspect(error)}`);
  if (error instanceof Error) {
    wrapped.stack = error.stack;
    wrapped.code = error.code;
  }
  return wrapped;
};
