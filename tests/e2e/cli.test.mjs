// The command line, beside a running gateway and on the folder of one that does not run.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { anonKey, jwtSecret, serviceKey } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { ChildProcess } from './support/process.mjs';
import { SmallDisk } from './support/small_disk.mjs';
import { WallClock } from './support/wall_clock.mjs';
import { World } from './support/world.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
const emptyFolder = () => mkdtempSync(join(scratch, 'f'));
let world;
before(async () => {
  world = await World.build('cli', {
    extra: '[tables.todos]\nconflict = "manual"\nupdated_at_column = "updated_at"\n',
  });
});
after(async () => {
  await world?.close();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => world.upstream.recover());
afterEach(async () => {
  if ((await reachable()) === false) await world.holdfast.restart();
});

const reachable = () =>
  world.holdfast.status().then(
    () => true,
    () => false,
  );

function printed(...words) {
  const { status, stdout, stderr } = world.holdfast.run(...words);
  assert.equal(status, 0, `${words.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}
const answered = (...words) => JSON.parse(printed(...words, '--json'));

async function queuedOffline(title, more = {}) {
  const id = crypto.randomUUID();
  await world.upstream.kill();
  succeeded(await world.app.from('todos').insert({ id, title, ...more }));
  return id;
}

const upstreamTitles = async (id) => {
  const rows = await world.database.sql`select title from todos where id = ${id}`;
  return rows.map(({ title }) => title);
};

test('status and outbox say the same of a running gateway and of its folder', async () => {
  await queuedOffline('on its way');
  const running = [answered('status').queue.depth, answered('outbox', 'list')[0].id];
  assert.match(
    printed('outbox', 'list'),
    /^id +state +what +table +written +attempts +next try( +why)?\n/,
  );
  await world.holdfast.terminate();
  assert.deepEqual([answered('status').queue.depth, answered('outbox', 'list')[0].id], running);
  assert.equal(answered('status').online, false);
  assert.equal(answered('outbox', 'show', running[1]).id, running[1]);
  await world.upstream.restart();
});

test('sync sends what a gateway that was stopped had left', async () => {
  const id = await queuedOffline('left behind');
  await world.holdfast.terminate();
  const failed = answered('sync');
  assert.deepEqual([failed.uploaded, failed.errors.length > 0], [0, true]);
  await world.upstream.restart();
  assert.ok(answered('sync').uploaded >= 1);
  assert.deepEqual(await upstreamTitles(id), ['left behind']);
  assert.equal(answered('status').queue.depth, 0);
});

test('a dead letter is edited and sent, or given up, on the folder of a stopped gateway', async () => {
  const edited = await queuedOffline('to be edited', { priority: 99 });
  const given = crypto.randomUUID();
  succeeded(await world.app.from('todos').insert({ id: given, title: 'given up', priority: 99 }));
  await world.upstream.restart();
  await world.holdfast.statusWhere('2 dead letters', ({ queue }) => queue.dead === 2);
  await world.holdfast.terminate();
  const about = (id) => answered('outbox', 'list').find((e) => JSON.stringify(e).includes(id)).id;
  printed('outbox', 'discard', about(given));
  const body = JSON.stringify({ id: edited, title: 'edited', priority: 1 });
  printed('outbox', 'edit', about(edited), '--body', body);
  answered('sync');
  assert.deepEqual(await upstreamTitles(edited), ['edited']);
  assert.deepEqual(await upstreamTitles(given), []);
  assert.deepEqual(answered('outbox', 'list'), []);
  assert.match(printed('verify'), /all in order/);
});

test('what cannot be done exits with 1 and says why', async () => {
  const unknown = world.holdfast.run('outbox', 'show', 'nothing');
  assert.deepEqual([unknown.status, unknown.stdout], [1, '']);
  assert.match(unknown.stderr, /^holdfast: There is no outbox entry nothing\n$/);
  await world.holdfast.terminate();
  assert.deepEqual(world.holdfast.run('outbox', 'show', 'nothing'), unknown);
  assert.equal(world.holdfast.run('outbox', 'frobnicate').status, 2);
});

// --- doctor and init ---

// An anon key as older projects have it: a token that the project's secret signed.
function legacyKey(claims = { role: 'anon' }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', jwtSecret).update(signed).digest('base64url')}`;
}
const healthy = () => ({ url: world.upstream.url, anon_key: anonKey, jwt_secret: jwtSecret });

// A configuration of `settings` in [upstream], and `more` TOML, in a folder of its own.
function configured(settings, more = '') {
  const folder = emptyFolder();
  const lines = Object.entries(settings).map(([key, value]) => `${key} = "${value}"`);
  const listen = more.includes('[server]') ? '' : '[server]\nlisten = "127.0.0.1:0"\n';
  const file = join(folder, 'config.toml');
  writeFileSync(file, `[upstream]\n${lines.join('\n')}\ntimeout = "2s"\n${listen}${more}`);
  return { folder, file, data: join(folder, 'data') };
}

function run(words, { env, input } = {}) {
  const ended = spawnSync(holdfastBinary(), words, {
    encoding: 'utf8',
    input,
    env: { ...process.env, ...env },
  });
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

// What doctor finds there: {status, find(about)}.
function examined(settings, more, { env, data } = {}) {
  const place = configured(settings, more);
  const folder = data ?? place.data;
  const ended = run(['doctor', '--json', '--config', place.file, '--data', folder], { env });
  assert.notEqual(ended.stdout, '', ended.stderr);
  const { ok, findings } = JSON.parse(ended.stdout);
  assert.equal(ended.status, ok ? 0 : 1);
  const worst = (about) =>
    findings
      .filter((finding) => finding.about === about)
      .sort((a, b) => a.level.localeCompare(b.level))
      .find(({ level }) => level !== 'fine') ?? findings.find((one) => one.about === about);
  return { status: ended.status, findings, worst };
}

function isBroken(about, settings, more, options) {
  const { status, findings, worst } = examined(settings, more, options);
  const found = worst(about);
  assert.equal(status, 1, JSON.stringify(findings));
  assert.equal(found?.level, 'broken', JSON.stringify(findings));
  assert.ok(found.do, 'it says what to do');
  return found;
}

test('doctor finds nothing broken in a healthy set-up, and the companion is only advice', () => {
  const { status, findings, worst } = examined(healthy());
  assert.equal(status, 0, JSON.stringify(findings));
  assert.equal(worst('companion').level, 'advice');
  assert.equal(worst('schema').level, 'advice');
  for (const about of ['key', 'connection', 'clock', 'disk', 'data folder', 'port']) {
    assert.equal(worst(about).level, 'fine', `${about}: ${JSON.stringify(findings)}`);
  }
  for (const finding of findings.filter(({ level }) => level !== 'fine')) assert.ok(finding.do);
});

test('doctor of a running gateway names it, its queue and what waits for a person', async () => {
  await queuedOffline('refused', { priority: 99 });
  await world.upstream.restart();
  await world.holdfast.statusWhere('a dead letter', ({ queue }) => queue.dead === 1);
  const { findings } = answered('doctor');
  const texts = findings.map(({ about, text, do: todo }) => `${about}: ${text} ${todo}`).join('\n');
  assert.match(texts, new RegExp(`gateway: runs at ${world.holdfast.url}`));
  assert.match(texts, /queue: 1 write is refused for good .*outbox list --state dead/);
  printed('outbox', 'discard', '--all');
});

test('doctor finds the port taken', () => {
  const taken = `[server]\nlisten = "127.0.0.1:${world.holdfast.port}"\n`;
  const found = isBroken('port', healthy(), taken);
  assert.match(found.text, /another program has it/);
  assert.match(found.do, new RegExp(`ss -ltnp .*${world.holdfast.port}`));
});

test('doctor finds a wrong key, a secret one, an expired one, and a foreign secret', () => {
  isBroken('key', { ...healthy(), anon_key: '' });
  assert.match(isBroken('key', { ...healthy(), anon_key: serviceKey }).text, /secret key/);
  assert.match(isBroken('key', { ...healthy(), anon_key: `${anonKey}x` }).text, /refuses/);
  const expired = legacyKey({ role: 'anon', exp: 1_600_000_000 });
  assert.match(isBroken('key', { ...healthy(), anon_key: expired }).text, /expired on 2020-09-13/);
  const legacy = { ...healthy(), anon_key: legacyKey() };
  assert.equal(examined(legacy).worst('jwt secret').level, 'fine');
  isBroken('jwt secret', { ...legacy, jwt_secret: 'another secret of at least 32 characters' });
});

test('doctor finds an upstream that cannot be reached, and a configuration that is wrong', () => {
  const found = isBroken('connection', { ...healthy(), url: 'http://127.0.0.1:1' });
  assert.match(found.text, /cannot be reached/);
  assert.match(isBroken('configuration', healthy(), '[sync]\nintervall = "1s"\n').text, /interval/);
});

test('doctor finds a clock that is off', (t) => {
  const clock = WallClock.make();
  if (!clock) return t.skip('there is no compiler for the clock');
  try {
    clock.set(3_600);
    const found = isBroken('clock', healthy(), '', { env: clock.environment });
    assert.match(found.text, /36\d\d s ahead/);
  } finally {
    clock.remove();
  }
});

test('doctor finds a disk that is nearly full', (t) => {
  const disk = SmallDisk.mount(8);
  if (!disk) return t.skip('no file system can be mounted');
  try {
    assert.match(isBroken('disk', healthy(), '', { data: disk.folder }).text, /only \d MiB/);
  } finally {
    disk.unmount();
  }
});

test('doctor finds a data folder that cannot be used, or that others can read', () => {
  const { folder } = configured(healthy());
  writeFileSync(join(folder, 'file'), '');
  const open = join(folder, 'open');
  mkdirSync(open, { mode: 0o755 });
  const advice = examined(healthy(), '', { data: open }).worst('data folder');
  assert.equal(advice.level, 'advice');
  assert.match(advice.do, /^chmod 700/);
  isBroken('data folder', healthy(), '', { data: join(folder, 'file') });
});

test('doctor advises about secrets that others can read, and certificates that nobody trusts', () => {
  const place = configured({ ...healthy(), service_key: serviceKey });
  const words = ['--config', place.file, '--data', place.data];
  chmodSync(place.file, 0o644);
  const look = () =>
    JSON.parse(run(['doctor', '--json', ...words], { env: { HOME: place.folder } }).stdout)
      .findings;
  const about = (what) => look().find((finding) => finding.about === what);
  assert.match(about('configuration').do, /^chmod 600/);
  chmodSync(place.file, 0o600);
  assert.equal(about('configuration').level, 'fine');
  assert.equal(run(['certs', 'init', ...words]).status, 0);
  assert.match(about('certificates').do, /holdfast certs trust/);
  chmodSync(join(place.data, 'certs', 'server.pem'), 0o644);
  assert.equal(about('certificates').level, 'broken');
});

test('init writes a private configuration that works, and says what apps change', () => {
  const folder = emptyFolder();
  const env = { HOME: folder, XDG_CONFIG_HOME: join(folder, 'config') };
  const words = ['init', '--url', `${world.upstream.url}/`, '--key', anonKey];
  const ended = run([...words, '--jwt-secret', 'env:SECRET'], {
    env: { ...env, SECRET: jwtSecret },
  });
  assert.equal(ended.status, 0, ended.stderr);
  for (const where of [
    'supabase-js',
    'supabase-py',
    'supabase_flutter',
    'Swift',
    'Kotlin',
    '.env',
  ]) {
    assert.match(ended.stdout, new RegExp(`${where}.*http://127.0.0.1:54321`));
  }
  const file = join(folder, 'config', 'holdfast', 'config.toml');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, 'utf8'), /jwt_secret = "env:SECRET"/);
  const again = run(words, { env });
  assert.deepEqual([again.status, /--replace/.test(again.stderr)], [1, true]);
  const looked = run(['doctor', '--json', '--data', join(folder, 'data')], {
    env: { ...env, SECRET: jwtSecret },
  });
  const { findings } = JSON.parse(looked.stdout);
  assert.equal(findings.find(({ about }) => about === 'upstream').text, world.upstream.url);
});

test('init writes nothing where the project refuses, unless it is told to', () => {
  const folder = emptyFolder();
  const file = join(folder, 'config.toml');
  const words = ['init', '--config', file, '--url', world.upstream.url, '--key', 'wrong'];
  const refused = run(words);
  assert.deepEqual([refused.status, existsSync(file)], [1, false]);
  assert.match(refused.stderr, /the upstream refuses anon_key/);
  assert.equal(run([...words, '--unchecked']).status, 0);
  assert.equal(existsSync(file), true);
  assert.equal(run(['init', '--config', join(folder, 'other')], { input: '' }).status, 1);
});

test('init asks on a terminal for what it was not given', (t) => {
  const folder = emptyFolder();
  const file = join(folder, 'config.toml');
  const command = `${holdfastBinary()} init --config ${file}`;
  const answers = `${world.upstream.url}\n${anonKey}\n\n`;
  const ended = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    input: answers,
  });
  if (ended.error) return t.skip('script (bsdutils) is not there');
  assert.match(ended.stdout, /URL of the Supabase project/);
  assert.match(readFileSync(file, 'utf8'), new RegExp(`url = "${world.upstream.url}"`));
});

