// Rows that two sides have changed: both versions, and who stands.

import { post } from './api.js';
import { ask } from './dialog.js';
import { h, say } from './dom.js';
import { print } from './exact.js';
import { columns, merged, suggested } from './merge.js';
import { action, cell, chip, more, nothing, section, when } from './parts.js';
import { countOpen, openConflicts, state } from './state.js';
import { keyText, short, someOf, tableName } from './words.js';

/** @typedef {import('./state.js').Conflict} Conflict @typedef {import('./merge.js').Column} Column */

export function conflicts() {
  const open = openConflicts();
  const past = (state.conflicts ?? []).filter(({ state: s }) => s !== 'open').reverse();
  return [
    section(
      'Conflicts',
      null,
      h(
        'p',
        { class: 'lead' },
        'The same row was changed here and on the server. Nothing of either side is lost until you choose.',
      ),
      !state.conflicts
        ? h('p', {}, 'Loading…')
        : open.length === 0
          ? nothing('No open conflicts', 'Changes of different columns are merged by themselves.')
          : [open.map(card), more(open.length, countOpen(), 'more conflict', 'conflicts')],
    ),
    past.length > 0 &&
      section('Decided before', null, h('ul', { class: 'list' }, past.slice(0, 50).map(pastItem))),
  ];
}

/** @param {Conflict} conflict */
const nameOf = (conflict) => `${tableName(conflict.table)} ${keyText(conflict.key)}`;

/** @param {Conflict} conflict */
function pastItem(conflict) {
  const by = conflict.resolved_by === 'person' ? 'by a person' : 'by the table’s rule';
  const words = conflict.state === 'reported' ? 'reported' : `${conflict.choice ?? ''} ${by}`;
  return h(
    'li',
    { key: conflict.id },
    chip(conflict.state, words),
    h(
      'details',
      { id: `past-${conflict.id}` },
      h('summary', {}, nameOf(conflict)),
      comparison(conflict),
    ),
    when(conflict.resolved_at ?? conflict.detected_at),
  );
}

// Where many columns clash, they are not all named twice.
/** @param {Conflict} conflict */
const whyText = ({ columns: names, reason }) =>
  names.length > 5 ? `${someOf(names)} were changed by somebody else meanwhile` : reason;

/** @param {Conflict} conflict */
function card(conflict) {
  const about = nameOf(conflict);
  const gone = conflict.local === null || conflict.remote === null;
  return h(
    'article',
    { class: 'card', key: conflict.id, 'data-conflict': conflict.id, 'aria-label': about },
    h(
      'div',
      { class: 'card-head' },
      h(
        'h2',
        {},
        tableName(conflict.table),
        ' ',
        h('span', { class: 'where' }, keyText(conflict.key)),
      ),
      when(conflict.detected_at),
    ),
    h('p', { class: 'why' }, whyText(conflict)),
    comparison(conflict),
    h(
      'div',
      { class: 'buttons' },
      action('Keep local', {
        id: `local-${conflict.id}`,
        class: 'primary',
        about,
        run: () => resolve(conflict, 'local'),
      }),
      action('Use server', {
        id: `remote-${conflict.id}`,
        class: 'primary',
        about,
        run: () => resolve(conflict, 'remote'),
      }),
      !gone && action('Merge…', { id: `merge-${conflict.id}`, about, run: () => merge(conflict) }),
    ),
  );
}

