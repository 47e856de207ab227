// Without a token: how to get one.

import { h } from './dom.js';

/** @param {string} [problem] */
export const welcome = (problem) =>
  h(
    'div',
    { class: 'welcome' },
    h('h1', {}, 'This is Holdfast’s dashboard'),
    problem && h('p', { class: 'error', role: 'alert' }, problem),
    h(
      'p',
      {},
      'It shows and changes what waits on this machine, so it asks who you are. On this machine, run',
    ),
    h('pre', { tabindex: 0, 'aria-label': 'Command' }, h('code', {}, 'holdfast dashboard')),
    h(
      'p',
      {},
      'and open the link that it prints. A link is good once, for five minutes, and for this tab.',
    ),
    h(
      'p',
      { class: 'lead' },
      'What anybody on this machine may see without it: ',
      h('a', { href: '/metrics' }, 'the metrics'),
      '.',
    ),
  );
