// What postgrest-js calls dry runs and bounds: rollback(), explain() and maxAffected(), as its users
// combine them, directly, through the gateway, and through the gateway alone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { World } from './support/world.mjs';

const schema = `
create table plants (id int primary key, name text not null, height int, unique (name));
insert into plants values (1, 'fern', 30), (2, 'ivy', 200), (3, 'moss', 2), (4, 'oak', 900);
grant all on plants to anon;`;

const plants = (db) => db.from('plants');

// No call sees what another one writes, since the test upstream keeps what should be rolled back.
const rolledBack = [
  ['a read', (db) => plants(db).select('id,name').eq('id', 1).rollback()],
  ['an insert', (db) => plants(db).insert({ id: 11, name: 'elm' }).select().rollback()],
  ['an insert without rows', (db) => plants(db).insert({ id: 12, name: 'ash' }).rollback()],
  [
    'two inserts',
    (db) =>
      plants(db)
        .insert([
          { id: 13, name: 'a' },
          { id: 14, name: 'b' },
        ])
        .select('id')
        .order('id')
        .rollback(),
  ],
  ['an upsert', (db) => plants(db).upsert({ id: 15, name: 'yew', height: 5 }).select().rollback()],
  [
    'an update',
    (db) => plants(db).update({ height: 31 }).eq('id', 1).select('id,height').rollback(),
  ],
  ['a counted deletion', (db) => plants(db).delete({ count: 'exact' }).eq('id', 3).rollback()],
  ['a null that must not be', (db) => plants(db).update({ name: null }).eq('id', 4).rollback()],
];

// What is stale here proves nothing, and what leaves no trace cannot be put right later.
const doubtful = [
  [
    'an update of nothing',
    (db) => plants(db).update({ height: 1 }).eq('id', 99).select().rollback(),
  ],
  ['a key that is taken', (db) => plants(db).insert({ id: 2, name: 'x' }).rollback()],
  [
    'one of none',
    (db) => plants(db).update({ height: 1 }).eq('id', 98).select().single().rollback(),
  ],
];

const bounded = [
  ['more than allowed', (db) => plants(db).update({ height: 7 }).in('id', [2, 4]).maxAffected(1)],
  ['more deletions than allowed', (db) => plants(db).delete().gt('id', 0).maxAffected(2).select()],
  ['none allowed and none found', (db) => plants(db).delete().eq('id', 97).maxAffected(0)],
  [
    'as many as allowed',
    (db) => plants(db).update({ height: 201 }).eq('id', 2).maxAffected(1).select(),
  ],
  ['fewer than allowed', (db) => plants(db).delete().eq('id', 4).maxAffected(5).select('name')],
];

const explained = [
  ['a read', (db) => plants(db).select().eq('id', 1).explain()],
  ['a read as JSON', (db) => plants(db).select('id').order('id').explain({ format: 'json' })],
  ['one row', (db) => plants(db).select().eq('id', 1).single().explain()],
  ['a read with options', (db) => plants(db).select().explain({ verbose: true, settings: true })],
];

async function answer(db, call) {
  const { data, error, count, status } = await call(db);
  return { data, error: error && { code: error.code, message: error.message }, count, status };
}

const all = async (db) => (await plants(db).select().order('id')).data;

describe('rollback, maxAffected and explain', () => {
  let ours;
  let theirs;
  const expected = new Map();

  before(async () => {
    ours = await World.build('dry_runs', { schema });
    theirs = await World.build('dry_runs_direct', { schema });
    for (const calls of [rolledBack, doubtful, bounded, explained]) {
      for (const [what, call] of calls)
        expected.set(call, [what, await answer(theirs.direct, call)]);
    }
  });
  after(async () => {
    await ours?.close();
    await theirs?.close();
  });

  const same = async (call) =>
    assert.deepEqual(await answer(ours.app, call), expected.get(call)[1]);
  const calls = [...rolledBack, ...doubtful, ...bounded];

  test("a plan is the upstream's, and an honest 504 without it", async () => {
    for (const [, call] of explained) await same(call);
  });

  describe('without the upstream', () => {
    let rows;
    before(async () => {
      rows = await all(ours.app);
      await ours.upstream.kill();
    });
    after(async () => {
      await ours.upstream.restart();
      await ours.holdfast.statusWhere('the upstream is seen again', ({ online }) => online);
    });

    for (const [what, call] of rolledBack) {
      test(`${what} is answered and leaves no trace`, async () => {
        await same(call);
        assert.deepEqual(await all(ours.app), rows);
        assert.deepEqual(await ours.holdfast.outbox('queued'), []);
      });
    }
    for (const [what, call] of doubtful) {
      test(`${what} is the upstream's to tell`, async () => {
        assert.equal((await answer(ours.app, call)).error.code, 'HF504');
        assert.deepEqual(await all(ours.app), rows);
      });
    }
    for (const [what, call] of explained) {
      test(`the plan of ${what} is nobody's to give`, async () => {
        assert.equal((await answer(ours.app, call)).error.code, 'HF504');
      });
    }
    for (const [what, call] of bounded.slice(0, 3)) {
      test(`a change is bounded: ${what}`, async () => {
        await same(call);
        assert.deepEqual(await all(ours.app), rows);
      });
    }
  });

  describe('with the upstream', () => {
    for (const [what, call] of calls) test(what, () => same(call));
  });
});
