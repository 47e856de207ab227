// Two devices on one row, under each strategy: what becomes of the row, what is kept of the loser,
// and that both devices and the database end equal.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { anonymousClient, succeeded } from './support/client.mjs';
import { Holdfast } from './support/holdfast.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

const settings = (strategy) => `
[tables.todos]
conflict = "${strategy}"
writes = "queue"
`;

for (const tier of ['bare', 'companion']) {
  describe(tier, () => twoDevices(tier));
}

function twoDevices(tier) {
  let world;
  before(async () => {
    world = await World.build(`conflicts_${tier}`, {
      schema: tier === 'companion' ? companion : '',
      extra: settings('merge'),
    });
  });
  after(() => world?.close());

  const columns = 'title,done,priority';

  // Both devices have the row, then each changes it while it cannot send.
  async function clash(strategy, { first, second }) {
    const devices = [];
    try {
      for (let i = 0; i < 2; ++i) {
        const device = await Holdfast.serve(world.upstream.url, world.database.url, {
          extra: settings(strategy),
        });
        devices.push({ holdfast: device, app: anonymousClient(device.url) });
        await device.statusWhere('its tier', ({ upstream }) => upstream.tier === tier);
      }
      const id = crypto.randomUUID();
      await world.database.sql`insert into todos (id, title, priority) values (${id}, 'base', 1)`;
      for (const { holdfast } of devices) {
        await holdfast.sync();
        await holdfast.control('POST', '/sync/pause');
      }
      await first(devices[0].app.from('todos'), id);
      await second(devices[1].app.from('todos'), id);
      for (const { holdfast } of devices) await holdfast.sync();
      return { id, devices, close: () => close(devices) };
    } catch (error) {
      await close(devices);
      throw error;
    }
  }

  const close = (devices) => Promise.all(devices.map(({ holdfast }) => holdfast.stop()));

  const titled = (title) => async (todos, id) =>
    succeeded(await todos.update({ title }).eq('id', id));

  async function endsAs({ id, devices }, expected) {
    for (const { holdfast } of devices) await holdfast.sync();
    for (const { holdfast } of devices) await holdfast.sync();
    const upstream = await world.database
      .sql`select title, done, priority from todos where id=${id}`;
    assert.deepEqual([...upstream], expected);
    for (const { app, holdfast } of devices) {
      assert.deepEqual(succeeded(await app.from('todos').select(columns).eq('id', id)), expected);
      assert.equal((await holdfast.status()).queue.depth, 0);
    }
  }

  const conflictsOf = ({ id, devices }) =>
    devices[1].holdfast
      .control('GET', '/conflicts')
      .then((all) => all.filter(({ key }) => key.id === id));

  for (const [strategy, winner] of [
    ['merge', 'first'],
    ['remote_wins', 'first'],
    ['local_wins', 'second'],
    // The upstream's clock stamps a row when it arrives, so the first one there was written last.
    ['last_write_wins', 'first'],
  ]) {
    test(`${strategy}: both devices end with the ${winner} title`, async () => {
      const run = await clash(strategy, { first: titled('first'), second: titled('second') });
      try {
        await endsAs(run, [{ title: winner, done: false, priority: 1 }]);
        const [conflict, ...more] = await conflictsOf(run);
        assert.deepEqual(more, []);
        assert.equal(conflict.state, 'resolved');
        assert.equal(conflict.strategy, strategy);
        assert.deepEqual(conflict.columns, ['title']);
        assert.equal(conflict.base.title, 'base');
        assert.equal(conflict.local.title, 'second');
        assert.equal(conflict.remote.title, 'first');
      } finally {
        await run.close();
      }
    });
  }

  // What the delivery of the one before does to the row is nobody else's.
  test('last_write_wins: no own write makes a later one of the row lose', async () => {
    const run = await clash('last_write_wins', {
      first: () => {},
      second: async (todos, id) => {
        await world.database.sql`update todos set title = 'first' where id = ${id}`;
        succeeded(await todos.update({ done: true }).eq('id', id));
        succeeded(await todos.update({ title: 'second' }).eq('id', id));
      },
    });
    try {
      await endsAs(run, [{ title: 'second', done: true, priority: 1 }]);
      assert.deepEqual(
        (await conflictsOf(run)).map(({ columns, choice }) => [columns, choice]),
        [[['title'], 'local']],
      );
    } finally {
      await run.close();
    }
  });

  test('changes of different columns are both kept, and nothing is listed', async () => {
    const run = await clash('remote_wins', {
      first: titled('first'),
      second: async (todos, id) => succeeded(await todos.update({ done: true }).eq('id', id)),
    });
    try {
      await endsAs(run, [{ title: 'first', done: true, priority: 1 }]);
      assert.deepEqual(await conflictsOf(run), []);
    } finally {
      await run.close();
    }
  });

  test('manual: a person decides, and the later writes of the row wait for that', async () => {
    const run = await clash('manual', {
      first: titled('first'),
      second: async (todos, id) => {
        succeeded(await todos.update({ title: 'second', done: true }).eq('id', id));
        succeeded(await todos.update({ priority: 5 }).eq('id', id));
      },
    });
    try {
      const device = run.devices[1].holdfast;
      const [conflict] = await conflictsOf(run);
      assert.equal(conflict.state, 'open');
      assert.equal((await device.status()).queue.conflicts, 1);
      assert.equal((await device.status()).queue.blocked, 1);
      const path = `/conflicts/${conflict.id}/resolve`;
      await assert.rejects(device.control('POST', path, { choice: 'both' }), /400/);
      const decided = await device.control('POST', path, {
        choice: 'merged',
        row: { title: 'first and second' },
      });
      assert.equal(decided.state, 'resolved');
      assert.equal(decided.resolved_by, 'person');
      // What nobody contests stays as it was written.
      await endsAs(run, [{ title: 'first and second', done: true, priority: 5 }]);
      await assert.rejects(device.control('POST', path, { choice: 'local' }), /409/);
    } finally {
      await run.close();
    }
  });

  test('a conflict that waits for a person hides no refusal from an app that is online', async () => {
    const run = await clash('manual', { first: titled('first'), second: titled('second') });
    try {
      const { holdfast, app } = run.devices[1];
      assert.equal((await holdfast.status()).queue.conflicts, 1);
      await holdfast.control('POST', '/sync/resume');
      const refused = await app
        .from('submissions')
        .insert({ id: crypto.randomUUID(), body: 'x', accepted: true });
      assert.equal(refused.error?.code, '42501', JSON.stringify(refused));
      // Of the row that waits nothing can be known yet.
      succeeded(await app.from('todos').update({ priority: 7 }).eq('id', run.id));
      await holdfast.statusWhere(
        'the later write waits',
        ({ queue }) => queue.conflicts === 1 && queue.blocked === 1 && queue.dead === 0,
      );
    } finally {
      await run.close();
    }
  });

  test('a row that is gone: dropped and listed by merge, made again by local_wins', async () => {
    const gone = async (todos, id) => succeeded(await todos.delete().eq('id', id));
    for (const [strategy, expected] of [
      ['merge', []],
      ['local_wins', [{ title: 'second', done: false, priority: 1 }]],
    ]) {
      const run = await clash(strategy, { first: gone, second: titled('second') });
      try {
        await endsAs(run, expected);
        const [conflict] = await conflictsOf(run);
        assert.equal(conflict.remote, null);
        assert.equal(conflict.local.title, 'second');
      } finally {
        await run.close();
      }
    }
  });

  test('a deletion after an own write leaves a row that another device has changed', async () => {
    const run = await clash('merge', {
      first: async (todos, id) => succeeded(await todos.update({ done: true }).eq('id', id)),
      second: async (todos, id) => {
        await titled('second')(todos, id);
        succeeded(await todos.delete().eq('id', id));
      },
    });
    try {
      await endsAs(run, [{ title: 'second', done: true, priority: 1 }]);
      const [conflict, ...more] = await conflictsOf(run);
      assert.deepEqual(more, []);
      assert.equal(conflict.operation, 'delete');
      assert.deepEqual(conflict.columns, ['done']);
    } finally {
      await run.close();
    }
  });

  const saved = (row) => async (todos, id) => succeeded(await todos.upsert({ id, ...row }));

  test('an upsert loses nothing of what another device has made of the row', async () => {
    for (const [strategy, title] of [
      ['merge', 'first'],
      ['local_wins', 'second'],
    ]) {
      const run = await clash(strategy, {
        first: saved({ title: 'first', priority: 1 }),
        second: saved({ title: 'second', done: true, priority: 1 }),
      });
      try {
        await endsAs(run, [{ title, done: true, priority: 1 }]);
        const [conflict, ...more] = await conflictsOf(run);
        assert.deepEqual(more, []);
        assert.deepEqual(conflict.columns, ['title']);
        assert.equal(conflict.local.title, 'second');
        assert.equal(conflict.remote.title, 'first');
      } finally {
        await run.close();
      }
    }
  });

  test('upserts of different columns are no conflict', async () => {
    const run = await clash('merge', {
      first: saved({ title: 'base', priority: 4 }),
      second: saved({ title: 'second' }),
    });
    try {
      await endsAs(run, [{ title: 'second', done: false, priority: 4 }]);
      assert.deepEqual(await conflictsOf(run), []);
    } finally {
      await run.close();
    }
  });

  test('an upsert of a row that is gone: made again by merge, dropped by remote_wins, both listed', async () => {
    for (const [strategy, expected] of [
      ['merge', [{ title: 'second', done: false, priority: 1 }]],
      ['remote_wins', []],
    ]) {
      const run = await clash(strategy, {
        first: async (todos, id) => succeeded(await todos.delete().eq('id', id)),
        second: saved({ title: 'second' }),
      });
      try {
        await endsAs(run, expected);
        const [conflict, ...more] = await conflictsOf(run);
        assert.deepEqual(more, []);
        assert.equal(conflict.remote, null);
        assert.equal(conflict.choice, strategy === 'merge' ? 'local' : 'remote');
        assert.equal(conflict.local.title, 'second');
      } finally {
        await run.close();
      }
    }
  });

  test('of an upserted array only the row that another device has changed collides', async () => {
    const other = crypto.randomUUID();
    const run = await clash('merge', {
      first: titled('first'),
      second: async (todos, id) =>
        succeeded(
          await todos.upsert([
            { id: other, title: 'new' },
            { id, title: 'second' },
          ]),
        ),
    });
    try {
      await endsAs(run, [{ title: 'first', done: false, priority: 1 }]);
      const [conflict, ...more] = await conflictsOf(run);
      assert.deepEqual(more, []);
      assert.equal(conflict.remote.title, 'first');
      const [row] = await world.database.sql`select title from todos where id=${other}`;
      assert.equal(row.title, 'new');
    } finally {
      await run.close();
    }
  });

  test('of a large upserted array the changed rows alone give way', async () => {
    const ids = Array.from({ length: 300 }, () => crypto.randomUUID());
    const rows = (title) => ids.map((id) => ({ id, title, priority: 2 }));
    await world.database.sql`insert into todos ${world.database.sql(rows('many'))}`;
    const run = await clash('merge', {
      first: async (todos) => succeeded(await todos.update({ title: 'theirs' }).eq('id', ids[250])),
      second: async (todos) => succeeded(await todos.upsert(rows('mine'))),
    });
    try {
      await endsAs(run, [{ title: 'base', done: false, priority: 1 }]);
      const titles = await world.database
        .sql`select title, count(*)::int from todos where id = any(${ids}) group by 1 order by 1`;
      assert.deepEqual(
        titles.map(({ title, count }) => [title, count]),
        [
          ['mine', 299],
          ['theirs', 1],
        ],
      );
      await world.database.sql`delete from todos where id = any(${ids})`;
    } finally {
      await run.close();
    }
  });
}
