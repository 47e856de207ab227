// Charts over time as SVG: lines with an axis, a title, and the same figures as a table.

import { h, s } from './dom.js';
import { count } from './words.js';

/**
 * @typedef {{at: number, values: (number | null)[]}} Point at: milliseconds since the epoch
 * @typedef {object} Chart
 * @property {string} id
 * @property {string} title
 * @property {string} unit "" for plain numbers
 * @property {string[]} series names; at most three
 * @property {Point[]} points
 * @property {number} from
 * @property {number} to
 * @property {number} gap milliseconds after which a line is broken: nothing was known
 * @property {boolean} [wide] twice as wide, where there is room
 * @property {(value: number) => string} [print]
 */

const height = 200;
const left = 56;
const bottom = 24;
const top = 10;
const right = 10;

/** The least of 1, 2, 5 x 10^n at or above `value`. @param {number} value */
export function niceTop(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value - 1e-9) ?? 10;
  return step * power;
}

/** @param {number} value */
const plain = (value) => count(Math.round(value * 100) / 100);

/** @param {number} time @param {number} span */
function tick(time, span) {
  const date = new Date(time);
  if (span > 2 * 86_400_000)
    return date.toLocaleDateString(undefined, { weekday: 'short', day: 'numeric' });
  const seconds = span < 8 * 60_000 ? /** @type {const} */ ('2-digit') : undefined;
  return date.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: seconds,
    hourCycle: 'h23',
  });
}

/**
 * The lines of one series, broken where nothing is known.
 * @param {Point[]} points
 * @param {number} index
 * @param {number} gap
 * @returns {{at: number, value: number}[][]}
 */
export function segments(points, index, gap) {
  /** @type {{at: number, value: number}[][]} */
  const all = [];
  let before = -Infinity;
  for (const { at, values } of points) {
    const value = values[index];
    if (value === null || value === undefined) continue;
    if (all.length === 0 || at - before > gap) all.push([]);
    all.at(-1)?.push({ at, value });
    before = at;
  }
  return all;
}

/** @param {Chart} chart */
export function chart(chart) {
  const { id, title, unit, series, points, from, to, gap, wide, print = plain } = chart;
  // Its letters keep their size on the screen.
  const narrow = innerWidth < 600;
  const width = narrow ? 340 : wide && innerWidth > 800 ? 1_200 : 600;
  const known = points.flatMap(({ values }) => values.filter((value) => value !== null));
  const ceiling = niceTop(Math.max(0, .../** @type {number[]} */ (known)));
  // There is no half a write.
  const marks = print === plain && ceiling % 2 !== 0 ? [0, 1] : [0, 0.5, 1];
  const x = (/** @type {number} */ at) =>
    left + ((at - from) / Math.max(1, to - from)) * (width - left - right);
  const y = (/** @type {number} */ value) =>
    height - bottom - (value / ceiling) * (height - bottom - top);
  // Of each series the newest that is known.
  const last =
    points.length > 0 &&
    series.map((_, i) => {
      const value = points.findLast(({ values }) => values[i] !== null)?.values[i];
      return value === null || value === undefined ? '–' : print(value);
    });
  const summary = `${title}: ${points.length} samples${
    last ? `; the last one ${series.map((name, i) => `${name} ${last[i]}`).join(', ')}` : ''
  }`;
  return h(
    'figure',
    { class: 'chart', id },
    h(
      'figcaption',
      {},
      h('h2', {}, title, unit && h('span', { class: 'unit' }, ` ${unit}`)),
      h(
        'ul',
        { class: 'legend' },
        series.map((name, i) =>
          h('li', { class: `series-${i}` }, name, last && h('strong', {}, ` ${last[i]}`)),
        ),
      ),
    ),
    s(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': summary },
      marks.map((part) => [
        s('line', {
          class: 'grid',
          x1: left,
          x2: width - right,
          y1: y(part * ceiling),
          y2: y(part * ceiling),
        }),
        s(
          'text',
          { x: left - 6, y: y(part * ceiling) + 4, 'text-anchor': 'end' },
          print(part * ceiling),
        ),
      ]),
      (narrow ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]).map((part) =>
        s(
          'text',
          {
            x: left + part * (width - left - right),
            y: height - 6,
            'text-anchor': part === 0 ? 'start' : part === 1 ? 'end' : 'middle',
          },
          tick(from + part * (to - from), to - from),
        ),
      ),
      series.map((_, i) => segments(points, i, gap).map((line) => drawn(line, i, x, y))),
      points.length === 0 &&
        s(
          'text',
          { class: 'nothing', x: width / 2, y: height / 2, 'text-anchor': 'middle' },
          'Nothing was measured yet',
        ),
    ),
    points.length > 0 && figures(chart, print),
  );
}

/**
 * @param {{at: number, value: number}[]} line
 * @param {number} index
 * @param {(at: number) => number} x
 * @param {(value: number) => number} y
 */
function drawn(line, index, x, y) {
  const path = line.map(
    ({ at, value }, i) => `${i ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`,
  );
  const first = line[0];
  const end = line.at(-1);
  if (!first || !end) return null;
  if (line.length === 1)
    return s('circle', {
      class: `dot series-${index}`,
      cx: x(first.at),
      cy: y(first.value),
      r: 2.5,
    });
  return [
    index === 0 &&
      s('path', {
        class: 'area series-0',
        d: `${path.join('')}L${x(end.at).toFixed(1)} ${y(0)}L${x(first.at).toFixed(1)} ${y(0)}Z`,
      }),
    s('path', { class: `line series-${index}`, d: path.join('') }),
  ];
}

/** @param {Chart} chart @param {(value: number) => string} print */
function figures({ id, title, series, points }, print) {
  const shown = points.slice(-60).reverse();
  return h(
    'details',
    { id: `${id}-figures` },
    h('summary', {}, 'Figures'),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}, figures` },
      h(
        'table',
        { class: 'figures' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'Time'),
            series.map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        h(
          'tbody',
          {},
          shown.map(({ at, values }) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, new Date(at).toLocaleString()),
              values.map((value) => h('td', {}, value === null ? '–' : print(value))),
            ),
          ),
        ),
      ),
    ),
  );
}
