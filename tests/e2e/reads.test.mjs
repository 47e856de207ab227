import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { clientCalls } from './support/client_calls.mjs';
import { furtherCalls, readCalls } from './support/read_calls.mjs';
import { record } from './support/recorder.mjs';
import { World } from './support/world.mjs';

// What a gateway may decline without the upstream.
const declinable = [...furtherCalls, ...clientCalls];

let world;
const expected = new Map();

before(async () => {
  world = await World.build('reads', { extra: '[rest]\naggregates = true\n' });
  for (const [what, call] of [...readCalls, ...declinable]) {
    expected.set(what, await record(world.upstream.url, call));
  }
});
after(() => world?.close());

const throughGateway = (call) => record(world.holdfast.url, call);

describe('a read is answered as the upstream answers it', () => {
  for (const [what, call] of [...readCalls, ...declinable]) {
    test(what, async () => assert.deepEqual(await throughGateway(call), expected.get(what)));
  }
});

describe('a read is answered the same when the upstream is gone', () => {
  before(() => world.upstream.kill());

  for (const [what, call] of readCalls) {
    test(what, async () => assert.deepEqual(await throughGateway(call), expected.get(what)));
  }

  for (const [what, call] of declinable) {
    test(`${what}, or an honest 504`, async () => {
      const answer = await throughGateway(call);
      if (answer.status === 504) assert.equal(answer.error.code, 'HF504');
      else assert.deepEqual(answer, expected.get(what));
    });
  }

  test('and after a restart of the gateway', async () => {
    await world.holdfast.kill();
    await world.holdfast.restart();
    const different = [];
    for (const [what, call] of readCalls) {
      if (!isDeepStrictEqual(await throughGateway(call), expected.get(what))) different.push(what);
    }
    assert.deepEqual(different, []);
  });
});
