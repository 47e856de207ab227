// The sample: two tables of 10 and 3 columns, and the requests that are measured.

const column = (name, type, nullable = false) => ({ name, type, nullable });

const table = (columns, foreign_keys = []) => ({
  kind: 'table',
  columns: columns.map(([name, type]) => column(name, type)),
  primary_key: { name: 'pkey', columns: ['id'] },
  unique: [],
  foreign_keys,
  rows: [],
});

// The form of `holdfast import`.
export const bundle = {
  schema: 'public',
  tables: {
    lists: table([
      ['id', 'bigint'],
      ['name', 'text'],
      ['created_at', 'timestamp with time zone'],
    ]),
    items: table(
      [
        ['id', 'bigint'],
        ['list_id', 'bigint'],
        ['name', 'text'],
        ['note', 'text'],
        ['category', 'text'],
        ['quantity', 'integer'],
        ['price', 'numeric(10,2)'],
        ['active', 'boolean'],
        ['created_at', 'timestamp with time zone'],
        ['updated_at', 'timestamp with time zone'],
      ],
      [
        {
          name: 'items_list_id_fkey',
          columns: ['list_id'],
          ref_schema: 'public',
          ref_table: 'lists',
          ref_columns: ['id'],
        },
      ],
    ),
  },
};

// The same for others, with an index for each request.
export const ddl = `
create table lists (id bigint primary key, name text not null, created_at timestamptz not null);
create table items (id bigint primary key, list_id bigint not null references lists (id),
  name text not null, note text not null, category text not null, quantity integer not null,
  price numeric(10,2) not null, active boolean not null, created_at timestamptz not null,
  updated_at timestamptz not null);
create index items_list_id on items (list_id);
create index items_category on items (category);
`;

// The rows of bench_in_process fill, as SQLite makes them for @supabase/lite.
export const fillStatements = (rows) => {
  const moment = (n) =>
    `'2026-01-' || (10 + ${n} % 20) || 'T12:30:' || (10 + ${n} % 50) || '.123456+00:00'`;
  const numbers = (count) =>
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`;
  return [
    `insert into lists ${numbers(rows / 5)} select i, 'name of ' || i, ${moment('i')} from n`,
    `insert into items ${numbers(rows)} select i, (i - 1) / 5 + 1, 'name of ' || i,
      'a few words about number ' || i, 'category ' || (i % ${Math.floor(rows / 200) + 1}),
      i % 100, (i % 1000) + 0.5, (i % 2 = 0), ${moment('i')}, ${moment('i')} from n`,
  ];
};

// A generator that gives the same numbers in every run.
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const targets = (count, make) => Array.from({ length: count }, make);

// Each: what is asked, with other literals until the list begins anew. All targets are asked once
// before anything is measured, but those of a `fresh` one.
export function readCases(rows) {
  const random = numbers(7);
  const key = (room) => 1 + random(rows - room);
  return [
    {
      name: 'one row by key',
      slug: 'row',
      targets: targets(1000, () => `/rest/v1/items?select=*&id=eq.${key(1)}`),
      headers: [],
    },
    {
      // Nothing has been asked before: nginx passes it on, and no target is known.
      name: 'one row, ever new keys',
      slug: 'new',
      fresh: true,
      targets: targets(100_000, () => `/rest/v1/items?select=*&id=eq.${key(1)}`),
      headers: [],
    },
    {
      name: '100 rows x 10',
      slug: 'rows100',
      targets: targets(200, () => `/rest/v1/items?select=*&id=gte.${key(200)}&order=id&limit=100`),
      headers: [],
    },
    {
      name: '1,000 rows x 10',
      slug: 'rows1000',
      targets: targets(50, () => `/rest/v1/items?select=*&id=gte.${key(2000)}&order=id&limit=1000`),
      headers: [],
    },
    {
      name: '100 parents with children',
      slug: 'embed',
      targets: targets(
        200,
        () =>
          `/rest/v1/lists?select=id,name,items(id,name,quantity)` +
          `&id=gte.${1 + random(rows / 5 - 200)}&order=id&limit=100`,
      ),
      headers: [],
    },
    {
      name: 'filtered page, counted',
      slug: 'page',
      targets: targets(
        200,
        () =>
          `/rest/v1/items?select=*&category=eq.category%20${random(rows / 200)}` +
          `&order=id.desc&limit=20&offset=${20 * random(5)}`,
      ),
      headers: ['Prefer: count=exact'],
    },
  ];
}
