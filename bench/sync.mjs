// The first sync from an upstream that can serve it: its rate, what it does to memory, and to the
// reads of another table.
//   --rows 3000000   of the sample's items: more where the sync ends before the reads are measured

import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { load, memory, steady, writeTargets } from './support/load.mjs';
import { table } from './support/report.mjs';
import { bundle } from './support/sample.mjs';
import { Server, apiKey, binary } from './support/servers.mjs';

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '3000000' } },
});
const rows = Number(options.rows);
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
const servers = [];

async function start(command, args, ready) {
  const server = await new Server().start(command, args, ready);
  servers.push(server);
  return server;
}

async function measure() {
  writeFileSync(join(folder, 'bundle.json'), JSON.stringify(bundle));
  const pages = [join(folder, 'bundle.json'), String(rows)];
  const upstream = await start(binary('bench/bench_page_server'), pages, /^ready (.*)$/);
  const config = join(folder, 'holdfast.toml');
  const data = join(folder, 'data');
  writeFileSync(config, `[upstream]\nurl = "${upstream.url}"\nanon_key = "${apiKey}"\n`);
  const serve = ['serve', '--config', config, '--data', data, '--port', '0'];
  const gateway = await start(binary('holdfast'), serve, /^holdfast ready url=(.*)$/);
  const begun = performance.now();
  const samples = [];
  while (!(await complete(gateway, 'items'))) {
    await sleep(100);
    samples.push(memory(gateway.pids[0]).resident);
  }
  const seconds = (performance.now() - begun) / 1000;
  const megabytes = statSync(join(data, 'principals', 'anon.db')).size / 2 ** 20;
  return { rows, seconds, samples, megabytes, reads: await readMeanwhile(config) };
}

async function complete(gateway, name) {
  const { sync } = await (await fetch(`${gateway.url}/status`)).json();
  return Object.entries(sync.tables).some(([key, one]) => key.endsWith(name) && one.complete);
}

// A row of a small table while a large one is synced, and afterwards; then without the upstream.
async function readMeanwhile(config) {
  const targets = Array.from({ length: 500 }, (_, i) => `/rest/v1/lists?id=eq.${1e9 + i}`);
  const readCase = { file: writeTargets(folder, { slug: 'lists', targets }), headers: [] };
  const data = join(folder, 'data-reads');
  const serve = ['serve', '--config', config, '--data', data, '--port', '0'];
  const gateway = await start(binary('holdfast'), serve, /^holdfast ready url=(.*)$/);
  while (!(await complete(gateway, 'lists'))) await sleep(5);
  const measured = async () => ({
    ...(await load(gateway, readCase, { connections: 8, seconds: 2 })),
    steady: await steady(gateway, readCase, { connections: 8, rate: 2000, seconds: 2 }),
  });
  const during = await measured();
  if (await complete(gateway, 'items')) throw new Error('the sync ended too soon: more --rows');
  while (!(await complete(gateway, 'items'))) await sleep(50);
  await sleep(500);
  const after = await measured();
  await servers[0].stop();
  await sleep(3000);
  return { 'during the sync': during, online: after, offline: await measured() };
}

try {
  const seen = await measure();
  const part = (share) => seen.samples[Math.floor((seen.samples.length - 1) * share)];
  const heads = ['rows', 'seconds', 'rows/s', 'file MB', 'MB at 10 %', '50 %', '90 %', 'most'];
  const line = [String(rows), seen.seconds, rows / seen.seconds, seen.megabytes];
  console.log(
    table(heads, [[...line, part(0.1), part(0.5), part(0.9), Math.max(...seen.samples)]]),
  );
  const reads = Object.entries(seen.reads).map(([when, { rate, p50, p99, steady: calm }]) => [
    ...[when, rate, p50, p99, calm.p50, calm.p99],
    (calm.p99 / calm.p50).toFixed(2),
  ]);
  const figures = ['req/s', 'p50 us', 'p99 us', 'p50 at 2,000 req/s', 'p99', 'p99 / p50'];
  console.log(table(['one row of another table, 8', ...figures], reads));
  mkdirSync(binary('bench'), { recursive: true });
  writeFileSync(join(binary('bench'), 'sync.json'), JSON.stringify({ at: new Date(), ...seen }));
} finally {
  for (const server of servers.reverse()) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
