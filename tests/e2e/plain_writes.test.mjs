// Writes to tables that have nothing but keys: the gateway could answer most of them alone; and to
// those where something decides that it does not keep: unique indexes of all kinds, EXCLUDE, rows of
// other schemas, partitions, grants of columns. Played on one database directly and on another one
// through the gateway; every answer must be the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

const schema = `
create table shelves (id int primary key, name text unique);
create table books (
  id int primary key, shelf int references shelves, title text not null, price numeric(6,2));
insert into shelves values (1, 'novels'), (2, 'maps'), (3, 'empty');
insert into books values (1, 1, 'A', 9.90), (2, 1, 'B', null), (3, 2, 'C', 1);
grant all on shelves, books to anon;
create table accounts (id int primary key, email text, handle text, visits int);
create unique index accounts_email on accounts (email);
create unique index accounts_handle on accounts (lower(handle));
create unique index accounts_seen on accounts (visits) where visits > 100;
insert into accounts values (1, 'a@x', 'Ann', 101);
create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table names (id int primary key, name text collate loose unique);
insert into names values (1, 'Ann');
create schema hidden;
create table hidden.users (id int primary key);
create table members (id int primary key, person int references hidden.users);
create table bookings (id int primary key, during int4range, exclude using gist (during with &&));
create table pairs (id int primary key, a int, b int, unique nulls not distinct (a, b));
create table places (id int, region text, primary key (id, region)) partition by list (region);
create table places_eu partition of places for values in ('eu');
create table drafts (id int primary key, a text, secret text);
create table events (id int primary key, a text);
create table cured (id int primary key, a text);
create function cure() returns trigger language plpgsql as
  $$ begin if new.a = 'skip' then return null; end if; return new; end $$;
create trigger cure before insert on cured for each row execute function cure();
grant all on accounts, names, members, bookings, pairs, places, cured to anon;
grant select, insert (id, a), update (a) on drafts to anon;
grant select, insert on events to anon;`;

const book = (id, more) => ({ id, shelf: 1, title: `book ${id}`, ...more });
const byKey = (query) => query.select().order('id');

