import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { sampleId } from './support/read_calls.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('rejected');
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

const deadLetters = () => world.holdfast.outbox('dead');

const deadReaches = (count) =>
  world.holdfast.statusWhere(`${count} dead letters`, ({ queue }) => queue.dead === count);

async function deadLetterAbout(id) {
  const found = (await deadLetters()).filter((entry) => JSON.stringify(entry).includes(id));
  assert.equal(found.length, 1, `one dead letter about ${id}`);
  return JSON.stringify(found[0]);
}

async function queuedOffline(...writes) {
  await world.upstream.kill();
  for (const write of writes) succeeded(await write(world.app));
  await world.upstream.restart();
}

const todoWithKey = async (id) =>
  succeeded(await world.app.from('todos').select('title,priority').eq('id', id));

test('an insert that a CHECK refuses is parked with the reason; what follows goes on', async () => {
  const [bad, good] = [crypto.randomUUID(), crypto.randomUUID()];
  await queuedOffline(
    (db) => db.from('todos').insert({ id: bad, title: 'refused', priority: 99 }),
    (db) => db.from('todos').insert({ id: good, title: 'welcome', priority: 9 }),
  );
  await deadReaches(1);
  await world.holdfast.drained();
  assert.match(await deadLetterAbout(bad), /23514/);
  assert.deepEqual(await todoWithKey(bad), []);
  assert.deepEqual(await todoWithKey(good), [{ title: 'welcome', priority: 9 }]);
  assert.deepEqual(await world.database.operations('todos', { id: bad }), []);
  assert.deepEqual(await world.database.operations('todos', { id: good }), ['INSERT']);
});

test('an update that a CHECK refuses is taken back, an earlier and a later one stay', async () => {
  const [id, other] = [sampleId('todo', 1), sampleId('todo', 2)];
  await queuedOffline(
    (db) => db.from('todos').update({ title: 'earlier' }).eq('id', id),
    (db) => db.from('todos').update({ priority: 99 }).eq('id', id),
    (db) => db.from('todos').update({ title: 'later' }).eq('id', other),
  );
  await deadReaches(2);
  await world.holdfast.drained();
  assert.deepEqual(await todoWithKey(id), [{ title: 'earlier', priority: 1 }]);
  assert.equal((await todoWithKey(other))[0].title, 'later');
});

test('an insert that row-level security refuses is parked', async () => {
  const id = crypto.randomUUID();
  await queuedOffline((db) => db.from('submissions').insert({ id, body: 'x', accepted: true }));
  await deadReaches(3);
  assert.match(await deadLetterAbout(id), /42501/);
  assert.deepEqual(succeeded(await world.app.from('submissions').select('id').eq('id', id)), []);
});

test('dead letters survive a crash', async () => {
  const ids = (await deadLetters()).map(({ id }) => id).sort();
  assert.equal(ids.length, 3);
  await world.holdfast.kill();
  await world.holdfast.restart();
  assert.deepEqual((await deadLetters()).map(({ id }) => id).sort(), ids);
});

test('the outbox is for holders of the control token only', async () => {
  assert.equal((await fetch(`${world.holdfast.url}/outbox`)).status, 401);
});

test('what depends on a refused write is kept back and named, and blocks nobody else', async () => {
  const [parent, child, other] = [1, 2, 3].map(() => crypto.randomUUID());
  await queuedOffline(
    (db) => db.from('todos').insert({ id: parent, title: 'refused parent', priority: 99 }),
    (db) => db.from('comments').insert({ id: child, todo_id: parent, body: 'of the refused' }),
    (db) => db.from('tags').insert({ id: other, name: 'unrelated' }),
  );
  await deadReaches(4);
  await world.holdfast.statusWhere(
    'only the dependant is left',
    ({ queue }) => queue.depth === 1 && queue.blocked === 1,
  );
  assert.deepEqual(await world.database.operations('tags', { id: other }), ['INSERT']);
  assert.deepEqual(await world.database.operations('comments', { id: child }), []);
  const blocked = await world.holdfast.outbox('blocked');
  assert.equal(blocked.length, 1);
  assert.ok(JSON.stringify(blocked[0]).includes(child));
});
