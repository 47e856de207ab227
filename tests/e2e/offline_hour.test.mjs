// supabase-js as it is and as it was, over an outage in which every token of the upstream runs out,
// and over a clock that is wrong by a day: nobody is signed out, nothing is sent as somebody else.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import WebSocket from 'ws';

import { anonKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { Database } from './support/database.mjs';
import { Holdfast } from './support/holdfast.mjs';
import { Upstream } from './support/upstream.mjs';
import { WallClock } from './support/wall_clock.mjs';

const day = 86_400;
// Less than what the gateway renews a token before it runs out: each is renewed for each use.
const tokenSeconds = 6;
const password = 'fake-password-of-a-test';
const versions = ['supabase-js-2.50', 'supabase-js-2.76', '@supabase/supabase-js'];

const clock = WallClock.make();
const upstreamsClock = WallClock.make();
// The gateway and its apps run on one machine: what sets its clock sets theirs.
const realNow = Date.now;
function setClock(seconds) {
  clock?.set(seconds);
  Date.now = () => realNow() + seconds * 1000;
}

let database;
let upstream;
let holdfast;

before(async () => {
  database = await Database.create(`e2e_offline_hour_${process.pid}`);
  upstream = await Upstream.start(database.url, {
    UPSTREAM_JWT_EXPIRY: String(tokenSeconds),
    ...upstreamsClock?.environment,
  });
  holdfast = await Holdfast.serve(upstream.url, database.url, {
    environment: clock?.environment,
  });
});
after(async () => {
  await holdfast?.stop();
  await upstream?.stop();
  await database?.close();
  clock?.remove();
  upstreamsClock?.remove();
});
beforeEach(async () => {
  setClock(0);
  upstreamsClock?.set(0);
  await upstream.recover();
  await holdfast.statusWhere('the upstream is seen', ({ online }) => online);
});

// Node dates its answers by a clock that it reads every second.
async function setUpstreamsClock(seconds) {
  upstreamsClock.set(seconds);
  await sleep(1_100);
}

// An app as people write them: it keeps its session and renews it by itself.
async function app(version, email) {
  const { createClient } = await import(version);
  const kept = new Map();
  const client = createClient(holdfast.url, anonKey, {
    auth: {
      detectSessionInUrl: false,
      storage: {
        getItem: (name) => kept.get(name) ?? null,
        setItem: (name, value) => kept.set(name, value),
        removeItem: (name) => kept.delete(name),
      },
    },
    realtime: { transport: WebSocket },
  });
  const events = [];
  client.auth.onAuthStateChange((event) => events.push(event));
  const { user } = succeeded(await client.auth.signUp({ email, password }));
  const close = async () => {
    client.auth.stopAutoRefresh();
    await client.removeAllChannels();
  };
  return { client, events, user, close };
}

async function write({ client, user }, words) {
  const note = { id: crypto.randomUUID(), user_id: user.id, body: words };
  succeeded(await client.from('notes').insert(note));
}

async function useIt({ client, user }, words) {
  await write({ client, user }, words);
  const notes = succeeded(await client.from('notes').select('body,user_id'));
  assert.ok(notes.some(({ body }) => body === words));
  assert.ok(notes.every(({ user_id: owner }) => owner === user.id));
  assert.ok(succeeded(await client.auth.getSession()).session);
  assert.equal(succeeded(await client.auth.getUser()).user.id, user.id);
}

const claimsOf = ({ headers }) =>
  JSON.parse(Buffer.from(headers.authorization.split('.')[1], 'base64url'));

// Whatever was written went out as the user.
async function sentAs(user, words) {
  await holdfast.drained();
  const notes = await database.sql`select body from notes where user_id = ${user.id}`;
  assert.deepEqual(notes.map(({ body }) => body).sort(), [...words].sort());
  const writes = (await upstream.requests()).filter(
    ({ method, path }) => method !== 'GET' && path.startsWith('/rest/v1/notes'),
  );
  for (const write of writes) {
    const { role, iss } = claimsOf(write);
    assert.equal(role, 'authenticated');
    assert.notEqual(iss, 'holdfast');
  }
}

test('an outage longer than their tokens signs nobody out, whatever the client', async () => {
  const people = [];
  for (const version of versions) {
    people.push(await app(version, `${version.replace(/\W/g, '')}@example.com`));
  }
  const all = (words) => Promise.all(people.map((person) => useIt(person, words)));
  await all('online');
  await holdfast.drained();
  await holdfast.replicated();
  await upstream.kill();
  await holdfast.statusWhere('the outage is noticed', ({ online }) => !online);
  await all('just offline');
  await sleep((tokenSeconds + 1) * 1000);
  await all('the token has run out');
  await holdfast.kill();
  await holdfast.restart();
  await all('the gateway has started again');
  await upstream.restart();
  await holdfast.statusWhere('the upstream is seen', ({ online }) => online);
  await all('online again');
  for (const { user, events, close } of people) {
    await sentAs(user, [
      'online',
      'just offline',
      'the token has run out',
      'the gateway has started again',
      'online again',
    ]);
    assert.ok(!events.includes('SIGNED_OUT'), events.join());
    await close();
  }
});

test('lost answers to refreshes sign nobody out, nor a gateway that is killed meanwhile', async () => {
  const people = [];
  for (const version of versions) {
    people.push(await app(version, `lost-${version.replace(/\W/g, '')}@example.com`));
  }
  const words = ['replicated'];
  await Promise.all(people.map((person) => useIt(person, words[0])));
  await holdfast.drained();
  await holdfast.replicated();
  for (const drop of ['after', 'before', 'after', 'killed', 'after']) {
    const ofMatch = { match: '/auth/v1/token', times: people.length };
    if (drop === 'killed') {
      await upstream.fault({ ...ofMatch, delay: 400 });
      const refreshes = people.map(({ client }) => client.auth.refreshSession());
      await sleep(200);
      await holdfast.kill();
      await holdfast.restart();
      await Promise.all(refreshes);
    } else {
      await upstream.fault({ ...ofMatch, drop });
    }
    for (let i = 0; i < 3; ++i) {
      words.push(`${words.length}, ${drop}`);
      // A read that the upstream has to answer may fail meanwhile; a write is taken here.
      await Promise.all(people.map((person) => write(person, words.at(-1))));
      await sleep(700);
    }
    await upstream.clearFaults();
  }
  for (const { user, events, close } of people) {
    await sentAs(user, words);
    assert.ok(!events.includes('SIGNED_OUT'), events.join());
    await close();
  }
});

for (const [words, seconds] of [
  ['ahead', day],
  ['behind', -day],
]) {
  test(`a clock a day ${words} signs nobody out, online or offline`, { skip: !clock }, async () => {
    const person = await app('@supabase/supabase-js', `${words}@example.com`);
    await useIt(person, 'right');
    setClock(seconds);
    await useIt(person, 'wrong, online');
    await holdfast.drained();
    await holdfast.replicated();
    await upstream.kill();
    await holdfast.statusWhere('the outage is noticed', ({ online }) => !online);
    await useIt(person, 'wrong, offline');
    await sleep(tokenSeconds * 1000);
    succeeded(await person.client.auth.refreshSession());
    const { claims } = succeeded(await person.client.auth.getClaims());
    assert.equal(claims.sub, person.user.id, 'by its own clock the token is good');
    await holdfast.kill();
    await holdfast.restart();
    await useIt(person, 'started with the wrong clock');
    setClock(0);
    await useIt(person, 'right again');
    setClock(seconds);
    await upstream.restart();
    await holdfast.statusWhere('the upstream is seen', ({ online }) => online);
    await useIt(person, 'wrong, online again');
    await sentAs(person.user, [
      'right',
      'wrong, online',
      'wrong, offline',
      'started with the wrong clock',
      'right again',
      'wrong, online again',
    ]);
    assert.ok(!person.events.includes('SIGNED_OUT'), person.events.join());
    await person.close();
  });

  test(
    `an upstream whose clock is set a day ${words} is followed, and signs nobody out`,
    {
      skip: !upstreamsClock,
    },
    async () => {
      const person = await app('@supabase/supabase-js', `upstream-${words}@example.com`);
      const elsewhere = async (body) => {
        await database.sql`insert into notes (user_id, body) values (${person.user.id}, ${body})`;
        const synced = await holdfast.sync();
        const notes = succeeded(await person.client.from('notes').select('body'));
        assert.ok(
          notes.some((note) => note.body === body),
          `${body}: ${JSON.stringify(synced)}`,
        );
      };
      await useIt(person, 'right');
      await holdfast.replicated();
      await setUpstreamsClock(seconds);
      await useIt(person, 'wrong, online');
      await elsewhere('elsewhere, wrong');
      await upstream.kill();
      await holdfast.statusWhere('the outage is noticed', ({ online }) => !online);
      await useIt(person, 'wrong, offline');
      await upstream.restart();
      await holdfast.statusWhere('the upstream is seen', ({ online }) => online);
      await useIt(person, 'wrong, online again');
      await setUpstreamsClock(0);
      await useIt(person, 'right again');
      await elsewhere('elsewhere, right again');
      await sentAs(person.user, [
        'right',
        'wrong, online',
        'elsewhere, wrong',
        'wrong, offline',
        'wrong, online again',
        'right again',
        'elsewhere, right again',
      ]);
      assert.ok(!person.events.includes('SIGNED_OUT'), person.events.join());
      await person.close();
    },
  );
}
