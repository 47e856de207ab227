// What becomes of tokens when only a part of the project changes or is away: keys that are rotated
// and taken back, sign-in without the API, tokens that run out on their way.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { anonKey } from '../upstream/keys.mjs';
import { anonymousClient, succeeded } from './support/client.mjs';
import { World } from './support/world.mjs';

const password = 'fake-password-of-a-test';

let world;
// Its tokens last for less than what the gateway renews them before they run out.
const tokenSeconds = 6;
let hasty;
before(async () => {
  world = await World.build('tokens');
  hasty = await World.build('tokens_hasty', {
    settings: { UPSTREAM_JWT_EXPIRY: String(tokenSeconds) },
  });
});
after(async () => {
  await world?.close();
  await hasty?.close();
});
beforeEach(async () => {
  for (const { upstream, holdfast } of [world, hasty]) {
    await upstream.recover();
    await holdfast.statusWhere('the upstream is seen', ({ online }) => online);
  }
});

class ProjectKey {
  constructor(kid) {
    Object.assign(this, generateKeyPairSync('ec', { namedCurve: 'P-256' }), { kid });
  }

  get jwk() {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, alg: 'ES256', use: 'sig' };
  }

  token(sub) {
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = {
      iss: `${world.upstream.url}/auth/v1`,
      sub,
      role: 'authenticated',
      jti: crypto.randomUUID(),
      exp: Math.floor(Date.now() / 1000) + 3600,
    };
    const text = `${encode({ alg: 'ES256', typ: 'JWT', kid: this.kid })}.${encode(claims)}`;
    const signature = sign('sha256', text, { key: this.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}

test('a project’s keys are followed when they rotate, online and offline', async () => {
  const sub = crypto.randomUUID();
  const [first, second, third] = ['first', 'second', 'third'].map((kid) => new ProjectKey(kid));
  // What the project publishes, and whether its own sign-in still knows a token's user.
  const publish = async (keys, confirms) => {
    await world.upstream.clearFaults();
    const body = { keys: keys.map(({ jwk }) => jwk) };
    await world.upstream.fault({ match: '/jwks.json', status: 200, body });
    await world.upstream.fault({
      match: '/auth/v1/user',
      ...(confirms
        ? { status: 200, body: { id: sub } }
        : { status: 403, body: { error_code: 'bad_jwt' } }),
    });
  };
  // 'taken' when the gateway lets the request pass, whatever becomes of it then.
  const judged = async (bearer) => {
    const answer = await fetch(`${world.holdfast.url}/rest/v1/todos?select=id&limit=1`, {
      headers: { apikey: anonKey, authorization: `Bearer ${bearer}` },
    });
    if (/fwd|hit/.test(answer.headers.get('cache-status') ?? '')) return 'taken';
    return (await answer.json()).code;
  };
  const appAsksForKeys = async () =>
    (await (await fetch(`${world.holdfast.url}/auth/v1/.well-known/jwks.json`)).json()).keys;

  await publish([first], false);
  const old = first.token(sub);
  assert.equal(await judged(old), 'taken');
  assert.equal(await judged(second.token(sub)), 'PGRST301');

  await publish([first, second], true);
  assert.equal(await judged(second.token(sub)), 'taken', 'the project knows it');
  await publish([first, second], false);
  const kids = (await appAsksForKeys()).map(({ kid }) => kid);
  assert.deepEqual(kids.slice(0, 2), ['first', 'second']);
  assert.equal(await judged(second.token(sub)), 'taken', 'the key does');
  assert.equal(await judged(first.token(sub)), 'taken', 'the old one is still there');

  await publish([second], false);
  await appAsksForKeys();
  assert.equal(await judged(old), 'PGRST301', 'also a token that was known');
  assert.equal(await judged(first.token(sub)), 'PGRST301');
  assert.equal(await judged(second.token(sub)), 'taken');

  await world.upstream.kill();
  await world.holdfast.statusWhere('the outage is noticed', ({ online }) => !online);
  assert.equal(await judged(second.token(sub)), 'taken');
  await world.holdfast.kill();
  await world.holdfast.restart();
  assert.equal(await judged(second.token(sub)), 'taken', 'keys are kept');
  assert.notEqual(await judged(first.token(sub)), 'taken');

  await world.upstream.restart();
  await publish([third], true);
  await world.holdfast.statusWhere('the upstream is seen', ({ online }) => online);
  assert.equal(await judged(third.token(sub)), 'taken');
  await world.holdfast.kill();
  await world.holdfast.restart();
  await world.holdfast.statusWhere('the upstream is seen', ({ online }) => online);
  await publish([third], false);
  assert.equal(await judged(third.token(sub)), 'taken');
  assert.equal(await judged(second.token(sub)), 'PGRST301', 'it was taken back meanwhile');
});

async function signedUp({ holdfast }, email) {
  const client = anonymousClient(holdfast.url);
  const { user } = succeeded(await client.auth.signUp({ email, password }));
  return { client, user };
}
const expired = {
  status: 401,
  body: { code: 'PGRST303', details: null, hint: null, message: 'JWT expired' },
};

test('a token that runs out on its way is renewed, and the request made once more', async () => {
  const { client, user } = await signedUp(world, 'on-its-way@example.com');
  const expires = (method) =>
    world.upstream.fault({ match: '/rest/v1/notes', method, times: 1, ...expired });
  await sleep(1_100); // tokens of one second are one
  await expires('GET');
  succeeded(await client.from('notes').select('body'));
  await expires('POST');
  const note = { user_id: user.id, body: 'written as it ran out' };
  succeeded(await client.from('notes').insert(note).select());
  await world.holdfast.drained();
  await world.upstream.faultsSpent();
  const rows = await world.database.sql`select body from notes where user_id = ${user.id}`;
  assert.deepEqual(
    rows.map(({ body }) => body),
    ['written as it ran out'],
  );
});

test('while sign-in alone is away, an app whose token has run out goes on as offline', async () => {
  const { client, user } = await signedUp(hasty, 'no-sign-in@example.com');
  const note = { id: crypto.randomUUID(), user_id: user.id, body: 'before' };
  succeeded(await client.from('notes').insert(note));
  const [taken] = await hasty.database.sql`select username from profiles limit 1`;
  await hasty.holdfast.drained();
  await hasty.holdfast.sync();
  await hasty.holdfast.replicated();
  // Nothing of sign-in answers, and soon the API takes no token of this user any more.
  await hasty.upstream.fault({ match: '/auth/v1/', status: 503 });
  const { data } = await client.auth.refreshSession();
  assert.ok(data.session, 'nobody is signed out');
  await sleep((tokenSeconds + 1) * 1000);
  await hasty.holdfast.statusWhere('it is online', ({ online }) => online);
  const nobodys = await client
    .from('notes')
    .update({ body: 'of nobody' })
    .eq('id', crypto.randomUUID());
  assert.equal(nobodys.status, 204, 'no row matches as far as one can tell');
  assert.deepEqual(succeeded(await client.from('notes').select('body')), [{ body: 'before' }]);
  succeeded(await client.from('notes').insert({ user_id: user.id, body: 'meanwhile' }));
  succeeded(await client.from('notes').update({ body: 'changed' }).eq('id', note.id));
  assert.deepEqual(
    succeeded(await client.from('notes').select('body').order('body')).map(({ body }) => body),
    ['changed', 'meanwhile'],
  );
  // Whether the name is taken only the upstream can tell, later.
  const rival = { id: crypto.randomUUID(), username: taken.username };
  assert.equal((await client.from('profiles').insert(rival)).status, 201);
  const ignored = await client
    .from('profiles')
    .upsert({ username: taken.username }, { onConflict: 'username', ignoreDuplicates: true });
  assert.ok(ignored.status < 300, JSON.stringify(ignored.error));
  const merged = await client
    .from('profiles')
    .upsert({ username: taken.username, full_name: 'New' }, { onConflict: 'username' })
    .select('full_name');
  assert.deepEqual(succeeded(merged), [{ full_name: 'New' }]);
  await hasty.upstream.clearFaults();
  await hasty.holdfast.drained();
});
