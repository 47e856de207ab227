// The dashboard's sources: their types, their form, and the parts that can be judged without a
// browser.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { niceTop, segments } from '../../routes/dashboard/chart.js';
import { eventParser } from '../../routes/dashboard/events.js';
import { Digits, parse, print, same } from '../../routes/dashboard/exact.js';
import { columns, merged, suggested, typed } from '../../routes/dashboard/merge.js';
import {
  ago,
  duration,
  plainly,
  since,
  stateSentence,
  waitReason,
  whatText,
} from '../../routes/dashboard/words.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${root}routes/dashboard/`;
const tool = (name, ...args) =>
  execFileSync(process.execPath, [`${root}node_modules/${name}`, ...args], {
    encoding: 'utf8',
    cwd: root,
  });

test('types hold', () => {
  tool('typescript/bin/tsc', '-p', `${folder}jsconfig.json`);
});

test('the sources have one form', () => {
  tool('prettier/bin/prettier.cjs', '--check', `${folder}*.{js,ts,css,html,json}`);
});

test('every file is part of the program, and none is made of strings', () => {
  const embedded = readFileSync(`${folder}embed.cmake`, 'utf8');
  for (const file of readdirSync(folder)) {
    if (!/\.(js|css|html|svg)$/.test(file)) continue;
    assert.ok(embedded.includes(` ${file}`), `embed.cmake lists ${file}`);
    const text = readFileSync(folder + file, 'utf8');
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
    assert.doesNotMatch(text, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/, `${file} names no host`);
  }
});

test('JSON keeps every digit', () => {
  const text = '{"a":12.50,"b":12345678901234567890,"c":[1,-0,1e400],"d":"12.50","e":null}';
  assert.equal(print(parse(text)), text);
  const { a, c } = parse(text);
  assert.ok(a instanceof Digits);
  assert.equal(c[0], 1);
  assert.ok(same(parse('12.50'), parse('12.50')));
  assert.ok(!same(parse('12.50'), parse('12.5')));
  assert.ok(!same(null, undefined));
  for (const wrong of ['', '{', '[1,]', '{"a"}', '1 2', 'nul', '{"a":1,}', '"\n"', '01']) {
    assert.throws(() => parse(wrong), SyntaxError, wrong);
  }
  for (const right of ['[]', '{}', ' [ 1 , {"x" : "\\u00e4\\""} ] ', 'true']) {
    assert.deepEqual(JSON.parse(print(parse(right), '  ')), JSON.parse(right));
  }
});

test('a conflict says who changed what; what one side changed stands', () => {
  const rows = {
    base: { id: 1, both: 'b', mine: 'b', theirs: 'b', none: 'b' },
    local: { id: 1, both: 'l', mine: 'l', theirs: 'b', none: 'b' },
    remote: { id: 1, both: 'r', mine: 'b', theirs: 'r', none: 'b' },
  };
  const all = columns(rows);
  assert.deepEqual(
    all.map(({ name }) => name),
    ['both', 'mine', 'theirs', 'id', 'none'],
  );
  const [both, mine, theirs] = all;
  assert.ok(both.here && both.there && both.clash);
  assert.ok(mine.here && !mine.there);
  assert.ok(!theirs.here && theirs.there);
  const choices = Object.fromEntries(all.map((column) => [column.name, suggested(column)]));
  assert.deepEqual(merged(all, choices), { id: 1, both: 'r', mine: 'l', theirs: 'r', none: 'b' });
  choices.both = { side: 'other', text: 'o' };
  assert.equal(merged(all, choices).both, 'o');
});

test('a deleted side has no changes, and a value of one’s own keeps its type', () => {
  const all = columns({ base: { n: 1 }, local: { n: 2 }, remote: null });
  assert.ok(!all[0].there);
  assert.equal(typed('7', 3), 7);
  assert.equal(typed('7', 'text'), '7');
  assert.equal(print(typed('12.50', 3)), '12.50');
  assert.equal(typed('not json', null), 'not json');
  assert.equal(typed('null', 3), null);
});

test('events come whole, however their bytes are cut', () => {
  const text = ':\n\nevent: a\ndata: 1\n\ndata: x\ndata: y\r\n\r\nevent: b\ndata: {"z":1}\n\n';
  for (let size = 1; size <= text.length; ++size) {
    const told = [];
    const take = eventParser((name, data) => told.push([name, data]));
    for (let at = 0; at < text.length; at += size) take(text.slice(at, at + size));
    assert.deepEqual(told, [
      ['a', '1'],
      ['message', 'x\ny'],
      ['b', '{"z":1}'],
    ]);
  }
});

test('charts: round axes, and no line where nothing was known', () => {
  assert.deepEqual([0, 0.3, 1, 3, 7, 11, 480].map(niceTop), [1, 0.5, 1, 5, 10, 20, 500]);
  const points = [0, 1, 2, 9, 10].map((at) => ({ at, values: [at === 1 ? null : at] }));
  assert.deepEqual(
    segments(points, 0, 3).map((line) => line.map(({ at }) => at)),
    [
      [0, 2],
      [9, 10],
    ],
  );
  assert.equal(segments(points, 0, Infinity).length, 1);
});

test('words', () => {
  const now = Date.parse('2026-01-05T12:00:00Z');
  assert.equal(ago('2026-01-05T11:58:00Z', now), '2 minutes ago');
  assert.equal(ago('2026-01-05T12:00:05Z', now), 'in 5 seconds');
  assert.equal(ago('2026-01-05T12:00:01Z', now), 'now');
  assert.equal(since(new Date(Date.now() - 12_000).toISOString()), '12 s ago');
  assert.deepEqual([0.02, 1.234, 45, 600, 7_200, 200_000].map(duration), [
    '20 ms',
    '1.2 s',
    '45 s',
    '10 min',
    '2 h',
    '2 d',
  ]);
  const update = { operation: 'update', table: 'public.todos', rows: [{ key: { id: 7 } }] };
  assert.deepEqual(whatText(update), { title: 'Update todos', where: 'id 7' });
});

test('trouble is told in words, and nothing else is called current', () => {
  const queue = { depth: 0, dead: 0, held: 0 };
  const say = (more, change = {}) =>
    stateSentence({
      state: 'error',
      sync: {},
      trouble: [],
      ...more,
      queue: { ...queue, ...change },
    });
  assert.equal(say({}, { dead: 1 }), '1 write was refused by the server. Nothing is lost.');
  assert.equal(
    say({}, { dead: 2, uncertain: 1 }),
    '2 writes were refused by the server; 1 write may or may not have arrived. Nothing is lost.',
  );
  const last_sync = new Date(Date.now() - 3_600_000).toISOString();
  assert.match(
    say({ trouble: ['pulls_fail'], sync: { last_sync } }),
    /^Changes cannot be fetched: the copies here are as of 1 hour ago\.$/,
  );
  assert.match(say({ trouble: ['schema_unknown'] }), /^No table is kept here/);
  const failed = { state: 'synced', sync: { last_error: 'x' } };
  assert.doesNotMatch(say(failed), /current/);
  assert.equal(
    say({ state: 'syncing' }, { depth: 3, held: 3 }),
    '3 writes wait until their users sign in again.',
  );
  assert.match(waitReason({ state: 'waiting', last_status: 401 }, {}), /holdfast doctor/);
  assert.equal(waitReason({ state: 'waiting', last_status: 503 }, {}), '');
  assert.equal(plainly('The upstream asks the upstream.'), 'The server asks the server.');
});