async function put(db, target, body, prefer = 'return=minimal') {
  const headers = { ...Object.fromEntries(db.rest.headers), 'content-type': 'application/json' };
  const response = await fetch(`${db.rest.url}/${target}`, {
    method: 'PUT',
    headers: { ...headers, prefer },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, data: text && JSON.parse(text) };
}

const steps = [
  [
    'a reference to a row that is not there',
    (db) => db.from('books').insert(book(9, { shelf: 9 })),
  ],
  ['a reference changed to such a row', (db) => db.from('books').update({ shelf: 9 }).eq('id', 1)],
  ['a row that others refer to', (db) => db.from('shelves').delete().eq('id', 1)],
  ['a row that nobody refers to', (db) => db.from('shelves').delete().eq('id', 3).select()],
  ['a key that is taken', (db) => db.from('books').insert(book(1))],
  ['a unique value that is taken', (db) => db.from('shelves').insert({ id: 4, name: 'maps' })],
  ['one good row beside a bad one', (db) => db.from('books').insert([book(10), book(1)])],
  ['a key twice in one upsert', (db) => db.from('books').upsert([book(10), book(10)])],
  [
    'an upsert that leaves what is there',
    (db) => byKey(db.from('books').upsert([book(1), book(11)], { ignoreDuplicates: true })),
  ],
  [
    'an upsert over a unique value',
    (db) => db.from('shelves').upsert({ id: 2, name: 'maps' }, { onConflict: 'name' }).select(),
  ],
  ['no column for a conflict', (db) => db.from('books').upsert(book(1), { onConflict: 'title' })],
  [
    'a count of changes',
    (db) => db.from('books').update({ price: 3 }, { count: 'exact' }).eq('shelf', 1),
  ],
  [
    'more changes than allowed',
    (db) => db.from('books').update({ price: 4 }).gt('id', 0).maxAffected(1),
  ],
  [
    'as many as allowed',
    (db) => db.from('books').update({ price: 5 }).eq('id', 2).maxAffected(1).select(),
  ],
  [
    'one row asked of none',
    (db) => db.from('books').update({ price: 4 }).eq('id', 99).select().single(),
  ],
  ['a digit too many', (db) => db.from('books').insert(book(12, { price: 12345.6 }))],
  [
    'a rounded value',
    (db) =>
      db
        .from('books')
        .insert(book(12, { price: 1.005 }))
        .select('price'),
  ],
  ['a null that must not be', (db) => db.from('books').update({ title: null }).eq('id', 1)],
  ['a new row by PUT', (db) => put(db, 'books?id=eq.20', book(20, { price: 1 }))],
  ['PUT over a row', (db) => put(db, 'books?id=eq.20', book(20, { price: 2 }))],
  ['PUT of another key', (db) => put(db, 'books?id=eq.20', book(21))],
  [
    'PUT with rows',
    (db) => put(db, 'books?id=eq.20', book(20, { price: 3 }), 'return=representation'),
  ],
  [
    'an embed of what was written',
    (db) => db.from('books').insert(book(13)).select('id,shelves(name)'),
  ],
  [
    'a column of what was written, as CSV',
    (db) => db.from('books').insert(book(14)).select('id').csv(),
  ],
  [
    'what was written, as CSV',
    (db) => db.from('books').update({ shelf: 2 }).eq('id', 14).select().csv(),
  ],
  [
    'a column of what was written, twice',
    (db) => db.from('books').update({ price: 2 }).eq('id', 14).select('id,id'),
  ],
  ['deleted with a logic tree', (db) => byKey(db.from('books').delete().or('id.eq.13,title.eq.C'))],
  [
    'an upsert by a unique index',
    (db) =>
      db
        .from('accounts')
        .upsert({ id: 1, email: 'a@x', handle: 'Ann', visits: 5 }, { onConflict: 'email' })
        .select(),
  ],
  ['a value that an index has', (db) => db.from('accounts').insert({ id: 2, email: 'a@x' })],
  [
    'a value that an index of an expression has',
    (db) => db.from('accounts').insert({ id: 3, handle: 'ANN' }),
  ],
  [
    'a value that an index of some rows has not',
    (db) => db.from('accounts').insert([{ id: 4, visits: 101 }]),
  ],
  ['and has', (db) => db.from('accounts').insert([{ id: 5, visits: 101 }])],
  [
    'a value that is another one’s but for its case',
    (db) => db.from('names').insert({ id: 2, name: 'ANN' }),
  ],
  ['a reference to another schema', (db) => db.from('members').insert({ id: 1, person: 7 })],
  ['the same by upsert', (db) => db.from('members').upsert({ id: 1, person: 7 })],
  ['a reference to nothing', (db) => db.from('members').insert({ id: 2, person: null })],
  ['a range', (db) => db.from('bookings').insert({ id: 1, during: '[1,5)' })],
  ['one that overlaps it', (db) => db.from('bookings').insert({ id: 2, during: '[4,9)' })],
  ['a null and one', (db) => db.from('pairs').insert({ id: 1, a: null, b: 1 })],
  ['the same null and one', (db) => db.from('pairs').insert({ id: 2, a: null, b: 1 })],
  [
    'a row for which there is a partition',
    (db) => db.from('places').insert({ id: 1, region: 'eu' }),
  ],
  ['and one without', (db) => db.from('places').insert({ id: 1, region: 'us' })],
  ['columns that are granted', (db) => db.from('drafts').insert({ id: 1, a: 'a' })],
  ['one that is not', (db) => db.from('drafts').insert({ id: 2, a: 'a', secret: 's' })],
  ['the same by PUT', (db) => put(db, 'drafts?id=eq.1', { id: 1, a: 'b', secret: 's' })],
  ['an insert alone', (db) => db.from('events').insert({ id: 1, a: 'a' })],
  ['an upsert without UPDATE', (db) => db.from('events').upsert({ id: 1, a: 'b' })],
  [
    'an upsert that only ignores',
    (db) => db.from('events').upsert({ id: 1, a: 'b' }, { ignoreDuplicates: true }),
  ],
  ['PUT without UPDATE', (db) => put(db, 'events?id=eq.1', { id: 1, a: 'c' })],
  [
    'a key twice, of which a trigger takes one away',
    (db) =>
      db.from('cured').insert([
        { id: 1, a: 'skip' },
        { id: 1, a: 'a' },
      ]),
  ],
  ['all of it', (db) => byKey(db.from('cured'))],
  ['all accounts', (db) => byKey(db.from('accounts'))],
  ['all books', (db) => byKey(db.from('books'))],
  ['all shelves', (db) => byKey(db.from('shelves'))],
];

async function answer(db, call) {
  const { data, error, count, status } = await call(db);
  return { data, error: error && { code: error.code, message: error.message }, count, status };
}

for (const tier of ['bare', 'companion']) {
  describe(tier, () => compareWrites(tier));
}

function compareWrites(tier) {
  let ours;
  let theirs;
  before(async () => {
    const more = tier === 'companion' ? companion : '';
    ours = await World.build(`plain_writes_${tier}`, { schema: schema + more });
    await ours.holdfast.statusWhere('its tier', ({ upstream }) => upstream.tier === tier);
    theirs = await World.build(`plain_writes_${tier}_direct`, { schema });
  });
  after(async () => {
    await ours?.close();
    await theirs?.close();
  });

  for (const [what, call] of steps) {
    test(what, async () => {
      assert.deepEqual(await answer(ours.app, call), await answer(theirs.direct, call));
    });
  }

  test('nothing of it was refused after an answer that said otherwise', async () => {
    await ours.holdfast.drained();
    assert.deepEqual(await ours.holdfast.outbox('dead'), []);
  });
}
