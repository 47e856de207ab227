// The tray on a desktop of the test's own: what it shows by D-Bus and on an X11 screen, what its
// menu does, what it tells of, and what becomes of it when the gateway goes.
// TRAY_PICTURES names a folder for pictures of all that.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { launchBrowser } from './support/browser.mjs';
import { succeeded } from './support/client.mjs';
import { Desktop, iconPng, trayBinary } from './support/desktop.mjs';
import { controlToken, holdfastBinary } from './support/holdfast.mjs';
import { spawnBound } from './support/process.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const settings = `
[tables.todos]
conflict = "manual"
writes = "queue"
`;

let world;
let desktop;
let browser;
const trays = [];

before(async () => {
  world = await World.build('tray', { extra: settings });
  desktop = await Desktop.start('bus');
});
after(async () => {
  await browser?.close();
  await desktop?.close();
  await world?.close();
});
afterEach(async () => {
  for (const tray of trays.splice(0)) await ended(tray);
});

async function ended(tray, signal = 'SIGTERM') {
  if (tray.exitCode === null && tray.signalCode === null) {
    tray.kill(signal);
    await once(tray, 'exit');
  }
  return tray.exitCode;
}

function run(command, words, where = desktop) {
  const tray = spawnBound(command, words, {
    env: where.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  tray.said = '';
  for (const stream of [tray.stdout, tray.stderr]) stream.on('data', (text) => (tray.said += text));
  trays.push(tray);
  return tray;
}

// The tray of the world's gateway; by the program itself where it needs more options.
async function startTray(...more) {
  const { data, config } = world.holdfast.places;
  const places = ['--config', config, '--data', data];
  const tray =
    more.length === 0
      ? run(holdfastBinary(), ['tray', ...places])
      : run(trayBinary(), [...places, '--gateway', holdfastBinary(), ...more]);
  await eventually('the item is there', async () => {
    if (tray.exitCode !== null) throw new Error(`the tray ended: ${tray.said}`);
    return desktop.item();
  });
  return tray;
}

const pictures = process.env.TRAY_PICTURES;
async function keepIcon(name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, `${name}.png`), iconPng((await desktop.item()).icon));
}

const iconIs = async () => (await desktop.item()).icon.argb;
const addTodo = async (values = {}) => {
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: `tray ${id}`, ...values }));
  return id;
};

test('it attaches, says the state, and its menu pauses, resumes and syncs', async () => {
  await startTray();
  await desktop.stateBecomes(/^Synced: everything is sent$/);
  const synced = await iconIs();
  await keepIcon('synced');
  assert.match((await desktop.item()).tooltip, /^Holdfast\. Synced/);
  const labels = (await desktop.menu())
    .filter(({ separator }) => !separator)
    .map((one) => one.label);
  assert.deepEqual(labels.slice(1), [
    'Sync now',
    'Pause',
    'Go offline',
    'Open dashboard',
    'Conflicts',
    'Refused',
    'Start at login',
    'Quit',
  ]);

  await desktop.choose('Pause');
  await desktop.stateBecomes(/^Paused: nothing waits$/);
  assert.equal((await world.holdfast.status()).state, 'paused');
  await keepIcon('paused');
  const paused = await iconIs();
  assert.notEqual(paused, synced);
  const id = await addTodo();
  await desktop.stateBecomes(/^Paused: 1 write waits$/);
  assert.notEqual(await iconIs(), paused, 'the count is on the icon');
  await keepIcon('paused-1');
  await desktop.choose('Sync now');
  await eventually('it is upstream', async () => {
    const [{ count }] = await world.database.sql`select count(*) from todos where id=${id}`;
    return Number(count) === 1;
  });
  await desktop.choose('Resume');
  await desktop.stateBecomes(/^Synced/);
  assert.equal(await iconIs(), synced);
});

test('a person goes offline and online again: nothing reaches the upstream in between', async () => {
  await startTray();
  await desktop.stateBecomes(/^Synced/);
  await desktop.choose('Go offline');
  await desktop.stateBecomes(/^Offline by choice: nothing waits$/);
  await keepIcon('offline');
  for (let i = 0; i < 3; ++i) await addTodo();
  await desktop.stateBecomes(/^Offline by choice: 3 writes wait$/);
  await keepIcon('offline-3');
  // The upstream answers all the time, and is not asked, not even by a sync.
  const { errors } = await world.holdfast.sync();
  assert.match(errors.join(), /taken offline by a person/);
  const status = await world.holdfast.status();
  assert.equal(status.online, false);
  assert.equal(status.offline_by_choice, true);
  assert.equal(status.queue.depth, 3);
  assert.equal((await desktop.menu()).find(({ label }) => label === 'Sync now').enabled, false);
  await desktop.choose('Go online');
  await desktop.stateBecomes(/^Synced/);
  assert.equal((await world.holdfast.status()).queue.depth, 0);
});

test('a conflict and a refused write are told, and a click leads to them in the dashboard', async () => {
  await startTray();
  await desktop.stateBecomes(/^Synced/);
  await addTodo({ priority: 99 });
  const refused = await desktop.noticed('Write refused');
  assert.match(refused.body, /refused 1 write\b/);
  assert.doesNotMatch(refused.body, /tray/, 'no row data in a notice');
  await desktop.stateBecomes(/^Needs attention: 1 write refused$/);
  await keepIcon('error');

  const id = crypto.randomUUID();
  await world.database.sql`insert into todos (id, title, priority) values (${id}, 'base', 1)`;
  await world.holdfast.sync();
  await world.holdfast.control('POST', '/sync/pause');
  succeeded(await world.app.from('todos').update({ title: 'ours' }).eq('id', id));
  await world.database.sql`update todos set title='theirs' where id=${id}`;
  await world.holdfast.control('POST', '/sync/resume');
  await world.holdfast.sync();
  const conflict = await desktop.noticed('Conflict');
  assert.match(conflict.body, /^1 row was changed on both sides/);
  await desktop.stateBecomes(/^Conflict: 1 row for you to decide$/);
  await keepIcon('conflict');

  await desktop.choose('Conflicts (1)');
  const url = await eventually('the browser is asked', () => desktop.opened.at(-1));
  assert.match(url, new RegExp(`^${world.holdfast.url}/#code=[\\w-]+&section=conflicts$`));
  browser = await launchBrowser();
  const page = await browser.newPage();
  await page.goto(url);
  await page.getByRole('heading', { name: 'Conflicts', level: 1 }).waitFor();
  await page.getByRole('button', { name: /^Use server/ }).click();
  await desktop.stateBecomes(/^Needs attention/);
  assert.ok(!page.url().includes('code'), page.url());
  await page.locator('#nav-dead').click();
  await page.getByRole('button', { name: /^Discard/ }).click();
  await page.locator('dialog').getByRole('button', { name: 'Discard' }).click();
  await desktop.stateBecomes(/^Synced/);
  await desktop.activate();
  await eventually('a click on the icon opens the dashboard', () =>
    /#code=[\w-]+$/.test(desktop.opened.at(-1)),
  );
});

