// A campaign of random writes by several people through several gateways, and random trouble, from
// one seed.
//
//   node campaign.mjs [--seeds N] [--from SEED] [--steps N] [--tier bare|companion]
//
// What must hold when the trouble is over: the queues drain by themselves, every answered write has
// had its effect upstream once or is listed with the reason, nobody has seen a row of somebody
// else, all replicas equal what the upstream shows to their users, and the journals verify.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { anonKey } from '../upstream/keys.mjs';
import { Actor } from './support/campaign_actor.mjs';
import { CampaignJudge } from './support/campaign_judge.mjs';
import { Database } from './support/database.mjs';
import { FaultStorm } from './support/fault_storm.mjs';
import { Holdfast } from './support/holdfast.mjs';
import { Ledger } from './support/ledger.mjs';
import { Link } from './support/link.mjs';
import { Random } from './support/random.mjs';
import { SmallDisk } from './support/small_disk.mjs';
import { Upstream } from './support/upstream.mjs';
import { User } from './support/campaign_user.mjs';
import { WallClock } from './support/wall_clock.mjs';

// After the trouble: how long a queue may go without getting shorter (a request that nobody answers
// takes 2 s, the wait after it 0.5 s, the look for what may have arrived 1 s; and once more), and
// how long it may take in all.
const progressBound = 7_000;
const drainBound = 15_000;

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');

// A function that changes something; its calls are counted as the effects of writes are.
const calls = `
create function leave_mark(marker text) returns void
language sql security definer set search_path = '' as $$
  insert into audit.effects (relation, operation, row_key, new_row)
    values ('calls', 'INSERT', '{}', jsonb_build_object('marker', marker))
$$;
grant execute on function leave_mark(text) to anon, authenticated;`;

const extra = `
statement_timeout = "1s"
[rest]
max_rows = 0
`;

class Campaign {
  problems = [];
  figures = {};
  sites = [];
  ledger = new Ledger();
  people = [];
  #folder;

  constructor(seed, { actors, users, gateways, steps, tier }) {
    this.seed = seed;
    this.random = new Random(seed);
    this.size = { actors, users, gateways };
    this.steps = steps;
    this.tier = tier ?? (seed % 2 === 0 ? 'companion' : 'bare');
    this.lies = seed % 4 >= 2;
    this.#folder = mkdtempSync(join(tmpdir(), 'holdfast-campaign-'));
    this.trace = join(this.#folder, 'twice');
    writeFileSync(this.trace, '');
  }

  async run() {
    try {
      await this.#build();
      await this.#storm();
      await this.#calm();
      await new CampaignJudge(this).judge();
    } catch (error) {
      this.problems.push({ kind: 'campaign', message: error.message, at: error.stack });
    } finally {
      await this.#close();
    }
    return this;
  }

  get gateways() {
    return this.sites.map(({ gateway }) => gateway);
  }

  async #build() {
    this.database = await Database.create(`campaign_${this.seed}_${process.pid}`);
    await this.database.sql.unsafe(calls);
    if (this.tier === 'companion') await this.database.sql.unsafe(companion);
    this.upstream = await Upstream.start(this.database.url, {
      UPSTREAM_MAX_ROWS: '100000',
      UPSTREAM_JWT_EXPIRY: String(60 * 24 * 3_600),
      UPSTREAM_TRACE: this.trace,
    });
    for (let n = 0; n < this.size.gateways; n += 1) this.sites.push(await this.#site());
    const site = (index) => this.sites[index % this.sites.length];
    const { ledger, problems, seed } = this;
    this.actors = Array.from({ length: this.size.actors }, (_, index) => {
      const random = new Random(seed * 1000 + index);
      const { gateway } = site(index);
      return new Actor({ number: index + 1, gateway, random, ledger, problems });
    });
    this.users = Array.from({ length: this.size.users }, (_, index) => {
      const random = new Random(seed * 1000 + 300 + index);
      const { gateway } = site(index + 1);
      const number = index + 1;
      return new User({ number, campaign: seed, gateway, random, ledger, problems });
    });
    for (const user of this.users) await user.signUp();
    // A new user's first requests are forwarded until the replica is there.
    for (const gateway of this.gateways) {
      await gateway.sync();
      await gateway.replicated();
    }
    this.people = [...this.actors, ...this.users];
  }

  async #site() {
    const link = await Link.to(this.upstream.url);
    const clock = WallClock.make();
    const disk = SmallDisk.mount(64);
    const site = { link, clock, disk };
    site.gateway = await Holdfast.serve(link.url, this.database.url, {
      extra,
      folder: disk?.place(),
      environment: clock?.environment,
    });
    await site.gateway.statusWhere(
      `the tier is ${this.tier}`,
      ({ upstream }) => upstream.tier === this.tier,
    );
    return site;
  }

