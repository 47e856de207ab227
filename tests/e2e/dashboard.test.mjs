// The dashboard in a real browser: each action of a person, what it is to a screen reader and a
// keyboard, and what pages of other origins cannot do.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { accessibilityFaults, dashboardSections, launchBrowser } from './support/browser.mjs';
import { succeeded } from './support/client.mjs';
import { controlToken } from './support/holdfast.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const settings = `
statement_timeout = "500ms"
[tables.todos]
conflict = "manual"
writes = "queue"
[tables.comments]
conflict = "manual"
[tables.profiles]
conflict = "manual"
[tables.readings]
writes = "queue"
`;

let world;
let browser;
const contexts = [];

before(async () => {
  world = await World.build('dashboard', { extra: settings });
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await world?.close();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await world.holdfast.control('POST', '/sync/online');
  await world.holdfast.control('POST', '/sync/resume');
  await world.upstream.clearFaults();
});

const url = () => world.holdfast.url;
const link = () => world.holdfast.run('dashboard').stdout.trim();

async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 850 }, ...options });
  contexts.push(context);
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') page.faults.push(message.text());
  });
  return page;
}

// Signed in, at a section; "" is the overview.
async function dashboard(section = '', options = {}) {
  const page = await newPage(options);
  await page.goto(link());
  await page.locator('#overall').waitFor();
  if (section) await go(page, section);
  return page;
}

async function go(page, section) {
  await page.locator(`#nav-${section}`).click();
  await page.locator('main h1').first().waitFor();
}

const said = (page, text) => page.locator('#toasts').getByText(text).waitFor();

const rowOf = async (id) =>
  (await world.database.sql`select title, priority, done from todos where id=${id}`)[0];

async function newTodo(title) {
  const id = crypto.randomUUID();
  await world.database.sql`insert into todos (id, title, priority) values (${id}, ${title}, 1)`;
  await world.holdfast.sync();
  return id;
}

// A write that the upstream refuses for good, delivered.
async function deadLetter(values = { priority: 99 }) {
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: `refused ${id}`, ...values }));
  const entry = await eventually('the write is refused', async () =>
    (await world.holdfast.outbox('dead')).find((one) => JSON.stringify(one).includes(id)),
  );
  return { id, entry };
}

// One row that both sides have changed.
async function conflict() {
  const id = await newTodo('base');
  await world.holdfast.control('POST', '/sync/pause');
  succeeded(await world.app.from('todos').update({ title: 'ours', priority: 5 }).eq('id', id));
  await world.database.sql`update todos set title='theirs', done=true where id=${id}`;
  await world.holdfast.control('POST', '/sync/resume');
  await world.holdfast.sync();
  const open = await world.holdfast.control('GET', '/conflicts?state=open');
  const found = open.find(({ key }) => key.id === id);
  assert.ok(found, 'the conflict is open');
  return { id, conflict: found };
}

test('without a token the page says how to get one, and shows nothing else', async () => {
  const page = await newPage();
  await page.goto(`${url()}/`);
  await page.getByText('holdfast dashboard', { exact: true }).waitFor();
  assert.equal(await page.locator('#nav').isVisible(), false);
  // A browser at /status gets the same page, a program gets JSON.
  await page.goto(`${url()}/status`);
  await page.getByText('holdfast dashboard', { exact: true }).waitFor();
  assert.equal((await world.holdfast.status()).online, true);
  assert.deepEqual(page.faults, []);
});

test('a link signs in once, for its tab alone, and leaves nothing in the address', async () => {
  const once_ = link();
  const page = await newPage();
  await page.goto(once_);
  await page.locator('#overall').waitFor();
  assert.ok(!page.url().includes('code'), page.url());
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  assert.equal(await page.evaluate(() => document.cookie), '');
  await page.reload();
  await page.locator('#overall').waitFor();
  const other = await newPage();
  await other.goto(once_);
  await other.getByRole('alert').getByText('This link was used already').waitFor();
  assert.equal(await other.evaluate(() => sessionStorage.length), 0);
});

