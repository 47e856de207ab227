import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';

import { anonKey, jwtSecret } from '../upstream/keys.mjs';
import { anonymousClient, succeeded } from './support/client.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('auth');
});
after(() => world?.close());
beforeEach(() => world.upstream.recover());

const password = 'fake-password-of-a-test';

async function signedUp(email) {
  const client = anonymousClient(world.holdfast.url);
  const { user, session } = succeeded(await client.auth.signUp({ email, password }));
  assert.ok(session?.access_token, 'sign-up gives a session');
  return { client, user };
}

const bodies = (rows) => rows.map(({ body }) => body).sort();

const notesOf = async (client) => succeeded(await client.from('notes').select('body,user_id'));

test('sign-up, sign-in and sign-out go through to the upstream', async () => {
  const { user } = await signedUp('first@example.com');
  const again = anonymousClient(world.holdfast.url);
  const wrong = await again.auth.signInWithPassword({ email: user.email, password: 'wrong' });
  assert.equal(wrong.error?.status, 400);
  const { data } = await again.auth.signInWithPassword({ email: user.email, password });
  assert.equal(data.user?.id, user.id);
  assert.equal(succeeded(await again.auth.getUser()).user.email, 'first@example.com');
  const { error } = await again.auth.signOut();
  assert.equal(error, null);
});

test('two users never see each other’s rows, online or offline', async () => {
  const ada = await signedUp('ada@example.com');
  const bob = await signedUp('bob@example.com');
  for (const { client, user } of [ada, bob]) {
    const row = { user_id: user.id, body: `of ${user.email}` };
    succeeded(await client.from('notes').insert(row));
  }
  await world.holdfast.drained();
  await world.database.sql`
    insert into notes (user_id, body) values (${ada.user.id}, 'from another device')`;
  await world.holdfast.sync();
  const seenBy = async () => ({
    ada: bodies(await notesOf(ada.client)),
    bob: bodies(await notesOf(bob.client)),
    nobody: bodies(await notesOf(world.app)),
  });
  const right = {
    ada: ['from another device', 'of ada@example.com'],
    bob: ['of bob@example.com'],
    nobody: [],
  };
  assert.deepEqual(await seenBy(), right);
  await world.upstream.kill();
  assert.deepEqual(await seenBy(), right);
  await world.holdfast.kill();
  await world.holdfast.restart();
  assert.deepEqual(await seenBy(), right);
  await world.upstream.restart();
  // Until it has noticed, the gateway tells a sign-up that the upstream is away.
  await world.holdfast.statusWhere('the upstream is seen again', ({ online }) => online);
});

test('a write queued by one user is sent as that user', async () => {
  const user = await signedUp('queue@example.com');
  await notesOf(user.client);
  await world.holdfast.sync();
  await world.upstream.kill();
  const row = { id: crypto.randomUUID(), user_id: user.user.id, body: 'written offline' };
  succeeded(await user.client.from('notes').insert(row));
  assert.deepEqual(bodies(await notesOf(user.client)), ['written offline']);
  assert.deepEqual(await notesOf(world.app), []);
  await world.upstream.restart();
  await world.holdfast.drained();
  const [kept] = await world.database.sql`select user_id, body from notes where id = ${row.id}`;
  assert.deepEqual({ ...kept }, { user_id: user.user.id, body: 'written offline' });
  assert.deepEqual(await world.database.operations('notes', { id: row.id }), ['INSERT']);
});

function forged(claims, secret) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

test('a token that does not verify is refused and not taken as anonymous', async () => {
  const claims = { sub: crypto.randomUUID(), role: 'authenticated', exp: 4102444800 };
  for (const bearer of ['garbage', forged(claims, 'another secret')]) {
    const answer = await fetch(`${world.holdfast.url}/rest/v1/todos?select=id&limit=1`, {
      headers: { apikey: anonKey, authorization: `Bearer ${bearer}` },
    });
    assert.equal(answer.status, 401);
    assert.equal((await answer.json()).code, 'PGRST301');
  }
});

test('an older token of the same person is not shown what newer claims have read', async () => {
  const sub = crypto.randomUUID();
  const now = Math.floor(Date.now() / 1000);
  const token = (level, iat) =>
    forged({ sub, role: 'authenticated', iat, exp: now + 600, app_metadata: { level } }, jwtSecret);
  const older = token('clerk', now - 20);
  const newer = token('chief', now - 10);
  const read = async (bearer, columns = 'id') => {
    const answer = await fetch(`${world.holdfast.url}/rest/v1/todos?select=${columns}&limit=1`, {
      headers: { apikey: anonKey, authorization: `Bearer ${bearer}` },
    });
    return `${answer.status} ${/hit|fwd/.exec(answer.headers.get('cache-status'))[0]}`;
  };
  const here = (bearer) =>
    eventually('it is answered here', async () => (await read(bearer)) === '200 hit');
  await here(older);
  await read(newer);
  await here(newer);
  assert.equal(await read(older), '200 fwd', 'the upstream judges it by its own claims');
  const follow = async (bearer) => {
    const headers = { apikey: anonKey, authorization: `Bearer ${bearer}` };
    return (await fetch(`${world.holdfast.url}/sync/changes`, { headers })).status;
  };
  assert.deepEqual([await follow(newer), await follow(older)], [200, 504]);
  await world.upstream.kill();
  await world.holdfast.statusWhere('the outage is noticed', ({ online }) => !online);
  assert.equal(await read(newer), '200 hit');
  assert.equal(await read(older, 'title'), '504 fwd');
  assert.ok((await read(older)).startsWith('200'), 'what the upstream answered it is kept for it');
  await world.upstream.restart();
  await world.holdfast.statusWhere('the upstream is seen again', ({ online }) => online);
});

