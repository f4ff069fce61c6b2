import assert from 'node:assert/strict';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeInstance, type Instance } from './instance.js';

describe('cscli blocklists', () => {
  let instance: Instance;
  let list: string;
  before(() => {
    instance = makeInstance(null, { port: 1 });
    list = join(instance.directory, 'list.txt');
    writeFileSync(list, '1.2.3.4\n20.0.0.0/24\nnonsense\n');
    writeFileSync(join(instance.directory, 'etc/palisade.yaml'),
      `blocklists:\n  first: {file: ${list}}\n  second: {file: ${instance.directory}/none.txt, type: captcha}\n`);
  });
  after(() => instance.remove());

  const run = (...argv: string[]) => instance.run(['-c', instance.configFile, 'blocklists', ...argv]);

  test('lists what is configured, before anything was got', async () => {
    const { stdout, exit } = await run('list');
    assert.equal(exit, 0);
    assert.match(stdout, /first .*list\.txt +ban +0 +never +now +not got yet/);
  });

  test('refreshes, says what changed and what failed', async () => {
    const { stdout, stderr, exit } = await run('refresh');
    assert.equal(exit, 1);
    assert.equal(stdout, 'first: 2 entries (+2/-0, 0 renewed)\n');
    assert.match(stderr, /blocklist second: cannot read .*none\.txt.*; it stays as it was/);
    assert.deepEqual(JSON.parse((await run('refresh', 'first', '-o', 'json')).stdout), [
      { name: 'first', entries: 2, added: 0, removed: 0, renewed: 0, unreadable_lines: 1, error: '' }]);
    assert.match((await run('refresh', 'third')).stderr, /blocklist 'third' not found in palisade\.yaml/);
  });

  test('shows how the lists are', async () => {
    const [first, second] = JSON.parse((await run('list', '-o', 'json')).stdout) as Record<string, unknown>[];
    assert.deepEqual([first['name'], first['in_force'], first['unreadable_lines'], first['error']], ['first', 2, 1, '']);
    assert.match(String(first['refreshed_at']), /^\d{4}-/);
    assert.deepEqual([second['in_force'], second['refreshed_at'], second['type']], [0, null, 'captcha']);
    assert.match(String(second['error']), /cannot read/);
    const raw = (await run('list', '-o', 'raw')).stdout.split('\n');
    assert.equal(raw[0], 'name,source,type,in_force,unreadable_lines,refreshed_at,next_refresh,error');
    assert.match(raw[1], /^first,.*list\.txt,ban,2,1,\d/);
  });

  test('says which list holds an address', async () => {
    const { stdout } = await run('check', '20.0.0.7', '9.9.9.9');
    assert.match(stdout, /20\.0\.0\.7 +lists:first +first +ban +Range:20\.0\.0\.0\/24 +\d+h/);
    assert.match(stdout, /9\.9\.9\.9 is on no blocklist and not banned/);
    const [found] = JSON.parse((await run('check', '1.2.3.4', '-o', 'json')).stdout) as Record<string, unknown>[];
    assert.deepEqual([found['address'], found['origin'], found['value']], ['1.2.3.4', 'lists:first', '1.2.3.4']);
    assert.match((await run('check', '1.2.3.4', '-o', 'raw')).stdout,
      /^address,origin,reason,action,covered_by,expiration\n1\.2\.3\.4,lists:first,first,ban,Ip:1\.2\.3\.4,/);
    assert.match((await run('check', 'nonsense')).stderr, /invalid ip address 'nonsense'/);
  });

  test('keeps what it has when the list is gone', async () => {
    unlinkSync(list);
    assert.equal((await run('refresh', 'first')).exit, 1);
    assert.match((await run('check', '1.2.3.4')).stdout, /lists:first/);
  });
});
