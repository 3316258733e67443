// Writes lines to the function's log.
'use strict';
const util = require('util');

const pipes = require('./log_pipes');

// V1's constructor took (logGroupName, streamName); the pipes know where their lines belong.
class LocalWatchLogger {
  trace(...values) { pipes.writeLine('TRACE', util.format(...values)); }
  debug(...values) { pipes.writeLine('DEBUG', util.format(...values)); }
  info(...values) { pipes.writeLine('INFO', util.format(...values)); }
  warn(...values) { pipes.writeLine('WARN', util.format(...values)); }
  error(...values) { pipes.writeLine('ERROR', util.format(...values)); }
  fatal(...values) { pipes.writeLine('FATAL', util.format(...values)); }
}

module.exports = LocalWatchLogger;
