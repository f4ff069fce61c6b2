// `npm start [-- --demo]`: sets up, then runs the first-start program. Plain JavaScript because it compiles what it runs.
import { setup } from './setup.mjs';

try {
  await setup();
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
}
const { loadEntry } = await import('../dist/ts/entry.js');
await (await loadEntry('ts/start')).start(process.argv.slice(2));
