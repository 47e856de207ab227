// How times, numbers and states are put into words.

import { Digits, print } from './exact.js';

/** @typedef {import('./exact.js').Json} Json */

const units = /** @type {const} */ ([
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]);
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const grouped = new Intl.NumberFormat('en');

/** "2 minutes ago", "in 5 seconds". @param {string} time @param {number} [now] */
export function ago(time, now = Date.now()) {
  const seconds = Math.round((Date.parse(time) - now) / 1_000);
  if (Math.abs(seconds) < 2) return 'now';
  const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? units[3];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** @param {string} time */
export const moment = (time) => absolute.format(new Date(time));

/** "1.2 s", "3 min", "2 h". @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** "now", "12 s ago". @param {string} time */
export function since(time) {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1_000);
  return seconds < 2 ? 'now' : `${duration(Math.floor(seconds))} ago`;
}

/** @param {number} value */
export const count = (value) => grouped.format(value);

/** "1 write", "3 writes". @param {number} number @param {string} noun */
export const several = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

/** A value of a row, short. @param {Json | undefined} value */
export function short(value) {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (value instanceof Digits) return value.text;
  return print(value);
}

/** An explanation as the page speaks: its upstream is the server. @param {string} text */
export const plainly = (text) =>
  text.replaceAll('the upstream', 'the server').replaceAll('The upstream', 'The server');

/** Names, the first ones of many. @param {string[]} names */
export const someOf = (names) =>
  names.length <= 5
    ? names.join(', ')
    : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`;

/** Who writes. @param {string} principal */
export const whoText = (principal) =>
  ({ anon: 'nobody signed in', service: 'the service role' })[principal] ?? principal;

/** "id 7", "order 3, line 2". @param {any} key */
export function keyText(key) {
  if (!key || typeof key !== 'object') return '';
  return Object.entries(key)
    .map(([name, value]) => `${name} ${short(value)}`)
    .join(', ');
}

/** "public.todos" -> "todos". @param {string} relation */
export const tableName = (relation) => relation.replace(/^public\./, '');

/** @type {Record<string, string>} */
const stateWords = {
  queued: 'queued',
  sending: 'being sent',
  waiting: 'waiting to retry',
  held: 'needs a sign-in',
  blocked: 'behind another write',
  uncertain: 'uncertain',
  stalled: 'stalled',
  conflict: 'conflict',
  acknowledged: 'delivered',
  resolved: 'resolved',
  dead: 'refused',
  discarded: 'discarded',
};

/** @param {string} state */
export const stateWord = (state) => stateWords[state] ?? state;

/** @type {Record<string, string>} */
const operations = {
  insert: 'Insert into',
  upsert: 'Upsert',
  update: 'Update',
  delete: 'Delete from',
};

/**
 * Why a write is still here, where it says nothing itself.
 * @param {{state: string, last_status?: number | null}} entry
 * @param {any} status
 */
export function waitReason({ state, last_status: answered }, status) {
  if (state !== 'queued' && state !== 'waiting') return '';
  if (status?.state === 'paused') return 'Syncing is paused: it is sent when you resume.';
  if (status?.offline_by_choice) return 'You cut the link: it is sent when you go online.';
  if (status?.state === 'offline') return 'It is sent as soon as the server answers.';
  if (state === 'waiting' && answered === 401) {
    return 'The server does not take the key or the sign-in: “holdfast doctor” says which.';
  }
  return '';
}

/** What a queued write does. @param {{operation: string, table: string, rows?: {key: any}[]}} entry */
export function whatText({ operation, table, rows = [] }) {
  const verb = operations[operation] ?? operation;
  const where = rows.length === 1 ? keyText(rows[0]?.key) : several(rows.length, 'row');
  return { title: `${verb} ${tableName(table)}`, where };
}

/** "1 write was", "3 writes were". @param {number} number @param {string} one @param {string} more */
const some = (number, one, more) => `${several(number, 'write')} ${number === 1 ? one : more}`;

/**
 * What time alone does not mend, in sentences.
 * @param {import('./state.js').Status} status
 */
function troubles({ queue, sync, trouble = [] }) {
  const { dead, uncertain = 0, stalled = 0, claims_changed: changed = 0 } = queue;
  const unsent = [
    dead > 0 && `${some(dead, 'was', 'were')} refused by the server`,
    uncertain > 0 && `${several(uncertain, 'write')} may or may not have arrived`,
    stalled > 0 && `${some(stalled, 'fails', 'fail')} there again and again`,
    changed > 0 && `${some(changed, 'waits', 'wait')} because a user has other rights now`,
  ].filter(Boolean);
  const copies = sync.last_sync ? `are as of ${ago(sync.last_sync)}` : 'cannot be made';
  return [
    unsent.length > 0 && `${unsent.join('; ')}. Nothing is lost.`,
    trouble.includes('pulls_fail') && `Changes cannot be fetched: the copies here ${copies}.`,
    trouble.includes('schema_unknown') &&
      'No table is kept here, because the server does not show its schema: nothing works ' +
        'offline yet. “holdfast doctor” says what to do.',
  ]
    .filter(Boolean)
    .join(' ');
}

/** @param {import('./state.js').Queue} queue */
function onTheWay({ depth, held, claims_changed: changed = 0 }) {
  const absent = held - changed;
  if (absent <= 0) return `${several(depth, 'write')} on the way.`;
  const signIn = absent === 1 ? 'its user signs in again' : 'their users sign in again';
  if (absent === depth) return `${some(absent, 'waits', 'wait')} until ${signIn}.`;
  return `${several(depth - absent, 'write')} on the way; ${absent} until ${signIn}.`;
}

/** What the overall state means. @param {any} status */
export function stateSentence(status) {
  const { state, queue, sync, offline_by_choice: chosen } = status;
  const depth = queue.depth;
  const waiting = depth === 0 ? 'Nothing waits.' : `${several(depth, 'write')} still to send.`;
  switch (state) {
    case 'synced':
      return sync.last_error
        ? 'Everything is sent. The last look for changes failed, and is tried again.'
        : 'Everything is sent, and the copies here are current.';
    case 'syncing':
      return depth > 0 ? onTheWay(queue) : 'The first copies are being made.';
    case 'offline':
      return chosen
        ? `You cut the link: nothing goes to the server. Apps go on working from here. ${waiting}`
        : `The server does not answer. Apps go on working from here. ${waiting}`;
    case 'conflict':
      return `A row was changed on both sides; a person decides. ${waiting}`;
    case 'paused':
      return `Nothing is sent or pulled until you resume. ${waiting}`;
    case 'error':
      return troubles(status);
    default:
      return sync?.last_error ?? '';
  }
}
