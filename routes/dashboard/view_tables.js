// What is kept here, and how current it is.

import { h } from './dom.js';
import { brief, chip, grid, nothing, section } from './parts.js';
import { state } from './state.js';
import { count } from './words.js';

/** @type {Record<string, string>} */
const promises = {
  once: 'exactly once',
  looked_for: 'looked for after a lost answer',
  asked: 'you are asked after a lost answer',
  forwarded: 'sent while online, never repeated',
};

export function tables() {
  const all = Object.entries(state.tables).sort(([a], [b]) => a.localeCompare(b));
  const complete = all.filter(([, table]) => table.complete).length;
  return section(
    'Tables',
    null,
    all.length > 0 && complete < all.length && progress(complete, all.length),
    all.length === 0
      ? nothing(
          'No tables are kept here',
          state.status?.trouble?.includes('schema_unknown')
            ? [
                'The server does not show its schema to this gateway: everything is asked from it, and ' +
                  'nothing works offline. ',
                h('code', {}, 'holdfast doctor'),
                ' says what to do.',
              ]
            : 'The first sync has to find the server’s tables.',
        )
      : grid(
          'Tables kept here',
          ['Table', 'Copy', 'Rows', 'Pulled', 'Pending', 'New rows are sent'],
          all.map(row),
        ),
  );
}

/** @param {number} done @param {number} all */
const progress = (done, all) =>
  h(
    'div',
    { class: 'progress' },
    h('label', { for: 'initial' }, `First copies: ${done} of ${all} tables`),
    h('progress', { id: 'initial', max: all, value: done }),
  );

/** @param {[string, import('./state.js').Table]} entry */
const row = ([name, table]) =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', {}, copy(table), table.last_error && h('p', { class: 'error' }, table.last_error)),
    h('td', { class: 'number' }, count(table.rows)),
    h('td', {}, brief(table.pulled_at ?? null)),
    h('td', { class: 'number' }, count(table.pending)),
    h('td', {}, promises[table.exactly_once?.insert ?? ''] ?? '–'),
  );

/** @param {import('./state.js').Table} table */
function copy(table) {
  // Who may not read it has all of it.
  if (table.complete && table.lag_s === null) return chip('', 'no right to read');
  if (table.complete) return chip('synced', 'complete');
  if (!table.expected_rows) return chip('syncing', 'copying');
  const part = Math.min(99, Math.floor((100 * table.rows) / table.expected_rows));
  return [
    chip('syncing', `${part} %`),
    h('progress', {
      max: table.expected_rows,
      value: table.rows,
      'aria-label': 'rows copied',
    }),
  ];
}
