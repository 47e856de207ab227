// The test upstream as a process: prints "ready URL" and serves until SIGTERM or until its standard
// input ends, so that it never outlives the test that started it. Settings come from the
// environment.

import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { createAdaptorServer } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';

import { Faults, RequestLog } from './faults.mjs';
import { Realtime } from './realtime.mjs';
import { openSupabase } from './supabase.mjs';

const environment = process.env;
const supabase = await openSupabase({
  databaseUrl: environment.UPSTREAM_DATABASE_URL,
  schemas: (environment.UPSTREAM_SCHEMAS ?? 'public').split(','),
  anonKey: environment.UPSTREAM_ANON_KEY,
  serviceKey: environment.UPSTREAM_SERVICE_KEY,
  jwtSecret: environment.UPSTREAM_JWT_SECRET,
  jwtExpiry: Number(environment.UPSTREAM_JWT_EXPIRY ?? 3600),
  maxRows: Number(environment.UPSTREAM_MAX_ROWS ?? 1000),
});
const faults = new Faults();
const log = new RequestLog();
const realtime = new Realtime();

async function control(request, path) {
  const clearing = request.method === 'DELETE';
  if (path === '/__test/log') {
    const entries = log.list();
    if (clearing) log.clear();
    return Response.json(entries);
  }
  if (path === '/__test/fault') {
    if (clearing) faults.clear();
    else if (request.method === 'POST') faults.add(await request.json());
    return Response.json(faults.list());
  }
  if (path === '/__test/realtime') {
    if (clearing) realtime.cut();
    if (request.method === 'POST') realtime.tell(await request.json());
    if (request.method === 'PUT') realtime.refuse((await request.json()).refused);
    return Response.json(realtime.list());
  }
  if (path === '/__test/reload') {
    await supabase.reload();
    return Response.json({ reloaded: true });
  }
  return Response.json({ message: 'no such control' }, { status: 404 });
}

const faultAnswer = ({ status, headers, body }) =>
  new Response(body === undefined ? null : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });

// The headers, half of the body, and then nothing.
async function cutOff(response, { outgoing }) {
  const body = Buffer.from(await response.arrayBuffer());
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    'content-length': body.length + 1,
  });
  outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
  return RESPONSE_ALREADY_SENT;
}

// What arrives twice, for whoever has to explain an answer later; the log ends with the process.
async function trace(request, target) {
  const line = JSON.stringify({ method: request.method, target, body: await request.text() });
  appendFileSync(environment.UPSTREAM_TRACE, `${line}\n`);
}

async function serve(request, { incoming, outgoing }) {
  const url = new URL(request.url);
  if (url.pathname.startsWith('/__test/')) return control(request, url.pathname);
  const target = url.pathname + url.search;
  log.add(request, target);
  const fault = faults.take(request.method, target);
  if (fault?.delay) await sleep(fault.delay);
  if (fault?.drop === 'before') {
    incoming.socket.destroy();
    return new Response();
  }
  if (fault?.status) return faultAnswer(fault);
  const address = incoming.socket.remoteAddress ?? null;
  if (fault?.twice) {
    if (environment.UPSTREAM_TRACE) await trace(request.clone(), target);
    await (await supabase.answer(request.clone(), address)).arrayBuffer();
  }
  const response = await supabase.answer(request, address);
  if (fault?.cut) return cutOff(response, { outgoing });
  if (fault?.drop === 'after') {
    // The body is read to its end first: by then the transaction has committed.
    await response.arrayBuffer();
    incoming.socket.destroy();
  }
  return response;
}

const server = createAdaptorServer({ fetch: serve, overrideGlobalObjects: false });
if (environment.UPSTREAM_REALTIME) realtime.attach(server);
server.listen(Number(environment.UPSTREAM_PORT ?? 0), '127.0.0.1', () => {
  process.stdout.write(`ready http://127.0.0.1:${server.address().port}\n`);
});

async function stop() {
  server.close();
  server.closeAllConnections();
  await supabase.close();
  process.exit(0);
}
process.on('SIGTERM', stop);
process.stdin.on('end', stop).resume();
