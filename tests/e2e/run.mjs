// Runs the end-to-end tests: one PostgreSQL cluster for all of them, one database per test file.
// Arguments are names of test files without ".test.mjs"; none means all.

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startCluster } from './support/database.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { spawnBound } from './support/process.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const suffix = '.test.mjs';
const wanted = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .filter((file) => wanted.length === 0 || wanted.includes(file.slice(0, -suffix.length)));

// Tests run it from folders of their own.
if (process.env.HOLDFAST_BIN) process.env.HOLDFAST_BIN = resolve(process.env.HOLDFAST_BIN);
holdfastBinary();
if (files.length === 0) throw new Error(`no such test: ${wanted.join(' ')}`);
const cluster = await startCluster();
const tests = spawnBound(
  process.execPath,
  [
    '--test',
    '--test-concurrency=2',
    '--test-timeout=480000',
    `--test-reporter=${process.env.E2E_REPORTER ?? 'spec'}`,
    ...files.map((file) => folder + file),
  ],
  { stdio: 'inherit', env: { ...process.env, E2E_POSTGRES: cluster.url('').replace(/\/$/, '') } },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tests.kill(signal));
const [code] = await once(tests, 'exit');
await cluster.stop();
process.exit(code ?? 1);
