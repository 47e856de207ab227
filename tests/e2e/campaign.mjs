// A campaign of random writes through two gateways and random trouble, from one seed.
//
//   E2E_SEEDS=1,2,3 E2E_STEPS=300 node campaign.mjs
//
// What must hold when the trouble is over: the queues drain by themselves, every answered write has
// had its effect upstream once, what is left is listed with a reason, and both replicas equal the
// upstream.

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Actor } from './support/campaign_actor.mjs';
import { anonKey } from '../upstream/keys.mjs';
import { FaultStorm } from './support/fault_storm.mjs';
import { Holdfast } from './support/holdfast.mjs';
import { Ledger } from './support/ledger.mjs';
import { Random } from './support/random.mjs';
import { sampleId } from './support/read_calls.mjs';
import { World } from './support/world.mjs';

// How long after the trouble the queue may go without getting shorter.
const progressBound = 6_000;

const tables = {
  profiles: 'id',
  todos: 'id',
  tags: 'id',
  todo_tags: 'todo_id,tag_id',
  comments: 'id',
  stock: 'warehouse,sku',
  readings: 'id',
};

const extra = '[rest]\nmax_rows = 0\n';

class Campaign {
  problems = [];
  figures = {};
  #ledger = new Ledger();

  constructor(seed, { actors, steps }) {
    this.seed = seed;
    this.random = new Random(seed);
    this.actorCount = actors;
    this.steps = steps;
  }

  async run() {
    try {
      await this.#build();
      await this.#storm();
      await this.#calm();
      await this.#judge();
    } catch (error) {
      this.problems.push({ kind: 'campaign', message: error.message, at: error.stack });
    } finally {
      await this.second?.stop();
      await this.world?.close();
    }
    return this;
  }

  async #build() {
    const settings = { UPSTREAM_MAX_ROWS: '100000' };
    this.world = await World.build(`campaign_${this.seed}`, { settings, extra });
    const { upstream, database, holdfast } = this.world;
    this.second = await Holdfast.serve(upstream.url, database.url, { extra });
    this.gateways = [holdfast, this.second];
    this.actors = Array.from({ length: this.actorCount }, (_, index) => {
      const random = new Random(this.seed * 1000 + index);
      const gateway = this.gateways[index % 2];
      return new Actor({
        number: index + 1,
        gateway,
        random,
        ledger: this.#ledger,
        problems: this.problems,
      });
    });
  }

  async #storm() {
    const storm = new FaultStorm(this.world, this.gateways, this.random);
    const trouble = storm.run();
    const steps = this.actors.map(async (actor) => {
      const pace = new Random(this.seed * 1000 + 500 + actor.number);
      for (let step = 0; step < this.steps; step += 1) {
        await actor.step();
        await sleep(pace.between(0, 150));
      }
    });
    await Promise.all(steps).finally(() => storm.stop());
    await trouble;
    this.figures.faults = storm.counts;
    this.figures.writes = this.#ledger.writes;
  }

  // Nobody asks for a sync here: what is left has to go by itself.
  async #calm() {
    await this.world.upstream.recover();
    const began = Date.now();
    for (const gateway of this.gateways) await this.#drained(gateway);
    this.figures.calmed = Date.now() - began;
  }

  // Fails when nothing is sent for a while. What waits for a person's word on a dead letter stays.
  async #drained(gateway) {
    let least = Infinity;
    let since = Date.now();
    for (;;) {
      const { queue } = await gateway.status();
      const left = queue.depth - queue.blocked;
      if (left === 0) return;
      if (left < least) [least, since] = [left, Date.now()];
      if (Date.now() - since > progressBound) break;
      await sleep(20);
    }
    const entries = (await gateway.outbox()).filter(({ state }) => state !== 'dead').slice(0, 5);
    this.problems.push({ kind: 'hangs', left: least, entries });
  }

  async #judge() {
    for (const round of [1, 2]) {
      for (const gateway of this.gateways) {
        const { errors } = await gateway.sync();
        if (errors.length > 0 && round === 2) this.problems.push({ kind: 'sync', errors });
      }
    }
    const ended = await this.#endedEntries();
    const excused = (name, marker) =>
      ended.some((entry) => JSON.stringify(entry.body).includes(`"${marker}"`));
    const wrong = await this.#ledger.check(this.world.database.sql, excused);
    this.problems.push(...wrong.map((what) => ({ kind: 'effects', ...what })));
    await this.#compareReplicas();
    this.figures.answers = this.#answers();
  }

  async #endedEntries() {
    const ended = [];
    for (const gateway of this.gateways) {
      for (const state of ['dead', 'resolved', 'blocked']) {
        for (const { id } of await gateway.control('GET', `/outbox?state=${state}`)) {
          const entry = await gateway.control('GET', `/outbox/${id}`);
          ended.push(entry);
          this.figures[state] = (this.figures[state] ?? 0) + 1;
          if (!this.#plausible(entry)) this.problems.push({ kind: 'ended', entry });
        }
      }
    }
    return ended;
  }

  #plausible({ body, effects, state }) {
    if (this.#ledger.isPoison(JSON.stringify(body ?? ''))) return state !== 'blocked';
    const shared = Array.from({ length: 30 }, (_, n) => sampleId('todo', n + 1));
    return effects.every(({ key }) => shared.some((id) => JSON.stringify(key).includes(id)));
  }

  async #compareReplicas() {
    for (const [table, key] of Object.entries(tables)) {
      const there = await this.#rows(this.world.upstream.url, table, key);
      for (const [index, gateway] of this.gateways.entries()) {
        const here = await this.#rows(gateway.url, table, key);
        const differing = differences(there, here, key.split(','));
        if (differing.length > 0) {
          this.problems.push({
            kind: 'replica',
            gateway: index + 1,
            table,
            count: differing.length,
            differing: differing.slice(0, 5),
          });
        }
      }
      this.figures[table] = there.length;
    }
  }

  async #rows(url, table, key) {
    const answer = await fetch(`${url}/rest/v1/${table}?order=${key}`, {
      headers: { apikey: anonKey, connection: 'close' },
    });
    if (answer.status !== 200) throw new Error(`${table}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  #answers() {
    const sum = {};
    for (const { answers } of this.actors) {
      for (const [what, count] of answers) sum[what] = (sum[what] ?? 0) + count;
    }
    return sum;
  }
}

function differences(there, here, key) {
  const name = (row) => JSON.stringify(key.map((column) => row[column]));
  const left = new Map(here.map((row) => [name(row), row]));
  const found = [];
  for (const row of there) {
    const other = left.get(name(row));
    left.delete(name(row));
    if (JSON.stringify(other) !== JSON.stringify(row)) found.push({ there: row, here: other });
  }
  return [...found, ...[...left.values()].map((row) => ({ here: row }))];
}

// Resolves with the finished campaign: `problems` is empty when all held.
export function runCampaign(seed, { actors = 6, steps = 60 } = {}) {
  return new Campaign(seed, { actors, steps }).run();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const seeds = (process.env.E2E_SEEDS ?? String(Date.now() % 100_000)).split(',').map(Number);
  const steps = Number(process.env.E2E_STEPS ?? 60);
  for (const seed of seeds) {
    const { problems, figures } = await runCampaign(seed, { steps });
    const summary = { seed, steps, problems: problems.length, ...figures };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    for (const problem of problems) process.stdout.write(`${JSON.stringify(problem)}\n`);
    if (problems.length > 0) process.exitCode = 1;
  }
}
