// Leads the console and what is written to process.stdout and process.stderr to the core's log pipes.
'use strict';
const stream = require('stream');
const util = require('util');

const pipes = require('../modules/aws-greengrass-common-js/log_pipes');

const LEVELS = { debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' };

// Node.js's own stream would make the pipe non-blocking, and lose at the process's end what had not gone out.
function replaceStream(name, level, descriptor) {
  const replacement = new stream.Writable({
    decodeStrings: true,
    write: (chunk, encoding, done) => {
      pipes.write(level, chunk);
      done();
    },
  });
  replacement.fd = descriptor;
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => replacement });
}

exports.install = function install() {
  replaceStream('stdout', 'INFO', 1);
  replaceStream('stderr', 'ERROR', 2);
  Object.keys(LEVELS).forEach((method) => {
    console[method] = (...values) => pipes.writeLine(LEVELS[method], util.format(...values));
  });
  console.dir = (value, options) =>
    pipes.writeLine('INFO', util.inspect(value, Object.assign({ customInspect: false }, options)));
  console.trace = (...values) => {
    const here = { name: 'Trace', message: util.format(...values) };
    Error.captureStackTrace(here, console.trace);
    pipes.writeLine('ERROR', here.stack);
  };
};
