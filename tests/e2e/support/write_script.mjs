// One sequence of writes with reads between, played on rows of its own: `actor` names them. Played
// by three actors (on the upstream itself, through the gateway, through the gateway offline), the
// answers, the rows and the recorded effects must be the same once actors and server-made values
// are blanked.

import { sampleId } from './read_calls.mjs';

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/;
const serverMade = new Set(['created_at', 'updated_at']);

export class WriteScript {
  constructor(actor) {
    this.actor = actor;
    this.names = new Map();
  }

  // The key that this actor uses for the `n`th row.
  key(n) {
    const id = sampleId(this.actor, n);
    this.names.set(id, `key ${n}`);
    return id;
  }

  get warehouse() {
    return `warehouse of ${this.actor}`;
  }

  title(text) {
    return `${this.actor}: ${text}`;
  }

  // `value` without what differs between actors: their keys and names, and what the server makes.
  blank(value) {
    const text = JSON.stringify(value, (name, inner) => {
      if (serverMade.has(name) && time.test(inner)) return '<time>';
      if (name === 'details' || name === 'hint') return undefined;
      return inner;
    });
    return JSON.parse(
      text
        .replaceAll(uuid, (id) => this.names.get(id) ?? '<uuid>')
        .replaceAll(this.actor, '<actor>'),
    );
  }

  // Plays the script with `client`; resolves with [what, blanked answer] pairs.
  async play(client) {
    const answers = [];
    for (const [what, call] of this.#steps()) {
      const { data, error, count, status } = await call(client);
      answers.push([what, this.blank({ data, error, count, status })]);
    }
    return answers;
  }

