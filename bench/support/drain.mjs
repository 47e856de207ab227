// Draining a queue: 10,000 inserts that were made while the upstream was away, in both tiers, beside
// the same inserts sent to the same upstream one after the other. `latency`: milliseconds that each
// request takes longer, as over a network.

import { readFileSync } from 'node:fs';

import { World } from '../../tests/e2e/support/world.mjs';
import { anonKey } from '../../tests/upstream/keys.mjs';
import { table } from './report.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');
const schema = `
create table benched (id uuid primary key, body text not null);
grant select, insert on benched to anon;`;
const post = (url, rows) =>
  fetch(`${url}/rest/v1/benched`, {
    method: 'POST',
    headers: { apikey: anonKey, 'content-type': 'application/json' },
    body: JSON.stringify(rows),
  });
const row = () => ({ id: crypto.randomUUID(), body: 'a few words that were written offline' });

async function ok(answer) {
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

const slowly = (world, latency) =>
  latency > 0 ? world.upstream.fault({ match: '^/rest/v1/', delay: latency }) : undefined;

// Rows per second by requests of `size` rows, one after the other.
async function oneAfterTheOther(world, requests, size) {
  const begun = performance.now();
  for (let i = 0; i < requests; i += 1) {
    await ok(
      await post(world.upstream.url, size === 1 ? row() : Array.from({ length: size }, row)),
    );
  }
  return (requests * size) / ((performance.now() - begun) / 1000);
}

async function queue(world, count) {
  let left = count;
  const sender = async () => {
    while (left-- > 0) await ok(await post(world.holdfast.url, row()));
  };
  await Promise.all(Array.from({ length: 16 }, sender));
  const { queue: waiting } = await world.holdfast.status();
  if (waiting.depth !== count) throw new Error(`${waiting.depth} of ${count} are queued`);
}

async function measure(tier, { entries, latency }) {
  const world = await World.build(`bench_${tier}`, {
    schema: tier === 'companion' ? schema + companion : schema,
  });
  try {
    await world.holdfast.statusWhere(tier, ({ upstream }) => upstream.tier === tier);
    await slowly(world, latency);
    const single = await oneAfterTheOther(world, latency > 0 ? 100 : 500, 1);
    const bulk = await oneAfterTheOther(world, 20, 100);
    await world.upstream.kill();
    await queue(world, entries);
    await world.upstream.restart();
    await slowly(world, latency);
    const before = (await world.database.sql`select count(*)::int as n from benched`)[0].n;
    const counted = async () =>
      (await world.database.sql`select count(*)::int as n from benched`)[0].n - before;
    while ((await counted()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const first = await counted();
    const begun = performance.now();
    await world.holdfast.drained({ within: 300_000 });
    const rate = (entries - first) / ((performance.now() - begun) / 1000);
    const arrived = await counted();
    if (arrived !== entries) throw new Error(`${arrived} of ${entries} arrived`);
    return { tier, latency, single, bulk, rate };
  } finally {
    await world.close();
  }
}

export async function drain({ entries }) {
  const seen = [];
  for (const latency of [0, 20]) {
    for (const tier of ['companion', 'bare']) seen.push(await measure(tier, { entries, latency }));
  }
  const rows = seen.map(({ tier, latency, single, bulk, rate }) => [
    `${tier}, ${latency} ms`,
    rate,
    single,
    bulk,
    (rate / single).toFixed(1),
  ]);
  const heads = [
    'tier, latency',
    'drained /s',
    'one by one /s',
    'arrays of 100 /s',
    'x one by one',
  ];
  console.log(table(heads, rows));
  return seen;
}
