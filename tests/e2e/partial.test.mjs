// [tables.NAME] filter: a part of a table is kept here (hard case 17).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

let world;
before(async () => {
  world = await World.build('partial', {
    schema: `
      create table parts (id int primary key, shop text not null, title text, parent int references parts);
      grant select, insert, update, delete on parts to anon, authenticated;
      insert into parts values (1, 'north', 'a', null), (2, 'north', 'b', 1), (3, 'south', 'c', 1);
      create table shelves (id int primary key, part int references parts);
      grant select on shelves to anon, authenticated;
      insert into shelves values (1, 1), (2, 3);
      create table open_parts (id int primary key, shop text not null);
      grant select on open_parts to anon, authenticated;
      insert into open_parts values (1, 'north');`,
    extra: `
[cache]
responses = "0B"
[tables.parts]
filter = "shop=eq.north"
[tables.open_parts]
filter = "shop=eq.north"
scope = "whole"
`,
  });
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

async function read(target) {
  const answer = await fetch(`${world.holdfast.url}/rest/v1/${target}`, {
    headers: { apikey: anonKey },
  });
  const body = await answer.json();
  return {
    status: answer.status,
    ids: Array.isArray(body) ? body.map(({ id }) => id) : body.code,
    here: (answer.headers.get('cache-status') ?? '').includes('hit'),
  };
}

async function upstreamBack() {
  await world.upstream.restart();
  await world.holdfast.statusWhere('the upstream answers', ({ online }) => online);
}

const kept = ['parts?shop=eq.north&order=id', 'parts?id=eq.2', 'open_parts?order=id'];
const others = [
  'parts?order=id',
  'parts?shop=eq.south',
  'parts?id=eq.3',
  'shelves?select=id,parts(id)',
];

test('what lies inside is answered here, online and offline alike', async () => {
  const online = await Promise.all(kept.map(read));
  assert.deepEqual(
    online.map(({ ids }) => ids),
    [[1, 2], [2], [1]],
  );
  await world.upstream.kill();
  assert.deepEqual(await Promise.all(kept.map(read)), online);
  assert.ok(online.every(({ here }) => here));
  await upstreamBack();
});

test('everything else is the upstream’s to answer, and 504 without it', async () => {
  const online = await Promise.all(others.map(read));
  assert.deepEqual(
    online.map(({ ids, here }) => [ids, here]),
    [
      [[1, 2, 3], false],
      [[3], false],
      [[3], false],
      [[1, 2], false],
    ],
  );
  await world.upstream.kill();
  const offline = await Promise.all(others.map(read));
  assert.ok(offline.every(({ status, ids }) => status === 504 && ids === 'HF504'));
  const related = await read('parts?shop=eq.north&select=id,parent(id)&order=id');
  assert.equal(related.status, 504, 'an embed of the table itself may reach what is not kept');
  await upstreamBack();
});

test('a row that leaves the part goes, one that enters it comes', async () => {
  await world.database.sql`update parts set shop = 'south' where id = 2`;
  await world.database.sql`update parts set shop = 'north' where id = 3`;
  await world.holdfast.sync();
  await world.upstream.kill();
  assert.deepEqual((await read('parts?shop=eq.north&order=id')).ids, [1, 3]);
  assert.equal((await read('parts?id=eq.2')).status, 504);
  await world.upstream.restart();
});

// The same for columns, numbers of rows, and rows that are marked as deleted.
for (const tier of ['bare', 'companion']) {
  describe(`limits, ${tier}`, () => {
    const limits = `
[cache]
responses = "0B"
[tables.narrow]
columns = ["title"]
[tables.recent]
max_rows = 3
[tables.soft]
deleted_at_column = "deleted_at"
`;
    let limited;
    before(async () => {
      limited = await World.build(`limits_${tier}`, {
        schema: `${tier === 'companion' ? companion : ''};
          create table narrow (id int primary key, title text, secret text not null,
                               updated_at timestamptz not null default now());
          insert into narrow values (1, 'a', 's1'), (2, 'b', 's2');
          create table recent (id int primary key, title text,
                               updated_at timestamptz not null default now());
          insert into recent select n, 'r' || n, now() - interval '1 hour' * (10 - n)
            from generate_series(1, 9) n;
          create table soft (id int primary key, title text, deleted_at timestamptz,
                             updated_at timestamptz not null default now());
          insert into soft values (1, 'alive', null), (2, 'just gone', now()),
                                  (3, 'long gone', now() - interval '90 days');
          grant all on narrow, recent, soft to anon, authenticated;`,
        extra: limits,
      });
    });
    after(() => limited?.close());
    beforeEach(() => limited.upstream.recover());

    const at = async (target) => {
      const answer = await fetch(`${limited.holdfast.url}/rest/v1/${target}`, {
        headers: { apikey: anonKey },
      });
      const here = (answer.headers.get('cache-status') ?? '').includes('hit');
      return { status: answer.status, body: await answer.json(), here };
    };
    const offline = async (work) => {
      await limited.upstream.kill();
      await work();
      await limited.upstream.restart();
      await limited.holdfast.statusWhere('the upstream answers', ({ online }) => online);
    };

    test('columns: what is kept is answered here, what needs another one is the upstream’s', async () => {
      const kept = 'narrow?select=id,title&order=id';
      const others = ['narrow?id=eq.1', 'narrow?select=id&secret=eq.s2', 'narrow?order=secret'];
      assert.deepEqual(await at(kept), {
        status: 200,
        body: [
          { id: 1, title: 'a' },
          { id: 2, title: 'b' },
        ],
        here: true,
      });
      for (const target of others) {
        const { status, here, body } = await at(target);
        assert.deepEqual([status, here], [200, false], target);
        assert.ok(body.length > 0);
      }
      await offline(async () => {
        assert.ok((await at(kept)).here);
        for (const target of others) assert.equal((await at(target)).status, 504, target);
      });
    });

    test('columns: writes may name any column, and meet no conflict that nobody made', async () => {
      await offline(async () => {
        const made = await limited.app
          .from('narrow')
          .insert({ id: 3, title: 'c', secret: 's3' })
          .select();
        assert.equal(made.error, null);
        assert.deepEqual([made.data[0].title, made.data[0].secret], ['c', 's3']);
        succeeded(await limited.app.from('narrow').update({ secret: 'changed' }).eq('id', 1));
        succeeded(await limited.app.from('narrow').update({ title: 'b2' }).eq('id', 2));
        await limited.database.sql`update narrow set title = 'theirs', updated_at = now()
                                   where id = 1`;
      });
      await limited.holdfast.drained();
      const rows = await limited.database.sql`select id, title, secret from narrow order by id`;
      assert.deepEqual(
        rows.map(({ id, title, secret }) => [id, title, secret]),
        [
          [1, 'theirs', 'changed'],
          [2, 'b2', 's2'],
          [3, 'c', 's3'],
        ],
      );
      assert.deepEqual(await limited.holdfast.control('GET', '/conflicts'), []);
    });

    test('max_rows: the newest rows are read by key here, all else upstream', async () => {
      await limited.holdfast.sync();
      assert.ok((await at('recent?id=eq.8')).here);
      assert.ok(!(await at('recent?id=eq.2')).here);
      assert.ok(!(await at('recent?order=id')).here);
      assert.equal((await at('recent?select=id')).body.length, 9);
      await limited.database
        .sql`update recent set title = 'moved', updated_at = now() where id = 2`;
      await limited.database.sql`delete from recent where id = 9`;
      await limited.holdfast.sync();
      await offline(async () => {
        assert.deepEqual((await at('recent?id=eq.2&select=title')).body, [{ title: 'moved' }]);
        assert.equal((await at('recent?id=eq.9')).status, 504, 'deleted: nobody here knows it');
        assert.equal((await at('recent?id=eq.3')).status, 504);
        assert.equal((await at('recent?order=id')).status, 504);
        succeeded(await limited.app.from('recent').update({ title: 'mine' }).eq('id', 2));
        const others = await limited.app.from('recent').update({ title: 'all' }).gt('id', 0);
        assert.equal(others.error.code, 'HF504', 'it would change rows that are not here');
      });
      await limited.holdfast.drained();
      const [{ title }] = await limited.database.sql`select title from recent where id = 2`;
      assert.equal(title, 'mine');
      const { sync } = await limited.holdfast.status();
      assert.ok(sync.tables.recent.rows <= 4);
    });

    test('max_rows: nobody is told of rows that are not kept', async () => {
      await limited.database.sql`
        insert into recent select n, 'at once', now() from generate_series(101, 140) n`;
      await limited.holdfast.sync();
      const follow = async (cursor) => {
        const answer = await fetch(`${limited.holdfast.url}/sync/changes?cursor=${cursor}`, {
          headers: { apikey: anonKey },
        });
        return answer.json();
      };
      let page = { cursor: '', more: true };
      while (page.more) page = await follow(page.cursor);
      await limited.holdfast.sync();
      await limited.holdfast.sync();
      const told = (await follow(page.cursor)).changes;
      assert.deepEqual(
        told.filter(({ table }) => table === 'recent'),
        [],
      );
      await limited.database.sql`insert into recent values (999, 'newer')`;
      await limited.holdfast.sync();
      assert.ok((await at('recent?id=eq.999')).here);
      await limited.database.sql`delete from recent where id > 100`;
      await limited.holdfast.sync();
    });

    test('deleted_at: rows marked long ago are left out, and nothing is answered without them', async () => {
      const living = 'soft?deleted_at=is.null&select=id&order=id';
      assert.deepEqual((await at(living)).body, [{ id: 1 }]);
      assert.ok((await at(living)).here);
      assert.ok((await at('soft?id=eq.2')).here, 'the tombstone is kept for a while');
      const all = await at('soft?select=id&order=id');
      assert.deepEqual([all.body.length, all.here], [3, false]);
      // Also while its stamp is among those that every pull reads again.
      for (let pull = 0; pull < 10; pull += 1) {
        const pulled = limited.holdfast.sync();
        for (let look = 0; look < 10; look += 1) assert.ok(!(await at('soft?id=eq.3')).here);
        await pulled;
      }
      await offline(async () => {
        assert.deepEqual((await at(living)).body, [{ id: 1 }]);
        assert.equal((await at('soft?order=id')).status, 504);
        assert.equal((await at('soft?id=eq.3')).status, 504);
      });
      // A row that is marked without its stamp being raised, and one that is marked as if long ago.
      await limited.database.sql`insert into soft values (4, 'four'), (5, 'five')`;
      await limited.holdfast.sync();
      assert.deepEqual((await at(living)).body, [{ id: 1 }, { id: 4 }, { id: 5 }]);
      await limited.database.sql`update soft set deleted_at = now() where id = 4`;
      await limited.database
        .sql`update soft set deleted_at = now() - interval '60 days', updated_at = now() where id = 5`;
      await eventually('both are gone', async () => {
        assert.deepEqual((await at(living)).body, [{ id: 1 }]);
        return true;
      });
    });

    test('another configuration reads again only what it must', async () => {
      await limited.holdfast.sync();
      await limited.upstream.forgetRequests();
      await limited.holdfast.reconfigure(limits.replace('["title"]', '["title", "secret"]'));
      await limited.holdfast.replicated();
      assert.ok((await at('narrow?select=id,secret')).here);
      const log = await limited.upstream.requests();
      const asked = log.map(({ path }) => decodeURIComponent(path));
      const reads = asked.filter((path) => path.includes('/narrow?'));
      assert.ok(
        reads.every((path) => !/select="id","title"(&|,"updated_at"&order="id")/.test(path)),
        reads.join('\n'),
      );
      assert.ok(!asked.some((path) => path.includes('/soft?') && path.includes('offset')));
      await limited.holdfast.reconfigure(limits.replace('max_rows = 3', 'max_rows = 0'));
      await limited.holdfast.replicated();
      const all = await at('recent?select=id');
      assert.deepEqual([all.body.length, all.here], [8, true]);
    });
  });
}
