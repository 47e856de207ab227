// What takes long: bundles of many rows, proofs. A terminal shows how far it is, nothing else does.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { World } from './support/world.mjs';

const rows = 400_000; // long for a fast machine, too
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-long-'));
const data = join(scratch, 'data');
const bundle = join(scratch, 'bundle.json');
const config = join(scratch, 'config.toml');

let world;
before(async () => {
  world = await World.build('long_work');
  writeFileSync(config, `[upstream]\nurl = ""\nanon_key = "${anonKey}"\n`);
  const column = (name, type, nullable) => ({ name, type, nullable });
  const many = {
    kind: 'table',
    columns: [column('id', 'integer', false), column('text', 'text', true)],
    primary_key: { name: 'many_pkey', columns: ['id'] },
    unique: [],
    foreign_keys: [],
    rows: Array.from({ length: rows }, (_, id) => ({ id, text: `text ${id}` })),
  };
  writeFileSync(bundle, JSON.stringify({ schema: 'public', tables: { many } }));
});
after(async () => {
  await world?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const places = `--config ${config} --data ${data}`;

// On a terminal; what it showed.
function shown(line) {
  const ended = spawnSync('script', ['-qec', line, '/dev/null'], {
    encoding: 'utf8',
    env: { ...process.env, TERM: 'xterm' },
    maxBuffer: 1 << 28,
  });
  assert.equal(ended.status, 0, ended.error ?? ended.stdout.slice(-500));
  return ended.stdout;
}
const counts = (doing) => new RegExp(`\\] \\d+ %  ${doing}: \\d+ of \\d{4,} (rows|kB)`);

test('import shows how many rows are in, on a terminal alone', () => {
  const command = `${holdfastBinary()} import ${places} ${bundle}`;
  const screen = shown(command);
  assert.match(screen, counts('(reading|importing)'));
  assert.match(screen, new RegExp(`${rows} rows imported for anon`));
  assert.doesNotMatch(shown(`${command} --json`), /reading|importing/);
});

test('import asks the gateway that runs, where its rows are not an upstream’s', async () => {
  const running = join(scratch, 'running');
  const serve = ['serve', '--config', config, '--data', running, '--port', '0'];
  const gateway = spawn(holdfastBinary(), serve, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let said = '';
    while (!said.includes('\n')) said += String(await once(gateway.stdout, 'data'));
    gateway.stdout.resume();
    const [, url] = /url=(\S+)/.exec(said);
    const few = JSON.parse(readFileSync(bundle, 'utf8'));
    few.tables.many.rows.length = 3;
    const input = (value) => ({ input: JSON.stringify(value), encoding: 'utf8' });
    const line = ['import', '--config', config, '--data', running, '-'];
    const first = spawnSync(holdfastBinary(), line, input(few));
    assert.deepEqual([first.status, first.stdout], [0, '3 rows imported for anon\n'], first.stderr);
    const read = async (target) =>
      (await fetch(`${url}/rest/v1/${target}`, { headers: { apikey: anonKey } })).json();
    assert.deepEqual(await read('many?select=id'), [{ id: 0 }, { id: 1 }, { id: 2 }]);
    // Refused as a whole: the tables that were there are not given up for it.
    const bad = { ...few.tables.many, rows: [{ id: 'no number', text: '' }] };
    const wrong = spawnSync(holdfastBinary(), line, input({ ...few, tables: { bad } }));
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /bad/);
    assert.deepEqual(await read('many?select=id'), [{ id: 0 }, { id: 1 }, { id: 2 }]);
    few.tables.other = { ...few.tables.many, rows: [{ id: 7, text: 'seven' }] };
    few.tables.many.rows.length = 1;
    const other = spawnSync(holdfastBinary(), [...line, '--json'], input(few));
    assert.deepEqual(JSON.parse(other.stdout), { rows: 2, principal: 'anon' });
    assert.deepEqual(await read('other'), [{ id: 7, text: 'seven' }]);
    assert.deepEqual(await read('many?select=id'), [{ id: 0 }]);
    const tight = join(scratch, 'tight.toml');
    writeFileSync(tight, `${readFileSync(config, 'utf8')}[server]\nbody_limit = "1KiB"\n`);
    const large = ['import', '--config', tight, '--data', running, bundle];
    assert.match(
      spawnSync(holdfastBinary(), large, { encoding: 'utf8' }).stderr,
      /takes 1024 bytes at most .* stop it and import again/,
    );
  } finally {
    gateway.kill();
    await once(gateway, 'exit');
  }
  const refused = world.holdfast.run('import', bundle);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /come from its upstream/);
});

test('export shows how many rows are out, but not in the midst of them', () => {
  const command = `${holdfastBinary()} export ${places}`;
  // Whoever takes them takes their time.
  const slowly = `${command} | (sleep 1; cat > ${join(scratch, 'out.json')})`;
  assert.match(shown(slowly), counts('exporting'));
  const text = readFileSync(join(scratch, 'out.json'), 'utf8');
  assert.equal(JSON.parse(text).tables.many.rows.length, rows);
  assert.doesNotMatch(shown(command), /exporting/);
  const piped = spawnSync('sh', ['-c', slowly], { encoding: 'utf8' });
  assert.deepEqual([piped.status, piped.stderr], [0, '']);
});

test('export works beside a running gateway, leaves nothing behind and a note in the journal', async () => {
  const { status, stdout, stderr } = world.holdfast.run('export');
  assert.equal(status, 0, stderr);
  const { tables } = JSON.parse(stdout);
  assert.equal(tables.todos.rows.length, (await world.holdfast.status()).sync.tables.todos.rows);
  const left = readdirSync(world.holdfast.places.data).filter((name) => name.startsWith('export'));
  assert.deepEqual(left, []);
  const { records } = await world.holdfast.control('GET', '/journal?subject=export');
  assert.equal(records.length, 1);
  const nobody = world.holdfast.run(
    'export',
    '--principal',
    '{"sub":"nobody","role":"authenticated"}',
  );
  assert.deepEqual([nobody.status, nobody.stdout], [1, '']);
  assert.match(nobody.stderr, /Nothing is kept here for/);
});

test('export of a folder that is not there makes none', () => {
  const elsewhere = join(scratch, 'none');
  const { status, stderr } = world.holdfast.runElsewhere(elsewhere, 'export');
  assert.equal(status, 1);
  assert.match(stderr, /there is nothing to export/);
  assert.throws(() => readdirSync(elsewhere));
});

test('the comparison with the upstream tells how many rows it has compared', async () => {
  const { status } = world.holdfast.run('verify', '--upstream');
  assert.equal(status, 0);
  const progress = await world.holdfast.control('GET', '/sync/verify');
  const { tables } = (await world.holdfast.status()).sync;
  const all = Object.values(tables).reduce((sum, table) => sum + table.rows, 0);
  assert.deepEqual(progress, { rows_done: all, rows: all });
});
