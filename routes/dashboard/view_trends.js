// Figures over time.

import { get } from './api.js';
import { chart } from './chart.js';
import { h, show } from './dom.js';
import { section } from './parts.js';
import { state } from './state.js';
import { duration } from './words.js';

const ranges = [
  { hours: 1, name: '1 hour' },
  { hours: 6, name: '6 hours' },
  { hours: 24, name: '24 hours' },
  { hours: 168, name: '7 days' },
];
let hours = 6;

/** @typedef {Record<string, any> & {at: string}} Sample */

const figures = [
  {
    id: 'depth',
    title: 'Queue depth',
    unit: 'writes',
    series: ['pending', 'refused'],
    of: (/** @type {Sample} */ s) => [s.depth, s.dead],
  },
  {
    id: 'latency',
    title: 'Sync latency',
    unit: 'write to acknowledgement',
    series: ['average'],
    of: (/** @type {Sample} */ s) => [s.sent > 0 ? s.latency_ms_sum / s.sent / 1_000 : null],
    print: duration,
  },
  {
    id: 'conflict-rate',
    title: 'Conflicts',
    unit: 'found per interval',
    series: ['new', 'open'],
    of: (/** @type {Sample} */ s) => [s.new_conflicts, s.conflicts],
  },
  {
    id: 'failures',
    title: 'Failures',
    unit: 'per interval',
    series: ['retries', 'refused', 'failed pulls'],
    of: (/** @type {Sample} */ s) => [s.retries, s.dead_letters, s.pull_errors],
  },
  {
    id: 'retry-depth',
    title: 'Retry depth',
    unit: 'attempts',
    series: ['most attempts', 'writes retried'],
    of: (/** @type {Sample} */ s) => [s.most_attempts, s.retried],
  },
];

export function trends() {
  const place = h('div', { class: 'charts', 'aria-live': 'off' }, h('p', {}, 'Loading…'));
  void load(place);
  const choice = h(
    'div',
    { class: 'switch', role: 'group', 'aria-label': 'Span of time' },
    ranges.map((range) =>
      h(
        'button',
        {
          type: 'button',
          id: `range-${range.hours}`,
          'aria-pressed': String(range.hours === hours),
          onclick: () => {
            hours = range.hours;
            for (const { hours: h2 } of ranges)
              document
                .getElementById(`range-${h2}`)
                ?.setAttribute('aria-pressed', String(h2 === hours));
            void load(place);
          },
        },
        range.name,
      ),
    ),
  );
  return section('Trends', choice, place);
}

/** @param {HTMLElement} place */
async function load(place) {
  const asked = hours;
  try {
    const { samples, step_s: step } = await get(`/metrics/history?hours=${asked}`);
    if (asked === hours) show(place, drawn([...samples, ...present()], step));
  } catch (error) {
    show(place, h('p', { class: 'error' }, error instanceof Error ? error.message : String(error)));
  }
}

/** @param {(number | null | undefined)[]} values */
const known = (values) => values.map((value) => value ?? null);

// What is so now, where the newest sample is a while old.
function present() {
  const queue = state.status?.queue;
  if (!queue) return [];
  const { depth, dead, conflicts } = queue;
  return [{ at: new Date().toISOString(), depth, dead, conflicts }];
}

/** @param {Sample[]} samples @param {number} step */
const drawn = (samples, step) =>
  figures.map(({ of, ...figure }) =>
    chart({
      ...figure,
      points: samples.map((sample) => ({ at: Date.parse(sample.at), values: known(of(sample)) })),
      from: Date.now() - hours * 3_600_000,
      to: Date.now(),
      gap: figure.id === 'latency' ? Infinity : 3_000 * step,
    }),
  );
