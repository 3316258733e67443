// How a function's input and result are encoded.
'use strict';
exports.encodingTypeJSON = 'json';
exports.encodingTypeBinary = 'binary';
