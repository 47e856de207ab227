// A short run of generated reads against PostgreSQL; generated/compare.mjs says how to run long.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compareSeed } from './generated/compare.mjs';

const seed = Number(process.env.E2E_READ_SEED ?? 7);

test(`seed ${seed}: what is answered is what PostgreSQL answers, byte for byte`, async () => {
  const { asked, answered, differences } = await compareSeed(seed, 800);
  assert.deepEqual(differences, []);
  assert.ok(answered > asked * 0.7, `${answered} of ${asked} were answered`);
});
