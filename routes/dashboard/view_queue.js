// Writes on their way, and those that the upstream refused.

import { get, post } from './api.js';
import { ask } from './dialog.js';
import { h, say } from './dom.js';
import { parse, print } from './exact.js';
import { action, cell, chip, more, nothing, section, when } from './parts.js';
import { countDead, countUnfinished, deadLetters, state, unfinished } from './state.js';
import {
  keyText,
  plainly,
  several,
  stateWord,
  tableName,
  waitReason,
  whatText,
  whoText,
} from './words.js';

/** @typedef {import('./state.js').Entry} Entry */

export function queue() {
  const entries = unfinished();
  const total = countUnfinished();
  return section(
    'Queue',
    null,
    !state.entries
      ? h('p', {}, 'Loading…')
      : total === 0
        ? nothing('Nothing waits', 'Every write has reached the server.')
        : list(entries, total, 'queue'),
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
      'The server refused these for good. Nothing is lost: send one again, change it first, or give it up.',
    ),
    !state.entries
      ? h('p', {}, 'Loading…')
      : entries.length === 0
        ? nothing(
            'Nothing was refused',
            'A write that the server does not accept is kept here, with its reason.',
          )
        : list(entries, countDead(), 'dead'),
  );
}

/** @param {Entry[]} entries @param {number} total how many there are @param {'queue' | 'dead'} which */
const list = (entries, total, which) => [
  entries.length > 0 && h('ol', { class: 'cards' }, entries.map(card)),
  more(entries.length, total, 'more write', which),
];

/** @param {Entry} entry */
function card(entry) {
  const { title, where } = whatText(entry);
  const waits = waitReason(entry, state.status);
  const why = entry.explanation ? plainly(entry.explanation) : entry.last_error;
  const about = `${title} ${where}`;
  const movable = entry.state !== 'sending';
  return h(
    'li',
    { class: 'card', key: entry.id, 'data-entry': entry.id },
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
      fact('By', whoText(entry.principal)),
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
  h('p', { class: 'said' }, status ? ['The server: ', h('q', {}, text)] : text);

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
    ...(isAbsent(entry) ? [] : [sender(entry, about)]),
    entry.operation !== 'delete' &&
      action('Edit…', { id: `edit-${entry.id}`, about, run: () => edit(entry) }),
  ];
}

// Its user has to sign in: nothing else sends it.
/** @param {Entry} entry */
const isAbsent = (entry) => entry.state === 'held' && !hasOtherRights(entry);

/** @param {Entry} entry */
const hasOtherRights = ({ state: s, last_error: error }) =>
  s === 'held' && Boolean(error?.startsWith('claims changed'));

/** @param {Entry} entry @param {string} about */
function sender(entry, about) {
  const isOver = entry.state === 'dead' || entry.state === 'uncertain';
  return action(hasOtherRights(entry) ? 'Release' : isOver ? 'Retry' : 'Send now', {
    id: `retry-${entry.id}`,
    about,
    run: async () => {
      const now = await change(entry, 'retry');
      say(sentWords(now));
    },
  });
}

/** @param {Entry} now as it is after it was to be sent */
const sentWords = (now) =>
  now.state === 'uncertain'
    ? 'It is looked for first, and sent again by itself where it did not arrive.'
    : waitReason(now, state.status) || 'It is sent again.';

/** @param {string} name @param {import('./dom.js').Child} value */
const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

/** @param {Entry} entry @param {'retry' | 'discard'} verb */
async function change(entry, verb) {
  const now = await post(`/outbox/${encodeURIComponent(entry.id)}/${verb}`);
  dispatchEvent(new Event('holdfast-changed'));
  return now;
}

/** @param {'retry' | 'discard'} verb */
async function changeAll(verb) {
  const number = several(countDead(), 'write');
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
      h(
        'p',
        {},
        entry.state === 'uncertain'
          ? 'What it changed here is taken back. If it has arrived, the server’s row stays as it is.'
          : 'What it changed here is taken back; the server never sees it.',
      ),
    ],
    work: async () => {
      await change(entry, 'discard');
      say('The write is discarded.');
    },
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
    tells: true,
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
                  fact(name, cell(/** @type {any} */ (value), `detail-${name}`)),
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