test('everything comes from the gateway itself, under a strict policy', async () => {
  const page = await newPage();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(link());
  await page.locator('#overall').waitFor();
  for (const section of ['queue', 'dead', 'conflicts', 'tables', 'trends', 'journal']) {
    await go(page, section);
  }
  assert.deepEqual(
    asked.filter((one) => new URL(one).origin !== url()),
    [],
  );
  const answer = await fetch(`${url()}/`);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  const again = await fetch(`${url()}/`, {
    headers: { 'if-none-match': answer.headers.get('etag') },
  });
  assert.equal(again.status, 304);
  assert.deepEqual(page.faults, []);
});

test('state, pending count and last sync follow without a reload; pause, resume, sync now', async () => {
  const page = await dashboard();
  const state = page.locator('#overall');
  await page.locator('#pause').click();
  await state.getByText('Paused').waitFor();
  assert.equal(await page.locator('#pause').textContent(), 'Resume');
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: 'while paused' }));
  const pending = page.locator('.tile', { hasText: 'Pending' });
  await pending.getByText('1', { exact: true }).waitFor();
  // It grows old while nothing else happens.
  await pending.getByText(/oldest ([2-9]|\d\d) s ago/).waitFor();
  await go(page, 'queue');
  const card = page.locator('.card', { hasText: 'Insert into todos' });
  await card.getByText('queued', { exact: true }).waitFor();
  assert.match(await card.textContent(), /Written.*Attempts0.*Bynobody signed in/s);
  await page.locator('#pause').click();
  await page.getByText('Nothing waits').waitFor();
  await eventually('the write is upstream', () => rowOf(id));
  await page.locator('#sync-now').click();
  await said(page, /^Synced: /);
  await go(page, 'overview');
  await page.locator('.tile', { hasText: 'Last sync' }).locator('time').waitFor();
  assert.deepEqual(page.faults, []);
});

test('an outage is seen, and its end', async () => {
  const page = await dashboard();
  await world.upstream.kill();
  await page.locator('#bar-state').getByText('Offline').waitFor();
  await world.upstream.restart();
  await page.locator('#bar-state').getByText('Synced').waitFor();
});

test('a person cuts the link and opens it again; a write says why it waits', async () => {
  const page = await dashboard();
  await page.locator('#link').click();
  await page.locator('#overall').getByText('Offline').waitFor();
  await page.getByText('You cut the link').waitFor();
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: 'kept here' }));
  await go(page, 'queue');
  await page.locator('.card', { hasText: id }).getByText('sent when you go online').waitFor();
  assert.equal(await rowOf(id), undefined);
  await go(page, 'overview');
  await page.getByRole('button', { name: 'Go online' }).click();
  await page.locator('#bar-state').getByText('Synced').waitFor();
  assert.ok(await rowOf(id));
  assert.equal(await page.locator('#link').textContent(), 'Go offline');
  assert.deepEqual(page.faults, []);
});

test('a queued write can be looked at, sent now and given up', async () => {
  const page = await dashboard('queue');
  await world.holdfast.control('POST', '/sync/pause');
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: 'given up' }));
  const card = page.locator('.card', { hasText: id });
  await card.getByRole('button', { name: /^Details/ }).click();
  await page.locator('dialog').getByText('given up').waitFor();
  await page
    .locator('dialog')
    .getByRole('link', { name: /journal/ })
    .click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.locator('td', { hasText: 'a write was taken' }).waitFor();
  await go(page, 'queue');
  await card.getByRole('button', { name: /^Send now/ }).click();
  // Not before somebody resumes, and it does not say otherwise.
  await said(page, 'it is sent when you resume');
  await card.getByRole('button', { name: /^Discard/ }).click();
  await page.locator('dialog').getByRole('button', { name: 'Discard' }).click();
  await said(page, 'The write is discarded.');
  await card.waitFor({ state: 'detached' });
  assert.deepEqual(succeeded(await world.app.from('todos').select('id').eq('id', id)), []);
});

