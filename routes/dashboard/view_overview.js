// The state at a glance.

import { post } from './api.js';
import { chart } from './chart.js';
import { h, say } from './dom.js';
import { action, brief, chip, nothing, section, when } from './parts.js';
import { countDead, countOpen, deadLetters, openConflicts, state, uncertain } from './state.js';
import {
  count,
  keyText,
  plainly,
  several,
  someOf,
  stateSentence,
  stateWord,
  tableName,
  whatText,
} from './words.js';

/** @type {Record<string, string>} */
export const stateNames = {
  synced: 'Synced',
  syncing: 'Syncing',
  offline: 'Offline',
  conflict: 'Conflict',
  paused: 'Paused',
  error: 'Needs attention',
};

/** @param {string} label @param {import('./dom.js').Child} value @param {import('./dom.js').Child} [note] @param {string} [href] */
const tile = (label, value, note, href) =>
  h(
    href ? 'a' : 'div',
    { class: 'tile', href },
    h('span', { class: 'label' }, label),
    h('span', { class: 'value' }, value),
    h('span', { class: 'note' }, note ?? ''),
  );

export function overview() {
  const { status } = state;
  if (!status) return nothing('Connecting…', 'Asking the gateway for its state.');
  const { queue, sync, upstream } = status;
  return [
    h('h1', { class: 'hidden' }, 'Overview'),
    state.connected ? hero(status) : goneHero(),
    h(
      'div',
      { class: 'tiles' },
      tile('Pending', count(queue.depth), pendingNote(queue), '#/queue'),
      tile('Refused', count(queue.dead), queue.dead ? 'waiting for you' : 'none', '#/dead'),
      tile(
        'Conflicts',
        count(countOpen()),
        countOpen() ? 'waiting for you' : 'none',
        '#/conflicts',
      ),
      tile('Last sync', brief(sync.last_sync), sync.is_syncing ? 'syncing now' : ''),
      tile('Server', status.online ? 'online' : 'offline', [
        status.online &&
          upstream.latency_ms !== null &&
          `answers in ${Math.round(upstream.latency_ms)} ms`,
      ]),
      tile('Tables', count(Object.keys(state.tables).length), tablesNote(), '#/tables'),
    ),
    attention(),
    section(
      'The last minutes',
      null,
      chart({
        id: 'live',
        title: 'Writes in the queue',
        unit: '',
        series: ['pending'],
        points: livePoints(),
        from: Math.min(Date.now() - 60_000, state.live[0]?.at ?? Infinity),
        to: Date.now(),
        gap: Infinity,
        wide: true,
      }),
    ),
  ];
}

/** @param {import('./state.js').Status} status */
const hero = (status) =>
  h(
    'div',
    { class: `hero ${status.state}` },
    h('span', { class: 'light', 'aria-hidden': 'true' }),
    h(
      'div',
      {},
      h('p', { class: 'big', id: 'overall' }, stateNames[status.state] ?? status.state),
      h('p', {}, stateSentence(status)),
      status.state !== 'offline' &&
        status.sync.last_error &&
        h('p', { class: 'error' }, status.sync.last_error),
    ),
    (status.online || status.offline_by_choice) && linkSwitch(Boolean(status.offline_by_choice)),
  );

const goneHero = () =>
  h(
    'div',
    { class: 'hero error' },
    h('span', { class: 'light', 'aria-hidden': 'true' }),
    h(
      'div',
      {},
      h('p', { class: 'big', id: 'overall' }, 'The gateway is away'),
      h(
        'p',
        {},
        'It was stopped, or starts anew. Below is what it said last; nothing is lost. ' +
          'This page goes on by itself once it answers: ',
        h('code', {}, 'holdfast serve'),
        ' starts it.',
      ),
    ),
  );

/** @param {boolean} cut */
const linkSwitch = (cut) =>
  action(cut ? 'Go online' : 'Go offline', {
    id: 'link',
    class: 'switch',
    run: async () => {
      const status = await post(cut ? '/sync/online' : '/sync/offline');
      dispatchEvent(new CustomEvent('holdfast-status', { detail: status }));
      say(cut ? 'The link is open again.' : 'Offline: nothing goes to the server.');
    },
  });

/** @param {import('./state.js').Queue} queue */
function pendingNote(queue) {
  if (queue.depth === 0) return 'all sent';
  return queue.oldest_at ? ['oldest ', brief(queue.oldest_at)] : '';
}

function tablesNote() {
  const all = Object.values(state.tables);
  const missing = all.filter(({ complete }) => !complete).length;
  return missing ? `${count(missing)} still copying` : all.length > 0 ? 'complete' : '';
}

// The queue changes in steps: each value holds until the next.
function livePoints() {
  const points = state.live.flatMap(({ at, depth }, i) => {
    const before = state.live[i - 1];
    const step = before ? [{ at, values: [before.depth] }] : [];
    return [...step, { at, values: [depth] }];
  });
  const last = points.at(-1);
  return last ? [...points, { at: Date.now(), values: last.values }] : points;
}

/** @param {import('./state.js').Conflict} conflict */
const bothSides = ({ columns, reason }) =>
  columns.length > 0 ? `${someOf(columns)} changed on both sides` : reason;

// Of each kind so many are named.
const named = 3;

/**
 * @param {string} kind
 * @param {string} href
 * @param {number} total
 * @param {{text: string, at: string}[]} items
 */
const group = (kind, href, total, items) => [
  items
    .slice(0, named)
    .map(({ text, at }) =>
      h('li', {}, chip(kind, stateWord(kind)), h('a', { href }, text), when(at)),
    ),
  total > Math.min(named, items.length) &&
    h(
      'li',
      {},
      chip(kind, stateWord(kind)),
      h('a', { href }, `and ${count(total - Math.min(named, items.length))} more`),
    ),
];

/** @param {string} kind @param {number} number @param {(writes: string) => string} text */
const counted = (kind, number, text) =>
  number > 0 &&
  h(
    'li',
    {},
    chip(kind, stateWord(kind)),
    h('a', { href: '#/queue' }, text(several(number, 'write'))),
  );

function attention() {
  const unknown = uncertain();
  const { claims_changed: changed = 0, stalled = 0, held = 0 } = state.status?.queue ?? {};
  const items = [
    group(
      'conflict',
      '#/conflicts',
      countOpen(),
      openConflicts().map((conflict) => ({
        text: `${tableName(conflict.table)} ${keyText(conflict.key)}: ${bothSides(conflict)}`,
        at: conflict.detected_at,
      })),
    ),
    group(
      'uncertain',
      '#/queue',
      Math.max(unknown.length, state.status?.queue.uncertain ?? 0),
      unknown.map((entry) => ({
        text: `${whatText(entry).title}: ${plainly(entry.explanation ?? 'its answer was lost')}`,
        at: entry.created_at,
      })),
    ),
    group(
      'dead',
      '#/dead',
      countDead(),
      deadLetters().map((entry) => ({
        text: `${whatText(entry).title}: ${plainly(entry.explanation ?? entry.last_error ?? 'refused')}`,
        at: entry.created_at,
      })),
    ),
    counted(
      'held',
      changed,
      (writes) => `${writes} by a user whose rights have changed since: send or discard`,
    ),
    counted('held', held - changed, (writes) => `${writes} until the user signs in again`),
    counted(
      'stalled',
      stalled,
      (writes) => `${writes} that the server fails to take, tried once an hour`,
    ),
  ];
  const shown = h('ul', { class: 'list' }, items);
  return shown.children.length === 0 ? null : section('Needs you', null, shown);
}
