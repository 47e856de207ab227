// HTTPS on this machine: the local authority, who trusts it, renewal; and an upstream behind HTTPS.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { anonKey } from '../upstream/keys.mjs';
import { launchBrowser } from './support/browser.mjs';
import { Holdfast, holdfastBinary } from './support/holdfast.mjs';
import { curl, httpsBefore, servedCertificate } from './support/https.mjs';
import { ChildProcess } from './support/process.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const home = mkdtempSync(join(tmpdir(), 'holdfast-certs-'));
let world;
let url;
let port;
let shown;

before(async () => {
  world = await World.build('certs', {
    extra: '[tls]\nlisten = "127.0.0.1:0"\n',
    environment: { HOME: home },
  });
  [, url, port] = await eventually('the address of HTTPS is printed', () =>
    /url=(https:\/\/localhost:(\d+))/.exec(world.holdfast.output),
  );
  shown = certs('show');
});
after(async () => {
  await world?.close();
  rmSync(home, { recursive: true, force: true });
});

function certs(verb, ...words) {
  const { status, stdout, stderr } = world.holdfast.run('certs', verb, ...words, '--json');
  assert.equal(status, 0, `${verb}: ${stderr}${stdout}`);
  return JSON.parse(stdout);
}
const authority = () => readFileSync(shown.authority.file);
const trusting = () => ['--cacert', shown.authority.file];
const apikey = ['-H', `apikey: ${anonKey}`];

test('the first start makes an authority for this machine alone, and keys for their owner alone', () => {
  assert.deepEqual(shown.authority.permitted, ['localhost', '127.0.0.1', '::1']);
  assert.deepEqual(shown.certificate.names, ['localhost', '127.0.0.1', '::1']);
  const days = (Date.parse(shown.certificate.until) - Date.now()) / 86_400_000;
  assert.ok(days > 25 && days < 90, `${days} days`);
  const mode = (file) => (statSync(file).mode & 0o777).toString(8);
  assert.equal(mode(shown.certificate.file), '600');
  assert.equal(mode(shown.authority.file.replace('.pem', '.key')), '600');
  assert.equal(mode(join(shown.authority.file, '..')), '700');
});

test('curl that trusts the authority reads rows, by each local name', () => {
  const rows = curl(...apikey, `${world.holdfast.url}/rest/v1/todos?select=id,title&order=id`);
  assert.equal(rows.status, 200);
  for (const name of ['localhost', '127.0.0.1']) {
    const path = `https://${name}:${port}/rest/v1/todos?select=id,title&order=id`;
    const secure = curl(...trusting(), ...apikey, path);
    assert.deepEqual([secure.status, secure.body], [200, rows.body], name);
  }
});

test('curl that was told nothing refuses', () => {
  assert.equal(curl(`${url}/status`).exit, 60);
});

test('a foreign name, a foreign page and a wrong key are refused as on HTTP', () => {
  const rest = `${url}/rest/v1/todos`;
  const asked = (...words) => curl(...trusting(), ...words, rest).status;
  assert.equal(asked(...apikey), 200);
  assert.equal(asked(...apikey, '-H', 'Host: rebound.test'), 421);
  assert.equal(asked(...apikey, '-X', 'POST', '-d', '{}', '-H', 'Origin: https://evil.test'), 403);
  assert.equal(asked('-H', 'apikey: wrong'), 401);
  assert.equal(curl(...trusting(), '-X', 'POST', `${url}/sync`).status, 401);
});

test('a renewed certificate is served without a restart, and nothing else changes', async () => {
  const before = await servedCertificate(port, authority());
  const renewed = certs('renew');
  assert.notEqual(renewed.certificate.fingerprint, shown.certificate.fingerprint);
  assert.equal(renewed.authority.fingerprint, shown.authority.fingerprint);
  const wanted = renewed.certificate.fingerprint;
  await eventually('the new one is served', async () => {
    const { fingerprint } = await servedCertificate(port, authority());
    return fingerprint.replaceAll(':', '').toLowerCase() === wanted;
  });
  assert.notEqual((await servedCertificate(port, authority())).fingerprint, before.fingerprint);
});

test('Realtime speaks over HTTPS as over HTTP', async () => {
  const address = `wss://localhost:${port}/realtime/v1/websocket?apikey=${anonKey}&vsn=1.0.0`;
  const socket = new WebSocket(address, { ca: authority() });
  await once(socket, 'open');
  const beat = { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '7' };
  socket.send(JSON.stringify(beat));
  const [message] = await once(socket, 'message');
  const { topic, event, ref, payload } = JSON.parse(message);
  assert.deepEqual([topic, event, ref, payload.status], ['phoenix', 'phx_reply', '7', 'ok']);
  socket.close();
  await once(socket, 'close');
});

// Chromium is told of the key, not of the authority: that needs a program that is not everywhere.
test('a page of HTTPS reads through the gateway in Chromium, and the dashboard opens', async () => {
  const { certificate } = certs('show');
  const pin = certificate.pin.replace('sha256/', '');
  const browser = await launchBrowser([`--ignore-certificate-errors-spki-list=${pin}`]);
  try {
    const page = await (await browser.newContext()).newPage();
    const link = JSON.parse(world.holdfast.run('dashboard', '--json').stdout).url;
    await page.goto(link.replace(/^http:\/\/[^/]+/, url));
    await page.locator('#overall').waitFor();
    assert.equal(await page.evaluate(() => isSecureContext), true);
    const status = await page.evaluate(
      async ([path, key]) => (await fetch(path, { headers: { apikey: key } })).status,
      ['/rest/v1/todos?limit=1', anonKey],
    );
    assert.equal(status, 200);
  } finally {
    await browser.close();
  }
});

