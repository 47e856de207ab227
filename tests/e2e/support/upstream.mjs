// The test upstream as a process that a test can kill, freeze, bring back and give faults to.

import { fileURLToPath } from 'node:url';

import { anonKey, jwtSecret, serviceKey } from '../../upstream/keys.mjs';
import { eventually } from './wait.mjs';
import { ChildProcess } from './process.mjs';

const server = fileURLToPath(new URL('../../upstream/server.mjs', import.meta.url));

export class Upstream {
  #process = new ChildProcess();
  #databaseUrl;
  #settings;
  #port = 0;

  // `settings`: more UPSTREAM_* variables, such as UPSTREAM_MAX_ROWS.
  static async start(databaseUrl, settings = {}) {
    const upstream = new Upstream(databaseUrl, settings);
    await upstream.restart();
    return upstream;
  }

  constructor(databaseUrl, settings) {
    this.#databaseUrl = databaseUrl;
    this.#settings = settings;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  // On the same port and database as before.
  async restart() {
    const env = {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DO_NOT_TRACK: '1',
      LITE_TELEMETRY: '0',
      UPSTREAM_DATABASE_URL: this.#databaseUrl,
      UPSTREAM_PORT: String(this.#port),
      UPSTREAM_ANON_KEY: anonKey,
      UPSTREAM_SERVICE_KEY: serviceKey,
      UPSTREAM_JWT_SECRET: jwtSecret,
      ...this.#settings,
    };
    const ready = /^ready http:\/\/127\.0\.0\.1:(\d+)$/;
    // As long a request line as Supabase takes; Node alone stops at 16 KiB.
    const args = ['--max-http-header-size=131072', server];
    const [, port] = await this.#process.start(process.execPath, args, { env, ready });
    this.#port = Number(port);
  }

  // Back to normal after a test that failed half-way: running, thawed and without faults.
  async recover() {
    if (!this.#process.running) await this.restart();
    this.thaw();
    await this.clearFaults();
  }

  // Dead at once: connections are reset, new ones refused.
  kill() {
    return this.#process.end('SIGKILL');
  }

  // Connections open and nothing answers, like a machine behind a dead link.
  freeze() {
    this.#process.signal('SIGSTOP');
  }

  thaw() {
    this.#process.signal('SIGCONT');
  }

  async stop() {
    if (!this.#process.running) return;
    this.thaw();
    await this.#process.end('SIGKILL');
  }

  // See tests/upstream/faults.mjs for the members of a fault.
  fault(fault) {
    return this.#control('POST', 'fault', fault);
  }

  clearFaults() {
    return this.#control('DELETE', 'fault');
  }

  armedFaults() {
    return this.#control('GET', 'fault');
  }

  // Resolves when every armed fault with a number of times has struck that often.
  async faultsSpent() {
    await eventually('the faults have struck', async () => {
      const armed = await this.armedFaults();
      return armed.every(({ times }) => times === undefined);
    });
  }

  // Requests as the upstream saw them: {method, path, headers}.
  requests() {
    return this.#control('GET', 'log');
  }

  forgetRequests() {
    return this.#control('DELETE', 'log');
  }

  // With UPSTREAM_REALTIME: the channels that are joined; POST tells them of a change, DELETE ends
  // their connections, PUT {refused} refuses joins.
  realtime(method = 'GET', body) {
    return this.#control(method, 'realtime', body);
  }

  // After DDL.
  reload() {
    return this.#control('GET', 'reload');
  }

  async #control(method, name, body) {
    const answer = await fetch(`${this.url}/__test/${name}`, {
      method,
      headers: { connection: 'close' },
      body: body && JSON.stringify(body),
    });
    return answer.json();
  }
}
