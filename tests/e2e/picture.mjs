// Takes docs/dashboard.png, the demo's dashboard with some work going on, and docs/conflict.png, a row
// that both sides have changed.
// HOLDFAST_BIN names the gateway; --all also takes every section, in light and dark, wide and
// narrow, into the folder that follows.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { dashboardSections, launchBrowser } from './support/browser.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { ChildProcess } from './support/process.mjs';
import { eventually } from './support/wait.mjs';

const folder = process.argv[2] === '--all' ? process.argv[3] : null;
const home = mkdtempSync(join(tmpdir(), 'holdfast-picture-'));
const demo = new ChildProcess();
const env = { PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: join(home, 'data') };
const ready = /^holdfast ready url=(http:\/\/127\.0\.0\.1:\d+)$/;
const [, url] = await demo.start(holdfastBinary(), ['demo'], { env, ready });
const printed = (pattern) => eventually('the demo says how', () => pattern.exec(demo.output)?.[1]);
const link = await printed(/(http:\S+#code=\S+)/);
const key = await printed(/key: +(\S+)/);

const post = (path, body, method = 'POST') =>
  fetch(url + path, {
    method,
    headers: { apikey: key, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
const add = (todo) => post('/rest/v1/todos', todo);

const browser = await launchBrowser();
const context = await browser.newContext({ viewport: { width: 1080, height: 800 } });
const page = await context.newPage();
await page.goto(link);
await page.locator('#overall').waitFor();

const titles = ['Order paper rolls', 'Call the plumber', 'Water the plants', 'Count the till'];
titles.push('Send the invoices', 'Repair the bell', 'Buy stamps', 'Sweep the yard', 'Book the van');
await post('/demo/offline');
for (const title of titles.slice(0, 5)) {
  await add({ title });
  await sleep(2_500);
}
// One that the upstream will not take.
await add({ title: 'For a project that is gone', project_id: crypto.randomUUID() });
await sleep(2_000);
await post('/demo/online');
await eventually(
  'one is refused',
  async () => (await (await fetch(`${url}/status`)).json()).queue.dead,
);
await sleep(6_000);
await post('/demo/offline');
for (const title of titles.slice(5)) {
  await sleep(3_500);
  await add({ title });
}
await page.locator('#bar-state').getByText('Offline').waitFor();
await sleep(1_500);
await page.screenshot({
  path: fileURLToPath(new URL('../../docs/dashboard.png', import.meta.url)),
});

if (folder) {
  mkdirSync(folder, { recursive: true });
  for (const [name, colorScheme, width] of [
    ['light', 'light', 1200],
    ['dark', 'dark', 1200],
    ['narrow', 'light', 390],
  ]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 820 });
    for (const section of dashboardSections) {
      await page.locator(`#nav-${section}`).click();
      await sleep(400);
      await page.screenshot({ path: join(folder, `${name}-${section}.png`) });
    }
  }
}
await conflictPicture();
await browser.close();
await demo.end();
rmSync(home, { recursive: true, force: true });

// A second gateway before the demo's upstream, which asks a person about each conflict.
async function conflictPicture() {
  await post('/demo/online');
  const { upstream } = await (await fetch(`${url}/status`)).json();
  const config = join(home, 'config.toml');
  const token = 'fake-control-token-of-the-picture';
  writeFileSync(
    config,
    `[upstream]\nurl = "${upstream.url}"\nanon_key = "${key}"\n` +
      `[server]\nlisten = "127.0.0.1:0"\ncontrol_token = "${token}"\n` +
      `[tables.todos]\nconflict = "manual"\nwrites = "queue"\n`,
  );
  const gateway = new ChildProcess();
  const words = ['serve', '--config', config, '--data', join(home, 'second')];
  const [, second] = await gateway.start(holdfastBinary(), words, { env, ready });
  const headers = {
    apikey: key,
    'content-type': 'application/json',
    prefer: 'return=representation',
  };
  const control = (path) =>
    fetch(second + path, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  const patch = (base, id, change) =>
    fetch(`${base}/rest/v1/todos?id=eq.${id}`, {
      method: 'PATCH',
      headers,
      body: JSON.stringify(change),
    });
  const [row] = await eventually('the rows are here', async () => {
    const rows = await (
      await fetch(`${second}/rest/v1/todos?title=eq.Count%20the%20till&order=created_at&limit=1`, {
        headers,
      })
    ).json();
    return rows.length > 0 && rows;
  });
  await control('/sync');
  await control('/sync/offline');
  await patch(second, row.id, { title: 'Count the till and the stamps', priority: 5 });
  await patch(upstream.url, row.id, { title: 'Count the till at six', done: false });
  await control('/sync/online');
  await eventually('the conflict is found', async () => {
    await control('/sync');
    return (await (await fetch(`${second}/status`)).json()).queue.conflicts === 1;
  });
  const { url: link } = await (await control('/dashboard/link')).json();
  const other = await (
    await browser.newContext({ viewport: { width: 1080, height: 800 } })
  ).newPage();
  await other.goto(`${link}&section=conflicts`);
  await other.getByRole('button', { name: /^Merge/ }).click();
  await sleep(500);
  if (folder) await other.screenshot({ path: join(folder, 'merge.png') });
  await other.keyboard.press('Escape');
  await sleep(300);
  await other.screenshot({
    path: fileURLToPath(new URL('../../docs/conflict.png', import.meta.url)),
    clip: { x: 0, y: 0, width: 1080, height: 560 },
  });
  await gateway.end();
}
