// From the text 'folder/file.function' to the function.
'use strict';
const path = require('path');

// A file of the package wins over a module of Node.js that has its name, such as events.js.
function locate(name) {
  try {
    return require.resolve(path.resolve(name));
  } catch (error) {
    return require.resolve(name); // through NODE_PATH
  }
}

// The name's last part is the function, what is before the last dot the module. Throws what loading throws.
exports.load = function load(name) {
  const dot = name.lastIndexOf('.');
  const moduleName = name.slice(0, Math.max(dot, 0));
  const functionName = name.slice(dot + 1);
  if (!moduleName || !functionName) throw new Error(`the handler '${name}' is not of the form file.function`);
  const loaded = require(locate(moduleName));
  const found = loaded === null || loaded === undefined ? undefined : loaded[functionName];
  if (typeof found !== 'function') throw new Error(`the module '${moduleName}' exports no function '${functionName}'`);
  return (event, context, callback) => found.call(loaded, event, context, callback);
};
