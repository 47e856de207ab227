import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('lost_answers', { extra: 'statement_timeout = "300ms"\n' });
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

const lost = { drop: 'after', times: 1 };

// Writes through the gateway while `fault` strikes at requests to `relation`, and waits for
// delivery.
async function writeWithFault(relation, fault, write) {
  await world.upstream.fault({ match: `^/rest/v1/${relation}\\b`, ...fault });
  succeeded(await write(world.app));
  await world.upstream.faultsSpent();
  await world.holdfast.drained();
}

async function todoAt(title) {
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title }));
  await world.holdfast.drained();
  await world.holdfast.sync();
  return id;
}

describe('a write takes effect once although its answer was lost after the commit', () => {
  test('insert', async () => {
    const id = crypto.randomUUID();
    await writeWithFault('tags', { method: 'POST', ...lost }, (db) =>
      db.from('tags').insert({ id, name: 'insert' }),
    );
    assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
  });

  test('insert of many rows', async () => {
    const rows = [1, 2, 3].map((n) => ({ id: crypto.randomUUID(), name: `insert of many ${n}` }));
    await writeWithFault('tags', { method: 'POST', ...lost }, (db) => db.from('tags').insert(rows));
    for (const { id } of rows) {
      assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
    }
  });

  test('insert whose key the gateway made', async () => {
    await writeWithFault('tags', { method: 'POST', ...lost }, (db) =>
      db.from('tags').insert({ name: 'keyless' }),
    );
    const rows = await world.database.sql`select id from tags where name = 'keyless'`;
    assert.equal(rows.length, 1);
  });

  test('update', async () => {
    const id = await todoAt('update');
    await writeWithFault('todos', { method: 'PATCH', ...lost }, (db) =>
      db.from('todos').update({ priority: 7 }).eq('id', id),
    );
    assert.deepEqual(await world.database.operations('todos', { id }), ['INSERT', 'UPDATE']);
  });

  test('upsert of a new row', async () => {
    const row = { warehouse: 'lost', sku: 'new', quantity: 1 };
    await writeWithFault('stock', { method: 'POST', ...lost }, (db) =>
      db.from('stock').upsert(row),
    );
    const key = { warehouse: 'lost', sku: 'new' };
    assert.deepEqual(await world.database.operations('stock', key), ['INSERT']);
  });

  test('upsert of an existing row', async () => {
    const key = { warehouse: 'north', sku: 'bolt' };
    await writeWithFault('stock', { method: 'POST', ...lost }, (db) =>
      db.from('stock').upsert({ ...key, quantity: 77 }),
    );
    assert.deepEqual(await world.database.operations('stock', key), ['UPDATE']);
  });

  test('delete', async () => {
    const id = await todoAt('delete');
    await writeWithFault('todos', { method: 'DELETE', ...lost }, (db) =>
      db.from('todos').delete().eq('id', id),
    );
    assert.deepEqual(await world.database.operations('todos', { id }), ['INSERT', 'DELETE']);
    const { queue } = await world.holdfast.status();
    assert.equal(queue.dead, 0);
  });

  test('two updates of one row, in their order', async () => {
    const id = await todoAt('two updates');
    await world.upstream.fault({
      match: '^/rest/v1/todos',
      method: 'PATCH',
      drop: 'after',
      times: 1,
    });
    succeeded(await world.app.from('todos').update({ priority: 1 }).eq('id', id));
    succeeded(await world.app.from('todos').update({ priority: 2 }).eq('id', id));
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    const changes = (await world.database.effects('todos', { id })).slice(1);
    assert.deepEqual(
      changes.map(({ new_row }) => new_row.priority),
      [1, 2],
    );
  });

  test('an insert without a client key is looked for, and sent once', async () => {
    await world.upstream.fault({ match: '^/rest/v1/readings', method: 'POST', ...lost });
    succeeded(await world.app.from('readings').insert({ sensor: 'lost', value: 1.5 }));
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    const rows = await world.database.sql`select id from readings where sensor = 'lost'`;
    assert.equal(rows.length, 1);
    const seen = succeeded(await world.app.from('readings').select('id').eq('sensor', 'lost'));
    assert.deepEqual(
      seen.map(({ id }) => String(id)),
      rows.map(({ id }) => String(id)),
    );
  });

  test('one that did not arrive is sent again', async () => {
    await world.upstream.fault({
      match: '^/rest/v1/readings',
      method: 'POST',
      drop: 'before',
      times: 1,
    });
    succeeded(await world.app.from('readings').insert({ sensor: 'unsent', value: 1.5 }));
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    const rows = await world.database.sql`select id from readings where sensor = 'unsent'`;
    assert.equal(rows.length, 1);
  });

  test('its row is adopted before others change it', async () => {
    await world.upstream.fault({ match: '^/rest/v1/readings', method: 'POST', ...lost });
    const made = await world.app.from('readings').insert({ sensor: 'seen', value: 1.5 }).select();
    const [{ id }] = succeeded(made);
    await world.database.sql`update readings set value = 3 where sensor = 'seen'`;
    await world.holdfast.drained();
    await world.holdfast.sync();
    const rows = await world.database.sql`select id from readings where sensor = 'seen'`;
    assert.equal(rows.length, 1);
    const seen = succeeded(await world.app.from('readings').select('value').eq('id', id));
    assert.deepEqual(seen, [{ value: 3 }]);
  });

  // No look succeeds until `meanwhile` is over.
  async function foundLater(reading, meanwhile) {
    const look = {
      match: '^/rest/v1/readings[?]select=(%2A|[*])&order.*=gt[.]',
      method: 'GET',
      status: 503,
    };
    await world.upstream.fault({ match: '^/rest/v1/readings', method: 'POST', ...lost });
    await world.upstream.fault(look);
    succeeded(await world.app.from('readings').insert(reading));
    await world.upstream.faultsSpent();
    await meanwhile(world.database.sql);
    await world.upstream.clearFaults();
    await world.holdfast.statusWhere(
      'it is for a person',
      ({ queue }) => queue.conflicts === 1 && queue.sending === 0,
    );
    const [entry] = await world.holdfast.outbox('uncertain');
    await world.holdfast.control('POST', `/outbox/${entry.id}/discard`);
    return entry.last_error;
  }

  test('one that cannot be told from another is for a person, and never doubled', async () => {
    const reason = await foundLater(
      { sensor: 'twin', value: 2.5 },
      (sql) => sql`insert into readings(sensor, value) values ('twin', 2.5)`,
    );
    assert.match(reason, /2 rows/);
    const rows = await world.database.sql`select id from readings where sensor = 'twin'`;
    assert.equal(rows.length, 2);
  });

  test('one that others have changed since is for a person, and never doubled', async () => {
    const reason = await foundLater(
      { sensor: 'touched', value: 2.5 },
      (sql) => sql`update readings set value = 3 where sensor = 'touched'`,
    );
    assert.match(reason, /changed/);
    const rows = await world.database.sql`select id from readings where sensor = 'touched'`;
    assert.equal(rows.length, 1);
  });
});

