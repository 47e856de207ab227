import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

// The schema changes while writes wait: nothing is lost, and what stays right is not read again.
for (const tier of ['bare', 'companion']) {
  describe(`schema drift, ${tier}`, () => {
    let world;
    before(async () => {
      world = await World.build(`drift_${tier}`, {
        schema: `${tier === 'companion' ? companion : ''};
          create type mood as enum ('calm', 'glad');
          create table drifting (
            id integer primary key, name text, mood mood default 'calm', amount text,
            updated_at timestamptz not null default now());
          create table leaving (id integer primary key, name text);
          insert into drifting (id, name, amount)
            select n, 'row ' || n, n::text from generate_series(1, 40) n;
          insert into leaving values (1, 'stays');
          grant all on drifting, leaving to anon, authenticated;`,
      });
    });
    after(() => world?.close());
    beforeEach(() => world.upstream.recover());

    // Runs DDL while writes cannot be sent, then lets them go.
    async function whileWritesWait(write, ddl) {
      // What is being read anew is written upstream at once.
      await world.holdfast.replicated();
      for (const method of ['PATCH', 'POST']) {
        await world.upstream.fault({
          match: '/drifting|/leaving|holdfast_push',
          method,
          status: 503,
        });
      }
      succeeded(await write(world.app));
      await world.database.sql.unsafe(ddl);
      await world.upstream.reload();
      await world.holdfast.control('POST', '/sync');
      await world.upstream.clearFaults();
    }
    const rows = async (columns, id) =>
      succeeded(await world.app.from('drifting').select(columns).eq('id', id));
    // A changed schema is known a little later.
    const shows = (columns, id, expected) =>
      eventually(`row ${id} shows ${columns}`, async () => {
        assert.deepEqual(await rows(columns, id), [expected]);
        return true;
      });

    test('an added column is read without the others, and a queued write arrives', async () => {
      await whileWritesWait(
        (app) => app.from('drifting').update({ name: 'queued' }).eq('id', 1),
        `alter table drifting add column note text;
         update drifting set note = 'noted' where id = 2`,
      );
      await world.holdfast.drained();
      await world.holdfast.statusWhere('it is whole', ({ sync }) => sync.tables.drifting.complete);
      await shows('note', 2, { note: 'noted' });
      await shows('name,note', 1, { name: 'queued', note: null });
      const [{ name }] = await world.database.sql`select name from drifting where id = 1`;
      assert.equal(name, 'queued');
    });

    test('an added label of an enum is taken', async () => {
      await whileWritesWait(
        (app) => app.from('drifting').update({ mood: 'glad' }).eq('id', 3),
        `alter type mood add value 'proud' after 'calm'`,
      );
      await world.database.sql.unsafe(
        `update drifting set mood = 'proud', updated_at = now() where id = 4`,
      );
      await world.holdfast.drained();
      await shows('mood', 3, { mood: 'glad' });
      await shows('mood', 4, { mood: 'proud' });
      await world.holdfast.replicated();
    });

    test('a column of another type is read again', async () => {
      await whileWritesWait(
        (app) => app.from('drifting').update({ name: 'kept' }).eq('id', 5),
        'alter table drifting alter column amount type numeric(10,2) using amount::numeric',
      );
      await world.holdfast.drained();
      await eventually('the new type is known', async () => {
        const seen = await world.app.from('drifting').select('amount').order('amount').limit(2);
        assert.deepEqual(succeeded(seen), [{ amount: 1 }, { amount: 2 }]);
        return true;
      });
      await world.holdfast.replicated();
      const [{ name }] = await world.database.sql`select name from drifting where id = 5`;
      assert.equal(name, 'kept');
    });

    test('a write to a column that is dropped is not lost but shown', async () => {
      await whileWritesWait(
        (app) => app.from('drifting').update({ note: 'too late' }).eq('id', 6),
        'alter table drifting drop column note',
      );
      // It waits for a schema that has the column, or for a person.
      const entry = await eventually('it is shown with the reason', async () => {
        const entries = await world.holdfast.outbox();
        return entries.find(({ last_error: reason }) => /note/.test(reason));
      });
      await world.holdfast.control('POST', `/outbox/${entry.id}/discard`);
      await world.holdfast.drained();
    });

    test('another primary key keeps a queued write', async () => {
      await whileWritesWait(
        (app) => app.from('drifting').update({ name: 'by another key' }).eq('id', 7),
        `alter table drifting drop constraint drifting_pkey;
         alter table drifting alter column name set not null;
         alter table drifting add primary key (id, amount)`,
      );
      await world.holdfast.drained();
      const [{ name }] = await world.database.sql`select name from drifting where id = 7`;
      assert.equal(name, 'by another key');
      await shows('name', 7, { name: 'by another key' });
    });

    test('a name that came a moment ago is the upstream’s to know, for reads and writes', async () => {
      await world.database.sql.unsafe(
        `alter table drifting add column fresh text default 'new';
         create table just_made (id integer primary key, word text);
         grant all on just_made to anon, authenticated`,
      );
      await world.upstream.reload();
      assert.deepEqual(await rows('fresh', 8), [{ fresh: 'new' }]);
      succeeded(await world.app.from('just_made').insert({ id: 1, word: 'first' }));
      assert.deepEqual(succeeded(await world.app.from('just_made').select()), [
        { id: 1, word: 'first' },
      ]);
      const wrong = await world.app.from('drifting').select('nowhere');
      assert.equal(wrong.error.code, '42703');
      // What was asked for is looked for: soon it is answered here.
      await eventually('it is known', async () => {
        const answer = await fetch(`${world.holdfast.url}/rest/v1/drifting?select=fresh&id=eq.8`, {
          headers: { apikey: anonKey },
        });
        return answer.headers.get('cache-status').includes('hit');
      });
    });

    test('a write to a table that is renamed is not lost but shown', async () => {
      await whileWritesWait(
        (app) => app.from('leaving').update({ name: 'too late' }).eq('id', 1),
        'alter table leaving rename to left_behind',
      );
      const here = async () => (await world.app.from('left_behind').select('name')).data;
      await eventually('the new name is known', async () => (await here())?.[0]?.name === 'stays');
      const entries = await world.holdfast.outbox();
      assert.ok(entries.some((entry) => JSON.stringify(entry).includes('leaving')));
      // It is looked at again with each schema, not with the next hour.
      await world.database.sql.unsafe('alter table left_behind rename to leaving');
      await world.upstream.reload();
      await world.holdfast.control('POST', '/sync');
      await eventually('it has arrived', async () => {
        const [{ name }] = await world.database.sql`select name from leaving where id = 1`;
        return name === 'too late';
      });
    });
  });
}