test('a write that comes while the lists are being read is shown all the same', async () => {
  const page = await dashboard('queue');
  await world.holdfast.control('POST', '/sync/pause');
  const id = crypto.randomUUID();
  let old;
  const lists = '**/outbox?state=unfinished&limit=200';
  await page.route(lists, async (route) => {
    const answer = await route.fetch();
    if (!old) {
      // The page's question is answered as of before the write, and told of it meanwhile.
      old = answer;
      const told = page.waitForFunction(
        () => document.querySelector('#nav-queue .badge')?.textContent === '2',
      );
      succeeded(await world.app.from('todos').insert({ id, title: 'in between' }));
      await told;
    }
    await route.fulfill({ response: answer });
  });
  succeeded(await world.app.from('todos').insert({ id: crypto.randomUUID(), title: 'before' }));
  await page.locator('.card', { hasText: id }).waitFor();
  assert.ok(old);
  await page.unroute(lists);
});

test('a refused write: its reason, edited and delivered; retried; discarded', async () => {
  const edited = await deadLetter();
  const discarded = await deadLetter();
  const page = await dashboard('dead');
  const card = page.locator(`[data-entry="${edited.entry.id}"]`);
  await card.getByText('23514').waitFor();
  await card.getByRole('button', { name: /^Edit/ }).click();
  const text = page.locator('#edit-body');
  assert.equal(JSON.parse(await text.inputValue()).priority, 99);
  await text.fill('not JSON');
  await page.getByRole('button', { name: 'Send it so' }).click();
  await page.locator('dialog').getByRole('alert').getByText('no JSON').waitFor();
  await text.fill(JSON.stringify({ id: edited.id, title: 'mended', priority: 9 }));
  await page.getByRole('button', { name: 'Send it so' }).click();
  await said(page, 'on its way');
  await eventually('it is upstream', async () => (await rowOf(edited.id))?.title === 'mended');
  const other = page.locator(`[data-entry="${discarded.entry.id}"]`);
  await other.getByRole('button', { name: /^Retry/ }).click();
  await said(page, 'It is sent again.');
  await eventually('it is refused again', async () =>
    (await world.holdfast.outbox('dead')).some(
      ({ id, attempts }) => id === discarded.entry.id && attempts > 1,
    ),
  );
  await other.getByRole('button', { name: /^Discard/ }).click();
  await page.locator('dialog').getByRole('button', { name: 'Discard' }).click();
  await other.waitFor({ state: 'detached' });
  assert.equal(await rowOf(discarded.id), undefined);
  assert.deepEqual(page.faults, []);
});

test('what is drawn while a button is pressed takes no click away', async () => {
  const { entry } = await deadLetter();
  const page = await dashboard('dead');
  const edit = page.locator(`[data-entry="${entry.id}"]`).getByRole('button', { name: /^Edit/ });
  await edit.hover();
  await page.mouse.down();
  await page.evaluate(async () => {
    dispatchEvent(new Event('holdfast-changed'));
    await new Promise((resolve) => setTimeout(resolve, 1500));
  });
  await page.mouse.up();
  await page.locator('#edit-body').waitFor();
  await page.locator('dialog').getByRole('button', { name: 'Cancel' }).click();
  await world.holdfast.control('POST', `/outbox/${entry.id}/discard`);
  assert.deepEqual(page.faults, []);
});

test('all refused writes at once: retried, then given up', async () => {
  await deadLetter();
  await deadLetter();
  const page = await dashboard('dead');
  await page.locator('#retry-all').click();
  await page.locator('dialog').getByRole('button', { name: 'Retry all' }).click();
  await said(page, /2 writes sent again/);
  await eventually(
    'both are refused again',
    async () => (await world.holdfast.outbox('dead')).length === 2,
  );
  await page.locator('#discard-all').click();
  await page.locator('dialog').getByRole('button', { name: 'Discard all' }).click();
  await said(page, /2 writes discarded/);
  await page.getByText('Nothing was refused').waitFor();
});

