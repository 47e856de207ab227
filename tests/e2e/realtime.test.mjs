// Realtime from the gateway: rows as they change here, broadcasts and presences, with the real
// clients, with the upstream and without it.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { createClient } from '@supabase/supabase-js';
import { createClient as createClient50 } from 'supabase-js-2.50';
import { createClient as createClient76 } from 'supabase-js-2.76';
import WebSocket from 'ws';

import { anonKey } from '../upstream/keys.mjs';
import { clientOptions, succeeded } from './support/client.mjs';
import { sampleId } from './support/read_calls.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('realtime');
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

const open = [];
afterEach(async () => {
  for (const client of open.splice(0)) {
    await client.removeAllChannels();
    client.realtime.disconnect();
  }
});

function connect(create = createClient) {
  const client = create(world.holdfast.url, anonKey, clientOptions);
  open.push(client);
  return client;
}

// Resolves with the channel once the server has said that it is joined.
function subscribed(channel) {
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve(channel);
      if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT' || status === 'CLOSED') {
        reject(new Error(`${status} ${error?.message ?? ''}`));
      }
    });
  });
}

// Joined, and told that rows are followed; `seen` gets the payloads.
async function following(client, filter, seen) {
  const channel = client.channel(`rows ${crypto.randomUUID()}`);
  channel.on('postgres_changes', { event: '*', schema: 'public', ...filter }, (payload) =>
    seen.push(payload),
  );
  const system = [];
  channel.on('system', {}, (message) => system.push(message));
  await subscribed(channel);
  const [message] = await eventually('rows are followed', async () => system.length > 0 && system);
  return message;
}

const brief = ({ eventType, table, new: row, old }) =>
  `${eventType} ${table} ${row.title ?? ''}${old.id ? ` (${old.id})` : ''}`;

for (const [version, create] of [
  ['2.119', createClient],
  ['2.76', createClient76],
  ['2.50', createClient50],
]) {
  test(`supabase-js ${version} is told of its own writes and of others’, online and offline`, async () => {
    const app = connect(create);
    const seen = [];
    const joined = await following(app, { table: 'todos' }, seen);
    assert.equal(joined.status, 'ok');
    const [own, other, offline] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    succeeded(await app.from('todos').insert({ id: own, title: 'own' }));
    await eventually('the own row', async () => seen.some((p) => p.new.id === own));
    await world.database.sql`insert into todos (id, title) values (${other}, 'other')`;
    await eventually('the other row', async () => seen.some((p) => p.new.id === other));
    await world.upstream.kill();
    succeeded(await app.from('todos').insert({ id: offline, title: 'offline' }));
    succeeded(await app.from('todos').update({ title: 'changed' }).eq('id', other));
    succeeded(await app.from('todos').delete().eq('id', own));
    await eventually('all of it', async () => seen.some((p) => p.eventType === 'DELETE'));
    const ofMine = seen.filter(({ new: row, old }) =>
      [own, other, offline].includes(row.id ?? old.id),
    );
    const told = ofMine.map(brief);
    assert.ok(told.includes(`INSERT todos own`), told.join('; '));
    assert.ok(told.includes('INSERT todos other'));
    assert.ok(told.includes('INSERT todos offline'));
    assert.ok(told.includes(`UPDATE todos changed (${other})`), told.join('; '));
    assert.equal(told.at(-1), `DELETE todos  (${own})`);
    const row = ofMine.find(({ new: { id } }) => id === own).new;
    assert.deepEqual([row.done, row.priority, row.labels], [false, 3, []]);
    await world.upstream.recover();
    await world.holdfast.drained();
  });
}

test('an own write that the upstream decides about is told once it has, and once', async () => {
  const app = connect();
  const seen = [];
  await following(app, { table: 'tags' }, seen);
  const insert = (name) => app.from('tags').insert({ id: crypto.randomUUID(), name });
  await world.upstream.fault({ match: '^/rest/v1/tags', method: 'POST', delay: 300, times: 2 });
  assert.equal((await insert('red')).status, 409);
  succeeded(await insert('told once'));
  await eventually('it is told', async () => seen.length > 0);
  await world.holdfast.drained();
  await world.holdfast.sync();
  assert.deepEqual(
    seen.map(({ eventType, new: { name } }) => [eventType, name]),
    [['INSERT', 'told once']],
  );
});

