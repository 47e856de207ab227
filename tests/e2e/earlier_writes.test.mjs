// Hard cases 5, 6 and 13: an own write that is not delivered yet stays before later own ones, also
// where they would reach its rows only as these were before it; and what others have made of a row
// that an own write moves is seen by those after it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

const schema = `
  create table shelves (id integer primary key, name text);
  create table books (
    id integer primary key,
    shelf integer references shelves on update cascade on delete cascade,
    lent boolean not null default false,
    title text,
    isbn text unique
  );
  create table loans (id integer primary key, book integer references books on update cascade
    on delete set null, note text);
  create table trouble (of integer primary key, code text not null default '55P03');
  create function refuse() returns trigger language plpgsql security definer as $$
  declare trouble record;
  begin
    for trouble in select code from trouble where of = new.id loop
      if trouble.code = 'skip' then return null; end if;
      continue when trouble.code = 'shelf 11' and new.shelf <> 11;
      raise 'refused' using errcode = replace(trouble.code, 'shelf 11', 'P0001');
    end loop;
    return new;
  end $$;
  create trigger refuse before update on books for each row execute function refuse();
  insert into shelves select n, 'shelf' from generate_series(1, 20) n;
  insert into books select n, 1, true, 'book' from generate_series(1, 40) n;
  insert into loans select n, n + 20, 'loan' from generate_series(1, 20) n;
  grant all on shelves, books, loans to anon;`;
const extra = '[tables."public.loans"]\nconflict = "manual"\n';

