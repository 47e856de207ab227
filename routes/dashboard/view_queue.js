// Writes on their way, and those that the upstream refused.

import { get, post } from './api.js';
import { ask } from './dialog.js';
import { h, say } from './dom.js';
import { parse, print } from './exact.js';
import { action, chip, nothing, section, when } from './parts.js';
import { deadLetters, state, unfinished } from './state.js';
import { keyText, several, short, stateWord, tableName, waitReason, whatText } from './words.js';

/** @typedef {import('./state.js').Entry} Entry */

export function queue() {
  const entries = unfinished();
  const total = Math.max(entries.length, state.status?.queue.depth ?? 0);
  return section(
    'Queue',
    null,
    !state.entries
      ? h('p', {}, 'Loading…')
      : total === 0
        ? nothing('Nothing waits', 'Every write has reached the upstream.')
        : list(entries, total),
  );
}

export function dead() {
  const entries = deadLetters();
  const bulk = entries.length > 1 && [
    action('Retry all', { id: 'retry-all', run: () => changeAll('retry') }),
    action('Discard all', {
      id: 'discard-all',
      class: 'quiet-danger',
      run: () => changeAll('discard'),
    }),
  ];
  return section(
    'Refused writes',
    bulk,
    h(
      'p',
      { class: 'lead' },
      'The upstream refused these for good. Nothing is lost: send one again, change it first, or give it up.',
    ),
    !state.entries
      ? h('p', {}, 'Loading…')
      : entries.length === 0
        ? nothing(
            'Nothing was refused',
            'A write that the upstream does not accept is kept here, with its reason.',
          )
        : list(entries, Math.max(entries.length, state.status?.queue.dead ?? 0)),
  );
}

/** @param {Entry[]} entries @param {number} total how many there are, with those that were not asked for */
const list = (entries, total) => [
  entries.length > 0 && h('ol', { class: 'cards' }, entries.map(card)),
  total > entries.length &&
    h(
      'p',
      { class: 'lead' },
      `and ${several(total - entries.length, 'more write')}; `,
      h('code', {}, 'holdfast outbox list'),
      ' shows all of them.',
    ),
];

/** @param {Entry} entry */
function card(entry) {
  const { title, where } = whatText(entry);
  const waits = waitReason(entry.state, state.status);
  const why = entry.explanation ?? entry.last_error;
  const about = `${title} ${where}`;
  const movable = entry.state !== 'sending';
  return h(
    'li',
    { class: 'card', 'data-entry': entry.id },
    h(
      'div',
      { class: 'card-head' },
      h('h2', {}, title, ' ', h('span', { class: 'where' }, where)),
      chip(entry.state, stateWord(entry.state)),
    ),
    h(
      'dl',
      { class: 'facts' },
      fact('Written', when(entry.created_at)),
      fact('Attempts', String(entry.attempts)),
      entry.next_attempt_at && !waits && fact('Next try', when(entry.next_attempt_at)),
      fact('As', entry.principal),
    ),
    waits && h('p', { class: 'why' }, waits),
    why && h('p', { class: waits ? 'said' : 'why' }, why),
    why && entry.last_error && why !== entry.last_error && reason(entry),
    (entry.dependants?.length ?? 0) > 0 &&
      h(
        'p',
        { class: 'why' },
        `${several(entry.dependants?.length ?? 0, 'later write')} waiting for this one.`,
      ),
    movable &&
      h(
        'div',
        { class: 'buttons' },
        ...choices(entry, about),
        action('Discard…', {
          id: `discard-${entry.id}`,
          class: 'quiet-danger',
          about,
          run: () => discard(entry),
        }),
        action('Details', {
          id: `details-${entry.id}`,
          class: 'quiet',
          about,
          run: () => details(entry),
        }),
      ),
  );
}

// What was said of it: by the upstream where it answered.
/** @param {Entry} entry */
const reason = ({ last_error: text, last_status: status }) =>
  h('p', { class: 'said' }, status ? ['The upstream: ', h('q', {}, text)] : text);

