// Loaded before a program of Palisade (node --require, for its threads too) while set-up warms the bundles up: when a thread
// ends, what V8 has compiled of its bundle by then is kept beside it, not only what compiling the text gave.
'use strict';
const { existsSync, renameSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const vm = require('node:vm');
const { threadId } = require('node:worker_threads');

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    const code = options?.filename?.replace(/\.js$/, '.code');
    if (options?.cachedData !== undefined && existsSync(code)) process.on('exit', () => keep(this, code));
  }
};

/** V8 notes its flags as they are when the code is written, and takes it only under the same: those that programs start with. */
function keep(script, code) {
  setFlagsFromString(process.env['PALISADE_START_FLAGS']);
  const temporary = `${code}.${process.pid}-${threadId}`;
  writeFileSync(temporary, script.createCachedData());
  renameSync(temporary, code);
}
