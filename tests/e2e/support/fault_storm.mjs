// Random trouble between and around the gateways and their upstream, from one seed.

import { setTimeout as sleep } from 'node:timers/promises';

import { sampleId } from './read_calls.mjs';

const page = { 'content-type': 'text/html' };
const methods = [undefined, 'POST', 'PATCH', 'DELETE', 'GET'];

const faults = (random) => [
  [4, { drop: 'after' }],
  [3, { drop: 'before' }],
  [2, { delay: random.between(5, 400) }],
  [1, { delay: 2_500 }],
  [2, { status: 503 }],
  [1, { status: 502, headers: page, body: '<html>bad gateway</html>' }],
  [1, { status: 429, headers: { 'retry-after': '1' } }],
  [1, { status: 200, headers: page, body: '<html>sign in to the network</html>' }],
  [1, { status: 403, headers: page, body: '<html>blocked</html>' }],
];

export class FaultStorm {
  #world;
  #gateways;
  #random;
  #running = true;
  #inserted = 0;
  counts = {};
  directKeys = new Set();

  constructor(world, gateways, random) {
    this.#world = world;
    this.#gateways = gateways;
    this.#random = random;
  }

  // Until stop(): one trouble after the other.
  async run() {
    const random = this.#random;
    while (this.#running) {
      await random.weighted([
        [8, () => this.#armFault()],
        [2, () => this.#freeze()],
        [1, () => this.#killUpstream()],
        [2, () => this.#killGateway()],
        [3, () => this.#otherDevice()],
        [1, () => this.#clear()],
      ])();
      await sleep(random.between(20, 300));
    }
  }

  stop() {
    this.#running = false;
  }

  #count(what) {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  async #armFault() {
    const random = this.#random;
    const fault = random.weighted(faults(random));
    this.#count(Object.keys(fault)[0] + ' ' + Object.values(fault)[0]);
    const method = random.pick(methods);
    await this.#world.upstream
      .fault({ match: '^/rest/v1/', method, times: random.between(1, 3), ...fault })
      .catch(() => {});
  }

  async #freeze() {
    this.#count('freeze');
    this.#world.upstream.freeze();
    await sleep(this.#random.between(100, 2_600));
    this.#world.upstream.thaw();
  }

  async #killUpstream() {
    this.#count('upstream killed');
    await this.#world.upstream.kill();
    await sleep(this.#random.between(0, 800));
    await this.#world.upstream.restart();
  }

  async #killGateway() {
    this.#count('gateway killed');
    const gateway = this.#random.pick(this.#gateways);
    await gateway.kill();
    await sleep(this.#random.between(0, 200));
    await gateway.restart();
  }

  async #clear() {
    await this.#world.upstream.clearFaults().catch(() => {});
  }

  // Changes in the database itself, of rows that no actor has for itself.
  async #otherDevice() {
    const { sql } = this.#world.database;
    const random = this.#random;
    const id = sampleId('todo', random.between(1, 10));
    const extra = sampleId('todo', random.between(11, 29));
    this.#inserted += 1;
    const title = `direct ${this.#inserted}`;
    await random.pick([
      () => sql`update todos set priority = ${random.between(0, 10)} where id = ${id}`,
      () => sql`update todos set title = ${title} where id = ${id}`,
      () => sql`delete from todos where id = ${extra}`,
      () => sql`insert into todos (id, title) values (${extra}, ${title}) on conflict do nothing`,
      () => sql`insert into tags (name) values (${title})`,
      () => sql`delete from tags where name like 'direct %' and random() < 0.5`,
      () => sql`update stock set quantity = quantity + 1 where warehouse = 'north'`,
      () => sql`delete from comments where id = ${sampleId('comment', random.between(1, 30))}`
        .catch(() => {}), // another comment answers it
    ])();
    this.#count('direct change');
  }
}
