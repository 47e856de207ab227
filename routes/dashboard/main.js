// Starts the page: signs in, listens, and shows the section that the address names.

import { get, post, signIn, token } from './api.js';
import { h, byId, keepClicks, say, show } from './dom.js';
import { listen } from './events.js';
import { action, refreshMoments } from './parts.js';
import { countOpen, noteStatus, noteTables, state } from './state.js';
import { conflicts } from './view_conflicts.js';
import { journal } from './view_journal.js';
import { overview, stateNames } from './view_overview.js';
import { dead, queue } from './view_queue.js';
import { tables } from './view_tables.js';
import { trends } from './view_trends.js';
import { welcome } from './view_welcome.js';
import { count } from './words.js';

/** @typedef {(query: URLSearchParams) => import('./dom.js').Child} View */

/** `live`: shown again whenever something changes. @type {Record<string, {name: string, view: View, live: boolean, badge?: () => number}>} */
const sections = {
  '': { name: 'Overview', view: overview, live: true },
  queue: { name: 'Queue', view: queue, live: true, badge: () => state.status?.queue.depth ?? 0 },
  dead: { name: 'Refused', view: dead, live: true, badge: () => state.status?.queue.dead ?? 0 },
  conflicts: {
    name: 'Conflicts',
    view: conflicts,
    live: true,
    badge: countOpen,
  },
  tables: { name: 'Tables', view: tables, live: true },
  trends: { name: 'Trends', view: trends, live: false },
  journal: { name: 'Journal', view: journal, live: false },
};

let current = '';

function address() {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return { name: path in sections ? path : '', query: new URLSearchParams(query) };
}

function open() {
  const { name, query } = address();
  const section = sections[name];
  if (!section) return;
  current = name;
  document.title = name ? `${section.name} · Holdfast` : 'Holdfast';
  showSection(section, query);
  showNavigation();
  showWhere();
}

// Nothing of one address stays at another.
/** @param {{view: View}} section @param {URLSearchParams} query */
const showSection = (section, query) =>
  show(byId('main'), h('div', { key: location.hash }, section.view(query)));

// On narrow screens the sections do not stand beside each other all.
const here = () => document.getElementById(`nav-${current || 'overview'}`);
const showWhere = () => here()?.scrollIntoView({ block: 'nearest', inline: 'nearest' });

function isWhereInSight() {
  const { left = -1, right = 0 } = here()?.getBoundingClientRect() ?? {};
  return left >= 0 && right <= innerWidth + 1;
}

function showNavigation() {
  byId('nav').hidden = false;
  show(
    byId('nav'),
    h(
      'ul',
      {},
      Object.entries(sections).map(([name, { name: label, badge }]) => {
        const number = badge?.() ?? 0;
        return h(
          'li',
          {},
          h(
            'a',
            {
              href: `#/${name}`,
              id: `nav-${name || 'overview'}`,
              'aria-current': name === current && 'page',
            },
            label,
            number > 0 && h('span', { class: `badge ${name}` }, count(number)),
          ),
        );
      }),
    ),
  );
}

function showBar() {
  const { status, connected } = state;
  const shown = !connected ? 'gone' : (status?.state ?? 'gone');
  const name = connected ? (stateNames[shown] ?? 'Connecting') : 'Gateway away';
  show(
    byId('bar-state'),
    h(
      'span',
      { class: `pill ${shown}` },
      h('span', { class: 'light', 'aria-hidden': 'true' }),
      name,
    ),
  );
  const paused = status?.state === 'paused';
  show(
    byId('bar-actions'),
    action('Sync now', { id: 'sync-now', class: 'primary', run: syncNow }),
    action(paused ? 'Resume' : 'Pause', { id: 'pause', run: () => setPaused(!paused) }),
  );
}

async function syncNow() {
  say('Syncing…');
  const { uploaded, downloaded, errors } = await post('/sync');
  if (errors.length > 0) say(`Synced with trouble: ${errors[0]}`, 'bad');
  else say(`Synced: ${count(uploaded)} sent, ${count(downloaded)} received.`);
}

/** @param {boolean} paused */
async function setPaused(paused) {
  update(await post(paused ? '/sync/pause' : '/sync/resume'));
  say(paused ? 'Paused: writes are kept here until you resume.' : 'Resumed.');
}

/** @param {any} status */
function update(status) {
  noteStatus(status);
  if (status.sync.tables) noteTables(status.sync.tables);
  redraw();
}

let drawing = 0;
// Many events at a time make one drawing.
function redraw() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => {
    showBar();
    // A badge that comes moves the sections behind it.
    const stays = isWhereInSight();
    showNavigation();
    if (stays) showWhere();
    const { name, query } = address();
    const section = sections[name];
    if (section?.live) showSection(section, query);
  });
}

let loading = 0;
let loaded = 0;
let changedMeanwhile = false;
const betweenLoads = 1_000;
// What the lists show, soon after something changed, and not again for each of many changes.
function reload(pause = 150) {
  // What is being read may have been told before this change.
  if (loading) {
    changedMeanwhile = true;
    return;
  }
  const wait = Math.max(pause, loaded + betweenLoads - Date.now());
  loading = window.setTimeout(load, pause === 0 ? 0 : wait);
}

async function load() {
  changedMeanwhile = false;
  try {
    const [entries, dead, open, recent] = await Promise.all(
      [
        `/outbox?state=unfinished&limit=${state.shown.queue}`,
        `/outbox?state=dead&limit=${state.shown.dead}`,
        `/conflicts?state=open&limit=${state.shown.conflicts}`,
        '/conflicts?limit=50',
      ].map(get),
    );
    state.entries = unique([...entries, ...dead]);
    state.conflicts = unique([...open, ...recent]);
  } catch {
    // The event stream says when the gateway is back.
  }
  loading = 0;
  loaded = Date.now();
  redraw();
  if (changedMeanwhile) reload();
}

/** @template {{id: string}} T @param {T[]} list */
const unique = (list) => [...new Map(list.map((one) => [one.id, one])).values()];

/** @param {string} name @param {string} data */
function hear(name, data) {
  if (name === 'status') update(JSON.parse(data));
  else if (name === 'tables') {
    noteTables(JSON.parse(data));
    redraw();
  } else reload();
}

function start() {
  showBar();
  open();
  addEventListener('hashchange', () => {
    open();
    byId('main').focus();
    scrollTo(0, 0);
  });
  addEventListener('holdfast-changed', () => reload(0));
  addEventListener('holdfast-status', (event) => update(/** @type {CustomEvent} */ (event).detail));
  setInterval(refreshMoments, 1_000);
  void listen({
    event: hear,
    connected: (yes) => {
      state.connected = yes;
      if (yes) reload(0);
      redraw();
    },
    refused: () => {
      token.clear();
      location.hash = '';
      location.reload();
    },
  });
}

async function main() {
  keepClicks();
  // The tray's links name a section, too.
  const [, code, name] = /^#code=([\w-]+)(?:&section=(\w+))?$/.exec(location.hash) ?? [];
  let problem = '';
  if (code) {
    history.replaceState(null, '', location.pathname + (name ? `#/${name}` : ''));
    try {
      await signIn(code);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  if (token.get()) start();
  else show(byId('main'), welcome(problem));
}

await main();
