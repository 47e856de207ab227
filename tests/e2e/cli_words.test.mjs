// What the command line says to people: one thing at a time, in words.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('cli_words', { extra: '[tables.todos]\nconflict = "manual"\n' });
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

function said(...words) {
  const { status, stdout, stderr } = world.holdfast.run(...words);
  assert.equal(status, 0, `${words.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

// The lines of what was said, each name with its value.
const fields = (text) =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => /^(\S+(?: \S+)?) {2,}(.*)$/.exec(line))
      .filter(Boolean)
      .map(([, name, value]) => [name, value]),
  );

test('help is a word as well as an option', () => {
  assert.equal(said('help'), said('--help'));
  assert.equal(said('help', 'outbox', 'list'), said('outbox', 'list', '--help'));
});

test('a refused write is told with its reason, what it means and what it was', async () => {
  await world.upstream.kill();
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: 'refused', priority: 99 }));
  const waiting = fields(said('status'));
  assert.deepEqual([waiting.state, waiting.gateway], ['offline', `runs at ${world.holdfast.url}`]);
  assert.match(waiting.queue, /^1 write to deliver.*the oldest \d+ s old/);
  await world.upstream.restart();
  await world.holdfast.statusWhere('it is refused', ({ queue }) => queue.dead === 1);
  const [entry] = await world.holdfast.outbox('dead');
  const shown = fields(said('outbox', 'show', entry.id));
  assert.deepEqual(
    [shown.id, shown.state, shown.what, shown.rows],
    [entry.id, 'dead', 'insert: todos, by anon', `todos id=${id}`],
  );
  assert.match(shown.written, /, \d+ s ago$/);
  assert.match(shown.attempts, /^\d+, the last was answered 400$/);
  assert.match(shown.error, /^23514: /);
  assert.match(shown.meaning, /CHECK.*discard it/);
  assert.match(fields(said('status')).refused, /^1 write; see holdfast outbox list --state dead$/);
  assert.equal(said('outbox', 'discard', entry.id), `${entry.id} is discarded\n`);
  const broken = world.holdfast.run('outbox', 'edit', entry.id, '--body', '{"x');
  assert.deepEqual([broken.status, broken.stderr], [1, 'holdfast: --body: this is no JSON: {"x\n']);
});

test('a conflict is told with both sides of what differs, and how to decide it', async () => {
  const id = crypto.randomUUID();
  await world.database.sql`insert into todos (id, title, priority) values (${id}, 'base', 1)`;
  await world.holdfast.sync();
  await world.holdfast.control('POST', '/sync/pause');
  succeeded(await world.app.from('todos').update({ title: 'ours' }).eq('id', id));
  await world.database.sql`update todos set title = 'theirs', priority = 2 where id = ${id}`;
  await world.holdfast.control('POST', '/sync/resume');
  await world.holdfast.sync();
  const [{ id: conflict }] = await world.holdfast.control('GET', '/conflicts?state=open');
  const shown = said('conflicts', 'show', conflict);
  assert.equal(fields(shown).row, `todos id=${id}`);
  assert.match(shown, /\ncolumn +before +here +upstream +both changed it\n/);
  assert.match(shown, /\ntitle +base +ours +theirs +yes\n/);
  assert.match(shown, new RegExp(`conflicts resolve ${conflict} --choice local, remote or merged`));
  assert.equal(
    said('conflicts', 'resolve', conflict, '--choice', 'remote'),
    `${conflict} is resolved: remote\n`,
  );
});

test('the catalog is told as a table', () => {
  const shown = said('catalog', 'show');
  assert.match(shown, /^schema +name +kind +columns +key\n/);
  assert.match(shown, /\npublic +todos +table +\d+ +id\n/);
});

test('who names no verb is told all of them, on stderr and as a mistake', () => {
  const alone = spawnSync(holdfastBinary(), [], { encoding: 'utf8' });
  assert.deepEqual([alone.status, alone.stdout], [2, '']);
  assert.match(alone.stderr, /\n {2}serve .*\n(.*\n)* {2}outbox /);
  const group = spawnSync(holdfastBinary(), ['outbox'], { encoding: 'utf8' });
  assert.equal(group.status, 2);
  assert.match(group.stderr, /Usage: holdfast outbox/);
});

test('where no gateway runs, status says that it speaks of the folder', async () => {
  await world.holdfast.terminate();
  assert.equal(fields(said('status')).gateway, 'none runs; this is what its folder holds');
  await world.holdfast.restart();
});

test('a control token that the gateway refuses is named, and doctor finds it', () => {
  const file = join(world.holdfast.places.data, 'control_token');
  const right = readFileSync(file);
  writeFileSync(file, 'another');
  try {
    const refused = world.holdfast.run('sync');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /refuses the token .*control_token/);
    const { status, stdout } = world.holdfast.run('doctor', '--json');
    const found = JSON.parse(stdout).findings.find(({ about }) => about === 'control token');
    assert.deepEqual([status, found.level], [1, 'broken']);
  } finally {
    writeFileSync(file, right);
  }
});