// How it may go on.
/** @param {Entry} entry @param {string} about */
function choices(entry, about) {
  if (entry.state === 'conflict') {
    const decide = async () => {
      location.hash = '#/conflicts';
    };
    return [action('Decide…', { id: `decide-${entry.id}`, class: 'primary', about, run: decide })];
  }
  return [
    action(entry.state === 'dead' ? 'Retry' : 'Send now', {
      id: `retry-${entry.id}`,
      about,
      run: () => change(entry, 'retry', 'It is sent again.'),
    }),
    entry.operation !== 'delete' &&
      action('Edit…', { id: `edit-${entry.id}`, about, run: () => edit(entry) }),
  ];
}

/** @param {string} name @param {import('./dom.js').Child} value */
const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

/** @param {Entry} entry @param {'retry' | 'discard'} verb @param {string} done */
async function change(entry, verb, done) {
  await post(`/outbox/${encodeURIComponent(entry.id)}/${verb}`);
  say(done);
  dispatchEvent(new Event('holdfast-changed'));
}

/** @param {'retry' | 'discard'} verb */
async function changeAll(verb) {
  const number = several(deadLetters().length, 'write');
  await ask({
    title: verb === 'retry' ? `Send ${number} again?` : `Give up ${number}?`,
    action: verb === 'retry' ? 'Retry all' : 'Discard all',
    danger: verb === 'discard',
    content: h(
      'p',
      {},
      verb === 'retry'
        ? 'Each keeps its place in the order.'
        : 'What they changed here is taken back. The journal keeps that they were.',
    ),
    work: async () => {
      const { changed } = await post(`/outbox/${verb}`, '{"state":"dead"}');
      say(`${several(changed, 'write')} ${verb === 'retry' ? 'sent again' : 'discarded'}.`);
      dispatchEvent(new Event('holdfast-changed'));
    },
  });
}

/** @param {Entry} entry */
function discard(entry) {
  const { title, where } = whatText(entry);
  return ask({
    title: 'Give this write up?',
    action: 'Discard',
    danger: true,
    content: [
      h('p', {}, `${title} ${where}`),
      h('p', {}, 'What it changed here is taken back; the upstream never sees it.'),
    ],
    work: () => change(entry, 'discard', 'The write is discarded.'),
  });
}

/** @param {Entry} entry */
async function edit(entry) {
  const full = await get(`/outbox/${encodeURIComponent(entry.id)}`);
  const body = full.body_text ? parse(full.body_text) : full.body;
  const text = h('textarea', {
    id: 'edit-body',
    rows: 12,
    spellcheck: 'false',
    value: print(body, '  '),
  });
  const { title } = whatText(entry);
  await ask({
    title: `Edit: ${title}`,
    action: 'Send it so',
    content: [
      entry.last_error && reason(entry),
      h('label', { for: 'edit-body' }, 'What is written, as JSON'),
      text,
    ],
    work: async () => {
      const changed = print({ body: parse(text.value) });
      await post(`/outbox/${encodeURIComponent(entry.id)}/edit`, changed);
      say('The changed write is on its way.');
      dispatchEvent(new Event('holdfast-changed'));
    },
  });
}

/** @param {Entry} entry */
async function details(entry) {
  const full = await get(`/outbox/${encodeURIComponent(entry.id)}`);
  await ask({
    title: whatText(entry).title,
    action: 'Close',
    content: [
      h('p', { class: 'said' }, h('code', {}, `${full.method} ${full.target}`)),
      full.effects.map((/** @type {any} */ effect) =>
        h(
          'div',
          {},
          h('h3', {}, `${tableName(effect.table)} ${keyText(effect.key)}`),
          effect.row === null
            ? h('p', {}, 'The row is deleted.')
            : h(
                'dl',
                { class: 'row' },
                Object.entries(effect.changes ?? effect.row).map(([name, value]) =>
                  fact(name, short(/** @type {any} */ (value))),
                ),
              ),
        ),
      ),
      h(
        'p',
        {},
        h(
          'a',
          {
            href: `#/journal?subject=${entry.id}&principal=${encodeURIComponent(entry.principal)}`,
          },
          'Its way through the journal',
        ),
      ),
    ],
    work: () => true,
  });
}
