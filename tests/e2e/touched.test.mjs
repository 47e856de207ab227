// Hard case 7: what a trigger of an own write makes of the row that it refers to is no change of
// somebody else's; what another device makes of it is. With the companion both are told apart.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

const schema = `
  create table papers (
    id integer primary key,
    title text not null,
    remarks integer not null default 0,
    state text not null default 'new'
  );
  create table remarks (id uuid primary key, paper integer not null references papers);
  create function count_remark() returns trigger language plpgsql as $$ begin
    update papers set remarks = remarks + 1, state = 'remarked' where id = new.paper;
    return null;
  end $$;
  create trigger count_remark after insert on remarks
    for each row execute function count_remark();
  create function close_papers() returns void language sql as $$
    update papers set state = 'closed' where id < 100 and state <> 'closed' $$;
  insert into papers (id, title) select n, 'paper' from generate_series(1, 14) n;
  grant all on papers, remarks to anon;`;
const extra = '[rpc]\nqueue = ["close_papers"]\n';

let world;
before(async () => {
  world = await World.build('touched', { schema: schema + companion, extra });
  await world.holdfast.statusWhere('its tier', ({ upstream }) => upstream.tier === 'companion');
});
beforeEach(() => world.upstream.recover());
after(() => world?.close());

// Offline: a remark on the paper, then `own`; meanwhile `other` by SQL. The paper afterwards, and
// the columns of the conflicts that are listed for it.
async function remarkedAnd(paper, own, other = () => {}) {
  const { app, holdfast, upstream, database } = world;
  await upstream.kill();
  const remark = crypto.randomUUID();
  succeeded(await app.from('remarks').insert({ id: remark, paper }));
  await own(app, remark);
  await other(database.sql);
  await upstream.restart();
  await holdfast.drained();
  await holdfast.sync();
  const [row] = await database.sql`select title, remarks, state from papers where id = ${paper}`;
  const shown = succeeded(
    await app.from('papers').select('title,remarks,state').eq('id', paper).maybeSingle(),
  );
  assert.deepEqual(shown, row ? { ...row } : null);
  const listed = await holdfast.control('GET', '/conflicts');
  const conflicts = listed.filter(({ key }) => key.id === paper);
  return { row: row && { ...row }, conflicts: conflicts.map(({ columns }) => columns) };
}

const setState = (paper) => async (app) =>
  succeeded(await app.from('papers').update({ state: 'own' }).eq('id', paper));
const remove = (paper) => async (app, remark) => {
  succeeded(await app.from('remarks').delete().eq('id', remark));
  succeeded(await app.from('papers').delete().eq('id', paper));
};

test('a later own update of what the trigger has set stands', async () => {
  assert.deepEqual(await remarkedAnd(1, setState(1)), {
    row: { title: 'paper', remarks: 1, state: 'own' },
    conflicts: [],
  });
});

test('a later own update gives way to what another device has set', async () => {
  const other = (sql) => sql`update papers set state = 'theirs', title = 'theirs' where id = 2`;
  const update = async (app) =>
    succeeded(await app.from('papers').update({ title: 'own' }).eq('id', 2));
  const { row, conflicts } = await remarkedAnd(2, update, other);
  assert.deepEqual(row, { title: 'theirs', remarks: 1, state: 'remarked' });
  assert.deepEqual(conflicts, [['title']]);
});

test('a later own deletion of the row takes effect', async () => {
  assert.deepEqual(await remarkedAnd(3, remove(3)), { row: undefined, conflicts: [] });
});

test('a later own deletion takes along nothing that another device has changed', async () => {
  const other = (sql) => sql`update papers set title = 'theirs' where id = 4`;
  const { row, conflicts } = await remarkedAnd(4, remove(4), other);
  assert.equal(row.title, 'theirs');
  assert.deepEqual(conflicts, [['title']]);
});

test('two remarks in one batch are both one’s own', async () => {
  const more = async (app) => {
    const ids = [1, 2, 3].map(() => ({ id: crypto.randomUUID(), paper: 5 }));
    for (const remark of ids) succeeded(await app.from('remarks').insert(remark));
    await setState(5)(app);
  };
  assert.deepEqual(await remarkedAnd(5, more), {
    row: { title: 'paper', remarks: 4, state: 'own' },
    conflicts: [],
  });
});

test('a row that is made, remarked and changed in one go ends as its maker has left it', async () => {
  const { app, holdfast, upstream, database } = world;
  await upstream.kill();
  succeeded(await app.from('papers').insert({ id: 20, title: 'made here' }));
  succeeded(await app.from('remarks').insert({ id: crypto.randomUUID(), paper: 20 }));
  await setState(20)(app);
  await upstream.restart();
  await holdfast.drained();
  const [row] = await database.sql`select title, remarks, state from papers where id = 20`;
  assert.deepEqual({ ...row }, { title: 'made here', remarks: 1, state: 'own' });
  const listed = await holdfast.control('GET', '/conflicts');
  assert.deepEqual(
    listed.filter(({ key }) => key.id === 20),
    [],
  );
});

// The same of a function that was called offline, which nobody could know to change the row.
const closed = async (at, paper, own, other = () => {}) => {
  await at.holdfast.sync();
  await at.upstream.kill();
  succeeded(await at.app.rpc('close_papers'));
  await own(at.app);
  await other(at.database.sql);
  await at.upstream.restart();
  await at.holdfast.drained();
  const [row] = await at.database.sql`select title, state from papers where id = ${paper}`;
  const listed = await at.holdfast.control('GET', '/conflicts');
  const conflicts = listed.filter(({ key }) => key.id === paper).map(({ columns }) => columns);
  return { row: row && { ...row }, conflicts };
};
const drop = (paper) => async (app) => succeeded(await app.from('papers').delete().eq('id', paper));
const reopen = (paper) => async (app) =>
  succeeded(await app.from('papers').update({ state: 'open' }).eq('id', paper));

test('own writes after an own call stand, as if they had been online', async () => {
  assert.deepEqual(await closed(world, 10, drop(10)), { row: undefined, conflicts: [] });
  assert.deepEqual(await closed(world, 11, reopen(11)), {
    row: { title: 'paper', state: 'open' },
    conflicts: [],
  });
  const made = async (app) => {
    succeeded(await app.from('papers').insert({ id: 30, title: 'made' }));
    await drop(30)(app);
  };
  assert.deepEqual(await closed(world, 30, made), { row: undefined, conflicts: [] });
});

test('a deletion after an own call takes along nothing that another device has changed', async () => {
  const other = (sql) => sql`update papers set title = 'theirs' where id = 12`;
  const { row, conflicts } = await closed(world, 12, drop(12), other);
  assert.equal(row.title, 'theirs');
  assert.deepEqual(conflicts, [['title']]);
});

test('without the companion an own deletion after an own call takes effect, too', async () => {
  const bare = await World.build('touched_bare', { schema, extra });
  try {
    assert.deepEqual(await closed(bare, 13, drop(13)), { row: undefined, conflicts: [] });
  } finally {
    await bare.close();
  }
});