test('more refused writes than are shown: the queue is seen all the same, and all are counted', async () => {
  const number = 203;
  const rows = Array.from({ length: number }, () => ({ title: 'refused', priority: 99 }));
  await Promise.all(rows.map((row) => world.app.from('todos').insert(row)));
  await world.holdfast.statusWhere(
    'all are refused',
    ({ queue }) => queue.dead === number && queue.depth === 0,
  );
  await world.holdfast.control('POST', '/sync/pause');
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: 'behind them' }));
  const page = await dashboard('queue');
  await page.locator('.card', { hasText: id }).waitFor();
  await go(page, 'overview');
  await page.locator('.list').getByText('and 200 more').waitFor();
  await go(page, 'dead');
  await page.getByText('and 3 more writes').waitFor();
  assert.equal(await page.locator('.card').count(), 200);
  await page.locator('#more-dead').click();
  await page
    .locator('.card')
    .nth(number - 1)
    .waitFor();
  await page.locator('#discard-all').click();
  const dialog = page.locator('dialog');
  await dialog.getByRole('heading', { name: `Give up ${number} writes?` }).waitFor();
  await dialog.getByRole('button', { name: 'Discard all' }).click();
  await said(page, `${number} writes discarded`);
  assert.deepEqual(page.faults, []);
});

test('a write that may have arrived is told as that, and not as a conflict', async () => {
  const { sql } = world.database;
  const twin = { sensor: 'till 7', value: 1 };
  const insert = () => sql`insert into readings ${sql(twin)}`;
  const count = async () =>
    (await sql`select 1 from readings where sensor = ${twin.sensor}`).length;
  await insert();
  await world.holdfast.sync();
  await world.upstream.fault({ match: '/readings', method: 'POST', times: 1, drop: 'after' });
  // Until another one has come, nobody looks whether it has arrived.
  const look = '^/rest/v1/readings[?]select=(%2A|[*])&order.*=gt[.]';
  await world.upstream.fault({ match: look, method: 'GET', status: 503 });
  succeeded(await world.app.from('readings').insert(twin));
  await eventually('it has arrived', async () => (await count()) === 2);
  await insert();
  await world.upstream.clearFaults();
  await world.holdfast.statusWhere('it is for a person', ({ queue }) => queue.uncertain === 1);
  const page = await dashboard();
  const overview = page.locator('main');
  await overview.getByText('1 write may or may not have arrived. Nothing is lost.').waitFor();
  assert.equal(await page.locator('#bar-state').innerText(), 'Needs attention');
  assert.equal(await page.locator('#nav-conflicts .badge').count(), 0);
  await overview.getByRole('link', { name: /^Insert into readings: Its answer was lost/ }).click();
  const card = page.locator('.card', { hasText: 'uncertain' });
  await card.getByRole('button', { name: /^Retry/ }).waitFor();
  await card.getByRole('button', { name: /^Discard/ }).click();
  await page.locator('dialog').getByText('If it has arrived, the server’s row stays').waitFor();
  await page.locator('dialog').getByRole('button', { name: 'Discard' }).click();
  await page.locator('#bar-state').getByText('Synced').waitFor();
});

test('copies that cannot be renewed are not called current', async () => {
  const page = await dashboard();
  await page.getByText('Everything is sent, and the copies here are current.').waitFor();
  const body = { message: 'Invalid API key' };
  await world.upstream.fault({ match: '/rest/v1/', status: 401, body });
  await page.getByText('The last look for changes failed').waitFor();
  await page.locator('.hero').getByText('Invalid API key').waitFor();
  await world.upstream.clearFaults();
  await page.getByText('the copies here are current').waitFor();
});

