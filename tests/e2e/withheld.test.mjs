// Triggers that do something else instead of what a row is told, and return NULL: once, as the
// upstream has it done for a request of its own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

const schema = `
  create table papers (
    id integer primary key,
    title text,
    payload json,
    deleted_at timestamptz
  );
  create function bury() returns trigger language plpgsql as $$ begin
    update papers set deleted_at = now() where id = old.id;
    return null;
  end $$;
  create trigger bury before delete on papers for each row execute function bury();

  create table prices (id integer primary key, amount numeric);
  create table wishes (price integer, amount numeric);
  create function wish() returns trigger language plpgsql as $$ begin
    insert into wishes values (old.id, new.amount);
    return null;
  end $$;
  create trigger wish before update on prices for each row execute function wish();

  create table pairs (left_id integer, right_id integer, primary key (left_id, right_id));
  create table losses (left_id integer);
  create function lose() returns trigger language plpgsql as $$ begin
    insert into losses values (old.left_id);
    return null;
  end $$;
  create trigger lose before delete on pairs for each row execute function lose();

  insert into papers select n, 'paper ' || n, '{"a": 1}' from generate_series(1, 4) n;
  insert into prices select n, n from generate_series(1, 4) n;
  insert into pairs select n, n from generate_series(1, 4) n;
  grant all on papers, prices, wishes, pairs, losses to anon;`;

for (const tier of ['bare', 'companion']) {
  describe(tier, () => withhold(tier));
}

function withhold(tier) {
  let world;
  before(async () => {
    world = await World.build(`withheld_${tier}`, {
      schema: schema + (tier === 'companion' ? companion : ''),
    });
    await world.holdfast.statusWhere('its tier', ({ upstream }) => upstream.tier === tier);
  });
  beforeEach(() => world.upstream.recover());
  after(() => world?.close());

  // Once online and once while the upstream is away, each on a row of its own.
  for (const [id, when] of [
    [1, 'online'],
    [2, 'offline'],
  ]) {
    const write = async (request) => {
      if (when === 'offline') await world.upstream.kill();
      succeeded(await request());
      if (when === 'offline') await world.upstream.restart();
      await world.holdfast.drained();
      await world.holdfast.sync();
    };

    test(`a deletion that a trigger makes a mark of leaves the mark (${when})`, async () => {
      await write(() => world.app.from('papers').delete().eq('id', id));
      const [row] = await world.database.sql`select * from papers where id = ${id}`;
      assert.ok(row.deleted_at);
      const seen = succeeded(await world.app.from('papers').select().eq('id', id).single());
      assert.ok(seen.deleted_at);
    });

    test(`an update that a trigger makes a wish of is one wish (${when})`, async () => {
      await write(() => world.app.from('prices').update({ amount: 9 }).eq('id', id));
      const wishes = await world.database.sql`select amount from wishes where price = ${id}`;
      assert.equal(wishes.length, 1);
      const seen = succeeded(await world.app.from('prices').select().eq('id', id).single());
      assert.equal(seen.amount, id);
    });

    test(`a deletion by nothing but keys is tried once (${when})`, async () => {
      await write(() => world.app.from('pairs').delete().eq('left_id', id));
      const losses = await world.database.sql`select * from losses where left_id = ${id}`;
      assert.equal(losses.length, 1);
      const seen = succeeded(await world.app.from('pairs').select().eq('left_id', id));
      assert.equal(seen.length, 1);
    });
  }
}
