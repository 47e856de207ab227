// The tables: their columns, how they belong together, and the texts that rows and filters take their
// values from.

const texts = ['', 'a', 'b', 'B', 'aa', 'a b', 'a*b', '10%', 'x_y', 'Zoë', '日本', '😀', 'com,ma',
  'quo"te', 'back\\slash', '(par)', 'null', 'NULL', "it's", 'a.b', ' lead'];

const numbers = ['0', '1', '-1', '2', '3', '7', '10', '100', '-32768', '32767'];

export const columns = {
  small: { type: 'smallint', values: numbers },
  whole: { type: 'integer', values: [...numbers, '2147483647', '-2147483648', '65536'] },
  big: {
    type: 'bigint',
    values: [...numbers, '9223372036854775807', '-9223372036854775808', '9007199254740993',
      '9007199254740992'],
  },
  num: {
    type: 'numeric',
    values: ['0', '1', '1.0', '1.00', '-0.5', '12.50', '1e-20', '123456789012345678901234567890.5',
      'NaN', '0.1', '0.10', '99.995', '-3'],
  },
  price: { type: 'numeric(8,2)', values: ['0', '1', '1.005', '12.5', '-0.01', '999999.99', '2.5'] },
  ratio: {
    type: 'real',
    values: ['0', '1', '0.1', '1.5', '-2.25', '1e20', '3.4e38', 'NaN', 'Infinity', '16777217'],
  },
  weight: {
    type: 'double precision',
    values: ['0', '1', '0.1', '0.30000000000000004', '1e300', '-1e-300', 'NaN', '-Infinity',
      '1e15', '1e16', '123456789.125', '100000'],
  },
  flag: { type: 'boolean', values: ['true', 'false', 't', 'no', '1', 'off'] },
  word: { type: 'text', values: texts },
  code: { type: 'character varying(4)', values: ['', 'a', 'ab', 'abcd', 'b', 'B', 'ab  '] },
  fixed: { type: 'character(4)', values: ['', 'a', 'ab', 'abcd', 'a  ', 'b'] },
  ref: {
    type: 'uuid',
    values: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-4fff-8fff-ffffffffffff',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc999c0b4ef8bb6d6bb9bd380a12'],
  },
  mood: { type: 'mood', values: ['sad', 'ok', 'so, so', 'happy'] },
  day: {
    type: 'date',
    values: ['2026-01-01', '2024-02-29', '1999-12-31', 'infinity', '-infinity', '0044-03-15 BC',
      '12026-01-01'],
  },
  made: {
    type: 'timestamptz',
    values: ['2026-01-01T00:00:00Z', '2026-01-01 05:30:00+05:30', '2026-01-01 00:00:00.5',
      'infinity', '-infinity', '1999-12-31 23:59:59.999999', '0044-03-15 10:00:00 BC'],
  },
  local: {
    type: 'timestamp',
    values: ['2026-01-01T00:00:00', '2026-01-01 00:00:00.123456', 'infinity', '1970-01-01'],
  },
  clock: { type: 'time', values: ['00:00', '24:00', '12:34:56.789', '23:59:59.999999'] },
  zoned: { type: 'timetz', values: ['10:00+00', '12:00+02', '10:00-05', '23:00:00.5+05:30'] },
  pause: {
    type: 'interval',
    values: ['1 mon', '30 days', '720 hours', '-1 day', '1 year 2 mons 3 days 04:05:06.5', '0 s',
      '1 day -01:00:00', '23:00:00'],
  },
  doc: {
    type: 'jsonb',
    values: ['{}', '[]', 'null', 'true', '1', '1.0', '1.50', '"x"', '{"a": 1}', '{"a": 1.0, "b": 2}',
      '{"a": {"b": [1, "2", null]}}', '[1, 2, {"a": "x"}]', '{"b": null, "a": "é"}', '[[1], []]',
      '"10"', '[1]', '{"a": "1"}', '{"a": true}'],
  },
  raw: { type: 'json', values: ['{"a" : 1}', '[ 1,2 ]', '"x"', 'null', '{"a":1,"a":{"b":"y"}}'] },
  list: {
    type: 'integer[]',
    values: ['{}', '{1}', '{1,2}', '{2,1}', '{NULL}', '{1,NULL,3}', '{{1,2},{3,4}}', '{1,2,3}'],
  },
  words: {
    type: 'text[]',
    values: ['{}', '{a}', '{a,b}', '{"a b",NULL}', '{"NULL"}', '{"com,ma","q\\"t"}', '{B,a}'],
  },
  nums: { type: 'numeric[]', values: ['{}', '{1}', '{1.0}', '{1.00,2}', '{NaN}', '{NULL,1}'] },
  span: {
    type: 'int4range',
    values: ['empty', '[1,5)', '(1,5]', '[1,1]', '[5,)', '(,3)', '(,)', '[2,3)', '[5,9)'],
  },
  money: { type: 'numrange', values: ['empty', '[1.0,2.5]', '(1,2.50)', '[2.5,)', '(,0)', '[1,2.5]'] },
  days: {
    type: 'daterange',
    values: ['[2026-01-01,2026-02-01)', 'empty', '[2026-02-01,]', '(,2026-01-01]',
      '[2026-01-15,2026-01-15]'],
  },
  stay: {
    type: 'tstzrange',
    values: ['["2026-01-01 00:00+00","2026-01-02 00:00+00")', 'empty',
      '("2026-01-01 00:00+00",)', '["2026-01-01 12:00+00",infinity]'],
  },
};

