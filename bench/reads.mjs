// Reads, side by side: in each round every contender is measured after the other, so that what else
// the machine does hits all alike. Figures are medians of the rounds.
//   --rounds 3 --seconds 1 --rows 100000 --connections 1,8,64 --only row,embed   narrow or widen
//   --growth     instead: 10,000 and 1,000,000 rows, memory, start; --big adds 5,000,000

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { load, steady, warm, writeTargets } from './support/load.mjs';
import { growth } from './support/growth.mjs';
import { median, percent, spread, table } from './support/report.mjs';
import { readCases } from './support/sample.mjs';
import {
  CachingProxy,
  Replica,
  binary,
  constantServer,
  inProcess,
  liteServer,
} from './support/servers.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    rows: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '1,8,64' },
    only: { type: 'string', default: '' },
    contenders: { type: 'string', default: 'constant,nginx,lite,in process,holdfast' },
    growth: { type: 'boolean', default: false },
    big: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const contenders = options.contenders.split(',');

function stepped(replica, file, threads) {
  const args = ['step', replica.bundle, replica.file, file, String(threads), String(seconds)];
  return Number(execFileSync(inProcess, args, { encoding: 'utf8' }));
}

async function start(folder, replica) {
  const servers = new Map();
  servers.set('holdfast', await replica.serve());
  if (contenders.includes('constant')) servers.set('constant', await constantServer());
  if (contenders.includes('nginx')) {
    servers.set('nginx', await new CachingProxy().start(folder, servers.get('holdfast').url));
  }
  if (contenders.includes('lite')) servers.set('lite', await liteServer(folder, replica.rows));
  return servers;
}

async function check(servers, readCase) {
  const bodies = new Map();
  for (const [name, server] of servers) {
    if (name !== 'constant') bodies.set(name, JSON.parse(await warm(server, readCase)));
  }
  const expected = bodies.get('holdfast').map(({ id }) => id);
  for (const [name, rows] of bodies) {
    if (JSON.stringify(rows.map(({ id }) => id)) !== JSON.stringify(expected)) {
      throw new Error(`${name} answers other rows than holdfast: ${readCase.targets[0]}`);
    }
  }
}

// case -> connections -> contender -> figure -> one value per round
async function measure(servers, replica, cases) {
  const results = {};
  const note = (place, contender, figures) => {
    for (const [name, value] of Object.entries(figures)) {
      ((place[contender] ??= {})[name] ??= []).push(value);
    }
  };
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const readCase of cases) {
      for (const connections of options.connections.split(',').map(Number)) {
        const place = ((results[readCase.slug] ??= {})[connections] ??= {});
        for (const [name, server] of servers) {
          note(place, name, await load(server, readCase, { connections, seconds }));
        }
        if (contenders.includes('in process')) {
          note(place, 'in process', {
            rate: stepped(replica, readCase.file, connections > 1 ? 2 : 1),
          });
        }
      }
    }
  }
  return results;
}

function print(results, cases) {
  const rows = [];
  for (const { slug, name } of cases) {
    for (const [connections, place] of Object.entries(results[slug])) {
      const of = (contender, figure) =>
        place[contender]?.[figure] && median(place[contender][figure]);
      const own = of('holdfast', 'rate');
      const ratio = (contender) => place[contender] && (own / of(contender, 'rate')).toFixed(2);
      const saved = (contender) =>
        place[contender] && (of(contender, 'cpu') / of('holdfast', 'cpu')).toFixed(2);
      rows.push([
        `${name}, ${connections}`,
        own,
        percent(spread(place.holdfast.rate)),
        of('holdfast', 'p50'),
        of('holdfast', 'p99'),
        of('holdfast', 'cpu'),
        ...['constant', 'nginx', 'lite', 'in process'].map(ratio),
        ...['constant', 'nginx', 'lite'].map(saved),
      ]);
    }
  }
  const heads = ['request, connections', 'req/s', '+-', 'p50 us', 'p99 us', 'cpu us'];
  heads.push('x constant', 'x nginx', 'x lite', 'x in proc');
  console.log(table([...heads, 'cpu: constant', 'nginx', 'lite'], rows));
  console.log('x NAME: times the rate of NAME; cpu: times the processor time that NAME needs');
}

// p50 and p99 of single rows at a steady rate, when nobody waits for a processor.
async function measureSteady(servers, cases) {
  const rows = [];
  for (const readCase of cases.filter(({ slug }) => slug === 'row' || slug === 'new')) {
    for (const [name, server] of servers) {
      const seen = [];
      for (let round = 0; round < Number(options.rounds); round += 1) {
        seen.push(
          await steady(server, readCase, { connections: 8, rate: 2000, seconds: seconds * 2 }),
        );
      }
      const of = (figure) => median(seen.map((one) => one[figure]));
      const tail = (of('p99') / of('p50')).toFixed(2);
      rows.push([`${readCase.name}, ${name}`, of('p50'), of('p99'), tail]);
    }
  }
  console.log(table(['2,000 req/s over 8 connections', 'p50 us', 'p99 us', 'p99 / p50'], rows));
  return rows;
}

function keep(name, results) {
  mkdirSync(binary('bench'), { recursive: true });
  const file = join(binary('bench'), `${name}.json`);
  writeFileSync(file, JSON.stringify({ at: new Date(), options, results }, null, 1));
  console.log(`kept in ${file}`);
}

async function compare(folder) {
  const replica = new Replica(folder, Number(options.rows)).fill();
  const wanted = options.only ? options.only.split(',') : null;
  const cases = readCases(replica.rows).filter(({ slug }) => !wanted || wanted.includes(slug));
  for (const readCase of cases) readCase.file = writeTargets(folder, readCase);
  const servers = await start(folder, replica);
  try {
    for (const readCase of cases) await check(servers, readCase);
    const results = await measure(servers, replica, cases);
    print(results, cases);
    keep('reads', { ...results, steady: await measureSteady(servers, cases) });
  } finally {
    for (const server of [...servers.values()].reverse()) await server.stop();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
try {
  if (options.growth) {
    keep(
      'growth',
      await growth(folder, { big: options.big, seconds, rounds: Number(options.rounds) }),
    );
  } else {
    await compare(folder);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
