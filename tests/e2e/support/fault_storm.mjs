// Random trouble between and around the gateways and their upstream, from one seed.

import { setTimeout as sleep } from 'node:timers/promises';

import { sampleId } from './read_calls.mjs';

const page = { 'content-type': 'text/html' };
const methods = [undefined, 'POST', 'PATCH', 'DELETE', 'GET'];
const expired = { code: 'PGRST301', message: 'JWT expired', details: null, hint: null };
const hour = 3_600;

const faults = (random) => [
  [4, { drop: 'after' }],
  [3, { drop: 'before' }],
  [2, { cut: true }],
  [2, { delay: random.between(5, 400) }],
  [1, { delay: 2_500 }],
  [2, { status: 503 }],
  [1, { status: 502, headers: page, body: '<html>bad gateway</html>' }],
  [1, { status: 429, headers: { 'retry-after': '1' } }],
  [1, { status: 200, headers: page, body: '<html>sign in to the network</html>' }],
  [1, { status: 403, headers: page, body: '<html>blocked</html>' }],
  [1, { status: 401, body: expired }],
];

// Answers in PostgREST's own words that are not true: what they say of a write is final.
const lies = [
  { status: 403, body: { code: '42501', message: 'refused by the storm' } },
  { status: 409, body: { code: 'P0001', message: 'refused by the storm' } },
  { status: 400, body: { code: '22P02', message: 'refused by the storm' } },
];

export class FaultStorm {
  #campaign;
  #random;
  #running = true;
  #inserted = 0;
  counts = {};
  directKeys = new Set();

  // `campaign`: {upstream, database, sites, lies}; a site is {gateway, link, clock, disk}, of which
  // clock and disk may be null.
  constructor(campaign, random) {
    this.#campaign = campaign;
    this.#random = random;
  }

  // Until stop(): one trouble after the other.
  async run() {
    const random = this.#random;
    while (this.#running) {
      await random.weighted([
        [8, () => this.#armFault()],
        [2, () => this.#repeatRequests()],
        [this.#campaign.lies ? 1 : 0, () => this.#lie()],
        [2, () => this.#freeze()],
        [1, () => this.#killUpstream()],
        [3, () => this.#killGateway()],
        [3, () => this.#partition()],
        [1, () => this.#setClock()],
        [1, () => this.#fillDisk()],
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
    const value = 'delay' in fault ? '' : ` ${Object.values(fault)[0]}`;
    this.#count(Object.keys(fault)[0] + value);
    const method = random.pick(methods);
    await this.#arm({ match: '^/rest/v1/', method, times: random.between(1, 3), ...fault });
  }

  async #arm(fault) {
    await this.#campaign.upstream.fault(fault).catch(() => {});
  }

  // Nothing can tell a call of a function, or without the companion a row without a key, from its
  // repetition.
  async #repeatRequests() {
    this.#count('arrives twice');
    const match =
      this.#campaign.tier === 'companion'
        ? '^/rest/v1/(?!rpc/leave_mark)'
        : '^/rest/v1/(?!rpc/|readings)';
    await this.#arm({ match, times: this.#random.between(1, 3), twice: true });
  }

  async #lie() {
    this.#count('lie');
    const method = this.#random.pick(['POST', 'PATCH', 'DELETE']);
    // A whole batch is not refused in these words.
    const match = '^/rest/v1/(?!rpc/)';
    await this.#arm({ match, method, times: 1, ...this.#random.pick(lies) });
  }

  async #partition() {
    const random = this.#random;
    const { link } = random.pick(this.#campaign.sites);
    const silent = random.chance(0.4);
    this.#count(silent ? 'partition, silent' : 'partition');
    link.cut({ silent });
    const mend = sleep(random.between(100, 3_000)).then(() => link.mend());
    // The others go on meanwhile, and at times the trouble, too.
    if (random.chance(0.5)) await mend;
  }

  async #setClock() {
    const random = this.#random;
    const { clock } = random.pick(this.#campaign.sites);
    if (!clock) return;
    const seconds = random.pick([-24 * hour, -hour, -90, 0, 0, 90, hour, 24 * hour]);
    this.#count('clock set');
    clock.set(seconds);
  }

  async #fillDisk() {
    const { disk } = this.#random.pick(this.#campaign.sites);
    if (!disk) return;
    this.#count('disk full');
    disk.fill();
    await sleep(this.#random.between(100, 2_000));
    disk.clear();
  }

  async #freeze() {
    this.#count('freeze');
    this.#campaign.upstream.freeze();
    await sleep(this.#random.between(100, 2_600));
    this.#campaign.upstream.thaw();
  }

  async #killUpstream() {
    this.#count('upstream killed');
    await this.#campaign.upstream.kill();
    await sleep(this.#random.between(0, 800));
    await this.#campaign.upstream.restart();
  }

  async #killGateway() {
    this.#count('gateway killed');
    const { gateway } = this.#random.pick(this.#campaign.sites);
    await gateway.kill();
    await sleep(this.#random.between(0, 200));
    await gateway.restart();
  }

  async #clear() {
    await this.#campaign.upstream.clearFaults().catch(() => {});
  }

  // Changes in the database itself, of rows that no actor has for itself.
  async #otherDevice() {
    const { sql } = this.#campaign.database;
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
      () =>
        sql`delete from comments where id = ${sampleId('comment', random.between(1, 30))}`.catch(
          () => {},
        ), // another comment answers it
    ])();
    this.#count('direct change');
  }
}
