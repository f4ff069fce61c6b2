// Prints the RE2 and Abseil sources of the installed `re2` package, one path a line, for binding.gyp. The list is
// read from the package's own binding.gyp, so it follows the package's version.
const { readFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const { runInNewContext } = require('node:vm');

const folder = join(__dirname, '../../node_modules/re2');
// A gyp file is a literal that both Python and JavaScript read, but for `#` comments, which this one has none of.
const gyp = runInNewContext(`(${readFileSync(join(folder, 'binding.gyp'), 'utf8')})`);
const sources = gyp.targets[0].sources.filter((path) => path.startsWith('vendor/'));
if (sources.length === 0) throw new Error('the re2 package lists no vendored sources');
for (const path of sources) console.log(relative(__dirname, join(folder, path)));
