// [tables.NAME] filter: a part of a table is kept here (hard case 17).

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { World } from './support/world.mjs';

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
