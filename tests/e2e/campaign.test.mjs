// A short campaign; campaign.mjs says how to run a long one.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runCampaign } from './campaign.mjs';

const seed = Number((process.env.E2E_SEEDS ?? '7').split(',')[0]);
const steps = Number(process.env.E2E_STEPS ?? 40);

test(`seed ${seed}: random writes through random trouble act once and arrive everywhere`, async () => {
  const { problems, figures } = await runCampaign(seed, { actors: 4, steps });
  assert.deepEqual(problems, [], JSON.stringify({ seed, steps, figures }));
  assert.ok(figures.writes > steps, 'the campaign wrote');
});
