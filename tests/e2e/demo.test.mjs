import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { createClient } from '@supabase/supabase-js';

import { clientOptions, succeeded } from './support/client.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { ChildProcess } from './support/process.mjs';
import { eventually } from './support/wait.mjs';

const demo = new ChildProcess();
const home = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
const publicKey = /sb_publishable_[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+/;
let url;
let client;

before(async () => {
  const env = { PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: join(home, 'data') };
  const ready = /^holdfast ready url=(http:\/\/127\.0\.0\.1:\d+)$/;
  [, url] = await demo.start(holdfastBinary(), ['demo'], { env, ready });
  const [key] = await eventually('a key is printed', () => publicKey.exec(demo.output));
  client = createClient(url, key, clientOptions);
});
after(async () => {
  await demo.end();
  rmSync(home, { recursive: true, force: true });
});

const status = async () => (await fetch(`${url}/status`)).json();

const depth = async () => (await status()).queue.depth;

async function link(state) {
  const answer = await fetch(`${url}/demo/${state}`, { method: 'POST' });
  assert.ok(answer.ok, `POST /demo/${state}: ${answer.status}`);
}

const titles = async () =>
  succeeded(await client.from('todos').select('title')).map(({ title }) => title);

test('a newcomer sees writes queue while the link is off, and drain when it is on', async () => {
  assert.ok((await titles()).length > 0, 'the demo has sample rows');
  succeeded(await client.from('todos').insert({ title: 'written online' }));
  await eventually('the online write is delivered', async () => (await depth()) === 0);
  await link('offline');
  succeeded(await client.from('todos').insert({ title: 'written offline' }));
  assert.equal(await depth(), 1);
  assert.ok((await titles()).includes('written offline'));
  await eventually('the state is offline', async () => (await status()).online === false);
  await link('online');
  await eventually('the queue drains', async () => (await depth()) === 0);
  const now = await titles();
  assert.ok(now.includes('written online') && now.includes('written offline'), String(now));
});

test('the demo ends cleanly', async () => {
  assert.deepEqual(await demo.end('SIGTERM'), { code: 0, signal: null });
});