for (const [tier, migration] of Object.entries({ companion, bare: '' })) {
  describe(tier, () => {
    let world;
    before(async () => {
      world = await World.build(`earlier_${tier}`, { schema: schema + migration, extra });
      await world.holdfast.statusWhere('its tier', ({ upstream }) => upstream.tier === tier);
    });
    beforeEach(() => world.upstream.recover());
    after(() => world?.close());

    const rowsOf = async (sql) => (await sql).map((row) => ({ ...row }));
    const listedOf = async (...ids) =>
      (await world.holdfast.control('GET', '/conflicts'))
        .filter(({ key }) => ids.includes(key.id))
        .map(({ key, columns }) => [key.id, ...columns]);
    const openConflict = async (id) =>
      (await world.holdfast.control('GET', '/conflicts')).find(
        ({ state, key }) => state === 'open' && key.id === id,
      );
    const offline = async (own, others = () => {}) => {
      await world.upstream.kill();
      await own(world.app);
      await others(world.database.sql);
      await world.upstream.restart();
      await world.holdfast.drained();
      await world.holdfast.sync();
    };
    // The own write fails upstream until `then` is done.
    const whileRefused = async (id, own, then) => {
      const { sql } = world.database;
      await sql`insert into trouble values (${id})`;
      await own();
      const answer = await then();
      await sql`delete from trouble where of = ${id}`;
      await world.holdfast.drained();
      await world.holdfast.sync();
      return answer;
    };

    test('a cascade does not reach rows that an own earlier write has taken away', async () => {
      const { app, database } = world;
      const move = () =>
        app.from('books').update({ shelf: 3 }).eq('id', 2).setHeader('Prefer', 'respond-async');
      const remove = () => app.from('shelves').delete().eq('id', 2);
      await database.sql`update books set shelf = 2 where id = 2`;
      await world.holdfast.sync();
      await whileRefused(
        2,
        async () => succeeded(await move()),
        async () => succeeded(await remove()),
      );
      assert.deepEqual(await rowsOf(database.sql`select id, shelf from books where id = 2`), [
        { id: 2, shelf: 3 },
      ]);
      assert.deepEqual(await rowsOf(database.sql`select id from shelves where id = 2`), []);
    });

    test('a deletion waits for the decision about a refused move out of its reach', async () => {
      const { app, database, holdfast } = world;
      const { sql } = database;
      await sql`update books set shelf = 5 where id = 35`;
      await sql`insert into trouble values (35, 'P0001')`;
      await holdfast.sync();
      await world.upstream.kill();
      succeeded(await app.from('books').update({ shelf: 6 }).eq('id', 35));
      succeeded(await app.from('shelves').delete().eq('id', 5));
      await world.upstream.restart();
      await holdfast.statusWhere('both', ({ queue }) => queue.dead === 1 && queue.blocked === 1);
      const [letter] = await holdfast.outbox('dead');
      const [waits] = await holdfast.outbox('blocked');
      assert.equal(waits.last_error, `depends on the dead letter ${letter.id}`);
      assert.deepEqual(letter.dependants, [waits.id]);
      assert.deepEqual(succeeded(await app.from('shelves').select('id,books(id)').eq('id', 5)), [
        { id: 5, books: [{ id: 35 }] },
      ]);
      assert.equal((await sql`select from books where id = 35`).length, 1);
      await sql`delete from trouble`;
      await holdfast.control('POST', `/outbox/${letter.id}/retry`);
      await holdfast.drained();
      assert.deepEqual(await rowsOf(sql`select id, shelf from books where id = 35`), [
        { id: 35, shelf: 6 },
      ]);
      assert.equal((await sql`select from shelves where id = 5`).length, 0);
    });

    test('a deletion that relied on a move which had no effect is for a person', async () => {
      const { app, database, holdfast } = world;
      const { sql } = database;
      await sql`update books set shelf = 7 where id = 36`;
      await sql`update books set shelf = 8 where id = 37`;
      await sql`insert into trouble values (36, 'P0001'), (37, 'skip')`;
      await holdfast.sync();
      await world.upstream.kill();
      for (const [book, shelf] of [
        [36, 7],
        [37, 8],
      ]) {
        succeeded(await app.from('books').update({ shelf: 9 }).eq('id', book));
        succeeded(await app.from('shelves').delete().eq('id', shelf));
      }
      await world.upstream.restart();
      // One is refused and discarded, the other one is left out by a trigger.
      await holdfast.statusWhere('a letter', ({ queue }) => queue.depth === 1);
      const letter = (await holdfast.outbox('dead')).find(
        ({ operation }) => operation === 'update',
      );
      await holdfast.control('POST', `/outbox/${letter.id}/discard`);
      await holdfast.statusWhere('the others', ({ queue }) => queue.depth === 0);
      const dead = await holdfast.outbox('dead');
      assert.deepEqual(
        dead.map(({ operation, last_error: error }) => [operation, error.slice(0, 5)]),
        [
          ['delete', 'HF424'],
          ['delete', 'HF424'],
        ],
      );
      await sql`delete from trouble`;
      const books = () => rowsOf(sql`select id, shelf from books where id in (36, 37) order by id`);
      assert.deepEqual(await books(), [
        { id: 36, shelf: 7 },
        { id: 37, shelf: 8 },
      ]);
      // Whoever means it all the same sends it again.
      await holdfast.control('POST', `/outbox/${dead[0].id}/retry`);
      await holdfast.control('POST', `/outbox/${dead[1].id}/discard`);
      await holdfast.drained();
      assert.deepEqual(await books(), [{ id: 37, shelf: 8 }]);
    });

    test('a refused move keeps no deletion back once another one was delivered', async () => {
      const { app, database, holdfast } = world;
      const { sql } = database;
      await sql`update books set shelf = 10 where id = 38`;
      await sql`insert into trouble values (38, 'shelf 11')`;
      await holdfast.sync();
      await world.upstream.kill();
      for (const shelf of [11, 12]) {
        succeeded(await app.from('books').update({ shelf }).eq('id', 38));
      }
      succeeded(await app.from('shelves').delete().eq('id', 10));
      await world.upstream.restart();
      await holdfast.drained();
      await sql`delete from trouble`;
      assert.deepEqual(await rowsOf(sql`select id, shelf from books where id = 38`), [
        { id: 38, shelf: 12 },
      ]);
      assert.equal((await sql`select from shelves where id = 10`).length, 0);
      const letters = (await holdfast.outbox('dead')).map(({ operation }) => operation);
      assert.deepEqual(letters, ['update']);
    });

    test('an upsert by a unique column waits for the own write that frees its value', async () => {
      const { app, database } = world;
      await database.sql`update books set isbn = 'isbn ' || id where id in (30, 31)`;
      await world.holdfast.sync();
      const give = (id) =>
        app
          .from('books')
          .update({ isbn: `given ${id}` })
          .eq('id', id)
          .setHeader('Prefer', 'respond-async');
      const take = (id, ignoreDuplicates) =>
        app
          .from('books')
          .upsert(
            { id: id + 20, isbn: `isbn ${id}`, title: 'new' },
            { onConflict: 'isbn', ignoreDuplicates },
          );
      for (const [id, ignored] of [
        [30, false],
        [31, true],
      ]) {
        await whileRefused(
          id,
          async () => succeeded(await give(id)),
          async () => succeeded(await take(id, ignored)),
        );
      }
      const books = database.sql`
        select id, isbn, title from books where id in (30, 31, 50, 51) order by id`;
      assert.deepEqual(await rowsOf(books), [
        { id: 30, isbn: 'given 30', title: 'book' },
        { id: 31, isbn: 'given 31', title: 'book' },
        { id: 50, isbn: 'isbn 30', title: 'new' },
        { id: 51, isbn: 'isbn 31', title: 'new' },
      ]);
    });

    test('a deletion by filter spares what an earlier write has taken out of it', async () => {
      const { app, database } = world;
      await database.sql`update books set shelf = 4 where id in (4, 5)`;
      await world.holdfast.sync();
      const own = async () =>
        succeeded(
          await app
            .from('books')
            .update({ lent: false })
            .eq('id', 4)
            .setHeader('Prefer', 'respond-async'),
        );
      const gone = await whileRefused(4, own, async () =>
        succeeded(await app.from('books').delete().eq('shelf', 4).is('lent', true).select('id')),
      );
      assert.deepEqual(gone, [{ id: 5 }]);
      assert.deepEqual(await rowsOf(database.sql`select id, lent from books where shelf = 4`), [
        { id: 4, lent: false },
      ]);
    });

    for (const [what, ids] of Object.entries({ 'one other row': [1, 2], 'no row here': [3] })) {
      test(`beside an open conflict a deletion of ${what} spares the row`, async () => {
        const { app, database, holdfast } = world;
        const [asked, other = -1] = ids;
        const book = 20 + asked;
        await database.sql`update loans set book = ${book} where id = ${other}`;
        await holdfast.sync();
        await world.upstream.kill();
        succeeded(await app.from('loans').update({ book: null, note: 'own' }).eq('id', asked));
        await database.sql`update loans set note = 'theirs' where id = ${asked}`;
        await world.upstream.restart();
        await holdfast.statusWhere('a conflict', ({ queue }) => queue.conflicts === 1);
        const gone = succeeded(await app.from('loans').delete().eq('book', book).select('id'));
        assert.deepEqual(gone, other > 0 ? [{ id: other }] : []);
        const conflict = await openConflict(asked);
        await holdfast.control('POST', `/conflicts/${conflict.id}/resolve`, { choice: 'local' });
        await holdfast.drained();
        const left = database.sql`select id, book, note from loans where id in (${asked}, ${other})`;
        assert.deepEqual(await rowsOf(left), [{ id: asked, book: null, note: 'own' }]);
      });
    }

    test('what others make of a row that an own write moves is no own doing', async () => {
      await offline(
        async (app) => {
          succeeded(await app.from('books').update({ id: 110 }).eq('id', 10));
          succeeded(await app.from('books').update({ title: 'own' }).eq('id', 110));
          succeeded(await app.from('books').update({ id: 111 }).eq('id', 11));
          succeeded(await app.from('books').delete().eq('id', 111));
        },
        (sql) => sql`update books set title = 'theirs' where id in (10, 11)`,
      );
      assert.deepEqual(
        await rowsOf(world.database.sql`select id, title from books where id > 100 order by id`),
        [
          { id: 110, title: 'theirs' },
          { id: 111, title: 'theirs' },
        ],
      );
      assert.deepEqual((await listedOf(110, 111)).sort(), [
        [110, 'title'],
        [111, 'title'],
      ]);
    });

    test('another row at the new key is not the moved one', async () => {
      await offline(
        async (app) => succeeded(await app.from('shelves').update({ id: 115 }).eq('id', 15)),
        async (sql) => {
          await sql`update shelves set name = 'theirs' where id = 15`;
          await sql`insert into shelves values (115, 'another')`;
        },
      );
      const [dead] = (await world.holdfast.control('GET', '/outbox?state=dead')).slice(-1);
      assert.match(dead.last_error, /^23505/);
      await world.holdfast.control('POST', `/outbox/${dead.id}/discard`);
    });

    test('what others make of a row that an own deletion detaches is no own doing', async () => {
      const { app, database, holdfast } = world;
      await world.upstream.kill();
      succeeded(await app.from('books').delete().eq('id', 37));
      succeeded(await app.from('loans').delete().eq('id', 17));
      await database.sql`update loans set note = 'theirs' where id = 17`;
      await world.upstream.restart();
      await holdfast.statusWhere('a conflict', ({ queue }) => queue.conflicts === 1);
      assert.deepEqual((await openConflict(17)).columns, ['note']);
    });
  });
}
