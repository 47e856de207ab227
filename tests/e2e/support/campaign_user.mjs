// One signed-in user with rows that nobody else may see, writing through one gateway: keys that the
// gateway makes, keys that only the upstream makes, and calls of a function.

import { createClient } from '@supabase/supabase-js';

import { anonKey } from '../../upstream/keys.mjs';
import { clientOptions } from './client.mjs';
import { eventually } from './wait.mjs';

// The storm refuses in words of its own.
export const isStorms = (error) => error?.message?.includes('by the storm');

const password = 'fake-password-of-a-campaign';

export class User {
  #random;
  #ledger;
  #problems;
  #marks = 0;
  #notes = new Map(); // id -> body, of which the answers were sure
  #doubtful = new Set(); // ids whose last write got no answer
  #readings = []; // {id, sensor, insert: the marker that it was inserted with}
  #lastStatus = 0;
  answers = new Map();
  missed = []; // readings that were inserted and later not found

  // `number` is unique among the users of a campaign.
  constructor({ number, campaign, gateway, random, ledger, problems }) {
    this.number = number;
    this.gateway = gateway;
    this.email = `user${number}.${campaign}@example.com`;
    this.#random = random;
    this.#ledger = ledger;
    this.#problems = problems;
    this.client = this.clientOf(gateway);
  }

  clientOf(gateway) {
    return createClient(gateway.url, anonKey, {
      ...clientOptions,
      db: { retry: false },
      global: { fetch: (...request) => this.#fetch(...request) },
    });
  }

  async signUp() {
    const { email } = this;
    this.id = await eventually(`${email} signs up`, async () => {
      const { data, error } = await this.client.auth.signUp({ email, password });
      if (!error) return data.user.id;
      // The answer to an earlier try may be lost.
      const again = await this.client.auth.signInWithPassword({ email, password });
      if (again.error) throw error;
      return again.data.user.id;
    });
    await this.client.from('notes').select('id');
  }

  // Also on another gateway, as on a second device.
  async signIn(client = this.client) {
    await eventually(
      `${this.email} signs in`,
      async () => {
        const { error } = await client.auth.signInWithPassword({ email: this.email, password });
        if (error) throw error;
        return true;
      },
      { within: 30_000 },
    );
    return client;
  }

  async step() {
    const own = this.#notes.size;
    const action = this.#random.weighted([
      [own < 40 ? 5 : 1, () => this.#insert()],
      [2, () => this.#insertKeyless()],
      [own ? 4 : 0, () => this.#update()],
      [own > 2 ? 2 : 0, () => this.#updateMany()],
      [own ? 2 : 0, () => this.#upsert()],
      [own ? 2 : 0, () => this.#delete()],
      [3, () => this.#insertReading()],
      [this.#readings.length ? 2 : 0, () => this.#updateReading()],
      [2, () => this.#call()],
      [4, () => this.#readAll()],
    ]);
    await action();
  }

  async #fetch(...request) {
    const response = await fetch(...request);
    const path = new URL(request[0].url ?? request[0]).pathname;
    const key = `${path.split('/').slice(1, 3).join('/')} ${response.status}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    return response;
  }

  #problem(kind, what) {
    this.#problems.push({ kind, actor: this.email, ...what });
  }

  #mark() {
    this.#marks += 1;
    return `u${this.number}m${this.#marks}`;
  }

  // "done", "refused" or "unknown"; only what is surely not there is refused.
  async #write(call) {
    const answer = await call;
    this.answer = answer;
    this.#lastStatus = answer.status;
    if (!answer.error && answer.status >= 200 && answer.status < 300) return 'done';
    if (answer.status === 401) {
      await this.signIn();
      return 'refused';
    }
    return answer.status === 403 || answer.status === 409 ? 'refused' : 'unknown';
  }

  // `events`: [table, key, operation, marker].
  #settle(outcome, events) {
    if (outcome === 'refused' && this.#lastStatus !== 401 && !isStorms(this.answer.error)) {
      this.#problem('refused', { events, answer: this.answer });
    }
    for (const event of events) this.#ledger.expect(...event, outcome === 'done');
    return outcome === 'done';
  }

  #remember(done, id, body) {
    if (done && !this.#doubtful.has(id)) {
      this.#notes.set(id, body);
    } else {
      this.#notes.delete(id);
      this.#doubtful.add(id);
    }
  }

  async #insert() {
    const row = { id: this.#random.uuid(), user_id: this.id, body: this.#mark() };
    const outcome = await this.#write(this.client.from('notes').insert(row));
    const done = this.#settle(outcome, [['notes', { id: row.id }, 'INSERT', row.body]]);
    this.#remember(done, row.id, row.body);
  }

  // Both the key and the owner are made by the gateway.
  async #insertKeyless() {
    const body = this.#mark();
    const outcome = await this.#write(
      this.client.from('notes').insert({ body }).select('id,user_id').single(),
    );
    this.#ledger.expectOnce('notes', 'body', body, outcome === 'done');
    if (outcome !== 'done') return;
    const { id, user_id: owner } = this.answer.data;
    if (owner !== this.id) this.#problem('owner', { body, owner });
    this.#ledger.expect('notes', { id }, 'INSERT', body);
    this.#notes.set(id, body);
  }

  async #update() {
    const id = this.#random.pick([...this.#notes.keys()]);
    const body = this.#mark();
    const outcome = await this.#write(this.client.from('notes').update({ body }).eq('id', id));
    this.#remember(this.#settle(outcome, [['notes', { id }, 'UPDATE', body]]), id, body);
  }

  async #updateMany() {
    const ids = [...this.#notes.keys()].filter(() => this.#random.chance(0.3));
    if (ids.length < 2) return;
    const body = this.#mark();
    const outcome = await this.#write(this.client.from('notes').update({ body }).in('id', ids));
    const done = this.#settle(
      outcome,
      ids.map((id) => ['notes', { id }, 'UPDATE', body]),
    );
    for (const id of ids) this.#remember(done, id, body);
  }

  async #upsert() {
    const again = this.#random.chance(0.6);
    const id = again ? this.#random.pick([...this.#notes.keys()]) : this.#random.uuid();
    const body = this.#mark();
    const row = { id, user_id: this.id, body };
    const outcome = await this.#write(this.client.from('notes').upsert(row));
    const operation = again ? 'UPDATE' : 'INSERT';
    this.#remember(this.#settle(outcome, [['notes', { id }, operation, body]]), id, body);
  }

  async #delete() {
    const id = this.#random.pick([...this.#notes.keys()]);
    const outcome = await this.#write(this.client.from('notes').delete().eq('id', id));
    this.#settle(outcome, [['notes', { id }, 'DELETE', null]]);
    this.#notes.delete(id);
    this.#doubtful.add(id);
  }