test('a filter selects the rows that the same filter of a read would', async () => {
  const app = connect();
  const [few, many] = [[], []];
  await following(app, { table: 'todos', filter: 'priority=gte.7' }, few);
  await following(app, { table: 'todos', event: 'INSERT' }, many);
  const rows = [2, 7, 9].map((priority) => ({ id: crypto.randomUUID(), title: 'p', priority }));
  succeeded(await app.from('todos').insert(rows));
  await eventually('all three', async () => many.length === 3);
  assert.deepEqual(few.map(({ new: { priority } }) => priority).sort(), [7, 9]);
});

test('a filter that nobody could evaluate is refused in the open', async () => {
  const message = await following(connect(), { table: 'todos', filter: 'nothing=eq.1' }, []);
  assert.equal(message.status, 'error');
  assert.match(message.message, /Unable to subscribe to changes with given parameters/);
});

test('what another user may not see is not told to them', async () => {
  const password = 'fake-password-of-a-test';
  const users = [];
  for (const name of ['ada', 'bob']) {
    const client = connect();
    const { user } = succeeded(
      await client.auth.signUp({ email: `${name}-realtime@example.com`, password }),
    );
    const seen = [];
    succeeded(await client.from('notes').select());
    await eventually('the rows are here', async () => {
      const channel = await following(client, { table: 'notes' }, seen);
      return channel.status === 'ok';
    });
    users.push({ client, user, seen });
  }
  const nobody = [];
  await following(connect(), { table: 'notes' }, nobody);
  for (const { client, user } of users) {
    succeeded(await client.from('notes').insert({ user_id: user.id, body: `of ${user.email}` }));
  }
  for (const { seen, user } of users) {
    await eventually('the own note', async () => seen.length > 0);
    assert.deepEqual([...new Set(seen.map(({ new: row }) => row.user_id))], [user.id]);
  }
  assert.deepEqual(nobody, []);
});

test('broadcasts reach the others, and oneself only on demand; acknowledged where wanted', async () => {
  const heard = { ada: [], bob: [] };
  const channels = {};
  for (const [name, self] of [
    ['ada', true],
    ['bob', false],
  ]) {
    const channel = connect().channel('room', { config: { broadcast: { ack: true, self } } });
    channel.on('broadcast', { event: 'said' }, ({ payload }) => heard[name].push(payload.words));
    channels[name] = await subscribed(channel);
  }
  const say = (name, words) =>
    channels[name].send({ type: 'broadcast', event: 'said', payload: { words } });
  assert.equal(await say('ada', 'hello'), 'ok');
  assert.equal(await say('bob', 'good day'), 'ok');
  await eventually('both were heard', async () => heard.ada.length === 2);
  assert.deepEqual(heard, { ada: ['hello', 'good day'], bob: ['hello'] });
});

test('who is present is told to all, and that they left', async () => {
  const ada = connect().channel('lobby', { config: { presence: { key: 'ada' } } });
  ada.on('presence', { event: 'sync' }, () => {});
  await subscribed(ada);
  const other = connect();
  const bob = other.channel('lobby', { config: { presence: { key: 'bob' } } });
  bob.on('presence', { event: 'sync' }, () => {});
  await subscribed(bob);
  await bob.track({ at: 'desk' });
  await eventually('bob is seen', async () => ada.presenceState().bob?.[0]?.at === 'desk');
  await other.removeAllChannels();
  await eventually('bob has left', async () => !ada.presenceState().bob);
});

test('a private channel, whose rules only the upstream knows, is refused', async () => {
  const channel = connect().channel('secret', { config: { private: true } });
  await assert.rejects(subscribed(channel), /CHANNEL_ERROR.*private channels/);
});

const dial = (query, headers = {}) =>
  new Promise((resolve) => {
    const url = `${world.holdfast.url.replace('http', 'ws')}/realtime/v1/websocket${query}`;
    const socket = new WebSocket(url, { headers });
    socket.on('open', () => resolve(['open', socket]));
    socket.on('unexpected-response', (request, { statusCode }) => resolve([statusCode, socket]));
    socket.on('error', () => {});
  });

test('without a key, and from a page that is not ours, no socket is opened', async () => {
  assert.equal((await dial('?vsn=2.0.0'))[0], 401);
  assert.equal((await dial('?apikey=sb_publishable_wrong&vsn=2.0.0'))[0], 401);
  const hostile = await dial(`?apikey=${anonKey}`, { origin: 'https://hostile.example' });
  assert.equal(hostile[0], 403);
  const [own, socket] = await dial(`?apikey=${anonKey}`, { origin: 'http://localhost:3000' });
  assert.equal(own, 'open');
  socket.terminate();
});

