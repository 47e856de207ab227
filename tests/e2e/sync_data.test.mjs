// Hard case 26: what second apps and devices follow and push by.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { sampleId } from './support/read_calls.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('sync_data', {
    schema: `create table amounts (id uuid primary key, value numeric);
      grant all on amounts to anon;`,
  });
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

async function ask(method, path, body, headers = { apikey: anonKey }) {
  const answer = await fetch(world.holdfast.url + path, {
    method,
    headers,
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

// All pages behind `cursor`.
async function follow(cursor = '') {
  const changes = [];
  for (;;) {
    const { status, body } = await ask('GET', `/sync/changes?limit=20&cursor=${cursor}`);
    assert.equal(status, 200);
    changes.push(...body.changes);
    cursor = body.cursor;
    if (!body.more) return { changes, cursor };
  }
}

const push = async (...events) => (await ask('POST', '/sync/push', { events })).body.results;

test('the endpoints need the key, and no control token', async () => {
  for (const [method, path] of [
    ['GET', '/sync/changes'],
    ['POST', '/sync/push'],
    ['GET', '/sync/rows/todos?key=%7B%7D'],
  ]) {
    const { status } = await ask(method, path, method === 'POST' ? { events: [] } : undefined, {});
    assert.equal(status, 401, path);
  }
});

test('a follower gets every row, then changes in order, then tombstones', async () => {
  const first = await follow();
  const rows = first.changes.filter(({ table }) => table === 'todos');
  const { count } = await world.app.from('todos').select('*', { count: 'exact', head: true });
  assert.equal(rows.length, count);
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: 'followed' }));
  const second = await follow(first.cursor);
  const [change] = second.changes.filter(({ key }) => key.id === id);
  assert.equal(change.op, 'upsert');
  assert.equal(change.row.title, 'followed');
  succeeded(await world.app.from('todos').delete().eq('id', id));
  const third = await follow(second.cursor);
  const [tombstone] = third.changes.filter(({ key }) => key.id === id);
  assert.equal(tombstone.op, 'delete');
  assert.equal(tombstone.row, null);
  const { status, body } = await ask('GET', '/sync/changes?cursor=changes.999999');
  assert.equal(status, 410);
  assert.equal(body.code, 'HF410');
});

test('events are accepted, rejected or a conflict, each by itself', async () => {
  const id = crypto.randomUUID();
  const changed = sampleId('todo', 11);
  const results = await push(
    { id: crypto.randomUUID(), table: 'todos', op: 'insert', row: { id, title: 'pushed' } },
    { id: crypto.randomUUID(), table: 'todos', op: 'insert', row: { id, nonsense: 1 } },
    {
      id: crypto.randomUUID(),
      table: 'todos',
      op: 'update',
      key: { id: changed },
      row: { title: 'late' },
      base: { title: 'never so' },
    },
    { id: crypto.randomUUID(), table: 'todos', op: 'launch' },
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['accepted', 'rejected', 'conflict', 'rejected'],
  );
  assert.equal(results[0].row.title, 'pushed');
  const [canonical] = succeeded(await world.app.from('todos').select('*').eq('id', changed));
  assert.deepEqual(results[2].row, canonical);
  await world.holdfast.drained();
  const rows = await world.database.sql`select title from todos where id = ${id}`;
  assert.deepEqual(
    rows.map(({ title }) => title),
    ['pushed'],
  );
});

test('what an event says keeps all digits, and is compared by its value', async () => {
  const id = crypto.randomUUID();
  const send = async (event) => {
    const body = ` {"events":[{"id":"${crypto.randomUUID()}","table":"amounts",${event}}]}`;
    const headers = { apikey: anonKey };
    const answer = await fetch(`${world.holdfast.url}/sync/push`, {
      method: 'POST',
      headers,
      body,
    });
    return answer.text();
  };
  await world.upstream.kill();
  const inserted = await send(`"op":"insert","row":{"id":"${id}","value":12345678901234567.10}`);
  assert.match(inserted, /"accepted".*"value":12345678901234567\.10/);
  const update = (base, estimate) =>
    send(`"op":"update","key":{"id":"${id}"},"row":{"value":${estimate}},"base":{"value":${base}}`);
  assert.match(await update('12345678901234567.11', '1'), /"conflict"/);
  assert.match(await update('12345678901234567.1', '12345678901234567.20'), /"accepted"/);
  // What is to be sent: this upstream itself keeps fewer digits of a number.
  const entries = await world.holdfast.control('GET', '/outbox');
  const change = entries.find((entry) => entry.operation === 'update');
  const { body_text: body } = await world.holdfast.control('GET', `/outbox/${change.id}`);
  assert.equal(body, '{"value":12345678901234567.20}');
  await world.upstream.restart();
  await world.holdfast.drained();
});

test('devices that count their events are told apart by their device_id', async () => {
  const pushed = async (device, title) => {
    const row = { id: crypto.randomUUID(), title };
    const event = { id: '1', table: 'todos', op: 'insert', row };
    const body = { device_id: device, events: [event] };
    return (await ask('POST', '/sync/push', body)).body.results[0];
  };
  assert.equal((await pushed('till 1', 'of till 1')).row.title, 'of till 1');
  assert.equal((await pushed('till 2', 'of till 2')).row?.title, 'of till 2');
  assert.equal((await pushed('till 1', 'another')).status, 'rejected');
  const refused = await ask('POST', '/sync/push', { device_id: 1, events: [] });
  assert.equal(refused.status, 400);
});

test('an event changes the row of its key, and no others', async () => {
  const key = { title: succeeded(await world.app.from('todos').select('title').limit(1))[0].title };
  const before = await world.database.sql`select * from todos order by id`;
  const of = (op, more) => ({ id: crypto.randomUUID(), table: 'todos', op, key, ...more });
  const results = await push(of('update', { row: { priority: 9 } }), of('delete'), {
    ...of('delete'),
    table: 'todo_tags',
    key: { tag_id: sampleId('tag', 1) },
  });
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  );
  await world.holdfast.drained();
  assert.deepEqual(await world.database.sql`select * from todos order by id`, before);
});

test('an event that comes again takes effect once, offline as well', async () => {
  const event = {
    id: crypto.randomUUID(),
    table: 'todos',
    op: 'insert',
    row: { id: crypto.randomUUID(), title: 'once' },
  };
  await world.upstream.kill();
  await world.holdfast.statusWhere('it is offline', ({ online }) => !online);
  for (let i = 0; i < 3; ++i) assert.equal((await push(event))[0].status, 'accepted');
  const state = await ask(
    'GET',
    `/sync/rows/todos?key=${encodeURIComponent(JSON.stringify({ id: event.row.id }))}`,
  );
  assert.equal(state.body.state, 'pending_create');
  assert.equal(state.body.row.title, 'once');
  await world.upstream.restart();
  await world.holdfast.drained();
  assert.equal((await push(event))[0].status, 'accepted');
  await world.holdfast.drained();
  assert.deepEqual(await world.database.operations('todos', { id: event.row.id }), ['INSERT']);
  const later = await ask(
    'GET',
    `/sync/rows/todos?key=${encodeURIComponent(JSON.stringify({ id: event.row.id }))}`,
  );
  assert.equal(later.body.state, 'synced');
});