test('Chromium refuses until it trusts the authority, then takes it as it is', async (t) => {
  if (spawnSync('certutil', ['-H']).error) return t.skip('certutil (libnss3-tools) is not there');
  const database = join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  execFileSync('certutil', ['-d', `sql:${database}`, '-N', '--empty-password']);
  const visit = async () => {
    const browser = await launchBrowser([], { ...process.env, HOME: home });
    try {
      return (await (await browser.newPage()).goto(`${url}/status`)).status();
    } catch (error) {
      return error.message;
    } finally {
      await browser.close();
    }
  };
  assert.match(String(await visit()), /ERR_CERT_AUTHORITY_INVALID/);
  certs('trust', '--only', 'browsers');
  assert.equal(await visit(), 200);
  certs('untrust', '--only', 'browsers');
  assert.match(String(await visit()), /ERR_CERT_AUTHORITY_INVALID/);
});

test('an upstream behind HTTPS is trusted by its own authority, and by its pin', async () => {
  const pem = readFileSync(shown.certificate.file);
  const { certificate, authority: issuer } = certs('show');
  const proxy = await httpsBefore(world.upstream.url, pem);
  // What a sync through the proxy is told, with `more` in [upstream]; empty where it went well.
  const errors = async (more) => {
    const options = { upstream: more, waits: false };
    const holdfast = await Holdfast.serve(proxy.url, world.database.url, options);
    try {
      return (await holdfast.sync()).errors.join(' ');
    } finally {
      await holdfast.stop();
    }
  };
  try {
    const file = `ca_file = "${issuer.file}"\n`;
    const pins = (pin) => `pins = ["${pin}"]\n`;
    assert.equal(await errors(file), '');
    assert.equal(await errors(file + pins(certificate.pin)), '');
    assert.match(await errors(''), /certificate is not trusted/);
    assert.match(await errors(file + pins(`sha256/${'A'.repeat(43)}=`)), /is not trusted/);
  } finally {
    proxy.close();
  }
});

test('without certificates the verbs say how to make them, and only --replace makes others', () => {
  const folder = join(home, 'other');
  const run = (...words) => world.holdfast.runElsewhere(folder, 'certs', ...words);
  const missing = run('show');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /holdfast certs init/);
  assert.equal(run('renew').status, 1);
  const made = run('init', '--json');
  assert.equal(made.status, 0, made.stderr);
  const fingerprint = ({ stdout }) => JSON.parse(stdout).authority.fingerprint;
  assert.equal(fingerprint(run('init', '--json')), fingerprint(made));
  assert.notEqual(fingerprint(run('init', '--replace', '--json')), fingerprint(made));
});

// A gateway's own words for why it does not start, and the certificate that it would have.
function told(name, toml, ...words) {
  const file = join(home, `${name}.toml`);
  writeFileSync(file, `[upstream]\nurl = "https://abcd.supabase.co"\nanon_key = "k"\n${toml}`);
  const ended = spawnSync(
    holdfastBinary(),
    [...words, '--config', file, '--data', join(home, name)],
    { encoding: 'utf8', timeout: 20_000 },
  );
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

test('a project and the names that other machines use are in the certificate, and no others may be', () => {
  const hosts = '[server]\nhosts = ["till.shop.example", "192.0.2.7"]\n';
  const { stdout } = told('names', hosts, 'certs', 'init', '--json');
  const { certificate, authority: issuer } = JSON.parse(stdout);
  assert.deepEqual(certificate.names.slice(3), [
    'abcd.localhost',
    'till.shop.example',
    '192.0.2.7',
  ]);
  assert.deepEqual(issuer.permitted, certificate.names);
  const later = hosts.replace('till', 'other');
  const left = JSON.parse(told('names', later, 'certs', 'renew', '--json').stdout).certificate;
  assert.deepEqual(left.names_left_out, ['other.shop.example']);
  assert.ok(!left.names.includes('other.shop.example'));
});

test('other machines get in by HTTPS only, and by names that are listed', () => {
  const plain = told('plain', '[server]\nlisten = "0.0.0.0:0"\n', 'serve');
  assert.deepEqual([plain.status, plain.stdout], [1, '']);
  assert.match(plain.stderr, /by HTTPS only/);
  const nameless = told('nameless', '[tls]\nlisten = "0.0.0.0:0"\n', 'serve', '--port', '0');
  assert.deepEqual([nameless.status, nameless.stdout], [1, '']);
  assert.match(nameless.stderr, /\[server\] hosts/);
});

test("a certificate of one's own is served, and one that cannot be read stops the start", async () => {
  const { certificate, authority: issuer } = JSON.parse(
    told('own', '', 'certs', 'init', '--json').stdout,
  );
  const configured = (file) => {
    const place = join(home, 'own.serve.toml');
    writeFileSync(
      place,
      `[upstream]\nanon_key = "k"\n[tls]\nlisten = "127.0.0.1:0"\ncertificate = "${file}"\n`,
    );
    return ['serve', '--port', '0', '--config', place, '--data', join(home, 'own.data')];
  };
  const gateway = new ChildProcess();
  const ready = /^holdfast also at url=https:\/\/localhost:(\d+)$/;
  const words = configured(certificate.file);
  const [, served] = await gateway.start(holdfastBinary(), words, { env: process.env, ready });
  const { fingerprint } = await servedCertificate(served, readFileSync(issuer.file));
  await gateway.end();
  assert.equal(fingerprint.replaceAll(':', '').toLowerCase(), certificate.fingerprint);
  const wrong = spawnSync(holdfastBinary(), configured(join(home, 'own.serve.toml')), {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.deepEqual([wrong.status, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /own\.serve\.toml holds no certificate that can be read/);
});
