import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

// What one user sees between a write and its delivery.
let world;

before(async () => {
  const schema = `
    create table "Stand" (
      "standId" text primary key default (gen_random_uuid())::text,
      "Slot" text unique,
      words text[] not null default array['new', 'two words'],
      width numeric not null default 1,
      area numeric generated always as (width * 2) stored,
      digest text generated always as (md5("standId" || width::text)) stored
    );
    create table till (
      id integer primary key,
      amount numeric check (amount > 0),
      clerk text not null
    );
    create function sign() returns trigger language plpgsql as
      $$ begin new.clerk := coalesce(new.clerk, 'trigger'); return new; end $$;
    create table bills (id integer primary key, clerk text not null);
    create trigger sign before insert on bills for each row execute function sign();
    create table ledger (id integer primary key, amount numeric check (amount > 0));
    alter table ledger enable row level security;
    create policy ours on ledger for insert with check (id < 100);
    create policy seen on ledger for select using (true);
    create view "wideStands" as select "standId", width from "Stand" where width > 10;
    create table staff (id integer primary key, boss_id integer references staff);
    insert into staff values (1, null), (2, 1), (3, 1), (4, 3), (5, 4);
    create table parts (id integer primary key, code text unique, label text, extra jsonb);
    insert into parts values (1, 'a', 'one', 'null'), (2, 'b', 'two', 'null'), (3, 'c', 'three', null);
    create table teams (tenant integer, id integer, primary key (tenant, id));
    insert into teams values (1, 1), (1, 2);
    create table players (
      id integer primary key, tenant integer not null, team integer,
      foreign key (tenant, team) references teams on delete set null (team));
    insert into players values (1, 1, 1), (2, 1, 2);
    create table racks (id integer primary key);
    insert into racks values (1), (2), (3);
    create table jars (
      id integer primary key,
      rack integer default 1 references racks on update set default on delete set default);
    insert into jars values (1, 2), (2, 3);
    grant all on teams, players, racks, jars to anon;
    grant all on staff, parts, "Stand", "wideStands", till, bills, ledger to anon;`;
  world = await World.build('answers', { schema });
});
beforeEach(async () => {
  await world.upstream.recover();
  await world.holdfast.drained();
});
after(() => world?.close());

const stands = () => world.app.from('Stand');

