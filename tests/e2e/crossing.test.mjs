// Promise 5: whatever a request says of itself, it reads and writes as its verified token and as
// nobody else, online and offline, in both tiers.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';

import { anonKey, jwtSecret } from '../upstream/keys.mjs';
import { anonymousClient, succeeded } from './support/client.mjs';
import { RawConnection } from './support/raw_http.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const companion = readFileSync(new URL('../../companion/holdfast.sql', import.meta.url), 'utf8');
const password = 'fake-password-of-a-test';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(header, claims, signature) {
  const signed = `${encode({ typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${signed}.${signature(signed).toString('base64url')}`;
}
const hmac = (secret) => (signed) => createHmac('sha256', secret).update(signed).digest();

for (const tier of ['bare', 'companion']) {
  describe(`two people on one machine, ${tier}`, () => {
    let world;
    let ada;
    let bob;
    before(async () => {
      world = await World.build(`crossing_${tier}`, {
        schema: `${tier === 'companion' ? companion : ''};
          create function my_notes() returns setof notes language sql stable as $$
            select * from notes $$;
          grant execute on function my_notes to anon, authenticated;`,
      });
      ada = await person('ada');
      bob = await person('bob');
      await world.holdfast.drained();
      await world.holdfast.sync();
    });
    after(() => world?.close());
    beforeEach(() => world.upstream.recover());

    async function person(name) {
      const client = anonymousClient(world.holdfast.url);
      const email = `${name}@example.com`;
      const { user, session } = succeeded(await client.auth.signUp({ email, password }));
      succeeded(await client.from('notes').insert({ user_id: user.id, body: `of ${name}` }));
      return { client, user, token: session.access_token };
    }

    async function ask(path, headers, { method = 'GET', body } = {}) {
      const answer = await fetch(`${world.holdfast.url}${path}`, { method, headers, body });
      return { status: answer.status, text: await answer.text() };
    }
    const asBob = () => ({ apikey: anonKey, authorization: `Bearer ${bob.token}` });

    async function onlineAndOffline(work) {
      await work();
      await world.upstream.kill();
      await world.holdfast.statusWhere('the outage is noticed', ({ online }) => !online);
      await work();
      await world.upstream.restart();
      await world.holdfast.statusWhere('the upstream is seen', ({ online }) => online);
    }

    const hostile = () => [
      { role: 'service_role' },
      { 'x-role': 'service_role', 'x-supabase-role': 'service_role' },
      { 'request.jwt.claims': JSON.stringify({ sub: ada.user.id, role: 'authenticated' }) },
      {
        'x-forwarded-user': ada.user.id,
        'x-user-id': ada.user.id,
        'x-authenticated-userid': ada.user.id,
      },
      {
        'x-forwarded-authorization': `Bearer ${ada.token}`,
        'proxy-authorization': `Bearer ${ada.token}`,
      },
      { cookie: `sb-access-token=${ada.token}; sb-localhost-auth-token=${ada.token}` },
      { 'holdfast-principal': ada.user.id, 'x-holdfast-principal': ada.user.id },
      { prefer: `role=service_role, tx=commit` },
      { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' },
      { 'idempotency-key': 'the same for both' },
      { 'cache-control': 'only-if-cached' },
      { range: '0-100', 'range-unit': 'items' },
      {
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'localhost',
        forwarded: 'for=127.0.0.1',
      },
    ];

    test('no header shows another one’s rows', async () => {
      // Answers that are kept for the time without the upstream are kept for their own.
      for (const { token: own } of [ada, bob]) {
        const headers = { apikey: anonKey, authorization: `Bearer ${own}` };
        assert.equal((await ask('/rest/v1/rpc/my_notes', headers)).status, 200);
      }
      await onlineAndOffline(async () => {
        for (const extra of hostile()) {
          for (const path of [
            '/rest/v1/notes?select=body',
            '/rest/v1/notes',
            '/rest/v1/rpc/my_notes',
            `/rest/v1/notes?user_id=eq.${ada.user.id}`,
            '/sync/changes',
          ]) {
            const { text } = await ask(path, { ...asBob(), ...extra });
            assert.ok(!text.includes('of ada'), `${path} with ${Object.keys(extra)}: ${text}`);
          }
        }
      });
    });

    test('no header writes as another one', async () => {
      const before = await world.database.sql`select * from notes where user_id = ${ada.user.id}`;
      await onlineAndOffline(async () => {
        for (const extra of hostile()) {
          if (extra['cache-control']) continue;
          const headers = { ...asBob(), ...extra, 'content-type': 'application/json' };
          const row = { user_id: ada.user.id, body: 'forged' };
          await ask('/rest/v1/notes', headers, { method: 'POST', body: JSON.stringify(row) });
          await ask(`/rest/v1/notes?user_id=eq.${ada.user.id}`, headers, { method: 'DELETE' });
          await ask('/rest/v1/notes?body=eq.of%20ada', headers, {
            method: 'PATCH',
            body: JSON.stringify({ body: 'forged' }),
          });
        }
      });
      // What was queued offline is refused by the upstream as Bob's, and what builds on it waits.
      await eventually('nothing is on its way', async () => {
        const entries = await world.holdfast.outbox();
        return entries.every(({ state }) => state === 'dead' || state === 'blocked');
      });
      const now = await world.database.sql`select * from notes where user_id = ${ada.user.id}`;
      assert.deepEqual(
        now.map((row) => ({ ...row })),
        before.map((row) => ({ ...row })),
      );
      await eventually('what was refused is given up', async () => {
        for (const { id } of await world.holdfast.outbox()) {
          await world.holdfast.control('POST', `/outbox/${id}/discard`);
        }
        return (await world.holdfast.outbox()).length === 0;
      });
    });

    test('two keys or two tokens in one request are no way to choose', async () => {
      const head = (lines) =>
        `GET /rest/v1/notes?select=body HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`;
      for (const lines of [
        [
          `apikey: ${anonKey}`,
          `Authorization: Bearer ${bob.token}`,
          'Authorization: Bearer garbage',
        ],
        [
          `apikey: ${anonKey}`,
          'Authorization: Bearer garbage',
          `Authorization: Bearer ${bob.token}`,
        ],
        ['apikey: wrong', `apikey: ${anonKey}`, `Authorization: Bearer ${bob.token}`],
      ]) {
        const connection = await RawConnection.open(world.holdfast.port);
        connection.send(head(lines));
        const answer = await connection.until(/\r\n\r\n[^]*$/);
        connection.close();
        assert.ok(!answer.includes('of ada'));
      }
    });

    test('a forged token is refused everywhere, and never taken for the anonymous one', async () => {
      const seconds = Math.floor(Date.now() / 1000);
      const claims = { sub: ada.user.id, role: 'authenticated', iat: seconds, exp: seconds + 600 };
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const own = publicKey.export({ type: 'spki', format: 'pem' });
      const forged = {
        'alg none': token({ alg: 'none' }, claims, () => Buffer.alloc(0)),
        'alg None': token({ alg: 'None' }, claims, () => Buffer.alloc(0)),
        'no alg': token({}, claims, () => Buffer.alloc(0)),
        'empty secret': token({ alg: 'HS256' }, claims, hmac('')),
        'the public key as secret': token({ alg: 'HS256' }, claims, hmac(anonKey)),
        'another secret': token({ alg: 'HS256' }, claims, hmac('another secret')),
        'HS512 by the secret': token({ alg: 'HS512' }, claims, hmac(jwtSecret)),
        'a key of its own': token(
          { alg: 'ES256', jwk: publicKey.export({ format: 'jwk' }) },
          claims,
          (text) =>
            sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
        ),
        'a path as kid': token({ alg: 'HS256', kid: '../../../dev/null' }, claims, hmac('')),
        'a key that it names': token(
          { alg: 'HS256', jku: 'http://127.0.0.1:1/' },
          claims,
          hmac(own),
        ),
        'this gateway’s name': token(
          { alg: 'HS256' },
          { ...claims, iss: 'holdfast' },
          hmac(jwtSecret),
        ),
        'run out': token(
          { alg: 'HS256' },
          { ...claims, exp: seconds - 90_000_000 },
          hmac(jwtSecret),
        ),
        'of the future': token(
          { alg: 'HS256' },
          { ...claims, nbf: seconds + 9_000 },
          hmac(jwtSecret),
        ),
        'other claims under Ada’s signature': `${ada.token.split('.')[0]}.${encode({ ...claims, role: 'service_role' })}.${ada.token.split('.')[2]}`,
        'cut short': ada.token.slice(0, -4),
      };
      await onlineAndOffline(async () => {
        for (const [what, bearer] of Object.entries(forged)) {
          const headers = { apikey: anonKey, authorization: `Bearer ${bearer}` };
          const writing = { ...headers, 'content-type': 'application/json' };
          const row = JSON.stringify({ user_id: ada.user.id, body: 'forged' });
          const answers = [
            await ask('/rest/v1/notes?select=body', headers),
            await ask('/rest/v1/todos?select=id&limit=1', headers),
            await ask('/rest/v1/notes', writing, { method: 'POST', body: row }),
            await ask('/sync/changes', headers),
            await ask('/sync/push', writing, { method: 'POST', body: '{"events":[]}' }),
          ];
          // A key that nobody here has seen may be the upstream's newest: without it nobody can tell.
          const refusals = what === 'a key of its own' ? [401, 504] : [401];
          for (const { status, text } of answers) {
            assert.ok(refusals.includes(status), `${what}: ${status} ${text}`);
          }
        }
      });
      const [{ count }] = await world.database.sql`
        select count(*)::int from notes where body = 'forged'`;
      assert.equal(count, 0);
    });

    test('a row that changes hands is gone for one and there for the other', async () => {
      const [{ id }] = await world.database.sql`
        insert into notes (user_id, body) values (${ada.user.id}, 'handed over') returning id`;
      await world.holdfast.sync();
      const seen = async ({ client }) =>
        succeeded(await client.from('notes').select('body')).map(({ body }) => body);
      assert.ok((await seen(ada)).includes('handed over'));
      const follow = async (cursor) =>
        JSON.parse(
          (
            await ask(`/sync/changes?cursor=${encodeURIComponent(cursor)}`, {
              apikey: anonKey,
              authorization: `Bearer ${ada.token}`,
            })
          ).text,
        );
      let page = await follow('');
      while (page.more) page = await follow(page.cursor);
      // Without its stamp being raised, as a policy's own change would not raise it either.
      await world.database.sql`update notes set user_id = ${bob.user.id} where id = ${id}`;
      await world.holdfast.sync();
      await world.upstream.kill();
      assert.ok(!(await seen(ada)).includes('handed over'));
      assert.ok((await seen(bob)).includes('handed over'));
      const told = (await follow(page.cursor)).changes;
      assert.ok(
        told.some(({ op, key }) => op === 'delete' && key.id === id),
        JSON.stringify(told),
      );
      await world.upstream.restart();
      await world.database.sql`drop policy own_notes on notes`;
      await world.holdfast.sync();
      await world.upstream.kill();
      assert.deepEqual([await seen(ada), await seen(bob)], [[], []], 'the permission is gone');
    });
  });
}