const issuerOf = (authorization) => {
  const payload = authorization?.split(' ')[1]?.split('.')[1];
  return payload ? JSON.parse(Buffer.from(payload, 'base64url').toString()).iss : undefined;
};

test('an offline hour signs nobody out, and its writes are sent as their user', async () => {
  const { client, user } = await signedUp('hour@example.com');
  await notesOf(client);
  await world.holdfast.sync();
  await world.upstream.kill();
  const before = succeeded(await client.auth.getSession()).session;
  const { session } = succeeded(await client.auth.refreshSession());
  assert.notEqual(session.access_token, before.access_token);
  assert.equal(issuerOf(`Bearer ${session.access_token}`), 'holdfast');
  assert.equal(session.user.email, 'hour@example.com');
  assert.equal(succeeded(await client.auth.getUser()).user.id, user.id);
  const row = { id: crypto.randomUUID(), user_id: user.id, body: 'after the refresh' };
  succeeded(await client.from('notes').insert(row));
  assert.deepEqual(bodies(await notesOf(client)), ['after the refresh']);

  // Nobody asks for anything between the restart and the delivery.
  await world.holdfast.kill();
  await world.holdfast.restart();
  await world.upstream.restart();
  await world.holdfast.drained();
  const [kept] = await world.database.sql`select user_id, body from notes where id = ${row.id}`;
  assert.deepEqual({ ...kept }, { user_id: user.id, body: 'after the refresh' });

  // The app still holds the gateway's token; the upstream never sees it.
  assert.equal(succeeded(await client.auth.getUser()).user.id, user.id);
  succeeded(await client.auth.updateUser({ data: { nickname: 'h' } }));
  const seen = await world.upstream.requests();
  assert.deepEqual(
    seen.filter(({ headers }) => issuerOf(headers.authorization) === 'holdfast'),
    [],
  );
  const { session: renewed } = succeeded(await client.auth.refreshSession());
  assert.notEqual(issuerOf(`Bearer ${renewed.access_token}`), 'holdfast');
});

test('a sign-out while offline ends access at once and is told upstream last', async () => {
  const { client, user } = await signedUp('leaving@example.com');
  await notesOf(client);
  await world.holdfast.sync();
  await world.upstream.kill();
  const row = { id: crypto.randomUUID(), user_id: user.id, body: 'before leaving' };
  succeeded(await client.from('notes').insert(row));
  const { session } = succeeded(await client.auth.getSession());
  assert.equal((await client.auth.signOut()).error, null);
  const late = await fetch(`${world.holdfast.url}/rest/v1/notes`, {
    headers: { apikey: anonKey, authorization: `Bearer ${session.access_token}` },
  });
  assert.equal(late.status, 401);
  await world.upstream.restart();
  await world.holdfast.drained();
  assert.deepEqual(await world.database.operations('notes', { id: row.id }), ['INSERT']);
  await eventually('the upstream is told', async () =>
    (await world.upstream.requests()).some(({ path }) => path.startsWith('/auth/v1/logout')),
  );
});

test('what is accepted while its user signs out is sent as that user', async () => {
  for (let round = 0; round < 3; ++round) {
    const { client, user } = await signedUp(`leaving-${round}@example.com`);
    const { access_token: token } = succeeded(await client.auth.getSession()).session;
    // Not by the client, which writes as nobody once it has signed out.
    const write = async (_, i) => {
      const answer = await fetch(`${world.holdfast.url}/rest/v1/notes`, {
        method: 'POST',
        headers: {
          apikey: anonKey,
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ user_id: user.id, body: `${i}` }),
      });
      return answer.status === 201;
    };
    const writes = Array.from({ length: 12 }, write);
    await client.auth.signOut();
    const accepted = (await Promise.all(writes)).filter(Boolean).length;
    await world.holdfast.drained();
    const kept = await world.database.sql`select id from notes where user_id = ${user.id}`;
    assert.equal(kept.length, accepted);
  }
});

test('a refresh that the upstream refuses signs the person out', async () => {
  const { client } = await signedUp('revoked@example.com');
  await world.upstream.fault({
    match: '^/auth/v1/token',
    method: 'POST',
    times: 1,
    status: 400,
    body: { code: 'refresh_token_not_found', message: 'Invalid Refresh Token' },
  });
  const { data, error } = await client.auth.refreshSession();
  assert.equal(error?.status, 400);
  assert.equal(data.session, null);
});
