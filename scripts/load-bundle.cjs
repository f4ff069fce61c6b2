// Runs a bundle with what V8 kept of compiling it. bundle.mjs puts this beside the bundles; each has a file that calls it.
'use strict';
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

/** The exports of the bundle `name`. V8 compiles anew what it does not take from the kept code: that of another version or flag. */
exports.run = (name) => {
  const file = join(__dirname, `${name}.js`);
  const script = new Script(exports.wrapped(file), { filename: file, cachedData: readFileSync(join(__dirname, `${name}.code`)) });
  const module = { exports: {} };
  const urlOf = (path) => new URL(`../../${path}`, pathToFileURL(__filename)).href;
  script.runInThisContext()(createRequire(__filename), module, module.exports, file, __dirname, urlOf);
  return module.exports;
};

/** The text of a bundle as the function that is run. It is ASCII: read so, it takes a byte a character. */
exports.wrapped = (file) => `(function (require, module, exports, __filename, __dirname, __urlOf) {${readFileSync(file, 'latin1')}\n})`;
