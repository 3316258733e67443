// A function's input and result, between bytes and what its handler sees.
'use strict';
const common = require('../modules/aws-greengrass-common-js');
const bytes = require('../modules/aws-greengrass-ipc-sdk-js/bytes');

const BINARY = common.envVars.ENCODING_TYPE === common.encodingType.encodingTypeBinary;

// Throws when the input is not JSON and the function takes JSON.
exports.decode = function decode(payload) {
  if (BINARY) return payload;
  if (payload.length === 0) return {};
  try {
    return JSON.parse(payload.toString());
  } catch (error) {
    throw new Error(`the input could not be parsed as JSON: ${error.message}`);
  }
};

// Throws when the result cannot be sent.
exports.encode = function encode(result) {
  if (BINARY) return bytes.of(result, 'the result of a function with binary encoding');
  const text = JSON.stringify(result);
  return Buffer.from(text === undefined ? 'null' : text);
};
