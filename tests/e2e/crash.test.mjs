import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

const rounds = Number(process.env.E2E_ROUNDS ?? 20);

let world;
before(async () => {
  world = await World.build('crash');
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

// What must have taken effect, by row: the operations of the answered writes, in order.
class Ledger {
  #rows = new Map();
  #unanswered = [];

  answered(id, operation) {
    this.#rows.set(id, [...(this.#rows.get(id) ?? []), operation]);
  }

  unanswered(id) {
    this.#unanswered.push(id);
  }

  async check(database) {
    for (const [id, expected] of this.#rows) {
      assert.deepEqual(await database.operations('todos', { id }), expected, `row ${id}`);
    }
    for (const id of this.#unanswered) {
      const operations = await database.operations('todos', { id });
      assert.ok(operations.length <= 1, `row ${id}: ${operations}`);
    }
  }
}

// Never the default, so that an update which was not made cannot look as if it had been.
const changedPriority = (round) => 4 + (round % 7);

async function answeredWrites(ledger, round) {
  const id = crypto.randomUUID();
  const todos = () => world.app.from('todos');
  succeeded(await todos().insert({ id, title: `round ${round}` }));
  ledger.answered(id, 'INSERT');
  succeeded(
    await todos()
      .update({ priority: changedPriority(round) })
      .eq('id', id),
  );
  ledger.answered(id, 'UPDATE');
  if (round % 3 !== 0) return id;
  succeeded(await todos().delete().eq('id', id));
  ledger.answered(id, 'DELETE');
  return id;
}

// The moments differ from round to round: right after the answer, or somewhere in the delivery.
const killDelay = (round) => (round % 2 === 0 ? 0 : (round * 7) % 60);

test(`killed ${rounds} times between answer and delivery, a write acts once`, async () => {
  const ledger = new Ledger();
  for (let round = 1; round <= rounds; round += 1) {
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      await world.upstream.fault({ match: '^/rest/v1/todos', method, drop: 'after', times: 1 });
    }
    const id = await answeredWrites(ledger, round);
    await sleep(killDelay(round));
    const torn = crypto.randomUUID();
    const last = world.app.from('todos').insert({ id: torn, title: `torn ${round}` });
    const [{ error }] = await Promise.all([last, world.holdfast.kill()]);
    if (error) ledger.unanswered(torn);
    else ledger.answered(torn, 'INSERT');
    await world.holdfast.restart();
    const { data } = await world.app.from('todos').select('priority').eq('id', id).maybeSingle();
    const expected = round % 3 === 0 ? null : { priority: changedPriority(round) };
    assert.deepEqual(data, expected, `round ${round}: own write after the restart`);
  }
  await world.upstream.clearFaults();
  const { queue } = await world.holdfast.drained({ within: 30_000 });
  assert.equal(queue.dead, 0);
  await ledger.check(world.database);
});

test('killed in the middle of a long queue, the rest follows once', async () => {
  await world.upstream.kill();
  const rows = Array.from({ length: 60 }, (_, n) => ({
    id: crypto.randomUUID(),
    name: `long ${n}`,
  }));
  for (const row of rows) succeeded(await world.app.from('tags').insert(row));
  await world.upstream.restart();
  await world.holdfast.statusWhere('part is sent', ({ queue }) => queue.depth < 50);
  await world.holdfast.kill();
  await world.holdfast.restart();
  await world.holdfast.drained();
  for (const { id } of rows) {
    assert.deepEqual(await world.database.operations('tags', { id }), ['INSERT']);
  }
});
