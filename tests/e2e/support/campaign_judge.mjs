// What a campaign must have come to, once its queues are empty.

import { readFileSync } from 'node:fs';

import { anonKey } from '../../upstream/keys.mjs';
import { sampleId } from './read_calls.mjs';

const tables = {
  profiles: 'id',
  todos: 'id',
  tags: 'id',
  todo_tags: 'todo_id,tag_id',
  comments: 'id',
  stock: 'warehouse,sku',
  readings: 'id',
};

// Without the companion a lost answer to one of these tells nothing (hard cases 9 and 13).
const withoutTrace = ({ table, operation }) =>
  (operation === 'insert' && table === 'public.readings') ||
  (operation === 'delete' && ['public.todo_tags', 'public.tags'].includes(table));

const shared = Array.from({ length: 30 }, (_, n) => sampleId('todo', n + 1));
const everybodys = ['tag', 'profile'].flatMap((kind) =>
  Array.from({ length: 8 }, (_, n) => sampleId(kind, n + 1)),
);

// Whether one of the requests wrote what the events ([table, key, operation, marker]) say.
const isAmong = (events, requests) =>
  events.every(
    (event) =>
      event[2] === 'INSERT' &&
      requests.some(
        ({ target, body }) =>
          target.startsWith(`/rest/v1/${event[0]}`) && body.includes(JSON.stringify(event[3])),
      ),
  );

const nameOf = ({ table, key }) =>
  `${table.replace('public.', '')} ${JSON.stringify(Object.fromEntries(Object.entries(key).sort()))}`;

export class CampaignJudge {
  #campaign;
  #ended = []; // entries that did not take effect, as the gateways list them
  #excused = []; // those of them for which there is a good reason

  constructor(campaign) {
    this.#campaign = campaign;
  }

  async judge() {
    try {
      await this.#settle();
      await this.#listEnded();
      this.#checkMissed();
      await this.#checkEffects();
      await this.#compareReplicas();
      await this.#verifyJournals();
    } finally {
      await this.#tellStories();
      this.#campaign.figures.answers = this.#answers();
    }
  }

