import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { anonKey } from '../upstream/keys.mjs';
import { serviceClient, succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');
const rounds = Number(process.env.E2E_ROUNDS ?? 12);

const noteReading = `
create function note_reading(sensor text, value float8) returns bigint language sql as
  $$ insert into readings(sensor, value) values ($1, $2) returning id $$;`;

const withTier = (world, tier) =>
  world.holdfast.statusWhere(`the tier is ${tier}`, ({ upstream }) => upstream.tier === tier);

const pushes = async (world) =>
  (await world.upstream.requests()).filter(({ path }) => path.endsWith('/rpc/holdfast_push'));

describe('with the companion', () => {
  let world;
  before(async () => {
    world = await World.build('companion', {
      schema: companion + noteReading,
      extra: '[rpc]\nqueue = ["note_reading"]\n',
    });
    await withTier(world, 'companion');
  });
  after(() => world?.close());
  beforeEach(() => world.upstream.recover());

  // Writes while the answers to all requests that may change something are lost, `times` times.
  async function losingAnswers(times, write) {
    await world.upstream.fault({
      match: '^/rest/v1/',
      method: 'POST',
      drop: 'after',
      times,
    });
    const answer = await write(world.app);
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    return succeeded(answer);
  }

  async function todoAt(title) {
    const id = crypto.randomUUID();
    succeeded(await world.app.from('todos').insert({ id, title }));
    await world.holdfast.drained();
    return id;
  }

  test('an insert without any key of the client takes effect once though answers are lost', async () => {
    for (const times of [1, 2, 3]) {
      const sensor = `lost ${times}`;
      await losingAnswers(times, (db) => db.from('readings').insert({ sensor, value: 1.5 }));
      const rows = await world.database.sql`select id from readings where sensor = ${sensor}`;
      assert.equal(rows.length, 1);
      await world.holdfast.sync();
      const seen = succeeded(await world.app.from('readings').select('id').eq('sensor', sensor));
      assert.deepEqual(
        seen.map(({ id }) => String(id)),
        rows.map(({ id }) => String(id)),
      );
    }
    const { queue } = await world.holdfast.status();
    assert.equal(queue.dead + queue.conflicts, 0);
  });

  test('update, upsert and delete take effect once though answers are lost', async () => {
    const id = await todoAt('lost updates');
    for (const priority of [1, 2, 3]) {
      await world.upstream.fault({ match: '^/rest/v1/', drop: 'after', times: 1 });
      succeeded(await world.app.from('todos').update({ priority }).eq('id', id));
    }
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    const changes = (await world.database.effects('todos', { id })).slice(1);
    assert.deepEqual(
      changes.map(({ new_row }) => new_row.priority),
      [1, 2, 3],
    );
    await losingAnswers(1, (db) =>
      db.from('stock').upsert({ warehouse: 'north', sku: 'bolt', quantity: 77 }),
    );
    const key = { warehouse: 'north', sku: 'bolt' };
    assert.deepEqual(await world.database.operations('stock', key), ['UPDATE']);
    await world.upstream.fault({ match: '^/rest/v1/', drop: 'after', times: 2 });
    succeeded(await world.app.from('todos').delete().eq('id', id));
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    assert.equal((await world.database.operations('todos', { id })).at(-1), 'DELETE');
    assert.equal((await world.holdfast.status()).queue.dead, 0);
  });

  test('a queue is delivered in batches', async () => {
    await world.upstream.kill();
    const rows = Array.from({ length: 250 }, (_, n) => ({
      id: crypto.randomUUID(),
      name: `batched ${n}`,
    }));
    for (const row of rows) succeeded(await world.app.from('tags').insert(row));
    await world.upstream.restart();
    await world.holdfast.drained();
    for (const { id } of rows) {
      assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
    }
    const single = (await world.upstream.requests()).filter(
      ({ method, path }) => method === 'POST' && path.startsWith('/rest/v1/tags'),
    );
    assert.equal(single.length, 0);
    assert.ok((await pushes(world)).length < 20);
  });

  test('a listed call is queued while the upstream is away, and runs once', async () => {
    await world.upstream.kill();
    const answer = await fetch(`${world.holdfast.url}/rest/v1/rpc/note_reading`, {
      method: 'POST',
      headers: { apikey: anonKey, 'content-type': 'application/json' },
      body: JSON.stringify({ sensor: 'called', value: 12.5 }),
    });
    assert.equal(answer.status, 204);
    const entry = answer.headers.get('holdfast-outbox-id');
    await world.upstream.restart();
    await world.upstream.fault({ match: 'holdfast_push', method: 'POST', drop: 'after', times: 2 });
    await world.holdfast.drained();
    await world.upstream.clearFaults();
    const rows = await world.database.sql`select id from readings where sensor = 'called'`;
    assert.equal(rows.length, 1);
    const told = await world.holdfast.control('GET', `/outbox/${entry}`);
    assert.equal(told.state, 'acknowledged');
    assert.equal(String(told.result), String(rows[0].id));
  });

  test('a listed call gives the upstream its own answer while it is there', async () => {
    const { data, error } = await world.app.rpc('note_reading', { sensor: 'online', value: 1 });
    assert.equal(error, null);
    const rows = await world.database.sql`select id from readings where sensor = 'online'`;
    assert.deepEqual(
      [String(data)],
      rows.map(({ id }) => String(id)),
    );
  });

  test('the service role writes while the upstream is away, and is delivered', async () => {
    const id = crypto.randomUUID();
    await world.upstream.kill();
    await world.holdfast.statusWhere('it is known', ({ online }) => !online);
    const service = serviceClient(world.holdfast.url);
    succeeded(await service.from('tags').insert({ id, name: 'by the service' }));
    await world.upstream.restart();
    await world.holdfast.drained();
    assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
  });

  test('a filtered write of many rows is one transaction', async () => {
    const rows = Array.from({ length: 150 }, (_, n) => ({
      id: crypto.randomUUID(),
      name: `bulk ${n}`,
      color: 'before',
    }));
    succeeded(await world.app.from('tags').insert(rows));
    await world.holdfast.drained();
    await world.holdfast.sync();
    await world.upstream.kill();
    succeeded(await world.app.from('tags').update({ color: 'after' }).eq('color', 'before'));
    await world.upstream.restart();
    await world.holdfast.drained();
    const [{ count, transactions }] = await world.database.sql`
      select count(*)::int, count(distinct xmin::text)::int as transactions
      from tags where color = 'after'`;
    assert.equal(count, 150);
    assert.equal(transactions, 1);
  });

  test('a poison write is parked and the hundred around it arrive', async () => {
    await world.upstream.kill();
    const rows = Array.from({ length: 100 }, (_, n) => ({
      id: crypto.randomUUID(),
      name: n === 50 ? 'red' : `around ${n}`,
    }));
    for (const row of rows) await world.app.from('tags').insert(row);
    await world.upstream.restart();
    await world.holdfast.statusWhere('all are decided', ({ queue }) => queue.depth === 0);
    const [{ count }] = await world.database
      .sql`select count(*)::int from tags where name like 'around %'`;
    assert.equal(count, 99);
    const dead = await world.holdfast.outbox('dead');
    assert.ok(dead.length <= 1);
    for (const { id } of dead) await world.holdfast.control('POST', `/outbox/${id}/discard`);
  });

  test('batches that the upstream cannot take in time halve until they fit', async () => {
    await world.database.sql.unsafe(`
      create function slow() returns trigger language plpgsql as
        $$ begin if new.color = 'slow' then perform pg_sleep(0.05); end if; return new; end $$;
      create trigger slow before insert on tags for each row execute function slow()`);
    await world.upstream.kill();
    const rows = Array.from({ length: 90 }, (_, n) => ({
      id: crypto.randomUUID(),
      name: `slow ${n}`,
      color: 'slow',
    }));
    for (const row of rows) succeeded(await world.app.from('tags').insert(row));
    await world.upstream.restart();
    await world.holdfast.drained({ within: 40_000 });
    for (const { id } of rows) {
      assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
    }
    await world.database.sql.unsafe('drop trigger slow on tags; drop function slow()');
  });

  test('a row that somebody else changed is a conflict, and both changes stay', async () => {
    const id = await todoAt('two devices');
    await world.upstream.kill();
    succeeded(await world.app.from('todos').update({ priority: 9 }).eq('id', id));
    await world.database.sql`update todos set title = 'theirs' where id = ${id}`;
    await world.upstream.restart();
    await world.holdfast.drained();
    const [row] = await world.database.sql`select title, priority from todos where id = ${id}`;
    assert.deepEqual({ ...row }, { title: 'theirs', priority: 9 });
  });

  test('the check names a migration that is older than the program, or serves less', async () => {
    const missing = () =>
      JSON.parse(world.holdfast.run('companion', 'check', '--json').stdout).missing.join();
    const { sql } = world.database;
    assert.doesNotMatch(missing(), /version/);
    const [{ value }] = await sql`select value from holdfast.settings where name = 'version'`;
    await sql`update holdfast.settings set value = ${value - 1} where name = 'version'`;
    assert.match(
      missing(),
      new RegExp(`version ${value} of the migration: run holdfast companion install again`),
    );
    await sql`update holdfast.settings set value = ${value} where name = 'version'`;
    await sql`update holdfast.settings set value = '{other}' where name = 'schemas'`;
    assert.match(missing(), /the schema public among those that it serves/);
    await sql`update holdfast.settings set value = '{public}' where name = 'schemas'`;
  });

  test('a row without a version is not deleted once somebody else has changed it', async () => {
    const id = crypto.randomUUID();
    succeeded(await world.app.from('tags').insert({ id, name: `tag ${id}` }));
    await world.holdfast.drained();
    await world.upstream.kill();
    succeeded(await world.app.from('tags').delete().eq('id', id));
    await world.database.sql`update tags set color = 'red' where id = ${id}`;
    await world.upstream.restart();
    await world.holdfast.drained();
    assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT', 'UPDATE']);
    const listed = await world.holdfast.control('GET', '/conflicts');
    assert.deepEqual(listed.find(({ key }) => key.id === id).columns, ['color']);
  });

  test('a write of the service role takes effect once although its answer was lost', async () => {
    const id = crypto.randomUUID();
    const service = serviceClient(world.holdfast.url);
    await world.upstream.fault({ match: '/tags', method: 'POST', times: 1, drop: 'after' });
    const { status } = await service.from('tags').insert({ id, name: `tag ${id}` });
    assert.equal(status, 201);
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
    const uncertain = await world.holdfast.control('GET', '/outbox?state=uncertain');
    assert.deepEqual(uncertain, []);
  });

  test('a row whose key the upstream made has it also where its request arrived twice', async () => {
    await world.upstream.fault({
      match: '^/rest/v1/readings',
      method: 'POST',
      times: 1,
      twice: true,
    });
    const made = await world.app.from('readings').insert({ sensor: 'twice', value: 1 }).select();
    const [{ id }] = succeeded(made);
    await world.upstream.faultsSpent();
    await world.holdfast.drained();
    const rows = await world.database.sql`select id from readings where sensor = 'twice'`;
    assert.equal(rows.length, 1);
    for (const condition of [{ id }, { sensor: 'twice' }]) {
      const seen = succeeded(await world.app.from('readings').select('id').match(condition));
      assert.deepEqual(seen, [{ id: Number(rows[0].id) }]);
    }
  });

  test(`killed ${rounds} times between answer and delivery, a write acts once`, async () => {
    const sensors = [];
    for (let round = 1; round <= rounds; round += 1) {
      await world.upstream.fault({ match: '^/rest/v1/', method: 'POST', drop: 'after', times: 1 });
      const sensor = `crash ${round}`;
      succeeded(await world.app.from('readings').insert({ sensor, value: round }));
      sensors.push(sensor);
      await sleep((round * 7) % 60);
      await world.holdfast.kill();
      await world.holdfast.restart();
    }
    await world.upstream.clearFaults();
    const { queue } = await world.holdfast.drained({ within: 30_000 });
    assert.equal(queue.dead, 0);
    for (const sensor of sensors) {
      const rows = await world.database.sql`select id from readings where sensor = ${sensor}`;
      assert.equal(rows.length, 1, sensor);
    }
  });
});

describe('while it runs', () => {
  let world;
  before(async () => {
    world = await World.build('companion_tiers');
  });
  after(() => world?.close());
  beforeEach(() => world.upstream.recover());

  test('the tier follows the migration, and nothing is lost or doubled on the way', async () => {
    await withTier(world, 'bare');
    const ids = [];
    const write = async (name) => {
      const id = crypto.randomUUID();
      succeeded(await world.app.from('tags').insert({ id, name }));
      ids.push(id);
    };
    // Its answer is lost without the companion, and it is settled with it.
    await world.upstream.fault({ match: '^/rest/v1/tags', method: 'POST', drop: 'after' });
    await write('lost in the bare tier');
    await world.database.sql.unsafe(companion);
    await world.upstream.reload();
    await withTier(world, 'companion');
    await world.upstream.clearFaults();
    await world.holdfast.drained();
    // The other way round.
    await world.upstream.fault({ match: '^/rest/v1/', method: 'POST', drop: 'after' });
    await write('lost in the companion tier');
    await sleep(300);
    await world.database.sql`select holdfast_uninstall()`;
    await world.upstream.reload();
    await world.upstream.clearFaults();
    await write('after the migration was taken away');
    await world.holdfast.drained();
    await withTier(world, 'bare');
    for (const id of ids) {
      assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
    }
  });
});
