// Hard case 7: what a trigger makes of the row that an own upsert writes is no change of somebody
// else's, and later own writes to it take effect; what another device makes of it is.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

const schema = `
  create table visits (
    id integer primary key,
    report text,
    revision integer not null default 0,
    updated_at timestamptz not null default now()
  );
  create function stamp() returns trigger language plpgsql as $$ begin
    new.updated_at := clock_timestamp();
    new.revision := case when tg_op = 'UPDATE' then old.revision else 0 end + 1;
    return new;
  end $$;
  create trigger stamp before insert or update on visits
    for each row execute function stamp();
  insert into visits (id, report) select n, 'base' from generate_series(1, 9) n;
  grant all on visits to anon;`;

for (const [tier, migration] of Object.entries({ companion, bare: '' })) {
  describe(tier, () => {
    let world;
    before(async () => {
      world = await World.build(`own_upserts_${tier}`, { schema: schema + migration });
      await world.holdfast.statusWhere('its tier', ({ upstream }) => upstream.tier === tier);
    });
    beforeEach(() => world.upstream.recover());
    after(() => world?.close());

    // Offline: an upsert of the visit, then `own`; meanwhile `other` by SQL. What becomes of it.
    async function upsertedAnd(id, own, other = () => {}) {
      const { app, holdfast, upstream, database } = world;
      await upstream.kill();
      succeeded(await app.from('visits').upsert({ id, report: 'upserted' }));
      succeeded(await own(app.from('visits')));
      await other(database.sql);
      await upstream.restart();
      await holdfast.drained();
      const [row] = await database.sql`select report, revision from visits where id = ${id}`;
      const listed = await holdfast.control('GET', '/conflicts');
      const conflicts = listed.filter(({ key }) => key.id === id).map(({ columns }) => columns);
      return { row: row && { ...row }, conflicts };
    }
    const remove = (id) => (visits) => visits.delete().eq('id', id);
    const number = (id) => (visits) => visits.update({ revision: 70 }).eq('id', id);

    for (const [what, id] of Object.entries({ known: 1, new: 11 })) {
      test(`a ${what} row that is deleted afterwards is gone`, async () => {
        const gone = { row: undefined, conflicts: [] };
        assert.deepEqual(await upsertedAnd(id, remove(id)), gone);
      });

      test(`a ${what} row takes a later value for what the trigger has set`, async () => {
        const updates = what === 'known' ? 3 : 2;
        assert.deepEqual(await upsertedAnd(id + 1, number(id + 1)), {
          row: { report: 'upserted', revision: updates },
          conflicts: [],
        });
      });
    }

    test('what another device has made of a known row meanwhile is not deleted', async () => {
      const other = (sql) => sql`update visits set updated_at = updated_at where id = 3`;
      assert.deepEqual(await upsertedAnd(3, remove(3), other), {
        row: { report: 'upserted', revision: 3 },
        conflicts: [['revision']],
      });
    });

    test('a row that another device has made meanwhile is not deleted', async () => {
      const other = (sql) => sql`insert into visits (id, report) values (13, 'theirs')`;
      const { row, conflicts } = await upsertedAnd(13, remove(13), other);
      assert.deepEqual(row, { report: 'upserted', revision: 2 });
      assert.deepEqual(conflicts, [['revision']]);
    });
  });
}
