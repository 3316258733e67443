// Versions of the interface between an SDK and the core.
'use strict';

// '1.5' -> [1, 5]. Throws for anything else.
exports.parseVersion = function parseVersion(text) {
  const parts = /^(\d+)\.(\d+)$/.exec(text);
  if (parts === null) throw new Error(`'${text}' is not a version of the form major.minor`);
  return [Number(parts[1]), Number(parts[2])];
};
