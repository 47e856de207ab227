// Writes to tables that have nothing but keys: the gateway could answer most of them alone. Played
// on one database directly and on another one through the gateway; every answer must be the same.

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
grant all on shelves, books to anon;`;

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
