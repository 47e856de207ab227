// The state at a glance.

import { post } from './api.js';
import { chart } from './chart.js';
import { h, say } from './dom.js';
import { action, brief, chip, nothing, section, when } from './parts.js';
import { deadLetters, openConflicts, state, uncertain } from './state.js';
import {
  count,
  duration,
  keyText,
  several,
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
      tile('Conflicts', count(openConflicts().length || queue.conflicts), 'open', '#/conflicts'),
      tile('Last sync', brief(sync.last_sync), sync.is_syncing ? 'syncing now' : ''),
      tile('Upstream', status.online ? 'online' : 'offline', [
        status.online && upstream.latency_ms !== null && `${Math.round(upstream.latency_ms)} ms, `,
        upstream.tier === 'companion' ? 'with companion' : 'no companion',
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
      say(cut ? 'The link is open again.' : 'Offline: nothing goes to the upstream.');
    },
  });

/** @param {import('./state.js').Queue} queue */
function pendingNote(queue) {
  if (queue.depth === 0) return 'all sent';
  return queue.oldest_age_s === null ? '' : `oldest ${duration(queue.oldest_age_s)}`;
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
  columns.length > 0 ? `${columns.join(', ')} changed on both sides` : reason;

function attention() {
  const items = [
    ...openConflicts().map((conflict) => ({
      kind: 'conflict',
      text: `${tableName(conflict.table)} ${keyText(conflict.key)}: ${bothSides(conflict)}`,
      at: conflict.detected_at,
      href: '#/conflicts',
    })),
    ...uncertain().map((entry) => ({
      kind: 'uncertain',
      text: `${whatText(entry).title}: ${entry.explanation ?? 'its answer was lost'}`,
      at: entry.created_at,
      href: '#/queue',
    })),
    ...deadLetters().map((entry) => ({
      kind: 'dead',
      text: `${whatText(entry).title}: ${entry.explanation ?? entry.last_error ?? 'refused'}`,
      at: entry.created_at,
      href: '#/dead',
    })),
  ];
  const changed = state.status?.queue.claims_changed ?? 0;
  if (changed > 0) {
    items.push({
      kind: 'held',
      text: `${several(changed, 'write')} by a user whose rights have changed since: send or discard`,
      at: '',
      href: '#/queue',
    });
  }
  if (items.length === 0) return null;
  return section(
    'Needs you',
    null,
    h(
      'ul',
      { class: 'list' },
      items
        .slice(0, 5)
        .map(({ kind, text, at, href }) =>
          h('li', {}, chip(kind, stateWord(kind)), h('a', { href }, text), when(at)),
        ),
      items.length > 5 && h('li', {}, `and ${count(items.length - 5)} more`),
    ),
  );
}