  async #settle() {
    for (const round of [1, 2]) {
      for (const gateway of this.#campaign.gateways) {
        const { errors } = await gateway.sync();
        // The second may find what the first has left, and nothing new.
        if (errors.length > 0 && round === 2) this.#problem('sync', { errors });
      }
    }
  }

  #problem(kind, what) {
    this.#campaign.problems.push({ kind, ...what });
  }

  async #listEnded() {
    const { gateways, figures } = this.#campaign;
    for (const gateway of gateways) {
      for (const state of ['dead', 'resolved', 'blocked', 'uncertain']) {
        for (const { id } of await gateway.control('GET', `/outbox?state=${state}`)) {
          const entry = await gateway.control('GET', `/outbox/${id}`);
          this.#ended.push({ ...entry, text: JSON.stringify(entry) });
          figures[state] = (figures[state] ?? 0) + 1;
        }
      }
    }
    // Who depends on an entry that is excused is excused with it.
    const left = new Set(this.#ended);
    for (let grown = true; grown;) {
      grown = false;
      for (const entry of left) {
        if (!this.#hasReason(entry)) continue;
        left.delete(entry);
        this.#excused.push(entry);
        grown = true;
      }
    }
    for (const { text, ...entry } of left) this.#problem('ended', { entry });
  }

  // An own row goes when its insert is refused, and by nothing else.
  #checkMissed() {
    for (const { email: actor, missed } of this.#campaign.users) {
      for (const reading of missed) {
        const insert = new RegExp(`\\b${reading.insert}\\b`);
        const refused = this.#excused.some(({ text }) => insert.test(text));
        if (!refused) this.#problem('own reading not found', { actor, reading });
      }
    }
  }

  #hasReason(entry) {
    const { state, effects, text } = entry;
    const { ledger, tier, lies } = this.#campaign;
    if (ledger.isPoison(text) && (state !== 'blocked' || this.#waitsForOther(text))) return true;
    if (lies && state === 'dead' && text.includes('refused by the storm')) return true;
    if (state === 'uncertain') return tier === 'bare' && withoutTrace(entry);
    if (effects.length > 0 && effects.every(({ key }) => this.#isShared(key))) return true;
    // In the end only an uncertain or dead one stands in the way of a blocked one, or has made the
    // row that this one names.
    return this.#excused.some((other) => !ledger.isPoison(other.text) && this.#meets(entry, other));
  }

  // What was refused is tried again after one that may have made its row, and that stands itself.
  #waitsForOther(text) {
    return this.#excused.some(({ id }) => text.includes(`after the earlier entry ${id}`));
  }

  #isShared(key) {
    return shared.some((id) => JSON.stringify(key).includes(id));
  }

  // Whether one names a row of the other.
  #meets(entry, other) {
    const rows = new Set((entry.effects ?? []).map(nameOf));
    if (entry.principal === other.principal && other.effects.some((one) => rows.has(nameOf(one)))) {
      return true;
    }
    return other.effects.some(({ key }) =>
      Object.values(key).some(
        (value) =>
          typeof value === 'string' && !everybodys.includes(value) && entry.text.includes(value),
      ),
    );
  }

  async #checkEffects() {
    const { ledger, database, problems, tier } = this.#campaign;
    const rows = new Set(this.#excused.flatMap(({ effects }) => effects.map(nameOf)));
    const excused = (text) =>
      rows.has(text) || this.#excused.some((one) => one.text.includes(text));
    const arrivedTwice = (marker) =>
      this.#arrivedTwice('PATCH').filter(({ body }) => body.includes(`"${marker}"`)).length;
    const repeats = tier === 'bare' ? { repeats: true, arrivedTwice } : {};
    const wrong = await ledger.check(database.sql, excused, repeats);
    problems.push(...wrong.map((what) => ({ kind: 'effects', ...what })));
    // Whose row was given back may not be read, and what names it is refused.
    const twice = this.#arrivedTwice('POST');
    this.#campaign.problems = problems.filter(({ kind, table, key, events, answer }) => {
      if (kind === 'own write not read') return !rows.has(nameOf({ table, key }));
      if (kind !== 'refused' || !events) return true;
      const taken = tier === 'bare' && answer?.error?.code === '23505';
      if (taken && isAmong(events, twice)) return false;
      const text = JSON.stringify(events);
      return !this.#excused.some((one) => this.#meets({ text }, one));
    });
  }

  // Without the companion an insert that arrives twice was there already, and an update in an app's
  // own words is made again.
  #arrivedTwice(wanted) {
    const lines = readFileSync(this.#campaign.trace, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line)).filter(({ method }) => method === wanted);
  }

  // With the links cut, so that it is the replica that answers.
  async #compareReplicas() {
    const { gateways, sites, users, upstream, figures } = this.#campaign;
    const readers = gateways.map((gateway, n) => ({ gateway, n, tables, client: null }));
    for (const user of users) {
      for (const [n, gateway] of gateways.entries()) {
        const client = await user.signIn(user.clientOf(gateway));
        readers.push({ gateway, n, tables: { notes: 'id' }, client, user });
      }
    }
    // A user's first request opens the replica, and the sync brings the rows.
    for (const reader of readers) await this.#rowsOf(reader.gateway.url, reader);
    for (const gateway of gateways) await gateway.sync();
    const there = new Map();
    for (const reader of readers) {
      there.set(reader, await this.#rowsOf(upstream.url, reader));
    }
    for (const { link } of sites) link.cut();
    for (const gateway of gateways) {
      await gateway.statusWhere(
        'it is offline',
        ({ upstream: { online } = {}, ...status }) => !(status.online ?? online),
      );
    }
    for (const reader of readers) {
      const here = await this.#rowsOf(reader.gateway.url, reader);
      for (const table of Object.keys(reader.tables)) {
        this.#compare(reader, table, there.get(reader)[table], here[table]);
        figures[table] = there.get(reader)[table].length;
      }
    }
  }

  async #rowsOf(url, { tables: wanted, client }) {
    const headers = { apikey: anonKey, connection: 'close' };
    if (client) {
      const { data } = await client.auth.getSession();
      headers.authorization = `Bearer ${data.session.access_token}`;
    }
    const all = {};
    for (const [table, key] of Object.entries(wanted)) {
      const answer = await fetch(`${url}/rest/v1/${table}?order=${key}`, { headers });
      if (answer.status !== 200) {
        throw new Error(`${table}: ${answer.status} ${await answer.text()}`);
      }
      all[table] = await answer.json();
    }
    return all;
  }

  #compare({ n, user }, table, there, here) {
    const pending = this.#excused.filter(
      ({ state }) => state === 'blocked' || state === 'uncertain',
    );
    const rows = new Set(pending.flatMap(({ effects }) => effects.map(nameOf)));
    const differing = differences(there, here, tables[table]?.split(',') ?? ['id']).filter(
      ({ key }) => !rows.has(nameOf({ table, key })),
    );
    if (differing.length === 0) return;
    this.#problem('replica', {
      gateway: n + 1,
      user: user?.email,
      table,
      count: differing.length,
      differing: differing.slice(0, 5),
    });
  }

  async #verifyJournals() {
    for (const { gateway } of this.#campaign.sites) {
      const { stdout, stderr } = gateway.run('verify', '--json');
      const checks = stdout ? JSON.parse(stdout) : [stderr];
      if (checks.length === 0) this.#problem('journal', { checks });
      const wrong = checks.filter(({ ok }) => !ok);
      if (wrong.length > 0) this.#problem('journal', { wrong });
    }
  }

  // What the queues and the upstream have to say of the rows in question.
  async #tellStories() {
    const states = ['acknowledged', 'discarded', 'dead', 'resolved', 'blocked', 'uncertain'];
    for (const problem of this.#campaign.problems) {
      const key = problem.key ?? problem.entry?.effects?.[0]?.key ?? {};
      const named = /":"([^"]+)"/.exec(problem.name ?? '')?.[1];
      const value = Object.values(key)[0] ?? problem.marker ?? named;
      if (!value) continue;
      const entries = [];
      for (const gateway of this.#campaign.gateways) {
        for (const state of states) {
          for (const { id } of await gateway.control('GET', `/outbox?state=${state}`)) {
            const entry = await gateway.control('GET', `/outbox/${id}`);
            const text = JSON.stringify(entry);
            if (text.includes(value)) entries.push(entry);
          }
        }
      }
      problem.story = entries;
      problem.effects = await this.#campaign.database.sql`
        select operation, new_row, at from audit.effects
        where row_key::text like ${`%${value}%`} or new_row::text like ${`%"${value}"%`}
        order by seq`;
    }
  }

  #answers() {
    const sum = {};
    for (const { answers } of this.#campaign.people) {
      for (const [what, count] of answers) sum[what] = (sum[what] ?? 0) + count;
    }
    return sum;
  }
}

function differences(there, here, columns) {
  const keyOf = (row) => Object.fromEntries(columns.map((column) => [column, row[column]]));
  const name = (row) => JSON.stringify(keyOf(row));
  const left = new Map(here.map((row) => [name(row), row]));
  const found = [];
  for (const row of there) {
    const other = left.get(name(row));
    left.delete(name(row));
    if (JSON.stringify(other) !== JSON.stringify(row)) {
      found.push({ key: keyOf(row), there: row, here: other });
    }
  }
  return [...found, ...[...left.values()].map((row) => ({ key: keyOf(row), here: row }))];
}