// --- for people and for programs ---

test('every verb prints JSON with --json, and nothing else', async () => {
  const file = join(emptyFolder(), 'bundle.json');
  await world.holdfast.terminate();
  writeFileSync(file, printed('export', '--json'));
  for (const words of [
    ['status'],
    ['sync'],
    ['verify'],
    ['verify', '--upstream'],
    ['outbox', 'list'],
    ['conflicts', 'list'],
    ['catalog', 'show'],
    ['catalog', 'pull'],
    ['companion', 'print'],
    ['certs', 'init'],
    ['certs', 'show'],
    ['certs', 'renew'],
    ['export'],
  ]) {
    assert.doesNotThrow(() => answered(...words), words.join(' '));
  }
  const spare = emptyFolder();
  const imported = world.holdfast.runElsewhere(spare, 'import', '--json', file);
  assert.equal(imported.status, 0, imported.stderr);
  assert.ok(JSON.parse(imported.stdout).rows > 0);
});

test('colours and progress are for terminals alone, and NO_COLOR is respected', (t) => {
  const escape = '\x1b[';
  assert.ok(!printed('outbox', 'list').includes(escape));
  assert.ok(!printed('doctor').includes(escape));
  const command = [holdfastBinary(), 'doctor', '--config', configured(healthy()).file].join(' ');
  const shown = (env) =>
    spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm', ...env },
    });
  const coloured = shown({ NO_COLOR: '' });
  if (coloured.error) return t.skip('script (bsdutils) is not there');
  assert.ok(coloured.stdout.includes(`${escape}32m`), coloured.stdout);
  assert.ok(!shown({ NO_COLOR: '1' }).stdout.includes(escape));
  assert.ok(!shown({ NO_COLOR: '', TERM: 'dumb' }).stdout.includes(escape));
});

test('sync --wait ends when the queue is empty, and gives up after --timeout', async () => {
  const id = await queuedOffline('waited for');
  const late = world.holdfast.run('sync', '--wait', '--timeout', '1');
  assert.deepEqual([late.status, /not done after 1 s/.test(late.stderr)], [1, true]);
  await world.upstream.restart();
  answered('sync', '--wait', '--timeout', '60');
  assert.deepEqual(await upstreamTitles(id), ['waited for']);
  assert.equal(answered('status').queue.depth, 0);
});

test('serve --json says where it listens as one line of JSON', async () => {
  const { file, data } = configured(healthy());
  const gateway = new ChildProcess();
  const words = ['serve', '--json', '--port', '0', '--tls-port', '0', '--config', file];
  const [line] = await gateway.start(holdfastBinary(), [...words, '--data', data], {
    env: process.env,
    ready: /^\{.*\}$/,
  });
  await gateway.end();
  const { ready, url, https_url: secure } = JSON.parse(line);
  assert.equal(ready, true);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(secure, /^https:\/\/localhost:\d+$/);
});
