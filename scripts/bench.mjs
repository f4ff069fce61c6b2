// `npm run bench [-- SUITE...]`: sets up, then measures. Plain JavaScript because it compiles what it runs.
import { setup } from './setup.mjs';

await setup();
const { main } = await import('../dist/bench/run.js');
process.exitCode = await main(process.argv.slice(2));