test('a long time without the upstream is told once, and its end', async () => {
  await startTray('--long-offline', '1');
  await desktop.stateBecomes(/^Synced/);
  await world.upstream.kill();
  await desktop.stateBecomes(/^Offline: nothing waits$/);
  await addTodo();
  await desktop.noticed('Offline');
  await world.upstream.restart();
  await desktop.noticed('Online again');
  const told = (await desktop.notices()).filter(({ summary }) => summary === 'Offline');
  assert.equal(told.length, 1);
});

test('it survives a restart of the gateway, and a new panel', async () => {
  const tray = await startTray();
  await desktop.stateBecomes(/^Synced/);
  await world.holdfast.kill();
  await desktop.stateBecomes(/^The gateway is not running$/);
  await keepIcon('absent');
  await world.holdfast.restart();
  await desktop.stateBecomes(/^(Syncing|Synced)/);
  await desktop.choose('Pause');
  await desktop.stateBecomes(/^Paused/);
  await desktop.choose('Resume');
  await world.holdfast.terminate();
  await world.holdfast.restart();
  await desktop.stateBecomes(/^(Syncing|Synced)/);
  // The desktop's panel crashes and comes back.
  await desktop.hidePanel();
  await desktop.showPanel();
  await desktop.stateBecomes(/^(Syncing|Synced)/);
  assert.equal(tray.exitCode, null);
});

