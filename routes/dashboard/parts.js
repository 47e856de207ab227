// Pieces that several sections show.

import { ApiError } from './api.js';
import { h, say } from './dom.js';
import { state } from './state.js';
import { ago, count, moment, several, since, short } from './words.js';

/** @typedef {import('./dom.js').Child} Child */

/** A moment as people say it, exact on hovering. @param {string | null | undefined} time */
export const when = (time) =>
  time ? h('time', { datetime: time, title: moment(time), 'data-ago': time }, ago(time)) : '–';

/** The same in few letters. @param {string | null} time */
export const brief = (time) =>
  time
    ? h('time', { datetime: time, title: moment(time), 'data-since': time }, since(time))
    : 'not yet';

/** Brings every shown moment up to date. */
export function refreshMoments() {
  for (const element of document.querySelectorAll('time[data-ago]')) {
    const text = ago(element.getAttribute('data-ago') ?? '');
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of document.querySelectorAll('time[data-since]')) {
    element.textContent = since(element.getAttribute('data-since') ?? '');
  }
}

// Longer values are folded to so many characters.
const folded = 160;

/**
 * A value of a row.
 * @param {import('./types.js').Json | undefined} value
 * @param {string} [id] where it may be long: of what folds it
 */
export function cell(value, id) {
  if (value === '' || value === undefined || value === null) {
    const words = { '': 'empty text', undefined: 'none', null: 'null' }[String(value)] ?? '';
    return h('span', { class: 'cell empty' }, words);
  }
  const text = short(value);
  if (!id || text.length <= 1.5 * folded) return h('span', { class: 'cell' }, text);
  const start = h('span', { class: 'start' }, `${text.slice(0, folded)}… `);
  return h(
    'details',
    { class: 'cell', id },
    h('summary', {}, start, h('span', { class: 'more' }, `all ${count(text.length)} characters`)),
    text,
  );
}

/** @param {string} kind @param {string} text */
export const chip = (kind, text) => h('span', { class: `chip ${kind}` }, text);

/**
 * A section with its heading.
 * @param {string} title
 * @param {Child} aside what stands beside the heading
 * @param {...Child} children
 */
export const section = (title, aside, ...children) =>
  h(
    'section',
    {},
    h('div', { class: 'section-head' }, h('h1', {}, title), h('div', { class: 'buttons' }, aside)),
    children,
  );

/** @param {string} title @param {...Child} text */
export const nothing = (title, ...text) =>
  h('div', { class: 'nothing-here' }, h('p', { class: 'big' }, title), h('p', {}, text));

/**
 * A button for an action of the gateway: off while it runs, its failure said.
 * @param {string} label
 * @param {object} options
 * @param {string} options.id
 * @param {string} [options.class]
 * @param {string} [options.about] what it acts on, for those who do not see the place
 * @param {() => Promise<unknown>} options.run
 */
export function action(label, { id, class: kind, about, run }) {
  /** @param {Event} event */
  const press = async ({ currentTarget }) => {
    const button = /** @type {HTMLElement} */ (currentTarget);
    if (button.getAttribute('aria-disabled') === 'true') return;
    // Not `disabled`, which would take the focus away.
    button.setAttribute('aria-disabled', 'true');
    try {
      await run();
    } catch (error) {
      say(error instanceof ApiError ? error.message : String(error), 'bad');
    }
    button.removeAttribute('aria-disabled');
  };
  return h(
    'button',
    {
      type: 'button',
      id,
      class: kind,
      'aria-label': about && `${label}: ${about}`,
      onclick: press,
    },
    label,
  );
}

/**
 * What a list leaves out, and a button for more of it.
 * @param {number} shown
 * @param {number} total
 * @param {string} noun of one that is left out
 * @param {keyof typeof state.shown} which
 */
export const more = (shown, total, noun, which) =>
  total > shown &&
  h(
    'p',
    { class: 'more-of' },
    h('span', {}, `and ${several(total - shown, noun)}`),
    // With none shown the list is on its way.
    shown > 0 &&
      action('Show more', {
        id: `more-${which}`,
        about: noun,
        run: async () => {
          state.shown[which] += 200;
          dispatchEvent(new Event('holdfast-changed'));
        },
      }),
  );

/**
 * A table that scrolls by itself on narrow screens.
 * @param {string} label
 * @param {string[]} heads
 * @param {Child} rows
 */
export const grid = (label, heads, rows) =>
  h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          heads.map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h('tbody', {}, rows),
    ),
  );
