// A conflict's columns: who changed what, and the row that choices make.

import { parse, same } from './exact.js';

/** @typedef {import('./state.js').Row} Row @typedef {import('./exact.js').Json} Json */

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {Json | undefined} base
 * @property {Json | undefined} local
 * @property {Json | undefined} remote
 * @property {boolean} here changed on this machine
 * @property {boolean} there changed upstream
 * @property {boolean} clash the sides differ
 */

/**
 * Every column of the three rows, those on which the sides differ first.
 * @param {{base: Row | null, local: Row | null, remote: Row | null}} rows
 * @returns {Column[]}
 */
export function columns({ base, local, remote }) {
  const names = new Set([base, local, remote].flatMap((row) => Object.keys(row ?? {})));
  const all = [...names].map((name) => {
    const [b, l, r] = [base?.[name], local?.[name], remote?.[name]];
    return {
      name,
      base: b,
      local: l,
      remote: r,
      here: local !== null && !same(l, b),
      there: remote !== null && !same(r, b),
      clash: !same(l, r),
    };
  });
  return [...all.filter(({ clash }) => clash), ...all.filter(({ clash }) => !clash)];
}

/** @typedef {{side: 'local' | 'remote'} | {side: 'other', text: string}} Choice */

/**
 * What stands at first: the side that changed the column; where both did, ours is left to a person.
 * @param {Column} column
 * @returns {Choice}
 */
export const suggested = ({ here, there }) => ({ side: here && !there ? 'local' : 'remote' });

/**
 * The text of another value: JSON where it is some, else text as it is.
 * @param {string} text
 * @param {Json | undefined} like a value of the column, which tells whether text needs no quotes
 * @returns {Json}
 */
export function typed(text, like) {
  if (typeof like === 'string') return text;
  try {
    return parse(text);
  } catch {
    return text;
  }
}

/**
 * The merged row: the upstream's with what was chosen.
 * @param {Column[]} all
 * @param {Record<string, Choice>} choices by name; a column without one keeps the upstream's value
 * @returns {Row}
 */
export function merged(all, choices) {
  /** @type {Row} */
  const row = {};
  for (const column of all) {
    const choice = choices[column.name] ?? { side: 'remote' };
    const value =
      choice.side === 'other'
        ? typed(choice.text, column.local ?? column.remote)
        : choice.side === 'local'
          ? column.local
          : column.remote;
    if (value !== undefined) row[column.name] = value;
  }
  return row;
}