test('who joins a topic a second time is present no more, and joins go on', async () => {
  const [, socket] = await dial(`?apikey=${anonKey}&vsn=2.0.0`);
  const heard = [];
  socket.on('message', (text) => heard.push(JSON.parse(`${text}`)));
  const say = (ref, event, payload) =>
    socket.send(JSON.stringify(['1', ref, 'realtime:twice', event, payload]));
  say('1', 'phx_join', { config: {} });
  say('2', 'presence', { event: 'track', payload: { at: 'desk' } });
  say('3', 'phx_join', { config: {} });
  await eventually('the second join', async () => heard.some(([, ref]) => ref === '3'));
  socket.terminate();
  const other = await subscribed(connect().channel('twice'));
  assert.deepEqual(other.presenceState(), {});
});

test('what is no message of the protocol harms nobody', async () => {
  const [, socket] = await dial(`?apikey=${anonKey}&vsn=2.0.0`);
  for (const text of ['', '{', '[]', '[1,2,3,4,5]', '["1","1","phoenix",7,{}]', '\0']) {
    socket.send(text);
  }
  const deep = '['.repeat(400_000) + ']'.repeat(400_000);
  socket.send(`["1","1","realtime:x","phx_join",${deep}]`);
  for (const bytes of ['', '03', '0301010e', '03ffffffff01', '04']) {
    socket.send(Buffer.from(bytes, 'hex'));
  }
  const answered = new Promise((resolve) => socket.once('message', (text) => resolve(`${text}`)));
  socket.send(JSON.stringify([null, '9', 'phoenix', 'heartbeat', {}]));
  assert.deepEqual(JSON.parse(await answered), [
    null,
    '9',
    'phoenix',
    'phx_reply',
    { status: 'ok', response: {} },
  ]);
  socket.terminate();
});

test('a channel has as many subscriptions as are served, and no more', async () => {
  const [, socket] = await dial(`?apikey=${anonKey}&vsn=2.0.0`);
  const answered = new Promise((resolve) => socket.once('message', (text) => resolve(`${text}`)));
  const rows = Array.from({ length: 101 }, () => ({ event: '*', schema: 'public' }));
  const join = { config: { postgres_changes: rows } };
  socket.send(JSON.stringify(['1', '1', 'realtime:many', 'phx_join', join]));
  const [, , , event, { status, response }] = JSON.parse(await answered);
  assert.deepEqual([event, status], ['phx_reply', 'error']);
  assert.match(response.reason, /Too many postgres_changes/);
  socket.terminate();
});

test('a broadcast to a topic’s own address names it as the path does', async () => {
  const heard = [];
  const channel = connect().channel('50% off/a b');
  channel.on('broadcast', { event: 'new%25s' }, ({ payload }) => heard.push(payload));
  await subscribed(channel);
  const post = (path) =>
    fetch(`${world.holdfast.url}/realtime/v1/api/broadcast/${path}`, {
      method: 'POST',
      headers: { apikey: anonKey, 'Content-Type': 'application/json' },
      body: '{"n":2}',
    });
  const path = `${encodeURIComponent('50% off/a b')}/events/${encodeURIComponent('new%25s')}`;
  assert.equal((await post(path)).status, 202);
  await eventually('it was heard', async () => heard.length === 1);
  assert.deepEqual(heard, [{ n: 2 }]);
  assert.equal((await post('events/x')).status, 422);
});

test('a broadcast by request reaches the topic’s members', async () => {
  const heard = [];
  const channel = connect().channel('posted');
  channel.on('broadcast', { event: 'news' }, ({ payload }) => heard.push(payload));
  await subscribed(channel);
  const sender = connect().channel('posted');
  assert.equal(await sender.send({ type: 'broadcast', event: 'news', payload: { n: 1 } }), 'ok');
  await eventually('it was heard', async () => heard.length === 1);
  assert.deepEqual(heard, [{ n: 1 }]);
});

test('the gateway stops at once though sockets are open', async () => {
  const todo = sampleId('todo', 15);
  const seen = [];
  await following(connect(), { table: 'todos', filter: `id=eq.${todo}` }, seen);
  const begun = performance.now();
  await world.holdfast.terminate();
  assert.ok(performance.now() - begun < 5_000);
  await world.holdfast.restart();
  await eventually('it follows again', async () => {
    await world.database.sql`update todos set priority = (priority + 1) % 10 where id = ${todo}`;
    return seen.length > 0;
  });
});
