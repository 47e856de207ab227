// Calls of the newer methods of postgrest-js, as its users combine them: [what, call]. The gateway
// may decline any of them without the upstream, and answers none otherwise.

import { sampleId } from './read_calls.mjs';

const todo = (n) => sampleId('todo', n);
const todos = (db, select = 'id') => db.from('todos').select(select);
const people = (db, select = 'username') => db.from('profiles').select(select);

const patterns = [
  ['likeAllOf', (db) => todos(db).likeAllOf('title', ['%o%', '%r%']).order('id')],
  ['likeAnyOf', (db) => todos(db).likeAnyOf('title', ['Fix%', '%café%']).order('id')],
  ['ilikeAllOf', (db) => todos(db).ilikeAllOf('title', ['%O%', '%r%']).order('id')],
  ['ilikeAnyOf', (db) => people(db).ilikeAnyOf('username', ['A%', '%S']).order('username')],
  ['regexMatch', (db) => people(db).regexMatch('username', '^[a-d]').order('username')],
  ['regexIMatch', (db) => people(db).regexIMatch('username', '^[A-D].*A$').order('username')],
  ['a broken regexMatch', (db) => people(db).regexMatch('username', '(').order('username')],
];

const sets = [
  ['notIn', (db) => people(db).notIn('username', ['ada', 'grace']).order('username')],
  ['notIn of nothing', (db) => people(db).notIn('username', []).order('username')],
  ['in of nothing', (db) => people(db).in('username', []).order('username')],
  [
    'in with quotes, commas and parentheses',
    (db) => todos(db).in('title', ['Write "docs", part 1', 'a,(b)', '\\']),
  ],
  ['isDistinct from a value', (db) => people(db).isDistinct('age', 85).order('username')],
  [
    'isDistinct from text',
    (db) => people(db).isDistinct('full_name', 'Linus T.').order('username'),
  ],
  ['not isDistinct', (db) => people(db).not('age', 'isdistinct', 85).order('username')],
  [
    'match of several columns',
    (db) => todos(db).match({ done: true, status: 'closed' }).order('id'),
  ],
  ['containedBy an array', (db) => todos(db).containedBy('labels', ['home', 'urgent']).order('id')],
  ['contains of text', (db) => todos(db).contains('labels', '{home}').order('id')],
  [
    'containedBy a document',
    (db) =>
      todos(db)
        .containedBy('meta', { deep: { level: 1 } })
        .order('id'),
  ],
  ['rangeGt of what is no range', (db) => people(db).rangeGt('age', '[1,2)').order('username')],
  ['textSearch', (db) => todos(db).textSearch('title', `'docs' | 'café'`).order('id')],
  [
    'textSearch, plain, with a configuration',
    (db) =>
      todos(db).textSearch('title', 'write docs', { type: 'plain', config: 'english' }).order('id'),
  ],
  [
    'textSearch, phrase',
    (db) =>
      todos(db).textSearch('title', 'docs part', { type: 'phrase', config: 'simple' }).order('id'),
  ],
  [
    'textSearch, websearch',
    (db) => todos(db).textSearch('title', '"docs" -part', { type: 'websearch' }).order('id'),
  ],
  [
    'or in an embed that is filtered beside it',
    (db) =>
      todos(db, 'id,comments(body)')
        .or('body.like.*a*,body.is.null', { referencedTable: 'comments' })
        .eq('comments.author_id', sampleId('profile', 1))
        .order('id'),
  ],
  ['not of an or', (db) => todos(db).filter('not.or', 'eq', 'x')],
];

const forms = [
  ['stripNulls', (db) => people(db, 'username,age,full_name').order('username').stripNulls()],
  [
    'stripNulls of one',
    (db) => people(db, 'username,age,full_name').eq('username', 'dennis').stripNulls().single(),
  ],
  [
    'stripNulls within embeds',
    (db) => todos(db, 'id,profiles(username,full_name)').order('id').stripNulls(),
  ],
  ['csv of nulls and quotes', (db) => todos(db, 'title,estimate').order('id').csv()],
  ['geojson of what has no geometry', (db) => todos(db).order('id').geojson()],
  ['maybeSingle of none', (db) => people(db).eq('username', 'nobody').maybeSingle()],
  ['maybeSingle of one', (db) => people(db).eq('username', 'ada').maybeSingle()],
  ['maybeSingle of many', (db) => people(db).maybeSingle()],
  ['single with a limit', (db) => people(db).order('username').limit(1).single()],
  ['a limit of none', (db) => people(db).order('username').limit(0)],
  ['a range', (db) => people(db).order('username').range(2, 4)],
  ['a range behind the rows', (db) => people(db, 'id').order('id').range(100, 110)],
  [
    'a range behind the counted rows',
    (db) => db.from('profiles').select('id', { count: 'exact' }).order('id').range(100, 110),
  ],
  [
    'a range of an embed',
    (db) =>
      todos(db, 'id,comments(id)')
        .order('id')
        .order('id', { referencedTable: 'comments' })
        .range(1, 2, { referencedTable: 'comments' }),
  ],
  [
    'head with a count',
    (db) => db.from('profiles').select('*', { count: 'exact', head: true }).gt('age', 50),
  ],
  ['head of an unknown table', (db) => db.from('nothing').select('*', { head: true })],
  [
    'an order by what is embedded',
    (db) =>
      todos(db, 'id,profiles(username)')
        .order('profiles(username)', { nullsFirst: true })
        .order('id'),
  ],
  [
    "an order by a document's member",
    (db) => todos(db).order('meta->>name', { ascending: false, nullsFirst: false }).order('id'),
  ],
  [
    'abortSignal that is not raised',
    (db) => people(db).order('username').abortSignal(new AbortController().signal),
  ],
  ['throwOnError of an answer', (db) => people(db).order('username').throwOnError()],
  ['a header of its own', (db) => people(db).order('username').setHeader('X-Trace', 'a')],
];

const shapes = [
  [
    'members of an embed in any order',
    (db) => todos(db, 'title,id,profiles(username,id,age)').order('id'),
  ],
  ['a spread with an alias', (db) => todos(db, 'id,...profiles(owner:username)').order('id')],
  [
    'a spread in an embed',
    (db) => db.from('comments').select('id,todos(title,...profiles(username))').order('id'),
  ],
  [
    'an embed through a junction',
    (db) => todos(db, 'id,tags(name)').order('id').order('name', { referencedTable: 'tags' }),
  ],
  [
    'an inner embed with a filter',
    (db) => todos(db, 'id,tags!inner(name)').eq('tags.name', 'home').order('id'),
  ],
  [
    'an embed that is not null',
    (db) => todos(db, 'id,profiles()').not('profiles', 'is', null).order('id'),
  ],
  ['a count in an embed', (db) => people(db, 'username,todos(count)').order('username')],
  ['an aggregate', (db) => db.from('profiles').select('age.max(),age.min(),id.count()')],
  ['an aggregate by group', (db) => todos(db, 'done,priority.sum()').order('done')],
  [
    'an aggregate in an embed',
    (db) => people(db, 'username,todos(priority.avg())').order('username'),
  ],
  ['a cast of an aggregate', (db) => db.from('profiles').select('score.avg()::text')],
  [
    "an answer's own kind",
    (db) => db.from('comments').select('id,parent:parent_id(id)').order('id'),
  ],
];

export const clientCalls = [...patterns, ...sets, ...forms, ...shapes];
