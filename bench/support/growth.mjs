// The same reads over more and more rows; what the process holds, and how soon it is ready.

import { statSync } from 'node:fs';

import { load, memory, warm, writeTargets } from './load.mjs';
import { median, table } from './report.mjs';
import { readCases } from './sample.mjs';
import { Replica } from './servers.mjs';

const connections = 8;

async function startTimes(replica) {
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const server = await replica.serve();
    times.push(server.startMs);
    await server.stop();
  }
  return times;
}

export async function growth(folder, { big, seconds, rounds }) {
  const sizes = big ? [10_000, 1_000_000, 5_000_000] : [10_000, 1_000_000];
  const places = [];
  for (const rows of sizes) {
    const replica = new Replica(folder, rows).fill();
    const place = { rows, megabytes: statSync(replica.file).size / 2 ** 20, cases: {} };
    place.startMs = await startTimes(replica);
    place.server = await replica.serve();
    place.idle = memory(place.server.pids[0]);
    place.readCases = readCases(rows);
    for (const readCase of place.readCases) {
      readCase.file = writeTargets(folder, { ...readCase, slug: `${readCase.slug}-${rows}` });
      await warm(place.server, readCase);
    }
    places.push(place);
  }
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const { slug } of places[0].readCases) {
        for (const place of places) {
          const readCase = place.readCases.find((one) => one.slug === slug);
          const { rate } = await load(place.server, readCase, { connections, seconds });
          (place.cases[slug] ??= []).push(rate);
        }
      }
    }
    for (const place of places) place.busy = memory(place.server.pids[0]);
  } finally {
    for (const place of places) await place.server.stop();
  }
  print(places);
  return places.map(({ server, readCases: _, ...rest }) => rest);
}

function print(places) {
  const slugs = places[0].readCases.map(({ slug }) => slug);
  const rate = (place, slug) => median(place.cases[slug]);
  const heads = [
    'rows',
    'file MB',
    'start ms',
    'MB at start',
    'without files',
    'MB after',
    'without files',
  ];
  for (const slug of slugs) heads.push(`${slug} req/s`, 'x time');
  const rows = places.map((place) => [
    String(place.rows),
    place.megabytes,
    median(place.startMs),
    place.idle.resident,
    place.idle.anonymous,
    place.busy.resident,
    place.busy.anonymous,
    ...slugs.flatMap((slug) => [
      rate(place, slug),
      (rate(places[0], slug) / rate(place, slug)).toFixed(2),
    ]),
  ]);
  console.log(table(heads, rows));
}
