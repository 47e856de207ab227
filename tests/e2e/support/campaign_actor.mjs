// One app with rows of its own, writing through one gateway, and remembering what each row must
// look like and which effects must have reached the upstream.

import { createClient } from '@supabase/supabase-js';

import { anonKey } from '../../upstream/keys.mjs';
import { isStorms } from './campaign_user.mjs';
import { clientOptions } from './client.mjs';
import { markerColumn } from './ledger.mjs';
import { sampleId } from './read_calls.mjs';
import { eventually } from './wait.mjs';

const refusedStatuses = [400, 401, 403, 404, 409];

export class Actor {
  #random;
  #ledger;
  #name;
  #marks = 0;
  #rows = []; // {table, key, marker, children}
  #problems;
  #reply = null;
  answers = new Map();

  // `number` is unique among the actors; `gateway` answers `url`; `problems` collects findings.
  constructor({ number, gateway, random, ledger, problems }) {
    this.#random = random;
    this.#ledger = ledger;
    this.#name = `actor ${number}`;
    this.number = number;
    this.#problems = problems;
    this.client = createClient(gateway.url, anonKey, {
      ...clientOptions,
      db: { retry: false },
      global: { fetch: (...request) => this.#fetch(...request) },
    });
  }

  async step() {
    const own = this.#rows.length;
    const action = this.#random.weighted([
      [own < 60 ? 6 : 1, () => this.#insertTodos()],
      [2, () => this.#insertKeyless()],
      [own ? 3 : 0, () => this.#insertChild()],
      [3, () => this.#upsertStock()],
      [own ? 6 : 0, () => this.#update()],
      [own ? 2 : 0, () => this.#updateMany()],
      [own ? 2 : 0, () => this.#changeKey()],
      [own ? 1 : 0, () => this.#upsertIgnored()],
      [own ? 3 : 0, () => this.#delete()],
      [own ? 1 : 0, () => this.#deleteMany()],
      [own ? 2 : 0, () => this.#deleteAndInsertAgain()],
      [3, () => this.#updateShared()],
      [1, () => this.#poisonInsert()],
      [own ? 1 : 0, () => this.#poisonUpdate()],
      [own ? 3 : 0, () => this.#readBack(this.#random.pick(this.#rows))],
    ]);
    await action();
  }

  async #fetch(...request) {
    const response = await fetch(...request);
    const key = `${request[1]?.method ?? 'GET'} ${response.status}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    this.#reply = {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      queued: response.headers.get('holdfast-outbox-id'),
      cache: response.headers.get('cache-status'),
    };
    if (response.status >= 500) this.#serverError(response.status, await response.clone().text());
    return response;
  }

  #serverError(status, text) {
    const full = status === 507;
    const honest = full || status === 503 || (status === 504 && text.includes('HF504'));
    // What the upstream said to a forwarded request is not the gateway's word.
    if (!honest) this.#problem('answer', { status, text: text.slice(0, 300) });
  }

  #problem(kind, what) {
    this.#problems.push({ kind, actor: this.#name, ...what });
  }

  #mark() {
    this.#marks += 1;
    return `a${this.number}m${this.#marks}`;
  }

  #number() {
    this.#marks += 1;
    return this.number * 1_000_000 + this.#marks;
  }

  #markFor(table) {
    return typeof this.#rowOf(table) === 'number' ? this.#number() : this.#mark();
  }

  #rowOf(table) {
    return table === 'stock' || table === 'todo_tags' ? 0 : '';
  }

  // Runs a write and resolves with "done", "refused" or "unknown".
  async #write(call) {
    this.#reply = null;
    const { error, status, data } = await call;
    this.data = data;
    if (!error && status >= 200 && status < 300) {
      // A page from somewhere else is no answer to a write, whoever passes it on.
      return this.#reply?.type.includes('html') ? 'unknown' : 'done';
    }
    this.lastError = { status, error };
    if (this.#reply !== null && refusedStatuses.includes(status)) return 'refused';
    return 'unknown';
  }

  // Notes `events` ([table, key, operation, marker]) and resolves with whether they happened.
  async #settle(outcome, events, shown) {
    if (outcome === 'refused') {
      for (const event of events) this.#ledger.expect(...event, false);
      if (!isStorms(this.lastError.error)) {
        this.#problem('refused', { events, answer: this.lastError });
      }
      return false;
    }
    let sure = outcome === 'done';
    let how = '';
    if (!sure) {
      how = `answered ${this.lastError?.status} ${this.lastError?.error?.code ?? ''}`;
      sure = await this.#isShown(shown);
      how += `, then read ${sure ? 'as written' : 'otherwise'}: ${this.#reply?.cache}`;
    }
    for (const event of events) this.#ledger.expect(...event, sure, how);
    return sure;
  }

  // What a write without an answer came to: what its reader sees when the gateway is back. A write
  // that was on its way to the upstream may still show up there.
  async #isShown({ table, key, marker }) {
    const rows = await this.#read(table, key);
    return marker === null ? rows.length === 0 : rows[0]?.[markerColumn[table]] === marker;
  }

  #read(table, key) {
    return eventually(
      'a row is read',
      async () => {
        const { data, error, status } = await this.client.from(table).select().match(key);
        if (error || !Array.isArray(data)) throw new Error(`${status} ${JSON.stringify(error)}`);
        return data;
      },
      { within: 60_000 },
    );
  }

  async #readBack(row) {
    const rows = await this.#read(row.table, row.key);
    const seen = rows[0]?.[markerColumn[row.table]];
    if (rows.length !== 1 || seen !== row.marker) {
      this.#problem('own write not read', { ...row, children: undefined, seen: rows });
    }
  }

  #forget(row) {
    this.#rows = this.#rows.filter((one) => one !== row && !row.children.includes(one));
  }

  #add(table, key, marker, children = []) {
    const row = { table, key, marker, children };
    this.#rows.push(row);
    return row;
  }

  async #insertTodos() {
    const count = this.#random.chance(0.3) ? this.#random.between(2, 5) : 1;
    const rows = Array.from({ length: count }, () => ({
      id: this.#random.uuid(),
      title: this.#mark(),
    }));
    const body = count === 1 && this.#random.chance(0.5) ? rows[0] : rows;
    const outcome = await this.#write(this.client.from('todos').insert(body));
    const events = rows.map(({ id, title }) => ['todos', { id }, 'INSERT', title]);
    const shown = { table: 'todos', key: { id: rows[0].id }, marker: rows[0].title };
    if (!(await this.#settle(outcome, events, shown))) return;
    for (const { id, title } of rows) this.#add('todos', { id }, title);
    if (this.#random.chance(0.3)) await this.#readBack(this.#rows.at(-1));
  }

  // The gateway makes the key.
  async #insertKeyless() {
    const title = this.#mark();
    const outcome = await this.#write(
      this.client.from('todos').insert({ title }).select('id').single(),
    );
    const shown = outcome === 'done' ? [] : await this.#read('todos', { title });
    const id = outcome === 'done' ? this.data?.id : shown[0]?.id;
    if (outcome === 'refused') {
      const events = [['todos', {}, 'INSERT', title]];
      if (isStorms(this.lastError.error)) return undefined;
      return this.#problem('refused', { events, answer: this.lastError });
    }
    if (!id) return undefined; // nothing is known of it: its effects, if any, are not counted
    this.#ledger.expect('todos', { id }, 'INSERT', title);
    return this.#add('todos', { id }, title);
  }

  #own(...tables) {
    const rows = this.#rows.filter(({ table }) => tables.includes(table));
    return rows.length ? this.#random.pick(rows) : null;
  }

  async #insertChild() {
    const parent = this.#own('todos');
    if (!parent) return;
    const link = this.#random.chance(0.4);
    const table = link ? 'todo_tags' : 'comments';
    const key = link
      ? { todo_id: parent.key.id, tag_id: sampleId('tag', this.#random.between(1, 3)) }
      : { id: this.#random.uuid() };
    const twice = parent.children.some((one) => JSON.stringify(one.key) === JSON.stringify(key));
    if (twice) return;
    const marker = this.#markFor(table);
    const row = link
      ? { ...key, weight: marker }
      : { ...key, todo_id: parent.key.id, body: marker };
    const outcome = await this.#write(this.client.from(table).insert(row));
    const events = [[table, key, 'INSERT', marker]];
    if (!(await this.#settle(outcome, events, { table, key, marker }))) {
      return this.#forget(parent);
    }
    parent.children.push(this.#add(table, key, marker));
  }

  async #upsertStock() {
    const own = this.#own('stock');
    const again = own && this.#random.chance(0.5);
    const key = again ? own.key : { warehouse: this.#name, sku: this.#mark() };
    const marker = this.#number();
    const outcome = await this.#write(
      this.client
        .from('stock')
        .upsert({ ...key, quantity: marker }, { onConflict: 'warehouse,sku' }),
    );
    const events = [['stock', key, again ? 'UPDATE' : 'INSERT', marker]];
    const done = await this.#settle(outcome, events, { table: 'stock', key, marker });
    if (again && !done) this.#forget(own);
    else if (again) own.marker = marker;
    else if (done) this.#add('stock', key, marker);
  }

  async #update() {
    const row = this.#random.pick(this.#rows);
    const { table, key } = row;
    const marker = this.#markFor(table);
    const change = { [markerColumn[table]]: marker };
    const outcome = await this.#write(this.client.from(table).update(change).match(key));
    const done = await this.#settle(outcome, [[table, key, 'UPDATE', marker]], {
      table,
      key,
      marker,
    });
    if (!done) return this.#forget(row);
    row.marker = marker;
    if (this.#random.chance(0.3)) await this.#readBack(row);
  }

  #someTodos(limit) {
    const todos = this.#rows.filter(({ table }) => table === 'todos');
    return todos.filter(() => this.#random.chance(0.3)).slice(0, limit);
  }

  async #updateMany() {
    const rows = this.#someTodos(6);
    if (rows.length < 2) return;
    const marker = this.#mark();
    const ids = rows.map(({ key }) => key.id);
    const outcome = await this.#write(
      this.client.from('todos').update({ title: marker }).in('id', ids),
    );
    const events = rows.map(({ key }) => ['todos', key, 'UPDATE', marker]);
    const shown = { table: 'todos', key: rows[0].key, marker };
    const done = await this.#settle(outcome, events, shown);
    for (const row of rows) {
      if (done) row.marker = marker;
      else this.#forget(row);
    }
  }

  async #changeKey() {
    const row = this.#own('stock');
    if (!row) return;
    const key = { warehouse: this.#name, sku: this.#mark() };
    const marker = this.#number();
    const outcome = await this.#write(
      this.client.from('stock').update({ sku: key.sku, quantity: marker }).match(row.key),
    );
    const done = await this.#settle(outcome, [['stock', key, 'UPDATE', marker]], {
      table: 'stock',
      key,
      marker,
    });
    this.#forget(row);
    if (done) this.#add('stock', key, marker);
  }

