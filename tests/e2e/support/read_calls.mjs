// Reads as an app makes them: [what, call]. Each is run against the upstream and through the
// gateway.
//
// Every list has an order of its own that leaves no ties, because PostgreSQL promises none without.
// Left out is what the test upstream itself answers differently from PostgREST.

import { createHash } from 'node:crypto';

// The same keys as sample_id() in schema/rows.sql.
export function sampleId(kind, n) {
  const digest = createHash('md5').update(`${kind}/${n}`).digest('hex');
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const todo = (n) => sampleId('todo', n);
const profile = (n) => sampleId('profile', n);

const columns = [
  ['every column', (db) => db.from('todos').select().order('id')],
  ['a star with an alias beside', (db) => db.from('tags').select('*, label:name').order('id')],
  ['named columns', (db) => db.from('todos').select('id,title,done').order('id')],
  ['aliases', (db) => db.from('profiles').select('login:username,years:age').order('username')],
  ['casts', (db) => db.from('todos').select('id,priority::text,done::text').order('id')],
  ['exact numerics', (db) => db.from('profiles').select('id,score').order('id')],
  ['double precision', (db) => db.from('profiles').select('id,rating').order('id')],
  [
    'dates and timestamps',
    (db) => db.from('profiles').select('joined_on,created_at,updated_at').order('username'),
  ],
  ['a json path as json', (db) => db.from('todos').select('id,meta->deep,meta->flags').order('id')],
  ['a json path as text', (db) => db.from('todos').select('id,meta->>name').order('id')],
  [
    'a deep json path with alias',
    (db) => db.from('todos').select('id,level:meta->deep->>level,first:meta->flags->0').order('id'),
  ],
  ['a composite key table', (db) => db.from('stock').select().order('warehouse').order('sku')],
  ['an identity table', (db) => db.from('readings').select().order('id')],
  ['rows that row-level security hides', (db) => db.from('notes').select('id,body')],
];

const comparisons = [
  ['eq text', (db) => db.from('profiles').select('id').eq('username', 'ada')],
  [
    'eq text with quotes',
    (db) => db.from('todos').select('id').eq('title', 'Write "docs", part 1'),
  ],
  ['eq text beyond ascii', (db) => db.from('todos').select('id').eq('title', 'naïve café 日本 3')],
  ['eq uuid', (db) => db.from('todos').select('id,title').eq('id', todo(3))],
  ['eq uuid in capitals', (db) => db.from('todos').select('id').eq('id', todo(3).toUpperCase())],
  ['eq enum', (db) => db.from('todos').select('id').eq('status', 'doing').order('id')],
  ['eq boolean', (db) => db.from('todos').select('id').eq('done', true).order('id')],
  [
    'eq numeric by value',
    (db) => db.from('profiles').select('id').eq('score', '12.500').order('id'),
  ],
  ['neq skips nulls', (db) => db.from('profiles').select('id').neq('age', 85).order('id')],
  ['gt integer', (db) => db.from('todos').select('id').gt('priority', 5).order('id')],
  ['gte numeric', (db) => db.from('todos').select('id').gte('estimate', 12.5).order('id')],
  [
    'lt timestamp with zone',
    (db) => db.from('todos').select('id').lt('due_at', '2024-06-10T02:00:00+02:00').order('id'),
  ],
  ['lte date', (db) => db.from('profiles').select('id').lte('joined_on', '2020-06-25').order('id')],
  [
    'gt enum follows the labels',
    (db) => db.from('todos').select('id').gt('status', 'doing').order('id'),
  ],
  ['gt text follows the bytes', (db) => db.from('todos').select('id').gt('title', 'a').order('id')],
  [
    'a range on one column',
    (db) => db.from('todos').select('id').gte('priority', 3).lt('priority', 6).order('id'),
  ],
  [
    'in of text',
    (db) => db.from('profiles').select('id').in('username', ['ada', 'grace', 'nobody']).order('id'),
  ],
  [
    'in with commas and dots',
    (db) =>
      db
        .from('profiles')
        .select('id')
        .in('full_name', ['Frances, E. Allen', 'Linus T.'])
        .order('id'),
  ],
  ['in of integers', (db) => db.from('todos').select('id').in('priority', [1, 2]).order('id')],
  ['in of nothing', (db) => db.from('todos').select('id').in('id', [])],
  ['is null', (db) => db.from('todos').select('id').is('due_at', null).order('id')],
  ['is true', (db) => db.from('todos').select('id').is('done', true).order('id')],
  ['is not null', (db) => db.from('todos').select('id').not('due_at', 'is', null).order('id')],
  ['like', (db) => db.from('todos').select('id').like('title', 'Buy%').order('id')],
  ['like is case-sensitive', (db) => db.from('todos').select('id').like('title', 'buy%')],
  [
    'like with one character',
    (db) => db.from('profiles').select('id').like('username', '_da').order('id'),
  ],
  [
    'like with an escape',
    (db) => db.from('todos').select('id').like('title', 'a\\_b%').order('id'),
  ],
  ['ilike', (db) => db.from('todos').select('id').ilike('title', '%MILK%').order('id')],
  ['not eq', (db) => db.from('todos').select('id').not('status', 'eq', 'open').order('id')],
  [
    'not in',
    (db) => db.from('todos').select('id').not('status', 'in', '(open,closed)').order('id'),
  ],
  ['not like', (db) => db.from('todos').select('id').not('title', 'like', 'Buy%').order('id')],
  ['a filter on a json path', (db) => db.from('todos').select('id').eq('meta->>name', 'm7')],
  [
    'a deep filter on a json path',
    (db) => db.from('todos').select('id').eq('meta->deep->>level', '2').order('id'),
  ],
];

const logic = [
  ['or', (db) => db.from('todos').select('id').or('priority.gt.8,done.is.true').order('id')],
  [
    'or with nested and',
    (db) =>
      db
        .from('todos')
        .select('id')
        .or('and(priority.gte.2,priority.lte.4),status.eq.closed')
        .order('id'),
  ],
  [
    'or beside a filter',
    (db) =>
      db.from('todos').select('id').eq('done', false).or('priority.eq.1,priority.eq.2').order('id'),
  ],
  [
    'not inside or',
    (db) =>
      db.from('todos').select('id').or('due_at.not.is.null,not.and(done.is.true)').order('id'),
  ],
  [
    'in and quotes inside or',
    (db) =>
      db
        .from('todos')
        .select('id')
        .or('status.in.(open,doing),title.eq."Buy milk (5)"')
        .order('id'),
  ],
];

const windows = [
  [
    'order descending',
    (db) => db.from('profiles').select('id,age').order('age', { ascending: false }).order('id'),
  ],
  [
    'order with nulls first',
    (db) => db.from('profiles').select('id,age').order('age', { nullsFirst: true }).order('id'),
  ],
  [
    'order descending with nulls last',
    (db) =>
      db
        .from('profiles')
        .select('id,age')
        .order('age', { ascending: false, nullsFirst: false })
        .order('id'),
  ],
  ['order by text', (db) => db.from('todos').select('title').order('title')],
  ['order by numeric', (db) => db.from('profiles').select('score').order('score')],
  ['order by enum', (db) => db.from('todos').select('status,id').order('status').order('id')],
  ['limit', (db) => db.from('todos').select('id').order('id').limit(3)],
  ['limit none', (db) => db.from('todos').select('id').limit(0)],
  ['range', (db) => db.from('todos').select('id').order('id').range(5, 9)],
  ['range beyond the end', (db) => db.from('todos').select('id').order('id').range(38, 60)],
  ['count exact', (db) => db.from('todos').select('id', { count: 'exact' }).order('id').limit(2)],
  [
    'count exact in a range',
    (db) =>
      db.from('todos').select('id', { count: 'exact' }).eq('done', false).order('id').range(4, 6),
  ],
  ['count without rows', (db) => db.from('todos').select('*', { count: 'exact', head: true })],
  [
    'count of no rows',
    (db) => db.from('todos').select('*', { count: 'exact', head: true }).eq('title', 'nothing'),
  ],
  ['single', (db) => db.from('todos').select('id,title').eq('id', todo(1)).single()],
  ['maybeSingle with a row', (db) => db.from('todos').select('id').eq('id', todo(1)).maybeSingle()],
  ['maybeSingle without', (db) => db.from('todos').select('id').eq('id', profile(1)).maybeSingle()],
  ['csv', (db) => db.from('tags').select('name,color').order('name').csv()],
];

const embeds = [
  ['a count of embedded rows', (db) => db.from('todos').select('id,comments(count)').order('id')],
  [
    'a count of the embedded rows that a filter keeps',
    (db) =>
      db.from('todos').select('id,n:comments(count)').is('n.author_id', null).order('id').limit(9),
  ],
  ['to one', (db) => db.from('todos').select('id,profiles(username,active)').order('id')],
  [
    'to one with an alias',
    (db) => db.from('todos').select('id,owner:profiles(username)').order('id'),
  ],
  [
    'to one by column',
    (db) => db.from('comments').select('id,author:author_id(username)').order('id'),
  ],
  [
    'to many',
    (db) =>
      db
        .from('profiles')
        .select('username,todos(id,title)')
        .order('username')
        .order('id', { referencedTable: 'todos' }),
  ],
  [
    'many to many',
    (db) =>
      db
        .from('todos')
        .select('id,tags(name,color)')
        .order('id')
        .order('name', { referencedTable: 'tags' }),
  ],
  [
    'a link table with both ends',
    (db) => db.from('todo_tags').select('weight,todos(title),tags(name)').order('weight'),
  ],
  [
    'two levels',
    (db) =>
      db
        .from('profiles')
        .select('username,todos(id,comments(id,body))')
        .order('username')
        .order('id', { referencedTable: 'todos' })
        .order('id', { referencedTable: 'todos.comments' }),
  ],
  [
    'a hint to a foreign key',
    (db) => db.from('comments').select('id,profiles!comments_author_id_fkey(username)').order('id'),
  ],
  [
    'itself, upwards',
    (db) => db.from('profiles').select('username,manager:manager_id(username)').order('username'),
  ],
  [
    'a filter in the embed',
    (db) =>
      db
        .from('profiles')
        .select('username,todos(id)')
        .eq('todos.done', true)
        .order('username')
        .order('id', { referencedTable: 'todos' }),
  ],
  [
    'inner keeps parents that have children',
    (db) =>
      db
        .from('profiles')
        .select('username,todos!inner(id)')
        .eq('todos.status', 'blocked')
        .order('username')
        .order('id', { referencedTable: 'todos' }),
  ],
  [
    'inner over many to many',
    (db) => db.from('todos').select('id,tags!inner(name)').eq('tags.name', 'red').order('id'),
  ],
  [
    'inner to one',
    (db) =>
      db
        .from('todos')
        .select('id,profiles!inner(username)')
        .eq('profiles.username', 'grace')
        .order('id'),
  ],
  [
    'limit in the embed',
    (db) =>
      db
        .from('profiles')
        .select('username,todos(id)')
        .order('username')
        .order('id', { referencedTable: 'todos', ascending: false })
        .limit(2, { referencedTable: 'todos' }),
  ],
  [
    'or in the embed',
    (db) =>
      db
        .from('profiles')
        .select('username,todos(id)')
        .order('username')
        .or('priority.gt.8,done.is.true', { referencedTable: 'todos' })
        .order('id', { referencedTable: 'todos' }),
  ],
  [
    'a count exact with inner',
    (db) =>
      db
        .from('todos')
        .select('id,tags!inner(name)', { count: 'exact' })
        .order('id')
        .limit(1)
        .order('name', { referencedTable: 'tags' }),
  ],
];

const errors = [
  ['an unknown column', (db) => db.from('todos').select('id,nothing')],
  ['an unknown column in a filter', (db) => db.from('todos').select('id').eq('nothing', 1)],
  ['an unknown column in an order', (db) => db.from('todos').select('id').order('nothing')],
  ['an unknown table', (db) => db.from('nothing').select()],
  ['an unknown embed', (db) => db.from('todos').select('id,stock(sku)')],
  ['an unknown operator', (db) => db.from('todos').select('id').filter('id', 'resembles', 'x')],
  ['no uuid', (db) => db.from('todos').select('id').eq('id', 'no-uuid')],
  ['no integer', (db) => db.from('todos').select('id').eq('priority', 'many')],
  ['no label of the enum', (db) => db.from('todos').select('id').eq('status', 'lost')],
  ['no timestamp', (db) => db.from('todos').select('id').gt('due_at', 'someday')],
  ['single of no row', (db) => db.from('todos').select('id').eq('id', profile(1)).single()],
  ['single of many rows', (db) => db.from('todos').select('id').limit(2).single()],
  ['a table without permission', (db) => db.from('secrets').select()],
];

// What a gateway may decline to evaluate: equal to the upstream's answer, or an honest HF504
// offline.
const further = [
  [
    'match regex',
    (db) => db.from('todos').select('id').filter('title', 'match', '^F.*[24]$').order('id'),
  ],
  [
    'isdistinct counts nulls',
    (db) => db.from('profiles').select('id').filter('age', 'isdistinct', 85).order('id'),
  ],
  [
    'contains an array',
    (db) => db.from('todos').select('id').contains('labels', ['home']).order('id'),
  ],
  [
    'overlaps an array',
    (db) => db.from('todos').select('id').overlaps('labels', ['urgent', 'com,ma']).order('id'),
  ],
  [
    'contains json',
    (db) =>
      db
        .from('todos')
        .select('id')
        .contains('meta', { deep: { level: 1 } })
        .order('id'),
  ],
  ['a spread', (db) => db.from('todos').select('id,...profiles(username)').order('id')],
  [
    'an embed is null',
    (db) => db.from('todos').select('id,profiles(username)').is('profiles', null).order('id'),
  ],
  ['order by a json path', (db) => db.from('todos').select('id').order('meta->>name').order('id')],
  ['a view', (db) => db.from('open_todos').select('id,title,priority').order('id')],
];

const named = (groups) =>
  Object.entries(groups).flatMap(([group, calls]) =>
    calls.map(([what, call]) => [`${group}: ${what}`, call]),
  );

export const readCalls = named({ columns, comparisons, logic, windows, embeds, errors });

export const furtherCalls = named({ further });
