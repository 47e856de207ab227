// JSON with every digit: a number that JavaScript would round keeps its text.

/** A number in the words in which it came. */
export class Digits {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

/** @typedef {import('./types.js').Json} Json */

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /"(?:[^"\\]|\\.)*"|true|false|null/y;
const space = /[ \t\r\n]*/y;

/**
 * As JSON.parse, but numbers that String() does not give back are Digits.
 * @param {string} text
 * @returns {Json}
 */
export function parse(text) {
  let at = 0;
  const fail = () => new SyntaxError(`this is no JSON, from character ${at + 1} on`);
  /** @param {RegExp} pattern */
  const match = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found?.[0];
  };
  /** @param {string} mark */
  const take = (mark) => {
    match(space);
    if (text[at] !== mark) return false;
    ++at;
    return true;
  };
  /** @param {string} end @param {() => void} member */
  const list = (end, member) => {
    if (take(end)) return;
    do member();
    while (take(','));
    if (!take(end)) throw fail();
  };
  /** @returns {Json} */
  const value = () => {
    match(space);
    if (take('[')) {
      /** @type {Json[]} */
      const all = [];
      list(']', () => all.push(value()));
      return all;
    }
    if (take('{')) {
      /** @type {[string, Json][]} */
      const members = [];
      list('}', () => {
        match(space);
        const name = text[at] === '"' ? match(word) : undefined;
        if (!name || !take(':')) throw fail();
        members.push([JSON.parse(name), value()]);
      });
      return Object.fromEntries(members);
    }
    const digits = match(number);
    if (digits) return String(Number(digits)) === digits ? Number(digits) : new Digits(digits);
    const other = match(word);
    if (other === undefined) throw fail();
    return JSON.parse(other);
  };
  const result = value();
  match(space);
  if (at < text.length) throw fail();
  return result;
}

/**
 * The JSON text of what parse() gave.
 * @param {Json | undefined} value
 * @param {string} [indent] of each level; none: all on one line
 * @param {string} [start] the indent of this level
 * @returns {string}
 */
export function print(value, indent = '', start = '') {
  if (value instanceof Digits) return value.text;
  if (value === undefined) return 'null';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = start + indent;
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const members = Array.isArray(value)
    ? value.map((member) => print(member, indent, inner))
    : Object.entries(value).map(
        ([name, member]) =>
          `${JSON.stringify(name)}:${indent && ' '}${print(member, indent, inner)}`,
      );
  if (members.length === 0) return open + close;
  const gap = indent ? `\n${inner}` : '';
  return open + gap + members.join(`,${gap}`) + (indent ? `\n${start}` : '') + close;
}

/** @param {Json | undefined} a @param {Json | undefined} b */
export const same = (a, b) => (a === undefined) === (b === undefined) && print(a) === print(b);
