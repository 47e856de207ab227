// A private PostgreSQL cluster in a temporary folder, gone with the process that started it.
//
// PostgreSQL refuses to run as root, so root starts it as the user `postgres`, who then owns the
// folder.

import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import postgres from 'postgres';

const settings = {
  listen_addresses: '127.0.0.1',
  max_connections: '200',
  fsync: 'off',
  full_page_writes: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

function binaries() {
  if (process.env.POSTGRES_BIN) return process.env.POSTGRES_BIN;
  const root = '/usr/lib/postgresql';
  const newest = readdirSync(root).sort((a, b) => Number(b) - Number(a))[0];
  return join(root, newest, 'bin');
}

function owner() {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

// The shell ends the server when its standard input closes, which happens even if we are killed.
const untilInputEnds = '"$@" & server=$!; read -r _; kill -QUIT $server; wait $server';

async function accepting(url, process_, logFile) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const sql = postgres(url, { max: 1, onnotice() {}, connect_timeout: 2 });
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      if (Date.now() > deadline || process_.exitCode !== null) {
        const log = readFileSync(logFile, 'utf8').slice(-2000);
        throw new Error(`PostgreSQL did not start: ${error.message}\n${log}`);
      }
    } finally {
      await sql.end({ timeout: 1 });
    }
    await sleep(20);
  }
}

export async function startPostgresCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'));
  const user = owner();
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const as = { ...user, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  const data = join(folder, 'data');
  const bin = binaries();
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    { ...as, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const port = await freePort();
  const logFile = join(folder, 'log');
  const options = Object.entries({ ...settings, unix_socket_directories: folder });
  const child = spawn(
    'sh',
    [
      '-c',
      `exec 2>"${logFile}"; ${untilInputEnds}`,
      'postgres',
      join(bin, 'postgres'),
      ...['-D', data, '-p', String(port)],
      ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { ...as, stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const url = (database) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  await accepting(url('postgres'), child, logFile);
  return {
    url,
    stop: async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : null;
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