// Values that some type refuses, to hear what is said then.
export const odd = ['abc', '', '1.5', '99999999999999999999', '2026-02-30', '{1', '[5,1)', '{"a":',
  '-', '1e400', 'infinit'];

const kinds = {
  text: ['word', 'code'],
  array: ['list', 'words', 'nums'],
  range: ['span', 'money', 'days', 'stay'],
};
export const isText = (name) => kinds.text.includes(name);
export const isArray = (name) => kinds.array.includes(name);
export const isRange = (name) => kinds.range.includes(name);
export const isDocument = (name) => name === 'doc' || name === 'raw';

// What an embed of each table leads to: the SQL of its rows for a row of the parent.
export const relations = {
  things: {
    owners: { many: false, on: (a, b) => `${b}.id = ${a}.owner_id` },
    labels: {
      many: true,
      through: 'thing_labels',
      on: (a, b) => `j.thing_id = ${a}.id and j.label_id = ${b}.id`,
    },
  },
  owners: {
    things: { many: true, on: (a, b) => `${b}.owner_id = ${a}.id` },
    passports: { many: false, on: (a, b) => `${b}.owner_id = ${a}.id` },
  },
  labels: {},
  passports: { owners: { many: false, on: (a, b) => `${b}.id = ${a}.owner_id` } },
};
export const plain = { owners: ['id', 'name', 'boss_id'], labels: ['id', 'name', 'rank'], passports: ['id', 'owner_id', 'until'] };
export const otherValues = {
  id: ['1', '2', '3'], boss_id: ['1', '2'], name: ['Ada', 'red', '', 'É'], rank: ['1.5', '2'],
  until: ['2030-01-01', 'infinity'], owner_id: ['1', '2', '9'],
};

const literal = (text) => (text === null ? 'null' : `'${text.replaceAll("'", "''")}'`);

function row(random, id) {
  const cells = Object.values(columns).map(({ values }) => {
    return literal(random.chance(0.2) ? null : random.pick(values));
  });
  const owner = random.chance(0.2) ? null : String(random.between(1, 6));
  return `(${id}, ${literal(owner)}, ${cells.join(', ')})`;
}

// The schema and its rows as SQL.
export function schemaOf(random, rows) {
  const declared = Object.entries(columns).map(([name, { type }]) => `${name} ${type}`);
  const ids = Array.from({ length: rows }, (_, n) => n + 1);
  const links = ids.flatMap((id) =>
    [1, 2, 3].filter(() => random.chance(0.3)).map((label) => `(${id}, ${label})`),
  );
  return `
create type mood as enum ('sad', 'ok', 'so, so', 'happy');
create table owners (id integer primary key, name text not null, boss_id integer references owners);
create table things (id integer primary key, owner_id integer references owners, ${declared.join(', ')});
create table labels (id integer primary key, name text, rank numeric);
create table thing_labels (thing_id integer references things, label_id integer references labels,
  primary key (thing_id, label_id));
create table passports (id integer primary key, owner_id integer unique references owners, until date);
insert into owners values (1, 'Ada', null), (2, 'Bob', 1), (3, 'Cy', 1), (4, 'dee', 2), (5, 'É', 2), (6, '', null);
insert into labels values (1, 'red', 1.50), (2, null, 2), (3, 'blue', 1.5);
insert into passports values (1, 1, '2030-01-01'), (2, 3, null), (3, 4, 'infinity');
insert into things values ${ids.map((id) => row(random, id)).join(',\n')};
insert into thing_labels values ${links.join(', ')};
grant all on all tables in schema public to anon, authenticated, service_role;
`;
}
