import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { sampleId } from './support/read_calls.mjs';
import { eventually } from './support/wait.mjs';
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

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');
const orders = `
create table orders (number integer primary key, device text not null);
create table lines (id uuid primary key, "order" integer not null references orders, what text);
create table steps (number integer primary key, after integer references steps, what text);
grant select, insert on orders, lines, steps to anon;`;

// Devices that count by themselves: what was sold on one is not to appear on the other's order.
for (const tier of ['bare', 'companion']) {
  test(`${tier}: lines of an order whose number another device took wait for a person`, async () => {
    const shop = await World.build(`taken_${tier}`, {
      schema: orders + (tier === 'companion' ? companion : ''),
    });
    try {
      const { holdfast, app, database, upstream } = shop;
      await holdfast.statusWhere(tier, (status) => status.upstream.tier === tier);
      await upstream.kill();
      const [line, other] = [crypto.randomUUID(), crypto.randomUUID()];
      succeeded(await app.from('orders').insert({ number: 7, device: 'mine' }));
      succeeded(await app.from('lines').insert({ id: line, order: 7, what: 'a cup' }));
      succeeded(await app.from('orders').insert({ number: 8, device: 'mine' }));
      succeeded(await app.from('lines').insert({ id: other, order: 8, what: 'a plate' }));
      succeeded(await app.from('steps').insert({ number: 1, what: 'mine' }));
      succeeded(await app.from('steps').insert({ number: 2, after: 1, what: 'after mine' }));
      await database.sql`insert into orders values (7, 'theirs')`;
      await database.sql`insert into steps values (1, null, 'theirs')`;
      await upstream.restart();
      await holdfast.statusWhere(
        'two dead letters and what depends on them',
        ({ queue }) => queue.dead === 2 && queue.blocked === 2 && queue.depth === 2,
      );
      await holdfast.sync();
      const arrived = await database.sql`select id from lines`;
      assert.deepEqual([...arrived], [{ id: other }]);
      assert.deepEqual([...(await database.sql`select number from steps`)], [{ number: 1 }]);
      // A person who sees both lets the lines go to the order that is there.
      for (const { id } of await holdfast.outbox('dead')) {
        await holdfast.control('POST', `/outbox/${id}/discard`);
      }
      await holdfast.drained();
      assert.equal((await database.sql`select id from lines where id = ${line}`).length, 1);
      assert.equal((await database.sql`select what from steps where after = 1`).length, 1);
    } finally {
      await shop.close();
    }
  });
}

test('an edited write names its columns itself', async () => {
  const id = crypto.randomUUID();
  await queuedOffline((db) => db.from('todos').insert([{ id, title: 'listed', priority: 99 }]));
  await eventually('it is refused', async () => JSON.stringify(await deadLetters()).includes(id));
  const entry = (await deadLetters()).find((one) => JSON.stringify(one).includes(id));
  const body = [{ id, title: 'edited', done: true }];
  await world.holdfast.control('POST', `/outbox/${entry.id}/edit`, { body });
  const row = await eventually('it is upstream', async () => {
    const found = await world.database.sql`select title, done from todos where id=${id}`;
    return found[0];
  });
  assert.deepEqual({ ...row }, { title: 'edited', done: true });
});