  // The upstream counts the keys: offline a temporary one stands for it.
  async #insertReading() {
    const sensor = this.#mark();
    const value = this.#random.between(1, 99);
    const outcome = await this.#write(
      this.client.from('readings').insert({ sensor, value }).select('id').single(),
    );
    this.#ledger.expectOnce('readings', 'sensor', sensor, outcome === 'done');
    if (outcome === 'done') {
      this.#readings.push({ id: this.answer.data.id, sensor, insert: sensor });
    }
  }

  // By the id that the insert gave, whether the real one is known by now or not.
  async #updateReading() {
    const reading = this.#random.pick(this.#readings);
    const sensor = this.#mark();
    const outcome = await this.#write(
      this.client.from('readings').update({ sensor }).eq('id', reading.id).select('id'),
    );
    const done = outcome === 'done' && this.answer.data.length === 1;
    if (outcome === 'done' && !done) this.missed.push({ ...reading });
    this.#ledger.expectOnce('readings', 'sensor', sensor, done, reading.sensor);
    if (done) reading.sensor = sensor;
    else this.#readings = this.#readings.filter((one) => one !== reading);
  }

  // Forwarded while the upstream is there and never sent twice.
  async #call() {
    const marker = this.#mark();
    const outcome = await this.#write(this.client.rpc('leave_mark', { marker }));
    this.#ledger.expectOnce('calls', 'marker', marker, outcome === 'done');
  }

  // All of one's own and nothing of anybody else's.
  async #readAll() {
    const { data, error, status } = await this.client.from('notes').select('id,user_id,body');
    if (status === 401) return this.signIn();
    if (error) return undefined;
    const seen = new Map(data.map(({ id, body }) => [id, body]));
    for (const { user_id: owner, id } of data) {
      if (owner !== this.id) this.#problem('a row of another user', { id, owner });
    }
    for (const [id, body] of this.#notes) {
      if (seen.get(id) === body) continue;
      this.#problem('own write not read', {
        table: 'notes',
        key: { id },
        body,
        seen: seen.get(id),
      });
    }
    for (const id of seen.keys()) {
      if (this.#notes.has(id) || this.#doubtful.has(id)) continue;
      const mine = [...this.#notes.values()].includes(seen.get(id));
      if (mine) this.#problem('a row comes twice', { id });
    }
    return undefined;
  }
}
