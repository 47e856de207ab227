import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { sampleId } from './support/read_calls.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('sync');
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

const todo = async (id) =>
  succeeded(await world.app.from('todos').select('title,done').eq('id', id).maybeSingle());

test('what another device inserts, updates and deletes is read after POST /sync', async () => {
  const { sql } = world.database;
  const [changed, deleted] = [sampleId('todo', 11), sampleId('todo', 12)];
  const added = crypto.randomUUID();
  await sql`insert into todos (id, title) values (${added}, 'added elsewhere')`;
  await sql`update todos set title = 'changed elsewhere', done = true where id = ${changed}`;
  await sql`delete from todos where id = ${deleted}`;
  const answer = await world.holdfast.sync();
  assert.deepEqual(Object.keys(answer).sort(), ['downloaded', 'errors', 'uploaded']);
  assert.deepEqual(answer.errors, []);
  assert.deepEqual(await todo(added), { title: 'added elsewhere', done: false });
  assert.deepEqual(await todo(changed), { title: 'changed elsewhere', done: true });
  assert.equal(await todo(deleted), null);
  const links = await world.app.from('todo_tags').select('tag_id').eq('todo_id', deleted);
  assert.deepEqual(succeeded(links), []);
});

test('a table without updated_at follows too', async () => {
  await world.database.sql`update tags set color = '#abc' where name = 'blue'`;
  await world.database.sql`delete from tags where name = 'unused'`;
  await world.holdfast.sync();
  const rows = succeeded(await world.app.from('tags').select('name,color').order('name'));
  assert.deepEqual(
    rows.map(({ name, color }) => `${name} ${color}`),
    ['blue #abc', 'green #0f0', 'red #f00'],
  );
});

test('changes arrive by themselves within the interval', async () => {
  const id = sampleId('todo', 13);
  await world.database.sql`update todos set title = 'noticed' where id = ${id}`;
  await eventually('the change is read', async () => (await todo(id)).title === 'noticed');
});

test('a commit that was open while others committed is not missed', async () => {
  const { sql } = world.database;
  const [slow, quick] = [crypto.randomUUID(), crypto.randomUUID()];
  let commit;
  const held = new Promise((resolve) => {
    commit = resolve;
  });
  const transaction = sql.begin(async (open) => {
    await open`insert into todos (id, title) values (${slow}, 'slow')`;
    await held;
  });
  await sql`insert into todos (id, title) values (${quick}, 'quick')`;
  await world.holdfast.sync();
  assert.equal((await todo(quick))?.title, 'quick');
  commit();
  await transaction;
  await world.holdfast.sync();
  assert.equal((await todo(slow))?.title, 'slow');
});

test('a pull does not undo a write that waits', async () => {
  const id = sampleId('todo', 14);
  await world.upstream.fault({ method: 'PATCH', match: '/todos', status: 503 });
  succeeded(await world.app.from('todos').update({ title: 'mine' }).eq('id', id));
  await world.database.sql`update todos set done = not done where id <> ${id}`;
  await world.holdfast.sync();
  assert.equal((await todo(id)).title, 'mine');
  await world.upstream.clearFaults();
  await world.holdfast.drained();
  await world.holdfast.sync();
  assert.equal((await todo(id)).title, 'mine');
});

test('the json null is told apart from no value, as the upstream does', async () => {
  const ids = [1, 2, 3].map(() => crypto.randomUUID());
  await world.database.sql`insert into todos (id, title, meta) values
    (${ids[0]}, 'nulls', 'null'), (${ids[1]}, 'nulls', null), (${ids[2]}, 'nulls', '"null"')`;
  await world.holdfast.sync();
  const answers = async (db) => {
    const todos = () =>
      db.from('todos').select('id,meta,text:meta::text').in('id', ids).order('id');
    return [
      succeeded(await todos()),
      succeeded(await todos().is('meta', null)),
      succeeded(await todos().not('meta', 'is', null)),
    ];
  };
  const expected = await answers(world.direct);
  assert.deepEqual(
    expected.map((rows) => rows.length),
    [3, 1, 2],
  );
  await world.upstream.kill();
  assert.deepEqual(await answers(world.app), expected);
  // Neither a write that waits nor the answer to it takes it away.
  succeeded(await world.app.from('todos').update({ title: 'still null' }).in('id', ids));
  assert.deepEqual(await answers(world.app), expected);
  await world.upstream.restart();
  await world.holdfast.drained();
  assert.deepEqual(await answers(world.app), expected);
  assert.deepEqual(await answers(world.direct), expected);
});

test('POST /sync reports what it sent', async () => {
  await world.upstream.fault({ method: 'POST', match: '/tags', status: 503, times: 2 });
  succeeded(await world.app.from('tags').insert({ name: 'sent by sync' }));
  const { uploaded, downloaded } = await world.holdfast.sync();
  assert.ok(Number.isInteger(uploaded) && Number.isInteger(downloaded));
  await world.holdfast.drained();
});
