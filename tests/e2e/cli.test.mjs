// The command line, beside a running gateway and on the folder of one that does not run.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('cli', {
    extra: '[tables.todos]\nconflict = "manual"\nupdated_at_column = "updated_at"\n',
  });
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());
afterEach(async () => {
  if ((await reachable()) === false) await world.holdfast.restart();
});

const reachable = () =>
  world.holdfast.status().then(
    () => true,
    () => false,
  );

function printed(...words) {
  const { status, stdout, stderr } = world.holdfast.run(...words);
  assert.equal(status, 0, `${words.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}
const answered = (...words) => JSON.parse(printed(...words, '--json'));

async function queuedOffline(title, more = {}) {
  const id = crypto.randomUUID();
  await world.upstream.kill();
  succeeded(await world.app.from('todos').insert({ id, title, ...more }));
  return id;
}

const upstreamTitles = async (id) => {
  const rows = await world.database.sql`select title from todos where id = ${id}`;
  return rows.map(({ title }) => title);
};

test('status and outbox say the same of a running gateway and of its folder', async () => {
  await queuedOffline('on its way');
  const running = [answered('status').queue.depth, answered('outbox', 'list')[0].id];
  assert.match(printed('outbox', 'list'), /^id +state +what +table +attempts +why\n/);
  await world.holdfast.terminate();
  assert.deepEqual([answered('status').queue.depth, answered('outbox', 'list')[0].id], running);
  assert.equal(answered('status').online, false);
  assert.equal(answered('outbox', 'show', running[1]).id, running[1]);
  await world.upstream.restart();
});

test('sync sends what a gateway that was stopped had left', async () => {
  const id = await queuedOffline('left behind');
  await world.holdfast.terminate();
  const failed = answered('sync');
  assert.deepEqual([failed.uploaded, failed.errors.length > 0], [0, true]);
  await world.upstream.restart();
  assert.ok(answered('sync').uploaded >= 1);
  assert.deepEqual(await upstreamTitles(id), ['left behind']);
  assert.equal(answered('status').queue.depth, 0);
});

test('a dead letter is edited and sent, or given up, on the folder of a stopped gateway', async () => {
  const edited = await queuedOffline('to be edited', { priority: 99 });
  const given = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id: given, title: 'given up', priority: 99 }));
  await world.upstream.restart();
  await world.holdfast.statusWhere('2 dead letters', ({ queue }) => queue.dead === 2);
  await world.holdfast.terminate();
  const about = (id) => answered('outbox', 'list').find((e) => JSON.stringify(e).includes(id)).id;
  printed('outbox', 'discard', about(given));
  const body = JSON.stringify({ id: edited, title: 'edited', priority: 1 });
  printed('outbox', 'edit', about(edited), '--body', body);
  answered('sync');
  assert.deepEqual(await upstreamTitles(edited), ['edited']);
  assert.deepEqual(await upstreamTitles(given), []);
  assert.deepEqual(answered('outbox', 'list'), []);
  assert.match(printed('verify'), /all in order/);
});

test('what cannot be done exits with 1 and says why', async () => {
  const unknown = world.holdfast.run('outbox', 'show', 'nothing');
  assert.deepEqual([unknown.status, unknown.stdout], [1, '']);
  assert.match(unknown.stderr, /^holdfast: There is no outbox entry nothing\n$/);
  await world.holdfast.terminate();
  assert.deepEqual(world.holdfast.run('outbox', 'show', 'nothing'), unknown);
  assert.equal(world.holdfast.run('outbox', 'frobnicate').status, 2);
});