  async #storm() {
    const storm = new FaultStorm(this, this.random);
    const trouble = storm.run();
    const work = this.people.map(async (person, index) => {
      const pace = new Random(this.seed * 1000 + 500 + index);
      for (let step = 0; step < this.steps; step += 1) {
        await person.step();
        await sleep(pace.between(0, 150));
      }
    });
    await Promise.all(work).finally(() => storm.stop());
    await trouble;
    this.figures.faults = storm.counts;
    this.figures.writes = this.ledger.writes;
  }

  // Nobody asks for a sync here: what is left has to go by itself.
  async #calm() {
    await this.upstream.recover();
    for (const { link, clock, disk } of this.sites) {
      link.mend();
      clock?.set(0);
      disk?.clear();
    }
    // The apps are open, so each has a token.
    for (const user of this.users) await user.signIn();
    for (const { url } of this.gateways) {
      await fetch(`${url}/rest/v1/tags?limit=1`, { headers: { apikey: anonKey } });
    }
    const began = Date.now();
    for (const gateway of this.gateways) await this.#drained(gateway);
    this.figures.calmed = Date.now() - began;
  }

  // Fails when nothing is sent for a while. What waits for a person stays.
  async #drained(gateway) {
    const began = Date.now();
    let least = Infinity;
    let since = began;
    for (;;) {
      const entries = await gateway.outbox();
      const left = entries.filter(
        ({ state, next_attempt_at: next }) =>
          !['dead', 'blocked'].includes(state) && (state !== 'uncertain' || next !== null),
      );
      if (left.length === 0) return;
      if (left.length < least) [least, since] = [left.length, Date.now()];
      const now = Date.now();
      if (now - since > progressBound || now - began > drainBound) {
        this.problems.push({ kind: 'hangs', left: least, entries: left.slice(0, 5) });
        return;
      }
      await sleep(20);
    }
  }

  async #close() {
    for (const { gateway, link, clock, disk } of this.sites) {
      await gateway?.stop();
      await link.close();
      clock?.remove();
      disk?.unmount();
    }
    await this.upstream?.stop();
    await this.database?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

// Resolves with the finished campaign: `problems` is empty when all held. `tier` comes from the
// seed when it is not given.
export function runCampaign(seed, { actors = 5, users = 3, gateways = 3, steps = 60, tier } = {}) {
  return new Campaign(seed, { actors, users, gateways, steps, tier }).run();
}

function setting(name, variable, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? (process.env[variable] ?? fallback) : process.argv[at + 1];
}

async function main() {
  const from = Number(setting('from', 'E2E_SEED', Date.now() % 100_000));
  const count = Number(setting('seeds', 'E2E_SEEDS', 1));
  const steps = Number(setting('steps', 'E2E_STEPS', 60));
  const tier = setting('tier', 'E2E_TIER');
  for (let seed = from; seed < from + count; seed += 1) {
    const campaign = await runCampaign(seed, { steps, tier });
    const { problems, figures } = campaign;
    const summary = { seed, steps, tier: campaign.tier, problems: problems.length, ...figures };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    for (const problem of problems) process.stdout.write(`${JSON.stringify(problem)}\n`);
    if (problems.length > 0) process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
