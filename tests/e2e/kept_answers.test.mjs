import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

// What the replica cannot answer, with and without the upstream.
let world;

before(async () => {
  const schema = `
    create function open_count(lowest integer default 0) returns bigint language sql stable
      as 'select count(*) from todos where not done and priority >= lowest';
    create function titled(wanted text) returns setof todos language sql stable
      as 'select * from todos where title = wanted';
    create function spend(amount integer) returns integer language sql volatile
      as 'select amount';
    create table ledger (id integer primary key, line text);
    insert into ledger values (1, 'one');
    grant all on ledger to anon;
    comment on table ledger is E'The ledger\\n\\nof all things';`;
  const extra = `
[tables.ledger]
read = "pass"
[tables.tags]
max_staleness = "1s"
`;
  world = await World.build('kept_answers', { schema, extra });
});
beforeEach(async () => {
  await world.upstream.recover();
  await world.holdfast.statusWhere('the upstream is seen', ({ online }) => online);
  await world.holdfast.drained();
});
after(() => world?.close());

const ask = (path, options = {}) =>
  fetch(`${world.holdfast.url}/rest/v1/${path}`, {
    ...options,
    headers: { apikey: anonKey, ...options.headers },
  });
const status = (answer) => answer.headers.get('cache-status');

test('a stable function is answered again while the upstream is away', async () => {
  const count = () => world.app.rpc('open_count', { lowest: 1 });
  const online = succeeded(await count());
  await world.upstream.kill();
  assert.equal(succeeded(await count()), online);
  const other = await world.app.rpc('open_count', { lowest: 2 });
  assert.deepEqual([other.status, other.error.code], [504, 'HF504']);
});

test('a row that is gone is in no answer that was kept', async () => {
  const { sql } = world.database;
  const [{ id }] = await sql`insert into todos (title) values ('gone soon') returning id`;
  const named = () => world.app.rpc('titled', { wanted: 'gone soon' });
  const other = () => world.app.rpc('titled', { wanted: 'no such title' });
  assert.equal(succeeded(await named()).length, 1);
  succeeded(await other());
  await world.holdfast.sync();
  await sql`delete from todos where id = ${id}`;
  await world.holdfast.sync();
  await world.upstream.kill();
  assert.equal((await named()).status, 504);
  assert.deepEqual(succeeded(await other()), [], 'it held none of it');
});

test('what was kept survives a restart, says its age, and gives way to an own write', async () => {
  const first = await ask('ledger?select=line');
  assert.match(status(first), /stored; detail="ledger is not replicated"/);
  await world.upstream.kill();
  await world.holdfast.kill();
  await world.holdfast.restart();
  const kept = await ask('ledger?select=line');
  assert.deepEqual(await kept.json(), [{ line: 'one' }]);
  assert.match(kept.headers.get('age'), /^\d+$/);
  assert.match(status(kept), /^holdfast; hit; detail=/);
  const count = () => world.app.rpc('open_count', { lowest: 1 });
  await world.upstream.restart();
  succeeded(await count());
  await world.upstream.kill();
  succeeded(await count());
  succeeded(await world.app.from('tags').insert({ name: 'unseen by the function' }));
  assert.equal((await count()).status, 504);
});

test('a function that may write is never answered from here', async () => {
  assert.equal(succeeded(await world.app.rpc('spend', { amount: 3 })), 3);
  await world.upstream.kill();
  const { error, status: code } = await world.app.rpc('spend', { amount: 3 });
  assert.deepEqual([code, error.code], [504, 'HF504']);
});

test('a client and a table may ask for fresh answers', async () => {
  const todos = (cacheControl) =>
    ask('todos?limit=1', { headers: { 'cache-control': cacheControl } });
  assert.match(status(await todos('no-cache')), /fwd=request/);
  assert.match(status(await todos('only-if-cached')), /^holdfast; hit/);
  await world.upstream.kill();
  assert.equal((await todos('no-cache')).status, 200);
  const tags = await ask('tags?limit=1');
  assert.match(status(tags), /^holdfast; hit/);
});

test("an app hears nothing of a proxy's page where something here can answer", async () => {
  const call = (cacheControl) =>
    ask('rpc/open_count?lowest=3', { headers: { 'cache-control': cacheControl } });
  const online = await (await call('no-cache')).text();
  await eventually('the answer is kept', async () => (await call('only-if-cached')).ok);
  await world.upstream.fault({
    match: '/rpc/|/todos.limit=|/ledger',
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html>Bad gateway</html>',
  });
  assert.equal(await (await call('no-cache')).text(), online);
  const todos = await ask('todos?limit=1', { headers: { 'cache-control': 'no-cache' } });
  assert.equal(status(todos), 'holdfast; hit');
  const ledger = await ask('ledger?select=id,line');
  assert.deepEqual([ledger.status, (await ledger.json()).code], [504, 'HF504']);
  const spent = await world.app.rpc('spend', { amount: 3 });
  assert.deepEqual([spent.status, spent.error.code], [504, 'HF504']);
});

test('the description of the API is there without the upstream', async () => {
  await world.upstream.kill();
  const answer = await ask('', { headers: { accept: 'application/openapi+json' } });
  assert.equal(answer.headers.get('content-type'), 'application/openapi+json; charset=utf-8');
  const { definitions, paths } = await answer.json();
  assert.deepEqual(definitions.todos.properties.status, {
    default: 'open',
    format: 'public.todo_status',
    type: 'string',
    enum: ['open', 'doing', 'blocked', 'closed'],
  });
  assert.equal(
    definitions.todos.properties.profile_id.description,
    "Note:\nThis is a Foreign Key to `profiles.id`.<fk table='profiles' column='id'/>",
  );
  assert.equal(paths['/ledger'].get.summary, 'The ledger');
  assert.ok(paths['/rpc/open_count'].get);
  assert.equal(paths['/rpc/spend'].get, undefined);
  assert.equal(definitions.secrets, undefined, 'anon has no grant on it');
});

test('OPTIONS says what a relation takes', async () => {
  const allow = async (path) => (await ask(path, { method: 'OPTIONS' })).headers.get('allow');
  assert.equal(await allow('todos'), 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE');
  assert.equal(await allow('open_todos'), 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE');
  assert.equal(await allow('rpc/spend'), 'OPTIONS,POST');
});
