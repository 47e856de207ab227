// The gateway under test as a process: HOLDFAST_BIN, or build/holdfast of this tree.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { anonKey, jwtSecret, serviceKey } from '../../upstream/keys.mjs';
import { eventually } from './wait.mjs';
import { ChildProcess } from './process.mjs';

export const controlToken = 'fake-control-token-of-the-tests';

const readyLine = /^holdfast ready url=http:\/\/127\.0\.0\.1:(\d+)$/;

export function holdfastBinary() {
  const binary =
    process.env.HOLDFAST_BIN ?? fileURLToPath(new URL('../../../build/holdfast', import.meta.url));
  if (!existsSync(binary))
    throw new Error(`no gateway at ${binary}: build it, or set HOLDFAST_BIN`);
  return binary;
}

const configuration = (upstreamUrl, databaseUrl, extra, { interval, upstream }) => `
[upstream]
url = "${upstreamUrl}"
anon_key = "${anonKey}"
service_key = "${serviceKey}"
jwt_secret = "${jwtSecret}"
db_url = "${databaseUrl}"
timeout = "2s"
${upstream}

[server]
control_token = "${controlToken}"

[sync]
interval = "${interval}"
backoff_base = "50ms"
backoff_cap = "500ms"
${extra}`;

export class Holdfast {
  #process = new ChildProcess();
  #folder;
  #environment;
  #write;
  #port = 0;

  // `extra`: more TOML, appended; `upstream`: more of that section; `folder`: an empty one, instead
  // of one of its own; `environment`: more of that. Resolves when the first sync is done, or, where
  // `waits` is false, at once.
  static async serve(
    upstreamUrl,
    databaseUrl,
    { extra = '', upstream = '', folder, environment, interval = '200ms', waits = true } = {},
  ) {
    const holdfast = new Holdfast();
    holdfast.#folder = folder ?? mkdtempSync(join(tmpdir(), 'holdfast-e2e-'));
    holdfast.#environment = { ...process.env, ...environment };
    holdfast.#write = (more) =>
      writeFileSync(
        holdfast.#configFile,
        configuration(upstreamUrl, databaseUrl, more, { interval, upstream }),
      );
    holdfast.#write(extra);
    await holdfast.restart();
    if (waits) await holdfast.replicated();
    return holdfast;
  }

  get #configFile() {
    return join(this.#folder, 'holdfast.toml');
  }

  // For other programs that look at the same gateway.
  get places() {
    return { config: this.#configFile, data: join(this.#folder, 'data') };
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port() {
    return this.#port;
  }

  get output() {
    return this.#process.output;
  }

  // On the same port and data folder as before.
  async restart() {
    const args = ['serve', '--config', this.#configFile, '--port', String(this.#port)];
    args.push('--data', join(this.#folder, 'data'));
    const [, port] = await this.#process.start(holdfastBinary(), args, {
      env: this.#environment,
      ready: readyLine,
    });
    this.#port = Number(port);
  }

  // Starts again with another `extra`.
  async reconfigure(extra) {
    await this.terminate();
    this.#write(extra);
    await this.restart();
  }

  // A verb of the command line on this gateway's configuration and folder; {status, stdout, stderr}.
  run(...words) {
    return this.runElsewhere(join(this.#folder, 'data'), ...words);
  }

  // The same on another data folder.
  runElsewhere(data, ...words) {
    const ended = spawnSync(
      holdfastBinary(),
      [...words, '--config', this.#configFile, '--data', data],
      { encoding: 'utf8', env: this.#environment },
    );
    return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
  }

  // SIGKILL: no handler runs, nothing is flushed.
  kill() {
    return this.#process.end('SIGKILL');
  }

  // As after an installation: the next start finds no data.
  async forgetReplica() {
    await this.#process.end('SIGKILL');
    rmSync(join(this.#folder, 'data'), { recursive: true, force: true });
  }

  // SIGTERM; resolves with {code, signal}.
  terminate() {
    return this.#process.end('SIGTERM');
  }

  async stop() {
    await this.#process.end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async status() {
    return (await fetch(`${this.url}/status`)).json();
  }

  // A control call with the token; resolves with the parsed answer.
  async control(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${controlToken}` },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  // POST /sync: pushes and pulls now.
  sync() {
    return this.control('POST', '/sync');
  }

  // Entries of the outbox that /outbox lists; `state` narrows.
  async outbox(state) {
    const answer = await this.control('GET', '/outbox');
    const entries = Array.isArray(answer) ? answer : answer.entries;
    return state ? entries.filter((entry) => entry.state === state) : entries;
  }

  // Every table is in the replica.
  replicated() {
    return this.statusWhere('every table is replicated', ({ sync }) => {
      const tables = Object.values(sync.tables);
      return tables.length > 0 && tables.every(({ complete }) => complete);
    });
  }

  // Nothing is left to send.
  drained(options) {
    return this.statusWhere('the queue is empty', ({ queue }) => queue.depth === 0, options);
  }

  async statusWhere(what, holds, options) {
    try {
      return await eventually(
        what,
        async () => {
          const status = await this.status();
          if (!holds(status)) throw new Error(JSON.stringify(status));
          return status;
        },
        options,
      );
    } catch (error) {
      throw new Error(`${error.message}\n--- gateway ---\n${this.output}`);
    }
  }
}
