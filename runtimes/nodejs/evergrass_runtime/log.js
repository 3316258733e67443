// The runtime's own lines in the function's log.
'use strict';
const util = require('util');

const common = require('../modules/aws-greengrass-common-js');

const logger = new common.logging.LocalWatchLogger();

exports.info = (text) => logger.info(text);
exports.warn = (text) => logger.warn(text);
exports.error = (text) => logger.error(text);
exports.fatal = (text) => logger.fatal(text);

// Anything can be thrown, even what has no text.
function describe(thrown) {
  return thrown instanceof Error ? thrown.stack || String(thrown) : util.inspect(thrown);
}

exports.exception = (what, thrown) => logger.error(`${what}\n${describe(thrown)}`);

exports.firstLine = function firstLine(thrown) {
  const text = thrown instanceof Error ? String(thrown) : util.inspect(thrown);
  return text.split('\n')[0];
};