  async #upsertIgnored() {
    const row = this.#own('todos');
    if (!row) return;
    const title = this.#mark();
    this.#ledger.poison(`"${title}"`);
    const outcome = await this.#write(
      this.client
        .from('todos')
        .upsert({ id: row.key.id, title }, { ignoreDuplicates: true, onConflict: 'id' }),
    );
    if (outcome === 'done') await this.#readBack(row);
  }

  #deletion(row) {
    return [row, ...row.children].map(({ table, key }) => [table, key, 'DELETE', null]);
  }

  async #delete() {
    const row = this.#random.pick(this.#rows);
    const outcome = await this.#write(this.client.from(row.table).delete().match(row.key));
    await this.#settle(outcome, this.#deletion(row), { ...row, marker: null });
    this.#forget(row);
    this.#unlink(row);
  }

  // A child that went is nobody's child any more.
  #unlink(row) {
    for (const parent of this.#rows) {
      parent.children = parent.children.filter((child) => child !== row);
    }
  }

  async #deleteMany() {
    const rows = this.#someTodos(4);
    if (rows.length < 2) return;
    const ids = rows.map(({ key }) => key.id);
    const outcome = await this.#write(this.client.from('todos').delete().in('id', ids));
    await this.#settle(
      outcome,
      rows.flatMap((row) => this.#deletion(row)),
      {
        table: 'todos',
        key: rows[0].key,
        marker: null,
      },
    );
    for (const row of rows) this.#forget(row);
  }

  async #deleteAndInsertAgain() {
    const row = this.#own('stock', 'todos');
    if (!row) return;
    const { table, key } = row;
    const deleted = await this.#write(this.client.from(table).delete().match(key));
    const gone = await this.#settle(deleted, this.#deletion(row), { table, key, marker: null });
    this.#forget(row);
    if (!gone) return;
    const marker = this.#markFor(table);
    const inserted = await this.#write(
      this.client.from(table).insert({ ...key, [markerColumn[table]]: marker }),
    );
    const events = [[table, key, 'INSERT', marker]];
    if (await this.#settle(inserted, events, { table, key, marker })) {
      this.#add(table, key, marker);
    }
  }

  async #updateShared() {
    const key = { id: sampleId('todo', this.#random.between(1, 10)) };
    const title = this.#mark();
    const outcome = await this.#write(
      this.client.from('todos').update({ title }).match(key).select('id'),
    );
    if (outcome === 'refused') {
      if (isStorms(this.lastError.error)) return undefined;
      return this.#problem('refused', { title, answer: this.lastError });
    }
    if (outcome === 'done' && this.data.length === 0) return undefined;
    return this.#ledger.expectShared('todos', key, title, outcome === 'done');
  }

  async #poisonInsert() {
    const marker = `poison ${this.#mark()} end`;
    this.#ledger.poison(marker);
    const [table, row] = this.#random.pick([
      ['todos', { id: this.#random.uuid(), title: marker, priority: 99 }],
      ['comments', { id: this.#random.uuid(), todo_id: this.#random.uuid(), body: marker }],
      ['submissions', { id: this.#random.uuid(), body: marker, accepted: true }],
      ['todos', { id: sampleId('todo', 30), title: marker }],
    ]);
    await this.#write(this.client.from(table).insert(row));
  }

  async #poisonUpdate() {
    const row = this.#own('todos');
    if (!row) return;
    const title = `poison ${this.#mark()} end`;
    this.#ledger.poison(title);
    await this.#write(this.client.from('todos').update({ title, priority: 99 }).match(row.key));
    // Until it is refused it is what is read; afterwards the earlier state is, so neither is looked
    // at.
    this.#forget(row);
  }
}