for (const [button, choice, expected] of [
  ['Keep local', 'local', { title: 'ours', priority: 5, done: true }],
  ['Use server', 'remote', { title: 'theirs', priority: 1, done: true }],
]) {
  test(`a conflict: both versions side by side; ${button}`, async () => {
    const { id, conflict: open } = await conflict();
    const page = await dashboard('conflicts');
    const card = page.locator(`[data-conflict="${open.id}"]`);
    const row = card.locator('tr', { has: page.getByRole('rowheader', { name: 'title' }) });
    assert.equal(await row.locator('td.changed.local').textContent(), 'ours changed');
    assert.equal(await row.locator('td.changed.remote').textContent(), 'theirs changed');
    await card.getByRole('button', { name: button }).click();
    await card.waitFor({ state: 'detached' });
    await world.holdfast.drained();
    const { title, done } = await rowOf(id);
    assert.equal(title, expected.title);
    assert.equal(done, expected.done);
    const decided = await world.holdfast.control('GET', `/conflicts/${open.id}`);
    assert.equal(decided.choice, choice);
    assert.equal(decided.resolved_by, 'person');
    assert.deepEqual(page.faults, []);
  });
}

test('a conflict: merged field by field, with a value of one’s own', async () => {
  const { id, conflict: open } = await conflict();
  const page = await dashboard('conflicts');
  await page
    .locator(`[data-conflict="${open.id}"]`)
    .getByRole('button', { name: /^Merge/ })
    .click();
  const title = page.locator('fieldset[data-column="title"]');
  await title.getByLabel('Another value of title').fill('ours and theirs');
  assert.ok(await title.locator('input[value="other"]').isChecked());
  await page.locator('fieldset[data-column="priority"] input[value="local"]').check();
  await page.locator('.preview').getByText('"title": "ours and theirs"').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.getByRole('button', { name: 'Keep the merged row' }).click();
  await said(page, 'The merged row stands.');
  await world.holdfast.drained();
  await eventually('it is upstream', async () => (await rowOf(id)).title === 'ours and theirs');
  assert.deepEqual(await rowOf(id), { title: 'ours and theirs', priority: 5, done: true });
  assert.deepEqual(page.faults, []);
});

test('a conflict of long texts: both are shown whole, and their lines are kept', async () => {
  const { sql } = world.database;
  const todo = await newTodo('long');
  const id = crypto.randomUUID();
  const text = (whose) => `Dear all,\n\n${`${whose} line of a letter.\n`.repeat(40)}Yours`;
  await sql`insert into comments (id, todo_id, body) values (${id}, ${todo}, 'Dear all,')`;
  await world.holdfast.sync();
  await world.holdfast.control('POST', '/sync/pause');
  succeeded(
    await world.app
      .from('comments')
      .update({ body: text('our') })
      .eq('id', id),
  );
  await sql`update comments set body = ${text('their')} where id = ${id}`;
  await world.holdfast.control('POST', '/sync/resume');
  await world.holdfast.sync();
  const page = await dashboard('conflicts');
  await page.getByRole('button', { name: /^Merge/ }).click();
  const body = page.locator('fieldset[data-column="body"]');
  assert.equal(await body.locator('.version .cell').last().innerText(), text('their'));
  const other = body.getByLabel('Another value of body');
  assert.equal(await other.inputValue(), text('our'));
  assert.deepEqual(await accessibilityFaults(page), []);
  // What decides it is in sight, however long the texts are.
  const keep = page.getByRole('button', { name: 'Keep the merged row' });
  const { y, height } = await keep.boundingBox();
  assert.ok(y >= 0 && y + height <= page.viewportSize().height);
  const both = `${text('our')}\nP. S. ${text('their')}`;
  await other.fill(both);
  await keep.click();
  await said(page, 'The merged row stands.');
  await world.holdfast.drained();
  const [row] = await sql`select body from comments where id = ${id}`;
  assert.equal(row.body, both);
  assert.deepEqual(page.faults, []);
});

