import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { controlToken } from './support/holdfast.mjs';
import { exactRequest, RawConnection } from './support/raw_http.mjs';
import { sampleId } from './support/read_calls.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('http');
});
after(() => world?.close());

const path = '/rest/v1/tags?select=name&order=name&limit=1';
const oneTag = '[{"name":"blue"}]';
const get = (headers, target = path) => exactRequest(world.holdfast.url + target, { headers });
const json = ({ body }) => JSON.parse(body);

describe('many clients at once', () => {
  test('1,000 idle connections do not keep the next one waiting', async () => {
    const idle = [];
    try {
      for (let n = 0; n < 1000; n += 1) idle.push(await RawConnection.open(world.holdfast.port));
      for (const connection of idle) {
        connection.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\napikey: ${anonKey}\r\n\r\n`);
      }
      await Promise.all(idle.map((connection) => connection.until(/blue/, { within: 20_000 })));
      const started = Date.now();
      const answer = await get({ apikey: anonKey });
      assert.equal(answer.body, oneTag);
      assert.ok(Date.now() - started < 500, `took ${Date.now() - started} ms`);
    } finally {
      for (const connection of idle) connection.close();
    }
  });

  // Node's fetch gives up on more than 16 KiB of answer headers, so a target this long must not
  // come back in one of them (the upstream's Content-Location does, and cannot be asked for
  // comparison).
  test('in() with 1,000 keys is answered', async () => {
    const keys = Array.from({ length: 1000 }, (_, n) => sampleId('todo', n + 1));
    const { data, error, count } = await world.app
      .from('todos')
      .select('id,title', { count: 'exact' })
      .in('id', keys)
      .order('id');
    assert.equal(error, null);
    assert.equal(count, 40);
    const rows = await world.database.sql`select id, title from todos order by id`;
    assert.deepEqual(
      data,
      rows.map(({ id, title }) => ({ id, title })),
    );
  });
});

describe('who may ask', () => {
  test('a foreign Host is misdirected', async () => {
    for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '192.0.2.1']) {
      assert.equal((await get({ apikey: anonKey, host })).status, 421, host);
    }
  });

  test('local names are known, with and without a port', async () => {
    const names = ['localhost', '127.0.0.1', '[::1]', 'project.localhost'];
    for (const host of names.flatMap((name) => [name, `${name}:${world.holdfast.port}`])) {
      assert.equal((await get({ apikey: anonKey, host })).status, 200, host);
    }
  });

  test('a missing key is Supabase’s 401', async () => {
    const answer = await get({});
    assert.equal(answer.status, 401);
    assert.deepEqual(json(answer), {
      message: 'No API key found in request',
      hint: 'No `apikey` request header or url param was found.',
    });
  });

  test('a wrong key is Supabase’s 401', async () => {
    const answer = await get({ apikey: 'sb_publishable_wrong' });
    assert.equal(answer.status, 401);
    assert.deepEqual(json(answer), {
      message: 'Invalid API key',
      hint: 'Double check your Supabase `anon` or `service_role` API key.',
    });
  });

  test('the key may come as a query parameter', async () => {
    assert.equal((await get({}, `${path}&apikey=${anonKey}`)).body, oneTag);
  });

  test('/status needs no token and tells no rows', async () => {
    const answer = await get({}, '/status');
    assert.equal(answer.status, 200);
    const { state, online, queue, sync } = json(answer);
    assert.equal(state, 'synced');
    assert.equal(online, true);
    assert.equal(queue.depth, 0);
    assert.equal(sync.tables.todos.rows, 40);
    assert.equal(sync.tables.todos.complete, true);
  });

  test('/sync needs the control token', async () => {
    const post = (headers) =>
      exactRequest(`${world.holdfast.url}/sync`, { method: 'POST', headers });
    assert.equal((await post({})).status, 401);
    assert.equal((await post({ authorization: 'Bearer wrong' })).status, 401);
    assert.equal((await post({ apikey: anonKey, authorization: `Bearer ${anonKey}` })).status, 401);
    const answer = await post({ authorization: `Bearer ${controlToken}` });
    assert.equal(answer.status, 200);
    const { uploaded, downloaded, errors } = json(answer);
    assert.equal(uploaded, 0);
    assert.equal(typeof downloaded, 'number');
    assert.deepEqual(errors, []);
  });
});

describe('what a browser needs', () => {
  const origin = 'http://localhost:3000';

  test('a preflight is allowed, with the headers that it asks for', async () => {
    const asked = 'apikey,authorization,content-profile,content-type,prefer,x-client-info';
    const answer = await exactRequest(world.holdfast.url + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': asked,
      },
    });
    assert.ok([200, 204].includes(answer.status), String(answer.status));
    const allowed = answer.headers['access-control-allow-headers'].toLowerCase().split(/,\s*/);
    for (const name of asked.split(',')) assert.ok(allowed.includes(name), name);
    assert.match(answer.headers['access-control-allow-methods'], /PATCH/);
    assert.ok(['*', origin].includes(answer.headers['access-control-allow-origin']));
  });

  test('an answer exposes its Content-Range', async () => {
    const answer = await get({ apikey: anonKey, origin, prefer: 'count=exact' });
    assert.equal(answer.headers['content-range'], '0-0/4');
    assert.ok(['*', origin].includes(answer.headers['access-control-allow-origin']));
    assert.match(answer.headers['access-control-expose-headers'], /content-range/i);
  });
});

describe('odd framing', () => {
  const head = (line, headers = {}) =>
    [
      line,
      ...Object.entries({ Host: 'localhost', apikey: anonKey, ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      ),
      '',
      '',
    ].join('\r\n');

  async function exchange(bytes, pattern) {
    const connection = await RawConnection.open(world.holdfast.port);
    try {
      connection.send(bytes);
      return await connection.until(pattern);
    } finally {
      connection.close();
    }
  }

  test('pipelined requests are answered in their order', async () => {
    const requests = ['red', 'green', 'blue'].map((name) =>
      head(`GET /rest/v1/tags?select=name&name=eq.${name} HTTP/1.1`),
    );
    await exchange(requests.join(''), /"red"[^]*"green"[^]*"blue"/);
  });

  test('a chunked body is read', async () => {
    const id = crypto.randomUUID();
    const body = JSON.stringify({ id, name: 'chunked' });
    const chunks = [body.slice(0, 10), body.slice(10)]
      .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
      .join('');
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    const request = head('POST /rest/v1/tags HTTP/1.1', headers);
    await exchange(`${request}${chunks}0\r\n\r\n`, /^HTTP\/1\.1 201 /);
    const rows = succeeded(await world.app.from('tags').select('name').eq('id', id));
    assert.deepEqual(rows, [{ name: 'chunked' }]);
  });

  test('a length and chunks together are refused', async () => {
    const headers = { 'Content-Length': 4, 'Transfer-Encoding': 'chunked' };
    await exchange(head('POST /rest/v1/tags HTTP/1.1', headers), /^HTTP\/1\.1 400 /);
  });

  test('a client that waits for 100 Continue gets it', async () => {
    const body = JSON.stringify({ name: 'continued' });
    const connection = await RawConnection.open(world.holdfast.port);
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      Expect: '100-continue',
    };
    connection.send(head('POST /rest/v1/tags HTTP/1.1', headers));
    await connection.until(/^HTTP\/1\.1 100 /);
    connection.send(body);
    await connection.until(/HTTP\/1\.1 201 /);
    connection.close();
  });

  test('an offer of h2c is ignored', async () => {
    const headers = {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AA',
    };
    await exchange(head(`GET ${path} HTTP/1.1`, headers), /^HTTP\/1\.1 200 [^]*"blue"/);
  });

  test('a target beyond 64 KiB is refused', async () => {
    const target = `/rest/v1/tags?name=eq.${'x'.repeat(70_000)}`;
    await exchange(head(`GET ${target} HTTP/1.1`), /^HTTP\/1\.1 414 /);
  });

  test('HEAD has the headers of GET and no body', async () => {
    const answer = await exactRequest(world.holdfast.url + path, {
      method: 'HEAD',
      headers: { apikey: anonKey, prefer: 'count=exact' },
    });
    assert.match(answer.headers['content-range'], /^0-0\/\d+$/);
    assert.equal(answer.body, '');
  });
});

test('SIGTERM ends it within 5 seconds with code 0, also with idle connections', async () => {
  const connection = await RawConnection.open(world.holdfast.port);
  connection.send(`GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await connection.until(/synced|syncing/);
  const started = Date.now();
  assert.deepEqual(await world.holdfast.terminate(), { code: 0, signal: null });
  assert.ok(Date.now() - started < 5000, `took ${Date.now() - started} ms`);
  connection.close();
});