  #steps() {
    return [
      ...this.#inserts(),
      ...this.#updates(),
      ...this.#upserts(),
      ...this.#refused(),
      ...this.#deletes(),
      ...this.#reads('at the end'),
    ];
  }

  #reads(when) {
    const title = this.title('%');
    return [
      [`rows ${when}`, (db) => db.from('todos').select().like('title', title).order('title')],
      [
        `links ${when}`,
        (db) =>
          db
            .from('todos')
            .select('title,tags(name)')
            .like('title', title)
            .order('title')
            .order('name', { referencedTable: 'tags' }),
      ],
      [
        `stock ${when}`,
        (db) =>
          db.from('stock').select('sku,quantity').eq('warehouse', this.warehouse).order('sku'),
      ],
      [
        `count ${when}`,
        (db) => db.from('todos').select('*', { count: 'exact', head: true }).like('title', title),
      ],
    ];
  }

  #inserts() {
    const [first, second, third] = [1, 2, 3].map((n) => this.key(n));
    const meta = { nested: { list: [1, null, 'x'] }, text: 'naïve "quoted"' };
    return [
      [
        'insert one',
        (db) => db.from('todos').insert({ id: first, title: this.title('first'), estimate: 12.5 }),
      ],
      [
        'insert many with select',
        (db) =>
          db
            .from('todos')
            .insert([
              { id: second, title: this.title('second'), labels: ['a', 'b,c', 'd "e"'], meta },
              { id: third, title: this.title('third'), labels: [], meta: null },
            ])
            .select('id,title,done,priority,status,labels,meta,estimate'),
      ],
      [
        'insert many with other defaults',
        (db) =>
          db.from('todos').insert([
            { id: this.key(5), title: this.title('fifth'), status: 'doing', done: true },
            { id: this.key(6), title: this.title('sixth'), status: 'closed', done: false },
          ]),
      ],
      [
        'insert with a key made for it',
        (db) =>
          db
            .from('todos')
            .insert({ title: this.title('keyless') })
            .select()
            .single(),
      ],
      [
        'insert links',
        (db) =>
          db.from('todo_tags').insert([
            { todo_id: first, tag_id: sampleId('tag', 1), weight: 1 },
            { todo_id: first, tag_id: sampleId('tag', 2), weight: 7 },
            { todo_id: second, tag_id: sampleId('tag', 2), weight: 2 },
          ]),
      ],
      [
        'insert with an embed in the answer',
        (db) =>
          db
            .from('comments')
            .insert({ id: this.key(20), todo_id: first, body: this.actor })
            .select('body,todos(title)'),
      ],
      ...this.#reads('after inserts'),
    ];
  }

  #updates() {
    return [
      [
        'update one',
        (db) => db.from('todos').update({ done: true, priority: 9 }).eq('id', this.key(1)),
      ],
      [
        'update with select',
        (db) =>
          db
            .from('todos')
            .update({ estimate: 0.1, due_at: '2025-01-02T03:04:05.678Z' })
            .eq('id', this.key(2))
            .select('title,estimate,due_at'),
      ],
      [
        'update the same row again',
        (db) =>
          db
            .from('todos')
            .update({ priority: 1 })
            .eq('id', this.key(2))
            .select('priority')
            .single(),
      ],
      [
        'update many',
        (db) =>
          db
            .from('todos')
            .update({ status: 'blocked' })
            .in('id', [this.key(1), this.key(3)])
            .select('title,status')
            .order('title'),
      ],
      [
        'update to null',
        (db) => db.from('todos').update({ meta: null }).eq('id', this.key(2)).select('meta'),
      ],
      [
        'update none',
        (db) => db.from('todos').update({ done: true }).eq('id', this.key(99)).select('id'),
      ],
      [
        'update none without select',
        (db) => db.from('todos').update({ done: true }).eq('id', this.key(99)),
      ],
      ...this.#reads('after updates'),
    ];
  }

  #upserts() {
    const stock = (sku, quantity) => ({ warehouse: this.warehouse, sku, quantity });
    return [
      [
        'upsert a new row',
        (db) =>
          db
            .from('todos')
            .upsert({ id: this.key(4), title: this.title('upserted') })
            .select('title'),
      ],
      [
        'upsert an existing row',
        (db) =>
          db
            .from('todos')
            .upsert({ id: this.key(4), title: this.title('upserted again') })
            .select('title,done,priority')
            .single(),
      ],
      [
        'upsert that ignores',
        (db) =>
          db
            .from('todos')
            .upsert({ id: this.key(1), title: this.title('ignored') }, { ignoreDuplicates: true })
            .select('title'),
      ],
      [
        'upsert on two columns',
        (db) =>
          db
            .from('stock')
            .upsert([stock('bolt', 1), stock('nut', 2)], { onConflict: 'warehouse,sku' }),
      ],
      [
        'upsert on two columns again',
        (db) =>
          db
            .from('stock')
            .upsert([stock('nut', 3), stock('screw', 4)], { onConflict: 'warehouse,sku' })
            .select('sku,quantity'),
      ],
      ...this.#reads('after upserts'),
    ];
  }

  #refused() {
    return [
      [
        'a key of an own row',
        (db) => db.from('todos').insert({ id: this.key(1), title: this.title('twice') }),
      ],
      ['a missing value', (db) => db.from('todos').insert({ id: this.key(50) })],
      [
        'an unknown column',
        (db) => db.from('todos').insert({ title: this.title('x'), nothing: 1 }),
      ],
      [
        'no label of the enum',
        (db) => db.from('todos').update({ status: 'lost' }).eq('id', this.key(1)),
      ],
      ['no integer', (db) => db.from('todos').update({ priority: 'many' }).eq('id', this.key(1))],
      ['an unknown table', (db) => db.from('nothing').insert({ title: 'x' })],
    ];
  }

  #deletes() {
    return [
      [
        'delete with select',
        (db) => db.from('todos').delete().eq('id', this.key(3)).select('title'),
      ],
      [
        'delete of a composite key',
        (db) => db.from('stock').delete().eq('warehouse', this.warehouse).eq('sku', 'bolt'),
      ],
      ['delete none', (db) => db.from('todos').delete().eq('id', this.key(3))],
      [
        'insert with the key of a deleted row',
        (db) => db.from('todos').insert({ id: this.key(3), title: this.title('third again') }),
      ],
    ];
  }
}

// Writes in the script that change something: how many entries they make in a queue, at least.
export const writesInScript = 17;
