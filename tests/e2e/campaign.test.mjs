// A short campaign for each tier; campaign.mjs says how to run long ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runCampaign } from './campaign.mjs';

const from = Number(process.env.E2E_SEED ?? 6);
const steps = Number(process.env.E2E_STEPS ?? 20);

for (const [seed, tier] of [
  [from, 'companion'],
  [from + 1, 'bare'],
]) {
  test(`seed ${seed}, ${tier}: random writes through random trouble act once and arrive everywhere`, async () => {
    const { problems, figures } = await runCampaign(seed, { steps, tier });
    assert.deepEqual(problems, [], JSON.stringify({ seed, steps, tier, figures }));
    assert.ok(figures.writes > steps, 'the campaign wrote');
  });
}
