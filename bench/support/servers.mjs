// What is measured, each as a process on a port of its own.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { ChildProcess } from '../../tests/e2e/support/process.mjs';
import { bundle } from './sample.mjs';

export const apiKey = 'sb_publishable_fakeFakeFakeFakeFakeFa_00000000';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const build = process.env.BENCH_BUILD ?? here('../../build');
export const binary = (name) => join(build, name);
export const inProcess = binary('bench/bench_in_process');

export class Server {
  #process = new ChildProcess();

  async start(command, args, ready, env = process.env) {
    const begun = performance.now();
    const match = await this.#process.start(command, args, { env, ready });
    this.startMs = performance.now() - begun;
    this.url = match[1];
    return this;
  }

  get pids() {
    return [this.#process.pid];
  }

  stop() {
    return this.#process.end('SIGKILL');
  }
}

// The environment of a process whose disk takes so many microseconds more for each flush.
export const slowSync = (us) => ({
  ...process.env,
  LD_PRELOAD: binary('bench/libbench_slow_sync.so'),
  SLOW_SYNC_US: String(us),
});

export const constantServer = () =>
  new Server().start(binary('bench/bench_constant_server'), [], /^ready (.*)$/);

// Holdfast over a replica of `rows` sample rows, without an upstream.
export class Replica {
  constructor(folder, rows) {
    this.rows = rows;
    this.bundle = join(folder, 'bundle.json');
    this.data = join(folder, `data-${rows}`);
    this.config = join(folder, 'holdfast.toml');
    this.file = join(this.data, 'principals', 'anon.db');
    writeFileSync(this.bundle, JSON.stringify(bundle));
    // What is written here is delivered to nobody, and may be a lot.
    const unlimited = '[rest]\nqueue_limit = 10000000\n';
    writeFileSync(this.config, `[upstream]\nurl = ""\nanon_key = "${apiKey}"\n${unlimited}`);
  }

  fill() {
    const common = ['--config', this.config, '--data', this.data];
    execFileSync(binary('holdfast'), ['import', ...common, '--principal', 'anon', this.bundle]);
    execFileSync(inProcess, ['fill', this.bundle, this.file, String(this.rows)]);
    return this;
  }

  serve(env) {
    const args = ['serve', '--config', this.config, '--data', this.data, '--port', '0'];
    return new Server().start(binary('holdfast'), args, /^holdfast ready url=(.*)$/, env);
  }
}

export const liteServer = (folder, rows) =>
  new Server().start(
    process.execPath,
    [here('lite_server.mjs'), folder, String(rows)],
    /^ready (.*)$/,
    {
      ...process.env,
      DO_NOT_TRACK: '1',
      LITE_TELEMETRY: '0',
    },
  );

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

// nginx that keeps every answer of `origin` for as long as it runs.
export class CachingProxy {
  async start(folder, origin) {
    const prefix = join(folder, 'nginx');
    mkdirSync(join(prefix, 'logs'), { recursive: true });
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const file = join(prefix, 'nginx.conf');
    writeFileSync(file, nginxConfiguration(prefix, port, origin));
    const binary = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
    this.child = spawn(binary, ['-p', prefix, '-c', file, '-e', join(prefix, 'logs/error.log')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (let tries = 0; tries < 100; tries += 1) {
      if (await fetch(this.url).catch(() => null)) return this;
      await sleep(50);
    }
    throw new Error('nginx did not start');
  }

  get pids() {
    const path = `/proc/${this.child.pid}/task/${this.child.pid}/children`;
    return readFileSync(path, 'utf8').trim().split(' ').map(Number);
  }

  async stop() {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

const nginxConfiguration = (prefix, port, origin) => `
daemon off;
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 2;
pid ${prefix}/nginx.pid;
error_log ${prefix}/logs/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${prefix}/body;
  proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/fastcgi;
  uwsgi_temp_path ${prefix}/uwsgi;
  scgi_temp_path ${prefix}/scgi;
  proxy_cache_path ${prefix}/cache keys_zone=kept:10m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${origin};
      proxy_cache kept;
      proxy_cache_key $request_uri;
      proxy_cache_valid any 10h;
      proxy_ignore_headers Cache-Control Expires Vary;
    }
  }
}
`;
