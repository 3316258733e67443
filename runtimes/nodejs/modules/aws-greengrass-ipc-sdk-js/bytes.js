// What a function gives as a payload, as bytes.
'use strict';

// Throws a TypeError that begins with `what` when it is neither nothing, text nor bytes.
exports.of = function of(value, what) {
  if (value === undefined || value === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  throw new TypeError(`${what} must be a string, a Buffer or a typed array, not ${typeof value}`);
};
