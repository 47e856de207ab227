// Generated requests, asked of the gateway while its upstream is gone and of PostgreSQL in SQL; the
// bytes must be equal.
//
//   ./dev oracle --seeds 20 --requests 2000        (or: node generated/compare.mjs …)
//
// The oracle is PostgreSQL itself, since the test upstream rounds numbers on their way
// (tests/upstream). A short run is part of the suite: generated.test.mjs.

import { fileURLToPath } from 'node:url';

import { anonKey } from '../../upstream/keys.mjs';
import { Random } from '../support/random.mjs';
import { Database } from '../support/database.mjs';
import { OfflineGateway } from './bundle.mjs';
import { knownDifference } from './known.mjs';
import { Requests } from './requests.mjs';
import { schemaOf } from './types.mjs';

const tables = ['owners', 'things', 'labels', 'thing_labels', 'passports'];
const extra = '[rest]\nmax_rows = 0\naggregates = true\n';

const asJson = (rows) => `select coalesce(json_agg(x), '[]')::text as body from (${rows}) x`;

// A line of names and a record's output for each row.
const asCsv = (rows) => `
with given as (${rows})
select (select coalesce(string_agg(name, ','), '') from (
          select json_object_keys(to_json(one)) as name from (select * from given limit 1) one) names)
       || E'\\n'
       || coalesce((select string_agg(substring(one::text, 2, length(one::text) - 2), E'\\n')
                    from given one), '') as body`;

// {body, total} or {code, message}, as PostgREST would answer.
function askPostgres(sql, { rows, total, count, csv, zone }) {
  return sql.begin(async (transaction) => {
    if (zone) await transaction.unsafe(`set local timezone to '${zone}'`);
    const [{ body }] = await transaction.unsafe(csv ? asCsv(rows) : asJson(rows));
    // json_agg() breaks lines between rows; within values PostgreSQL escapes line feeds.
    const answer = { body: csv ? body : body.replaceAll(', \n ', ',') };
    if (count) answer.total = (await transaction.unsafe(total))[0].count;
    return answer;
  }).catch((error) => {
    if (!error.code) throw error;
    return { code: error.code, message: error.message };
  });
}

async function askGateway(url, { path, count, csv, zone }) {
  const prefer = [count && 'count=exact', zone && `timezone=${zone}`].filter(Boolean).join(', ');
  const headers = {
    apikey: anonKey,
    ...(prefer && { prefer }),
    ...(csv && { accept: 'text/csv' }),
  };
  const response = await fetch(url + path, { headers });
  const text = await response.text();
  const detail = response.headers.get('cache-status') ?? '';
  if (response.status === 504) return { forwarded: detail.match(/detail="?([^";]*)/)?.[1] ?? 'offline' };
  if (response.status >= 400) {
    const { code, message } = JSON.parse(text);
    return { code, message };
  }
  const answer = { body: text };
  if (count) answer.total = response.headers.get('content-range')?.split('/')[1];
  return answer;
}

// Resolves with {asked, answered, forwarded: reason -> count, differences}.
export async function compareSeed(seed, requests) {
  const database = await Database.create(`generated_${seed}_${process.pid}`);
  const out = { asked: 0, answered: 0, errors: 0, known: {}, forwarded: {}, differences: [] };
  let gateway;
  try {
    await database.sql.unsafe(schemaOf(new Random(seed), 60));
    gateway = await OfflineGateway.serve(database.sql, tables, extra);
    const generator = new Requests(new Random(seed + 1_000_000));
    for (; out.asked < requests; out.asked += 1) {
      await compareOne(gateway.url, database.sql, generator.next(), out);
    }
  } finally {
    await gateway?.stop();
    await database.close();
  }
  return out;
}

async function compareOne(url, sql, request, out) {
  const ours = await askGateway(url, request);
  if (ours.forwarded !== undefined) {
    out.forwarded[ours.forwarded] = (out.forwarded[ours.forwarded] ?? 0) + 1;
    return;
  }
  out.answered += 1;
  const theirs = await askPostgres(sql, request);
  if (theirs.code) out.errors += 1;
  if (ours.code === 'PGRST103' && theirs.total !== undefined) return;
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return;
  const reason = knownDifference(request, ours, theirs);
  if (reason) out.known[reason] = (out.known[reason] ?? 0) + 1;
  else out.differences.push({ path: decodeURIComponent(request.path), ours, theirs });
}

function numberAfter(flag, fallback) {
  const at = process.argv.indexOf(flag);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

async function main() {
  let failed = false;
  const first = numberAfter('--from', 1);
  for (let seed = first; seed < first + numberAfter('--seeds', 5); seed += 1) {
    const { differences, ...figures } = await compareSeed(seed, numberAfter('--requests', 1000));
    console.log(`seed ${seed}: ${JSON.stringify(figures)}`);
    for (const difference of differences) console.log(JSON.stringify(difference, null, 1));
    failed ||= differences.length > 0;
  }
  process.exit(failed ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
