// What the page knows: the last status, and what the sections have loaded.

/**
 * @typedef {object} Queue
 * @property {number} depth
 * @property {number | null} oldest_age_s
 * @property {string | null} [oldest_at] as the page reckons it
 * @property {number} queued
 * @property {number} sending
 * @property {number} waiting
 * @property {number} held
 * @property {number} blocked
 * @property {number} conflicts
 * @property {number} dead
 * @property {number} [claims_changed] of the held ones: until a person lets them go
 * @property {number} [stalled] of the waiting ones: they fail again and again
 * @property {number} [uncertain] of the conflicts: answers were lost, and a person has to look
 * @property {string | null} next_attempt_at
 *
 * @typedef {object} Table
 * @property {number} rows
 * @property {boolean} complete
 * @property {string | null} cursor
 * @property {number | null} lag_s
 * @property {string | null} [pulled_at] as the page reckons it
 * @property {number} pending
 * @property {number | null} [expected_rows] while the first copy is made
 * @property {string | null} [last_error]
 * @property {{insert: string, update: string, delete: string}} [exactly_once]
 *
 * @typedef {object} Status
 * @property {string} version
 * @property {'synced' | 'syncing' | 'offline' | 'conflict' | 'paused' | 'error'} state
 * @property {boolean} online
 * @property {boolean} [offline_by_choice] a person cut the link
 * @property {string[]} [trouble] what time alone does not mend, by names
 * @property {{url: string, tier: string, latency_ms: number | null, last_seen: string | null}} upstream
 * @property {Queue} queue
 * @property {{last_sync: string | null, is_syncing: boolean, last_error: string | null}} sync
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} principal
 * @property {string} table
 * @property {string} operation
 * @property {string} state
 * @property {string} created_at
 * @property {number} attempts
 * @property {string | null} next_attempt_at
 * @property {number | null} [last_status]
 * @property {string | null} last_error
 * @property {string | null} explanation
 * @property {{table: string, key: any}[]} rows
 * @property {string[]} [dependants]
 *
 * @typedef {Record<string, import('./exact.js').Json>} Row
 *
 * @typedef {object} Conflict
 * @property {string} id
 * @property {'open' | 'resolved' | 'reported'} state
 * @property {string} principal
 * @property {string} table
 * @property {any} key
 * @property {string} operation
 * @property {string} strategy
 * @property {string[]} columns
 * @property {Row | null} base
 * @property {Row | null} local
 * @property {Row | null} remote
 * @property {string} reason
 * @property {string} detected_at
 * @property {string | null} choice
 * @property {string | null} resolved_by
 * @property {string | null} resolved_at
 */

export const state = {
  /** The event stream is open. */
  connected: false,
  /** @type {Status | null} */
  status: null,
  /** @type {Record<string, Table>} */
  tables: {},
  /** @type {Entry[] | null} */
  entries: null,
  /** @type {Conflict[] | null} */
  conflicts: null,
  /** How many of each list are asked for. */
  shown: { queue: 200, dead: 200, conflicts: 200 },
  /** Queue depth of the last minutes, as the events told it. @type {{at: number, depth: number}[]} */
  live: [],
};

const liveSpan = 10 * 60_000;

/** @param {Status} status */
export function noteStatus(status) {
  state.status = status;
  const now = Date.now();
  const age = status.queue.oldest_age_s;
  status.queue.oldest_at = age === null ? null : new Date(now - 1_000 * age).toISOString();
  state.live.push({ at: now, depth: status.queue.depth });
  while ((state.live[0]?.at ?? now) < now - liveSpan) state.live.shift();
}

/** @param {Record<string, Table>} tables */
export function noteTables(tables) {
  state.tables = tables;
  for (const table of Object.values(tables)) {
    table.pulled_at =
      table.lag_s === null ? null : new Date(Date.now() - 1_000 * table.lag_s).toISOString();
  }
}

export const deadLetters = () => (state.entries ?? []).filter(({ state: s }) => s === 'dead');
export const unfinished = () => (state.entries ?? []).filter(({ state: s }) => s !== 'dead');
/** Nothing tells whether they took effect: a person has to look. */
export const uncertain = () =>
  unfinished().filter((entry) => entry.state === 'uncertain' && !entry.next_attempt_at);
export const openConflicts = () => (state.conflicts ?? []).filter(({ state: s }) => s === 'open');

// How many there are, with those that were not asked for.
export const countDead = () => Math.max(deadLetters().length, state.status?.queue.dead ?? 0);
export const countUnfinished = () => Math.max(unfinished().length, state.status?.queue.depth ?? 0);
export function countOpen() {
  const { conflicts = 0, uncertain = 0 } = state.status?.queue ?? {};
  return Math.max(openConflicts().length, conflicts - uncertain);
}
