// What must have taken effect upstream, compared with what the triggers recorded there.

// The column that carries a write's unique marker, by table.
export const markerColumn = {
  todos: 'title',
  comments: 'body',
  stock: 'quantity',
  tags: 'name',
  todo_tags: 'weight',
  notes: 'body',
};

const nameOf = (table, key) =>
  `${table} ${JSON.stringify(Object.fromEntries(Object.entries(key).sort()))}`;

export class Ledger {
  #rows = new Map();
  #shared = [];
  #once = [];
  #poison = new Set();

  // A row that one actor alone writes: its operations must be exactly these, in this order. `sure`
  // is false for a write whose answer said neither yes nor no; `how` is for the finding.
  expect(table, key, operation, marker, sure = true, how = '') {
    const name = nameOf(table, key);
    const events = this.#rows.get(name) ?? [];
    events.push({ operation, marker, sure, how });
    this.#rows.set(name, events);
  }

  // An update of a row that others write as well.
  expectShared(table, key, marker, sure) {
    this.#shared.push({ name: nameOf(table, key), table, marker, sure });
  }

  // A write on a row whose key is not known: `marker` comes into `column` once. `after`: the marker
  // that it takes the place of.
  expectOnce(table, column, marker, sure, after) {
    this.#once.push({ table, column, marker, sure, after });
  }

  // A write that the upstream must refuse.
  poison(marker) {
    this.#poison.add(marker);
  }

  isPoison(text) {
    return [...this.#poison].some((marker) => text.includes(marker));
  }

  get writes() {
    const own = [...this.#rows.values()].reduce((sum, events) => sum + events.length, 0);
    return own + this.#shared.length + this.#once.length + this.#poison.size;
  }

  // Resolves with what is wrong. `excused(text)`: a listed entry says that the write with this
  // marker, or the row with this key, did not come to its end. `repeats`: a request that arrived
  // twice may have set again what was set already, and `arrivedTwice(marker)` says how many did:
  // what an app waits for is sent in its own words, which set it also where somebody else has
  // written in between.
  async check(sql, excused, { repeats = false, arrivedTwice = () => 0 } = {}) {
    const events = await sql`select * from audit.effects order by seq`;
    const recorded = new Map();
    for (const event of events) {
      if (repeats && this.#changesNothing(event)) continue;
      const name = nameOf(event.relation, event.row_key);
      recorded.set(name, [...(recorded.get(name) ?? []), event]);
    }
    return [
      ...this.#wrongRows(recorded, excused),
      ...this.#wrongShared(recorded, excused, arrivedTwice),
      ...this.#wrongOnce(events, excused),
      ...this.#refusedButThere(recorded),
    ];
  }

  #changesNothing({ relation, operation, old_row, new_row }) {
    const column = markerColumn[relation];
    return operation === 'UPDATE' && old_row[column] === new_row[column];
  }

  #wrongRows(recorded, excused) {
    const wrong = [];
    for (const [name, expected] of this.#rows) {
      const seen = (recorded.get(name) ?? []).map((event) => this.#described(event));
      if (matches(expected, seen)) continue;
      const twice = seen.find((event, at) => event !== 'DELETE' && seen.indexOf(event) !== at);
      if (!twice && excused(name)) continue;
      wrong.push({ name, expected: expected.map(printed), seen });
    }
    return wrong;
  }

  #wrongShared(recorded, excused, arrivedTwice) {
    const wrong = [];
    for (const { name, table, marker, sure } of this.#shared) {
      const column = markerColumn[table];
      const times = (recorded.get(name) ?? []).filter(
        ({ old_row, new_row }) =>
          new_row?.[column] === marker && old_row && old_row[column] !== marker,
      ).length;
      if (times > 1 + arrivedTwice(marker)) wrong.push({ name, marker, times });
      if (sure && times === 0 && !excused(`"${marker}"`)) wrong.push({ name, marker, times });
    }
    return wrong;
  }

  #wrongOnce(events, excused) {
    const wrong = [];
    for (const { table, column, marker, sure, after } of this.#once) {
      const times = events.filter(
        ({ relation, old_row, new_row }) =>
          relation === table && new_row?.[column] === marker && old_row?.[column] !== marker,
      ).length;
      const lost = sure && times === 0;
      const listed = excused(`"${marker}"`) || (after && excused(`"${after}"`));
      if (times > 1 || (lost && !listed)) wrong.push({ table, marker, times, sure });
    }
    return wrong;
  }

  #refusedButThere(recorded) {
    const wrong = [];
    for (const [name, events] of recorded) {
      const refused = events.filter(({ new_row }) => this.isPoison(JSON.stringify(new_row ?? '')));
      if (refused.length > 0) wrong.push({ name, refusedButThere: refused });
    }
    return wrong;
  }

  #described({ relation, operation, new_row }) {
    return operation === 'DELETE'
      ? operation
      : `${operation} ${new_row[markerColumn[relation] ?? 'id']}`;
  }
}

const described = ({ operation, marker }) =>
  operation === 'DELETE' ? operation : `${operation} ${marker}`;

const printed = (event) =>
  described(event) + (event.sure ? '' : ' ?') + (event.how ? ` (${event.how})` : '');

// Whether `seen` is `expected` with any of the unsure events left out.
function matches(expected, seen, from = 0, at = 0) {
  if (from === expected.length) return at === seen.length;
  if (described(expected[from]) === seen[at] && matches(expected, seen, from + 1, at + 1)) {
    return true;
  }
  return !expected[from].sure && matches(expected, seen, from + 1, at);
}