describe('a write is repeated until it takes effect', () => {
  const faults = {
    'the connection drops before the request is seen': { drop: 'before', times: 3 },
    'the upstream is unavailable': { status: 503, times: 3 },
    'the upstream asks to wait': { status: 429, headers: { 'retry-after': '0' }, times: 2 },
    'a proxy answers with a page': {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>sign in to the network</html>',
      times: 2,
    },
    'a firewall answers with a page': {
      status: 403,
      headers: { 'content-type': 'text/html' },
      body: '<html>blocked</html>',
      times: 2,
    },
  };
  for (const [what, fault] of Object.entries(faults)) {
    test(`when ${what}`, async () => {
      const id = crypto.randomUUID();
      await writeWithFault('tags', { method: 'POST', ...fault }, (db) =>
        db.from('tags').insert({ id, name: what }),
      );
      assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
    });
  }
});

test('every attempt of one write carries the same idempotency key', async () => {
  await world.upstream.forgetRequests();
  const row = { id: crypto.randomUUID(), name: 'attempts' };
  await writeWithFault('tags', { method: 'POST', status: 503, times: 2 }, (db) =>
    db.from('tags').insert(row),
  );
  const keys = (await world.upstream.requests())
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/rest/v1/tags'))
    .map(({ headers }) => headers['idempotency-key']);
  assert.equal(keys.length, 3);
  assert.ok(keys[0], 'the write has an Idempotency-Key');
  assert.equal(new Set(keys).size, 1);
});