test('a text key and an array that the database would make are made here', async () => {
  await world.upstream.kill();
  const answer = await stands().insert({ Slot: 'a' }).select().single();
  const { standId, words } = succeeded(answer);
  assert.match(standId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(words, ['new', 'two words']);
  await world.upstream.restart();
  await world.holdfast.drained();
  const [kept] = await world.database.sql`select * from "Stand" where "Slot" = 'a'`;
  assert.equal(kept.standId, standId);
  assert.deepEqual(kept.words, words);
});

test('an own pending value that must be unique refuses another', async () => {
  await world.upstream.kill();
  succeeded(await stands().insert({ Slot: 'b' }));
  const { status, error } = await stands().insert({ Slot: 'b' });
  assert.equal(status, 409);
  assert.equal(error.message, 'duplicate key value violates unique constraint "Stand_Slot_key"');
  assert.equal(succeeded(await stands().select().eq('Slot', 'b')).length, 1);
});

test('an update to an own pending value that must be unique is refused', async () => {
  await world.upstream.kill();
  succeeded(await stands().insert([{ Slot: 'first' }, { Slot: 'second' }]));
  const { status, error } = await stands().update({ Slot: 'first' }).eq('Slot', 'second');
  assert.equal(status, 409);
  assert.equal(error.code, '23505');
  assert.equal(error.details, 'Key ("Slot")=(first) already exists.');
});

test('a parent that an own pending write deletes has no more children', async () => {
  const [parent, child] = [crypto.randomUUID(), crypto.randomUUID()];
  await world.database.sql`insert into todos (id, title) values (${parent}, 'parent')`;
  await world.holdfast.sync();
  await world.upstream.kill();
  succeeded(await world.app.from('todos').delete().eq('id', parent));
  const { status, error } = await world.app
    .from('comments')
    .insert({ id: child, todo_id: parent, body: 'child' });
  assert.equal(status, 409);
  assert.equal(error.code, '23503');
  assert.equal(error.details, `Key (todo_id)=(${parent}) is not present in table "todos".`);
});

test('a key that exists upstream is refused at once, with writes still on their way', async () => {
  succeeded(await stands().insert({ standId: 'k', Slot: 'k' }));
  await world.holdfast.drained();
  await world.upstream.fault({ match: '/Stand', method: 'POST', times: 1, delay: 200 });
  succeeded(await stands().insert({ standId: 'l' }));
  const { status, error } = await stands().insert({ standId: 'k', Slot: 'other' });
  assert.equal(status, 409);
  assert.equal(error.code, '23505');
  const kept = await stands().select('Slot').eq('standId', 'k').single();
  assert.equal(succeeded(kept).Slot, 'k');
});

test('what only the upstream can read shows the own writes', async () => {
  await world.upstream.fault({ match: '/Stand', method: 'POST', times: 1, delay: 200 });
  succeeded(await stands().insert({ standId: 'wide', width: 11 }));
  const rows = succeeded(await world.app.from('wideStands').select().eq('standId', 'wide'));
  assert.deepEqual(rows, [{ standId: 'wide', width: 11 }]);
});

test('a generated column is named as not known yet when its row changes', async () => {
  succeeded(await stands().insert({ standId: 'gen' }));
  await world.holdfast.drained();
  const answer = await fetch(`${world.holdfast.url}/rest/v1/Stand?standId=eq.gen`, {
    method: 'PATCH',
    headers: {
      apikey: anonKey,
      'content-type': 'application/json',
      prefer: 'respond-async',
    },
    body: '{"width":3}',
  });
  assert.equal(answer.headers.get('holdfast-provisional'), 'digest');
});

test('a generated column is computed offline where its expression is known', async () => {
  await world.upstream.kill();
  const made = await stands().insert({ standId: 'sum', width: 4 }).select('area').single();
  assert.deepEqual(succeeded(made), { area: 8 });
  const changed = await stands().update({ width: 5 }).eq('standId', 'sum').select('area').single();
  assert.deepEqual(succeeded(changed), { area: 10 });
});

test('a generated column whose expression is not known is null offline once it may be another', async () => {
  const made = await stands().insert({ standId: 'md5', width: 4 }).select('digest').single();
  const { digest } = succeeded(made);
  await world.holdfast.drained();
  await world.holdfast.sync();
  await world.upstream.kill();
  const other = await stands().update({ Slot: 'md5' }).eq('standId', 'md5').select().single();
  assert.equal(succeeded(other).digest, digest);
  const changed = await stands().update({ width: 5 }).eq('standId', 'md5').select().single();
  assert.equal(succeeded(changed).digest, null);
  assert.deepEqual(succeeded(await stands().select('standId').eq('digest', digest)), []);
});

test('online an update changes the row that is there, not the one that is known here', async () => {
  succeeded(await stands().insert({ standId: 'both', width: 1 }));
  await world.holdfast.drained();
  await world.holdfast.sync();
  const width = async () => {
    const [row] = await world.database.sql`select width from "Stand" where "standId" = 'both'`;
    return row?.width;
  };
  await world.database.sql`update "Stand" set width = 2 where "standId" = 'both'`;
  succeeded(await stands().update({ width: 1 }).eq('standId', 'both'));
  assert.equal(await width(), '1');
  await world.database.sql`update "Stand" set width = 3 where "standId" = 'both'`;
  succeeded(await stands().update({ width: 20 }).eq('standId', 'both'));
  assert.equal(await width(), '20');
  await world.database.sql`update "Stand" set width = 4 where "standId" = 'both'`;
  succeeded(await stands().delete().eq('standId', 'both'));
  assert.equal(await width(), undefined);
});

test('an upsert that ignores a row makes it again where it is gone', async () => {
  succeeded(await stands().insert([{ standId: 'gone' }, { standId: 'left' }]));
  await world.holdfast.drained();
  await world.holdfast.sync();
  const again = (standId) => stands().upsert({ standId }, { ignoreDuplicates: true });
  await world.database.sql`delete from "Stand" where "standId" = 'gone'`;
  succeeded(await again('gone'));
  const kept = () => world.database.sql`select from "Stand" where "standId" in ('gone', 'left')`;
  assert.equal((await kept()).length, 2);
  await world.upstream.kill();
  await world.database.sql`delete from "Stand" where "standId" = 'left'`;
  succeeded(await again('left'));
  await world.upstream.restart();
  await world.holdfast.drained();
  assert.equal((await kept()).length, 2);
});

test('rights come before constraints, and refusals tell nothing of rows under policies', async () => {
  const foreign = { id: 100, amount: -3 };
  const own = { id: 1, amount: -3 };
  const ledger = () => world.app.from('ledger');
  const [refused, wrong] = [await ledger().insert(foreign), await ledger().insert(own)];
  assert.deepEqual([refused.error.code, wrong.error.code], ['42501', '23514']);
  assert.equal(wrong.error.details, null);
  await world.upstream.kill();
  assert.deepEqual((await ledger().insert(own)).error, wrong.error);
});

test('a check that is surely violated is refused offline in the words of the database', async () => {
  const wrong = { id: 1, amount: -3, clerk: 'ann' };
  const online = await world.app.from('till').insert(wrong);
  await world.upstream.kill();
  const offline = await world.app.from('till').insert(wrong);
  assert.equal(offline.status, 400);
  assert.deepEqual(offline.error, online.error);
  succeeded(await world.app.from('till').insert({ ...wrong, amount: 3 }));
});

test('a missing value that a trigger fills in is not refused', async () => {
  const answer = await world.app.from('bills').insert({ id: 1 }).select().single();
  assert.deepEqual(succeeded(answer), { id: 1, clerk: 'trigger' });
  await world.upstream.kill();
  succeeded(await world.app.from('bills').insert({ id: 2 }));
  await world.upstream.restart();
  await world.holdfast.drained();
  const [kept] = await world.database.sql`select clerk from bills where id = 2`;
  assert.equal(kept.clerk, 'trigger');
});

test('an update that sets nothing affects nothing', async () => {
  succeeded(await stands().insert({ standId: 'idle' }));
  const answer = await stands().update({}).eq('standId', 'idle').select();
  assert.deepEqual([answer.status, answer.data], [200, []]);
});

test('a view is answered offline from its copy, until own writes would be missing in it', async () => {
  succeeded(await stands().insert({ standId: 'broad', width: 20 }));
  await world.holdfast.drained();
  await world.holdfast.sync();
  await world.upstream.kill();
  const view = () => world.app.from('wideStands').select('standId,width').eq('standId', 'broad');
  assert.deepEqual(succeeded(await view()), [{ standId: 'broad', width: 20 }]);
  succeeded(await stands().insert({ standId: 'broader', width: 30 }));
  const { status, error } = await view();
  assert.deepEqual([status, error.code], [504, 'HF504']);
});

test('a tree that goes at once goes row by row from its leaves', async () => {
  await world.upstream.kill();
  succeeded(await world.app.from('staff').delete().not('boss_id', 'is', null));
  await world.upstream.restart();
  const { queue } = await world.holdfast.drained();
  assert.equal(queue.dead, 0);
  const left = await world.database.sql`select id from staff`;
  assert.deepEqual(
    left.map(({ id }) => id),
    [1],
  );
});

test('what referred to a row that goes has the default, or null in what its key names', async () => {
  const byKey = async (table) => succeeded(await world.app.from(table).select().order('id'));
  const expected = {
    players: [
      { id: 1, tenant: 1, team: null },
      { id: 2, tenant: 1, team: 2 },
    ],
    jars: [
      { id: 1, rack: 1 },
      { id: 2, rack: 1 },
      { id: 3, rack: 1 },
    ],
  };
  await world.upstream.kill();
  succeeded(await world.app.from('teams').delete().eq('id', 1));
  succeeded(await world.app.from('jars').insert({ id: 3, rack: 2 }));
  succeeded(await world.app.from('racks').delete().eq('id', 2));
  succeeded(await world.app.from('racks').update({ id: 33 }).eq('id', 3));
  for (const [table, rows] of Object.entries(expected)) assert.deepEqual(await byKey(table), rows);
  await world.upstream.restart();
  const { queue } = await world.holdfast.drained();
  assert.equal(queue.dead, 0);
  const { sql } = world.database;
  assert.deepEqual([...(await sql`select * from players order by id`)], expected.players);
  assert.deepEqual([...(await sql`select * from jars order by id`)], expected.jars);
});

test('a row that holds the json null is changed and deleted as any other', async () => {
  await world.upstream.kill();
  succeeded(await world.app.from('parts').update({ label: 'changed' }).eq('id', 1));
  succeeded(await world.app.from('parts').delete().eq('id', 2));
  await world.upstream.restart();
  await world.holdfast.drained();
  const left = await world.database.sql`select id, label, extra::text from parts order by id`;
  assert.deepEqual(
    left.map(({ id, label, extra }) => [id, label, extra]),
    [
      [1, 'changed', 'null'],
      [3, 'three', null],
    ],
  );
  assert.deepEqual(await world.holdfast.control('GET', '/conflicts'), []);
});

test('on_conflict says nothing about a PUT', async () => {
  await world.upstream.kill();
  const put = (id, part) =>
    fetch(`${world.holdfast.url}/rest/v1/parts?id=eq.${id}&on_conflict=code`, {
      method: 'PUT',
      headers: { apikey: anonKey, 'content-type': 'application/json' },
      body: JSON.stringify(part),
    });
  const answer = await put(3, { id: 3, code: 'c', label: 'put', extra: null });
  assert.equal(answer.status, 204);
  assert.ok((await put(4, { id: 4, code: 'd', label: 'new', extra: null })).ok);
  await world.upstream.restart();
  await world.holdfast.drained();
  const left = await world.database.sql`select label from parts where id in (3, 4) order by id`;
  assert.deepEqual(
    left.map(({ label }) => label),
    ['put', 'new'],
  );
});
