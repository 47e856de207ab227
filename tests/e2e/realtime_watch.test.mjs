// The upstream's Realtime service wakes pulls: what changes there is here at once, however long the
// interval is; over HTTPS as hosted projects are reached.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { anonymousClient, succeeded } from './support/client.mjs';
import { Holdfast } from './support/holdfast.mjs';
import { httpsBefore } from './support/https.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('realtime_watch', {
    settings: { UPSTREAM_REALTIME: '1' },
    interval: '1h',
  });
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

const joined = (count) =>
  eventually(`${count} channels are joined`, async () => {
    const channels = await world.upstream.realtime();
    assert.equal(channels.length, count, JSON.stringify(channels));
    return channels;
  });

async function madeElsewhere(title) {
  const [{ id }] = await world.database.sql`
    insert into todos (title) values (${title}) returning id`;
  return id;
}

const here = (id, client = world.app) =>
  eventually('the row is here', async () => {
    const rows = succeeded(await client.from('todos').select('id').eq('id', id));
    return rows.length === 1;
  });

test('a change that is told of is pulled at once', async () => {
  const [channel] = await joined(1);
  assert.equal(channel.key, anonKey);
  assert.deepEqual(channel.changes, [{ event: '*', schema: 'public' }]);
  const id = await madeElsewhere('told of');
  assert.deepEqual(succeeded(await world.app.from('todos').select('id').eq('id', id)), []);
  await world.upstream.realtime('POST', { table: 'todos' });
  await here(id);
});

test('a user’s channel has the user’s token, also the one after it', async () => {
  const client = anonymousClient(world.holdfast.url);
  const signUp = { email: 'watched@example.com', password: 'fake-password-of-a-test' };
  const { session } = succeeded(await client.auth.signUp(signUp));
  succeeded(await client.from('notes').select('id'));
  const tokens = async () => (await joined(2)).map(({ token }) => token);
  assert.ok((await tokens()).includes(session.access_token));
  const again = anonymousClient(world.holdfast.url);
  const { session: newer } = succeeded(await again.auth.signInWithPassword(signUp));
  await eventually('the newer token is told', async () =>
    (await tokens()).includes(newer.access_token),
  );
});

test('a connection that was cut comes back, and with it what was not told', async () => {
  await joined(2);
  const id = await madeElsewhere('while nobody listened');
  await world.upstream.realtime('DELETE');
  await here(id);
  await joined(2);
});

test('over HTTPS it trusts the upstream’s authority and pins, as other calls do', async () => {
  const certs = (...words) => JSON.parse(world.holdfast.run('certs', ...words, '--json').stdout);
  certs('init');
  const { certificate, authority } = certs('show');
  const proxy = await httpsBefore(world.upstream.url, readFileSync(certificate.file));
  const through = (upstream) =>
    Holdfast.serve(proxy.url, world.database.url, { upstream, interval: '1h', waits: false });
  const file = `ca_file = "${authority.file}"\n`;
  const trusted = await through(`${file}pins = ["${certificate.pin}"]\n`);
  try {
    await joined(3);
    const client = anonymousClient(trusted.url);
    await trusted.replicated();
    const id = await madeElsewhere('told of in secret');
    await world.upstream.realtime('POST', { table: 'todos' });
    await here(id, client);
  } finally {
    await trusted.stop();
  }
  await joined(2);
  const pinnedToAnother = await through(`${file}pins = ["sha256/${'A'.repeat(43)}="]\n`);
  try {
    await eventually('it was tried', async () =>
      /realtime_ended opened=false/.test(pinnedToAnother.output),
    );
    await joined(2);
  } finally {
    await pinnedToAnother.stop();
    proxy.close();
  }
});
