// What became of every write, record by record.

import { get } from './api.js';
import { h, show } from './dom.js';
import { chip, grid, nothing, section } from './parts.js';
import { moment, stateWord } from './words.js';

/**
 * @typedef {{number: number, at: string | null, event: string, subject: string, was: string, became: string, seal: string}} Record_
 * @typedef {{principal: string, principals: string[], records: Record_[], next: number | null}} Page
 */

/** @type {Record<string, string>} */
const events = {
  created: 'a write was taken',
  changed: 'its content was changed',
  forgotten: 'it was cleared away after its time',
  conflict: 'a conflict was found',
  decided: 'a conflict was decided',
  note: 'noted',
};

/** @param {URLSearchParams} query */
export function journal(query) {
  const place = h('div', {}, h('p', {}, 'Loading…'));
  /** @type {Record_[]} */
  const records = [];
  let principal = query.get('principal') ?? '';
  const subject = query.get('subject') ?? '';
  /** @param {number | null} before */
  const load = async (before) => {
    const asked = new URLSearchParams({ limit: '50' });
    if (principal) asked.set('principal', principal);
    if (subject) asked.set('subject', subject);
    if (before) asked.set('before', String(before));
    try {
      const page = /** @type {Page} */ (await get(`/journal?${asked}`));
      if (!before) records.length = 0;
      records.push(...page.records);
      draw(page);
    } catch (error) {
      show(
        place,
        h('p', { class: 'error' }, error instanceof Error ? error.message : String(error)),
      );
    }
  };
  /** @param {Page} page */
  const draw = (page) => {
    show(
      place,
      page.principals.length > 1 && chooser(page),
      subject &&
        h(
          'p',
          { class: 'lead' },
          'Of one write: ',
          h('code', {}, subject),
          '. ',
          h('a', { href: '#/journal' }, 'Show all'),
        ),
      records.length === 0
        ? nothing('Nothing is recorded', 'Every change of the queue will be.')
        : grid('Journal', ['No.', 'When', 'What', 'Of', 'Seal'], records.map(row)),
      page.next !== null &&
        h(
          'button',
          { type: 'button', id: 'older', onclick: () => load(page.next) },
          'Older records',
        ),
    );
  };
  /** @param {Page} page */
  const chooser = (page) =>
    h(
      'p',
      {},
      h('label', { for: 'principal' }, 'Of '),
      h(
        'select',
        {
          id: 'principal',
          onchange: (/** @type {Event} */ event) => {
            principal = /** @type {HTMLSelectElement} */ (event.target).value;
            void load(null);
          },
        },
        page.principals.map((name) =>
          h('option', { value: name, selected: name === page.principal }, name),
        ),
      ),
    );
  void load(null);
  return section(
    'Journal',
    null,
    h(
      'p',
      { class: 'lead' },
      'Each record is sealed with the one before it; ',
      h('code', {}, 'holdfast verify'),
      ' proves that none was altered or removed.',
    ),
    place,
  );
}

/** @param {Record_} record */
const row = (record) =>
  h(
    'tr',
    {},
    h('td', { class: 'number' }, String(record.number)),
    h('td', {}, record.at ? h('time', { datetime: record.at }, moment(record.at)) : '–'),
    h(
      'td',
      {},
      record.event === 'state'
        ? [
            chip(record.was, stateWord(record.was)),
            ' → ',
            chip(record.became, stateWord(record.became)),
          ]
        : [
            events[record.event] ?? record.event,
            record.event === 'decided' && `: ${record.became}`,
          ],
    ),
    h('td', {}, h('code', { class: 'id', title: record.subject }, record.subject.slice(-12))),
    h('td', {}, h('code', { class: 'id' }, record.seal)),
  );