test('a conflict of many columns: named in few words, and decided at once', async () => {
  const { sql } = world.database;
  const [row] = await sql`insert into profiles (username, full_name, age, rating, score, active)
    values (${crypto.randomUUID()}, 'base', 1, 1, 1, true) returning id`;
  await world.holdfast.sync();
  await world.holdfast.control('POST', '/sync/pause');
  const ours = { full_name: 'ours', age: 2, rating: 2, score: 2, active: false };
  const changes = { ...ours, joined_on: '2026-01-02' };
  succeeded(await world.app.from('profiles').update(changes).eq('id', row.id));
  await sql`update profiles set full_name = 'theirs', age = 3, rating = 3, score = 3,
    joined_on = '2026-01-03' where id = ${row.id}`;
  await world.holdfast.control('POST', '/sync/resume');
  await world.holdfast.sync();
  const page = await dashboard('conflicts');
  await page.getByRole('button', { name: /^Merge/ }).click();
  await page.getByRole('button', { name: 'All local' }).click();
  await page.locator('.preview').getByText('"full_name": "ours"').waitFor();
  await page.getByRole('button', { name: 'Keep the merged row' }).click();
  await said(page, 'The merged row stands.');
  await world.holdfast.drained();
  const [kept] =
    await sql`select full_name, age, rating, active from profiles where id = ${row.id}`;
  assert.deepEqual(kept, { full_name: 'ours', age: 2, rating: 2, active: false });
});

test('tables, trends and the journal are shown', async () => {
  const id = await newTodo('counted');
  succeeded(await world.app.from('todos').update({ title: 'in the journal' }).eq('id', id));
  await world.holdfast.drained();
  const page = await dashboard('tables');
  const row = page.getByRole('row', { name: /^todos/ });
  await row.getByText('complete').waitFor();
  const [{ count }] = await world.database.sql`select count(*) from todos`;
  await row.getByRole('cell', { name: String(count), exact: true }).waitFor();
  await go(page, 'trends');
  for (const name of ['Queue depth', 'Sync latency', 'Conflicts', 'Failures', 'Retry depth']) {
    await page.getByRole('img', { name: new RegExp(`^${name}: \\d+ samples`) }).waitFor();
  }
  await page.getByRole('button', { name: '7 days' }).click();
  assert.equal(await page.locator('#range-168').getAttribute('aria-pressed'), 'true');
  await go(page, 'journal');
  await page.locator('td', { hasText: 'being sent → delivered' }).first().waitFor();
  assert.deepEqual(page.faults, []);
});

