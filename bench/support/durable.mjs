// Durable answers: inserts that a gateway without an upstream queues, beside raw commits of the
// same row, with 1, 8, 16 and 64 writers; on this disk, and on one whose flushes take longer.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { median, table } from './report.mjs';
import { Replica, apiKey, binary, slowSync } from './servers.mjs';
import { load, warm, writeTargets } from './load.mjs';
import { readCases } from './sample.mjs';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../wrk_insert.lua', import.meta.url));
const writers = [1, 8, 16, 64];
let nextId = 10_000_000;

async function rawCommits(folder, seconds, env) {
  const file = join(folder, 'raw.db');
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
  const { stdout } = await run(binary('bench/bench_raw_commits'), [file, String(seconds)], {
    env,
  });
  return JSON.parse(stdout);
}

// Inserts with new ids by so many connections.
export async function insert(server, { connections, seconds }) {
  const { stdout } = await run('wrk', [
    ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s'],
    ...['-s', script, server.url, '--', String(nextId), `apikey: ${apiKey}`],
  ]);
  nextId += 1_000_000;
  const result = JSON.parse(/^RESULT (.*)$/m.exec(stdout)[1]);
  if (result.failed > 0) throw new Error(`${result.failed} inserts failed`);
  return { ...result, rate: (result.requests / result.us) * 1e6 };
}

export async function durable(folder, { seconds, rounds, slower }) {
  const replica = new Replica(folder, 10_000).fill();
  const seen = {};
  for (const us of [0, slower]) {
    const env = us > 0 ? slowSync(us) : process.env;
    seen[us] = await answers(folder, replica, { seconds, rounds, env });
    report(us > 0 ? `row, flush +${us} us` : 'durable row', seen[us]);
  }
  return seen;
}

async function answers(folder, replica, { seconds, rounds, env }) {
  const server = await replica.serve(env);
  const seen = { raw: [], ...Object.fromEntries(writers.map((count) => [count, []])) };
  try {
    for (let round = 0; round < rounds; round += 1) {
      seen.raw.push(await rawCommits(folder, seconds, env));
      for (const connections of writers) {
        seen[connections].push(await insert(server, { connections, seconds }));
      }
    }
  } finally {
    await server.stop();
  }
  return seen;
}

function report(title, seen) {
  const of = (name, figure) => median(seen[name].map((one) => one[figure]));
  const row = (name, label) => [
    label,
    of(name, 'rate'),
    of(name, 'p50'),
    of(name, 'p99'),
    (of(name, 'p50') / of('raw', 'p50')).toFixed(2),
    (of(name, 'rate') / of(1, 'rate')).toFixed(1),
  ];
  const rows = [row('raw', 'raw commit'), ...writers.map((n) => row(n, `${n} writers`))];
  console.log(table([title, '/s', 'p50 us', 'p99 us', 'p50 x raw', 'x 1 writer'], rows));
}

// Reads with more and more pending writes in the same table.
export async function overlayCost(folder, { seconds, rounds }) {
  const replica = new Replica(folder, 20_000).fill();
  const server = await replica.serve();
  const wanted = ['new', 'rows100', 'embed'];
  const cases = readCases(replica.rows).filter(({ slug }) => wanted.includes(slug));
  const seen = {};
  try {
    for (const readCase of cases) {
      readCase.file = writeTargets(folder, readCase);
      await warm(server, readCase);
    }
    let pending = 0;
    for (const least of [0, 1_000, 10_000]) {
      while (pending < least)
        pending += (await insert(server, { connections: 64, seconds: 1 })).requests;
      for (let round = 0; round < rounds; round += 1) {
        for (const readCase of cases) {
          const { rate } = await load(server, readCase, { connections: 8, seconds });
          ((seen[pending] ??= {})[readCase.slug] ??= []).push(rate);
        }
      }
    }
  } finally {
    await server.stop();
  }
  const rows = Object.entries(seen).map(([pending, rates]) => [
    pending,
    ...wanted.flatMap((slug) => [
      median(rates[slug]),
      (median(rates[slug]) / median(seen[0][slug])).toFixed(2),
    ]),
  ]);
  console.log(
    table(['pending writes', ...wanted.flatMap((slug) => [`${slug} req/s`, 'x none'])], rows),
  );
  return seen;
}
