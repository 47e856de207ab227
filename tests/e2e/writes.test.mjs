// One script of writes by three actors, in both tiers: on the upstream itself, through the gateway,
// and through the gateway while the upstream is away.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';
import { WriteScript, writesInScript } from './support/write_script.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

for (const tier of ['bare', 'companion']) {
  describe(tier, () => compareWrites(tier));
}

function compareWrites(tier) {
  let world;
  const direct = new WriteScript('direct');
  const online = new WriteScript('online');
  const offline = new WriteScript('offline');

  before(async () => {
    world = await World.build(`writes_${tier}`, { schema: tier === 'companion' ? companion : '' });
    await world.holdfast.statusWhere('its tier', ({ upstream }) => upstream.tier === tier);
    direct.answers = await direct.play(world.direct);
  });
  after(() => world?.close());

  // What PostgreSQL holds of one actor, with what differs between actors blanked.
  async function kept(script) {
    const { sql } = world.database;
    const title = script.title('%');
    return script.blank({
      todos: await sql`select * from todos where title like ${title} order by title`,
      links: await sql`
      select t.title, g.name, l.weight from todo_tags l
      join todos t on t.id = l.todo_id join tags g on g.id = l.tag_id
      where t.title like ${title} order by 1, 2`,
      comments: await sql`select id, body from comments where body = ${script.actor}`,
      stock: await sql`select * from stock where warehouse = ${script.warehouse} order by sku`,
    });
  }

  // The operations that took effect, by row; rows whose key is made by the server share one name.
  async function effects(script) {
    const byRow = {};
    const rows = await world.database.sql`
    select relation, operation, row_key from audit.effects
    where coalesce(new_row, old_row)::text like ${`%${script.actor}%`}
       or (relation = 'todo_tags' and row_key ->> 'todo_id' = any(${[...script.names.keys()]}))
    order by seq`;
    for (const { relation, operation, row_key } of rows) {
      const row = `${relation} ${JSON.stringify(script.blank(row_key))}`;
      (byRow[row] ??= []).push(operation);
    }
    return Object.fromEntries(Object.entries(byRow).sort());
  }

  async function sameAsDirect(script) {
    assert.deepEqual(await kept(script), await kept(direct));
    assert.deepEqual(await effects(script), await effects(direct));
  }

  // Both lists shortened to the steps that differ, so that a failure shows nothing else.
  function compareAnswers(script) {
    assert.equal(script.answers.length, direct.answers.length);
    const differs = (_, step) => !isDeepStrictEqual(script.answers[step], direct.answers[step]);
    assert.deepEqual(script.answers.filter(differs), direct.answers.filter(differs));
  }

  describe('writes while the upstream is there', () => {
    test('are answered as the upstream answers them', async () => {
      online.answers = await online.play(world.app);
      compareAnswers(online);
    });

    test('each reach PostgreSQL exactly once', async () => {
      await world.holdfast.drained();
      await sameAsDirect(online);
    });
  });

  describe('writes while the upstream is gone', () => {
    const lastReads = (script) => script.answers.filter(([what]) => what.endsWith('at the end'));
    const rowsNow = async () => {
      const title = offline.title('%');
      const answer = await world.app.from('todos').select().like('title', title).order('title');
      return offline.blank(succeeded(answer));
    };

    test('are answered as the upstream answers them', async () => {
      await world.upstream.kill();
      offline.answers = await offline.play(world.app);
      compareAnswers(offline);
    });

    test('are still read, and still queued, after the gateway was killed', async () => {
      const queued = await world.holdfast.status();
      assert.ok(queued.queue.depth >= writesInScript, `depth ${queued.queue.depth}`);
      await world.holdfast.kill();
      await world.holdfast.restart();
      const [[, { data }]] = lastReads(offline);
      assert.deepEqual(await rowsNow(), data);
      assert.equal((await world.holdfast.status()).queue.depth, queued.queue.depth);
    });

    test('each reach PostgreSQL exactly once when it returns', async () => {
      assert.deepEqual(await effects(offline), {});
      await world.upstream.restart();
      const { queue } = await world.holdfast.drained();
      assert.equal(queue.dead, 0);
      await sameAsDirect(offline);
    });

    test('are still what reads show, once delivered and pulled again', async () => {
      await world.holdfast.sync();
      const [[, { data }]] = lastReads(offline);
      assert.deepEqual(await rowsNow(), data);
    });
  });

  test(
    'a frozen upstream delays nobody beyond write_wait, and gets the write later',
    { timeout: 30_000 },
    async () => {
      const id = crypto.randomUUID();
      world.upstream.freeze();
      try {
        const started = Date.now();
        const written = await world.app.from('tags').insert({ id, name: 'while frozen' });
        assert.equal(written.status, 201);
        const read = await world.app.from('tags').select('name').eq('id', id).single();
        assert.equal(read.data?.name, 'while frozen');
        // Tags have row-level security, so its answer is worth the two seconds of write_wait.
        assert.ok(Date.now() - started < 6000, `took ${Date.now() - started} ms`);
      } finally {
        world.upstream.thaw();
      }
      await world.holdfast.drained();
      assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
    },
  );
}
