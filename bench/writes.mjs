// Writes: how soon an answer is durable, how fast a queue is delivered, what waiting writes cost
// reads.
//   --rounds 3 --seconds 1 --entries 10000 --only durable,overlay,drain   narrow or widen
//   --slower 1000   microseconds, of the slower disk

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { binary } from './support/servers.mjs';
import { durable, overlayCost } from './support/durable.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    slower: { type: 'string', default: '1000' },
    entries: { type: 'string', default: '10000' },
    only: { type: 'string', default: 'durable,overlay,drain' },
  },
});
const measuring = {
  seconds: Number(options.seconds),
  rounds: Number(options.rounds),
  slower: Number(options.slower),
};
const wanted = options.only.split(',');
process.env.HOLDFAST_BIN ??= binary('holdfast');

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
try {
  const results = {};
  if (wanted.includes('durable')) results.durable = await durable(folder, measuring);
  if (wanted.includes('overlay')) results.overlay = await overlayCost(folder, measuring);
  if (wanted.includes('drain')) {
    const { drain } = await import('./support/drain.mjs');
    results.drain = await drain({ entries: Number(options.entries) });
  }
  mkdirSync(binary('bench'), { recursive: true });
  const file = join(binary('bench'), 'writes.json');
  writeFileSync(file, JSON.stringify({ at: new Date(), options, results }, null, 1));
  console.log(`kept in ${file}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
