// A long queue that drains while the link flaps, in both tiers: every write acts once, in order.
// E2E_ENTRIES sets how many are queued.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { anonymousClient, succeeded } from './support/client.mjs';
import { Database } from './support/database.mjs';
import { Holdfast } from './support/holdfast.mjs';
import { Link } from './support/link.mjs';
import { Upstream } from './support/upstream.mjs';
import { eventually } from './support/wait.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');
const entries = Number(process.env.E2E_ENTRIES ?? 250);
const writers = 16;
// Every so many cuts are silent: nothing tells that the link is gone but a time limit.
const silentEvery = 6;

// The rows, and what each is to have been through: inserted; every tenth then changed twice, and
// every twentieth deleted at last.
const plan = Array.from({ length: Math.round(entries / 1.25) }, (_, n) => ({
  id: crypto.randomUUID(),
  title: `row ${n}`,
  changes: n % 10 === 0 ? [1, 2] : [],
  goes: n % 20 === 0,
}));

const operationsOf = ({ changes, goes }) => [
  'INSERT',
  ...changes.map(() => 'UPDATE'),
  ...(goes ? ['DELETE'] : []),
];

class Site {
  static async build(tier) {
    const site = new Site();
    site.database = await Database.create(`e2e_flapping_${tier}_${process.pid}`);
    if (tier === 'companion') await site.database.sql.unsafe(companion);
    site.upstream = await Upstream.start(site.database.url);
    site.link = await Link.to(site.upstream.url);
    site.holdfast = await Holdfast.serve(site.link.url, site.database.url);
    await site.holdfast.statusWhere('its tier', ({ upstream }) => upstream.tier === tier);
    site.app = anonymousClient(site.holdfast.url);
    return site;
  }

  async close() {
    await this.holdfast?.stop();
    await this.link?.close();
    await this.upstream?.stop();
    await this.database?.close();
  }

  async queue() {
    const rows = plan.values();
    const write = async () => {
      for (const { id, title, changes, goes } of rows) {
        const todos = () => this.app.from('todos');
        succeeded(await todos().insert({ id, title }));
        for (const priority of changes) succeeded(await todos().update({ priority }).eq('id', id));
        if (goes) succeeded(await todos().delete().eq('id', id));
      }
    };
    await Promise.all(Array.from({ length: writers }, write));
  }

  async depth() {
    return (await this.holdfast.status()).queue.depth;
  }

  // Cuts the link whenever something has arrived, in the middle of what comes next.
  async flap() {
    for (let cuts = 1; ; cuts += 1) {
      const left = await this.depth();
      this.link.mend();
      if (left === 0) return cuts;
      await eventually('the queue gets shorter', async () => (await this.depth()) < left, {
        within: 60_000,
      });
      this.link.cut({ silent: cuts % silentEvery === 0 });
    }
  }
}

for (const tier of ['companion', 'bare']) {
  describe(tier, () => {
    let site;
    before(async () => {
      site = await Site.build(tier);
    });
    after(() => site?.close());

    test(`${entries} queued writes act once each, in order, while the link flaps`, async () => {
      site.link.cut();
      await site.queue();
      assert.ok((await site.depth()) >= entries * 0.9);
      const cuts = await site.flap();
      assert.ok(cuts > 3, `it was cut ${cuts} times`);

      const effects = Map.groupBy(
        await site.database.effects('todos'),
        ({ row_key: key }) => key.id,
      );
      for (const row of plan) {
        const found = effects.get(row.id) ?? [];
        assert.deepEqual(
          found.map(({ operation }) => operation),
          operationsOf(row),
          row.title,
        );
        const updates = found.slice(1, 1 + row.changes.length);
        const priorities = updates.map(({ new_row: now }) => now.priority);
        assert.deepEqual(priorities, row.changes, row.title);
      }
      assert.equal(effects.size, plan.length);
      assert.deepEqual(await site.holdfast.control('GET', '/conflicts'), []);
      assert.deepEqual(await site.holdfast.outbox(), []);

      await site.holdfast.sync();
      const { count } = await site.app.from('todos').select('id', { count: 'exact', head: true });
      const [upstream] = await site.database.sql`select count(*)::int from todos`;
      assert.equal(count, upstream.count);
    });
  });
}