/** @param {Conflict} conflict */
function comparison(conflict) {
  const all = columns(conflict);
  const version = (
    /** @type {Column} */ column,
    /** @type {'local' | 'remote'} */ side,
    /** @type {boolean} */ changed,
  ) =>
    h(
      'td',
      { class: changed ? `changed ${side}` : '' },
      cell(column[side], `${conflict.id}-${column.name}-${side}`),
      changed && h('span', { class: 'mark' }, ' changed'),
    );
  const differing = all.filter(({ here, there, clash }) => here || there || clash);
  const rest = all.length - differing.length;
  return h(
    'div',
    {
      class: 'scroll',
      tabindex: 0,
      role: 'region',
      'aria-label': `Both versions of ${nameOf(conflict)}`,
    },
    h(
      'table',
      { class: 'versions' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          [
            'Column',
            'Before',
            `Local${conflict.local ? '' : ' (deleted)'}`,
            `Server${conflict.remote ? '' : ' (deleted)'}`,
          ].map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h(
        'tbody',
        {},
        differing.map((column) =>
          h(
            'tr',
            { class: column.here && column.there && column.clash ? 'clash' : '' },
            h('th', { scope: 'row' }, column.name),
            h('td', {}, cell(column.base, `${conflict.id}-${column.name}-base`)),
            version(column, 'local', column.here),
            version(column, 'remote', column.there),
          ),
        ),
      ),
    ),
    rest > 0 && h('p', { class: 'rest' }, `${rest} more the same on both sides`),
  );
}

/** @param {Conflict} conflict @param {'local' | 'remote' | 'merged'} choice @param {import('./state.js').Row} [row] */
async function resolve(conflict, choice, row) {
  /** @type {import('./types.js').Json} */
  const body = row ? { choice, row } : { choice };
  await post(`/conflicts/${encodeURIComponent(conflict.id)}/resolve`, print(body));
  say(
    {
      local: 'The local version stands.',
      remote: 'The server’s version stands.',
      merged: 'The merged row stands.',
    }[choice],
  );
  dispatchEvent(new Event('holdfast-changed'));
}

/** @param {Conflict} conflict */
async function merge(conflict) {
  const all = columns(conflict);
  const clashing = all.filter(({ clash }) => clash);
  /** @type {Record<string, import('./merge.js').Choice>} */
  const choices = {};
  for (const column of all) choices[column.name] = suggested(column);
  const preview = h('pre', { class: 'preview', tabindex: 0, 'aria-label': 'The merged row' });
  const update = () => (preview.textContent = print(merged(all, choices), '  '));
  update();
  const choosers = clashing.map((column) => chooser(column, choices, update));
  /** @param {'local' | 'remote'} side */
  const chooseAll = (side) => () => choosers.forEach(({ choose }) => choose(side));
  await ask({
    title: `Merge ${nameOf(conflict)}`,
    action: 'Keep the merged row',
    content: [
      clashing.length > 2 &&
        h(
          'div',
          { class: 'choose-all' },
          h('button', { type: 'button', onclick: chooseAll('local') }, 'All local'),
          h('button', { type: 'button', onclick: chooseAll('remote') }, 'All server'),
        ),
      choosers.map(({ fieldset }) => fieldset),
      h('h3', {}, 'The row will be'),
      preview,
    ],
    work: () => resolve(conflict, 'merged', merged(all, choices)),
  });
}

// Longer values scroll for themselves.
const tall = 200;

/** @param {import('./types.js').Json | undefined} value @param {boolean} changed */
function side(value, changed) {
  const shown = cell(value);
  if ((shown.textContent ?? '').length > tall) shown.setAttribute('tabindex', '0');
  return h('span', { class: 'version' }, shown, changed && h('span', { class: 'mark' }, 'changed'));
}

/** Lines that the text needs, and not more than a screen has. @param {string} text */
const linesOf = (text) =>
  Math.min(
    10,
    text.split('\n').reduce((sum, line) => sum + 1 + Math.floor(line.length / 60), 0),
  );

/**
 * @param {Column} column
 * @param {Record<string, import('./merge.js').Choice>} choices
 * @param {() => void} update
 */
function chooser(column, choices, update) {
  const group = `merge-${column.name}`;
  const text = short(column.local ?? column.remote);
  const other = h('textarea', {
    'aria-label': `Another value of ${column.name}`,
    rows: linesOf(text),
    value: text,
    oninput: () => choose('other'),
    onfocus: () => choose('other'),
  });
  const radios = /** @type {const} */ (['local', 'remote', 'other']).map((one) =>
    h('input', {
      type: 'radio',
      name: group,
      value: one,
      checked: choices[column.name]?.side === one,
      onchange: () => choose(one),
    }),
  );
  /** @param {'local' | 'remote' | 'other'} chosen */
  function choose(chosen) {
    choices[column.name] =
      chosen === 'other' ? { side: chosen, text: other.value } : { side: chosen };
    for (const radio of radios) radio.checked = radio.value === chosen;
    update();
  }
  const fieldset = h(
    'fieldset',
    { 'data-column': column.name },
    h('legend', {}, column.name),
    h(
      'label',
      {},
      radios[0],
      h('span', { class: 'side' }, 'Local'),
      side(column.local, column.here),
    ),
    h(
      'label',
      {},
      radios[1],
      h('span', { class: 'side' }, 'Server'),
      side(column.remote, column.there),
    ),
    h('label', {}, radios[2], h('span', { class: 'side' }, 'Other'), other),
  );
  return { fieldset, choose };
}
