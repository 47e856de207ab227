// What is secret, or somebody's, is in no log, no metric, no public status and no journal.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { anonKey, jwtSecret, serviceKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { controlToken } from './support/holdfast.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const logs = mkdtempSync(join(tmpdir(), 'holdfast-logs-'));
const settings = `
[log]
level = "trace"
format = "json"
file = "${logs}/holdfast.log"
max_bytes = "64KiB"
max_files = 20

[tables.todos]
conflict = "manual"
writes = "queue"
`;

let world;
before(async () => {
  world = await World.build('secrets', { extra: settings });
});
after(async () => {
  await world?.close();
  rmSync(logs, { recursive: true, force: true });
});

const logText = () =>
  readdirSync(logs)
    .map((file) => readFileSync(join(logs, file), 'utf8'))
    .join('\n');

const controlled = async (path) =>
  (
    await fetch(world.holdfast.url + path, { headers: { authorization: `Bearer ${controlToken}` } })
  ).text();

// Events until nothing more comes for a moment.
async function eventsDuring(work) {
  const abort = new AbortController();
  const answer = await fetch(`${world.holdfast.url}/events`, {
    headers: { authorization: `Bearer ${controlToken}` },
    signal: abort.signal,
  });
  let text = '';
  const reading = (async () => {
    try {
      for await (const piece of answer.body) text += Buffer.from(piece).toString('utf8');
    } catch {
      // Ended from here.
    }
  })();
  await work();
  await eventually('the events tell of it', () => text.includes('"state":"dead"'));
  abort.abort();
  await reading;
  return text;
}

test('planted secrets and rows come out nowhere', async () => {
  const planted = {
    anonKey,
    serviceKey,
    jwtSecret,
    controlToken,
    password: 'planted-password-4f2a',
    wrongPassword: 'planted-wrong-password-9c1d',
    forgedToken: `${anonKey.slice(0, -8)}planted1`,
    row: 'planted-row-text-77aa',
    refusedRow: 'planted-refused-text-13bc',
    filter: 'planted-filter-text-e0e1',
    ours: 'planted-ours-5b5b',
    theirs: 'planted-theirs-6c6c',
  };
  const { app, holdfast, database, upstream } = world;
  const events = await eventsDuring(async () => {
    let attempts = 0;
    const session = await eventually('somebody signs up', async () => {
      planted.email = `planted-mail-${++attempts}@example.test`;
      const { email, password } = planted;
      const { data, error } = await app.auth.signUp({ email, password });
      if (error) throw error;
      return data.session;
    });
    const { email } = planted;
    planted.accessToken = session.access_token;
    planted.refreshToken = session.refresh_token;
    await app.auth.signInWithPassword({ email, password: planted.wrongPassword });
    await app.auth.signOut();
    await fetch(`${holdfast.url}/rest/v1/todos?select=id&title=eq.${planted.filter}`, {
      headers: { apikey: anonKey, authorization: `Bearer ${planted.forgedToken}` },
    });
    succeeded(await app.from('todos').select('id').eq('title', planted.filter));
    await fetch(`${holdfast.url}/outbox`, {
      headers: { authorization: 'Bearer planted-wrong-control' },
    });
    planted.wrongControl = 'planted-wrong-control';
    const link = await holdfast.control('POST', '/dashboard/link');
    planted.code = new URL(link.url).hash.replace('#code=', '');
    // Delivered, refused, retried over an outage, in conflict.
    const id = crypto.randomUUID();
    await database.sql`insert into todos (id, title) values (${id}, 'base')`;
    await holdfast.sync();
    await holdfast.control('POST', '/sync/pause');
    succeeded(await app.from('todos').update({ title: planted.ours }).eq('id', id));
    await database.sql`update todos set title=${planted.theirs} where id=${id}`;
    await holdfast.control('POST', '/sync/resume');
    await holdfast.sync();
    await upstream.kill();
    succeeded(await app.from('todos').insert({ title: planted.row }));
    succeeded(await app.from('todos').insert({ title: planted.refusedRow, priority: 99 }));
    await holdfast.statusWhere('it is offline', ({ online }) => !online);
    await upstream.restart();
    await holdfast.statusWhere('one is refused', ({ queue }) => queue.dead === 1);
    await holdfast.sync();
  });
  const open = await fetch(`${holdfast.url}/status`).then((answer) => answer.text());
  const seen = {
    log: logText(),
    output: holdfast.output,
    metrics: await fetch(`${holdfast.url}/metrics`).then((answer) => answer.text()),
    status: open,
    detailedStatus: await controlled('/status'),
    journal: await controlled('/journal?limit=200'),
    history: await controlled('/metrics/history'),
    events,
  };
  assert.ok(seen.log.length > 1_000, 'the log is not empty');
  assert.match(seen.journal, /"became":"dead"/);
  assert.match(seen.metrics, /holdfast_queue_entries\{state="dead"\} 1/);
  for (const [name, secret] of Object.entries(planted)) {
    assert.ok(typeof secret === 'string' && secret.length > 8, name);
    for (const [place, text] of Object.entries(seen)) {
      assert.ok(!text.includes(secret), `${name} is in ${place}`);
    }
  }
});

test('each line of the log is one JSON object, in files that rotate and are private', async () => {
  const files = readdirSync(logs);
  for (const file of files) {
    assert.equal(statSync(join(logs, file)).mode & 0o777, 0o600, file);
    assert.ok(statSync(join(logs, file)).size <= 64 * 1024, file);
  }
  const lines = logText().split('\n').filter(Boolean);
  for (const line of lines) {
    const { time, level, event } = JSON.parse(line);
    assert.ok(!Number.isNaN(Date.parse(time)) && level && event, line);
  }
});