test('there is one tray for each gateway', async () => {
  await startTray();
  const { data, config } = world.holdfast.places;
  const second = run(holdfastBinary(), ['tray', '--config', config, '--data', data]);
  await once(second, 'exit');
  assert.equal(second.exitCode, 1);
  assert.match(second.said, /a tray runs on this data folder already/);
});

test('where none runs it starts the gateway, and stops it when it quits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tray-'));
  const data = join(folder, 'data');
  const config = join(folder, 'config.toml');
  writeFileSync(
    config,
    `[upstream]\nurl = "${world.upstream.url}"\nanon_key = "${anonKey}"\n` +
      `db_url = "${world.database.url}"\n` +
      `[server]\nlisten = "127.0.0.1:0"\ncontrol_token = "${controlToken}"\n`,
  );
  const start = () => run(holdfastBinary(), ['tray', '--config', config, '--data', data]);
  const gatewayUrl = () =>
    existsSync(join(data, 'gateway.url')) && readFileSync(join(data, 'gateway.url'), 'utf8');
  for (const end of ['menu', 'signal']) {
    const tray = start();
    await desktop.stateBecomes(/^(Syncing|Synced)/);
    const url = await eventually('the gateway runs', gatewayUrl);
    assert.equal((await fetch(`${url}/status`)).status, 200);
    if (end === 'menu') {
      await desktop.choose('Quit and stop the gateway');
      await once(tray, 'exit');
    } else {
      await ended(tray);
    }
    assert.equal(tray.exitCode, 0, tray.said);
    await assert.rejects(fetch(`${url}/status`));
    assert.equal(gatewayUrl(), false, 'it ended in peace');
  }
  // One that cannot start: the reason is in the menu.
  writeFileSync(config, '[upstream]\nurl = "http://127.0.0.1:9"\n');
  start();
  await desktop.stateBecomes(/^The gateway does not start: no API key is known/);
  for (const tray of trays.splice(0)) await ended(tray);
  rmSync(folder, { recursive: true, force: true });
});

test('start at login writes an entry that starts this very tray', async () => {
  await startTray();
  const entry = join(desktop.home, '.config', 'autostart', 'holdfast-tray.desktop');
  await desktop.choose('Start at login');
  const text = await eventually(
    'the entry is there',
    () => existsSync(entry) && readFileSync(entry, 'utf8'),
  );
  assert.equal(
    (await desktop.menu()).find(({ label }) => label === 'Start at login').checked,
    true,
  );
  const { data, config } = world.holdfast.places;
  assert.ok(
    text.includes(`Exec="${holdfastBinary()}" "tray" "--config" "${config}" "--data" "${data}"\n`),
    text,
  );
  await desktop.choose('Start at login');
  await eventually('the entry is gone', () => !existsSync(entry));
});

test('without a desktop it says so', () => {
  const { data, config } = world.holdfast.places;
  const words = ['tray', '--config', config, '--data', data];
  const said = spawnSync(holdfastBinary(), words, {
    env: { PATH: process.env.PATH, HOME: desktop.home },
    encoding: 'utf8',
  });
  assert.equal(said.status, 1);
  assert.match(said.stderr, /no desktop to show it on/);
});

test('on a desktop with an X11 tray the icon is seen, and changes with the state', async () => {
  const x11 = await Desktop.start('x11');
  try {
    const { data, config } = world.holdfast.places;
    const empty = JSON.stringify(x11.pixels());
    run(holdfastBinary(), ['tray', '--config', config, '--data', data], x11);
    const green = 0x0f7b6c;
    const violet = 0x6b4fbb;
    const count = (colour) => x11.pixels().filter((pixel) => pixel === colour).length;
    await eventually('the icon is on the screen', () => count(green) > 100);
    assert.notEqual(JSON.stringify(x11.pixels()), empty);
    if (pictures) await x11.picture(join(pictures, 'x11-synced.png'));
    await world.holdfast.control('POST', '/sync/pause');
    for (let i = 0; i < 12; ++i) await addTodo();
    await eventually('the icon is another', () => count(violet) > 100 && count(green) === 0);
    if (pictures) await x11.picture(join(pictures, 'x11-paused.png'));
    await world.holdfast.control('POST', '/sync/resume');
    await eventually('and the first again', () => count(green) > 100);
  } finally {
    for (const tray of trays.splice(0)) await ended(tray);
    await x11.close();
  }
});