test('no fault for those who see or hear differently, in light and dark, wide and narrow', async () => {
  const { conflict: open } = await conflict();
  const { entry } = await deadLetter();
  const variants = [
    { colorScheme: 'light' },
    { colorScheme: 'dark' },
    { colorScheme: 'light', viewport: { width: 360, height: 700 } },
  ];
  for (const options of variants) {
    const page = await dashboard('', options);
    for (const section of dashboardSections) {
      await go(page, section);
      assert.deepEqual(await accessibilityFaults(page), [], section);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${section} is ${wide} px wider than the screen`);
    }
  }
  const page = await newPage();
  await page.goto(`${url()}/`);
  await page.locator('.welcome').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await world.holdfast.control('POST', `/outbox/${entry.id}/discard`);
  await world.holdfast.control('POST', `/conflicts/${open.id}/resolve`, { choice: 'remote' });
});

test('a keyboard is enough, and what happens elsewhere does not take the focus away', async () => {
  const page = await dashboard();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.locator('#nav-queue').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Queue' }).waitFor();
  await page.waitForFunction(() => document.activeElement?.id === 'main');
  await page.locator('#pause').focus();
  await page.keyboard.press('Space');
  await page.locator('#bar-state').getByText('Paused').waitFor();
  const id = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id, title: 'elsewhere' }));
  await page.locator('.card', { hasText: id }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'pause');
  await page
    .locator('.card', { hasText: id })
    .getByRole('button', { name: /^Discard/ })
    .press('Enter');
  await page.locator('dialog').waitFor();
  assert.ok(
    await page.evaluate(() => document.querySelector('dialog').contains(document.activeElement)),
  );
  const later = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id: later, title: 'behind the dialog' }));
  await page.locator('.card', { hasText: later }).waitFor({ state: 'attached' });
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.match(await page.evaluate(() => document.activeElement?.id), /^discard-/);
});

test('what is drawn while a key is down takes no press away', async () => {
  const page = await dashboard('queue');
  await page.locator('#pause').focus();
  await page.keyboard.down('Space');
  await world.holdfast.control('POST', '/sync/offline');
  await page.locator('#bar-state').getByText('Offline').waitFor();
  await page.keyboard.up('Space');
  await said(page, /Paused/);
});

// The page is drawn again at any moment, so what it shows is found and looked at in one step.
const inSight = (page, id) =>
  page.evaluate((one) => {
    const { left, right } = document.getElementById(one).getBoundingClientRect();
    return left >= 0 && right <= innerWidth + 1;
  }, id);

const scrolledBy = (page) =>
  page.evaluate(() => document.querySelector('[aria-label="Tables kept here"]').scrollLeft);

// A write, and the page that shows another text there for it.
async function drawnAgain(page, selector, row) {
  const before = await page.evaluate((one) => document.querySelector(one).textContent, selector);
  succeeded(await world.app.from('todos').insert(row));
  await page.waitForFunction(
    ([one, text]) => document.querySelector(one).textContent !== text,
    [selector, before],
  );
}

test('the focus stays where it is on whatever it is, and so does what was scrolled', async () => {
  const page = await dashboard('', { viewport: { width: 360, height: 700 } });
  await page.locator('main [href="#/conflicts"]').last().waitFor();
  await page.evaluate(() =>
    [...document.querySelectorAll('main [href="#/conflicts"]')].at(-1).focus(),
  );
  await world.holdfast.control('POST', '/sync/pause');
  await drawnAgain(page, 'main [href="#/queue"] .value', { title: 'drawn again' });
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute('href')),
    '#/conflicts',
  );
  await go(page, 'tables');
  assert.ok(await inSight(page, 'nav-tables'), 'the section one is in');
  await page.getByRole('region', { name: 'Tables kept here' }).waitFor();
  await page.evaluate(() =>
    document.querySelector('[aria-label="Tables kept here"]').scrollTo(120, 0),
  );
  assert.equal(await scrolledBy(page), 120);
  await drawnAgain(page, '[aria-label="Tables kept here"] tbody', { title: 'drawn once more' });
  assert.equal(await scrolledBy(page), 120);
  assert.ok(await inSight(page, 'nav-tables'));
});

test('a badge that comes moves the section one is in not out of sight', async () => {
  const page = await dashboard('', { viewport: { width: 360, height: 700 } });
  await page.evaluate(() => (location.hash = '#/tables'));
  await page.getByRole('region', { name: 'Tables kept here' }).waitFor();
  const badge = page.locator('#nav-queue .badge');
  await badge.waitFor({ state: 'detached' });
  assert.ok(await inSight(page, 'nav-tables'));
  await world.holdfast.control('POST', '/sync/pause');
  succeeded(await world.app.from('todos').insert({ title: 'counted' }));
  await badge.waitFor();
  assert.ok(await inSight(page, 'nav-tables'));
});

test('markup in a row is text', async () => {
  const page = await dashboard('queue');
  await world.holdfast.control('POST', '/sync/pause');
  const title = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  succeeded(await world.app.from('todos').insert({ title }));
  await page
    .locator('.card')
    .first()
    .getByRole('button', { name: /^Details/ })
    .click();
  await page.locator('dialog').getByText('<script>').waitFor();
  assert.equal(await page.title(), 'Queue · Holdfast');
});

// A page of another origin that tries everything; what each attempt came to.
async function hostile(page, target, bearer) {
  return page.evaluate(
    async ({ target, bearer, apikey }) => {
      const attempt = async (method, path, headers = {}, options = {}) => {
        try {
          const answer = await fetch(target + path, { method, headers, ...options });
          return answer.type === 'opaque' ? 'opaque' : `${answer.status} ${await answer.text()}`;
        } catch {
          return 'blocked';
        }
      };
      const authorization = { authorization: `Bearer ${bearer}` };
      return {
        status: await attempt('GET', '/status'),
        metrics: await attempt('GET', '/metrics'),
        page: await attempt('GET', '/'),
        rows: await attempt('GET', `/rest/v1/todos?apikey=${apikey}`),
        sync: await attempt('POST', '/sync', authorization),
        outbox: await attempt('GET', '/outbox', authorization),
        events: await attempt('GET', '/events', authorization),
        discard: await attempt('POST', '/outbox/discard', authorization, { body: '{}' }),
        session: await attempt('POST', '/dashboard/session', {}, { body: '{"code":"x"}' }),
        link: await attempt('POST', '/dashboard/link', authorization),
        blindPause: await attempt('POST', '/sync/pause', {}, { mode: 'no-cors', body: 'x' }),
        blindOffline: await attempt('POST', '/sync/offline', {}, { mode: 'no-cors', body: 'x' }),
        offline: await attempt('POST', '/sync/offline', authorization),
        blindRetry: await attempt('POST', '/outbox/retry', {}, { mode: 'no-cors', body: '{}' }),
        blindWrite: await attempt(
          'POST',
          `/rest/v1/todos?apikey=${apikey}`,
          {},
          { mode: 'no-cors', body: '{"title":"forged"}' },
        ),
      };
    },
    { target, bearer, apikey: anonKey },
  );
}

async function pageOf(host) {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end('<!doctype html><title>elsewhere</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const page = await newPage();
  await page.goto(`http://${host}:${server.address().port}/`);
  return { page, close: () => server.close() };
}

test('a page of the web reads nothing and changes nothing, even with the token', async () => {
  const { page, close } = await pageOf('evil.test');
  const before = await world.holdfast.status();
  const seen = await hostile(page, url(), controlToken);
  for (const [attempt, outcome] of Object.entries(seen)) {
    const blind = attempt.startsWith('blind');
    assert.ok(outcome === 'blocked' || (blind && outcome === 'opaque'), `${attempt}: ${outcome}`);
  }
  const now = await world.holdfast.status();
  assert.notEqual(now.state, 'paused');
  assert.equal(now.offline_by_choice, false);
  assert.equal(now.queue.depth, before.queue.depth);
  assert.deepEqual(succeeded(await world.app.from('todos').select('id').eq('title', 'forged')), []);
  close();
});

test('a page of another port of this machine has no control, even with the token', async () => {
  const { page, close } = await pageOf('localhost');
  const seen = await hostile(page, url(), controlToken);
  for (const attempt of ['sync', 'offline', 'outbox', 'events', 'discard', 'session', 'link']) {
    assert.match(seen[attempt], /^403 |^blocked$/, attempt);
  }
  assert.doesNotMatch(seen.status, /principals/);
  assert.notEqual((await world.holdfast.status()).state, 'paused');
  close();
});

test('a name that was rebound to this machine is not ours', async () => {
  const page = await newPage();
  const answer = await page.goto(`http://rebound.test:${world.holdfast.port}/`);
  assert.equal(answer.status(), 421);
  const seen = await hostile(page, '', controlToken);
  for (const [attempt, outcome] of Object.entries(seen)) {
    assert.match(outcome, /^421 |^403 |^opaque$|^blocked$/, attempt);
  }
  assert.notEqual((await world.holdfast.status()).state, 'paused');
});

test('the dashboard is shown in no frame', async () => {
  const { page, close } = await pageOf('localhost');
  await page.evaluate((src) => {
    const frame = document.createElement('iframe');
    frame.src = src;
    document.body.append(frame);
    return new Promise((done) => frame.addEventListener('load', done));
  }, `${url()}/`);
  const text = await page.frames()[1].evaluate(() => document.body.innerText);
  assert.doesNotMatch(text, /holdfast dashboard/);
  close();
});

test('listeners are bounded, and one that leaves makes room', async () => {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${controlToken}` };
  const listen = () => fetch(`${url()}/events`, { headers, signal: abort.signal });
  const answers = await Promise.all(Array.from({ length: 40 }, listen));
  const statuses = answers.map(({ status }) => status);
  assert.ok(statuses.includes(503), 'one more than the limit is refused');
  assert.ok(statuses.filter((status) => status === 200).length <= 32);
  abort.abort();
  await eventually('there is room again', async () => {
    const own = new AbortController();
    const answer = await fetch(`${url()}/events`, { headers, signal: own.signal });
    own.abort();
    return answer.status === 200;
  });
});
