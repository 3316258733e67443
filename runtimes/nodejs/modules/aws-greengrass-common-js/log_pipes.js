// Where a function's log lines go: one pipe to the core for each level.
//
// The core puts time and level in front of each line and writes it to the function's log file.
'use strict';
const fs = require('fs');

const LEVELS = ['NOTSET', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const STDERR = 2;
const PAUSE_MS = 1;

// The function may have set the variable for itself: a word that is no level counts as INFO.
function leastLevel() {
  const index = LEVELS.indexOf(String(process.env.LOG_LEVEL || 'INFO').toUpperCase());
  return index === -1 ? LEVELS.indexOf('INFO') : index;
}

function descriptorOf(level) {
  const value = process.env[`_GG_LOG_FD_${level}`];
  return /^\d+$/.test(value) ? Number(value) : STDERR;
}

const least = leastLevel();
const descriptors = {};
LEVELS.forEach((level) => {
  descriptors[level] = descriptorOf(level);
});

// Node.js 6 has nothing to sleep with: it asks again at once.
function pause() {
  if (typeof SharedArrayBuffer !== 'undefined' && typeof Atomics !== 'undefined') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

// A child process that shares the pipe may have made it non-blocking. A log line must never end the function.
function writeAll(descriptor, data) {
  let at = 0;
  while (at < data.length) {
    try {
      at += fs.writeSync(descriptor, data, at, data.length - at);
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      pause();
    }
  }
}

// Bytes as they are.
exports.write = function write(level, data) {
  if (LEVELS.indexOf(level) >= least) writeAll(descriptors[level], data);
};

exports.writeLine = function writeLine(level, text) {
  exports.write(level, Buffer.from(`${text}\n`));
};
