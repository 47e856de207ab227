// Child processes, which end with the process that started them, also where that one is killed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const startLimit = 30_000;

// The runner may be killed with us left over.
if (process.env.E2E_POSTGRES) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, 1_000).unref();
}

export const spawnBound = (command, args, options) =>
  spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], options);

// One that announces itself by a line on standard output.
export class ChildProcess {
  #child = null;
  #output = [];

  get running() {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid() {
    return this.#child?.pid;
  }

  // The last lines of both outputs, for the message of a failed test.
  get output() {
    return this.#output.slice(-40).join('\n');
  }

  // Resolves with the match of `ready` once a line of standard output has it.
  async start(command, args, { env, ready, cwd }) {
    const child = spawnBound(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', () => {});
    createInterface({ input: child.stderr }).on('line', (line) => this.#note(line));
    const lines = createInterface({ input: child.stdout });
    return new Promise((resolve, reject) => {
      const fail = (why) =>
        reject(new Error(`${command} ${args.join(' ')}: ${why}\n${this.output}`));
      const timer = setTimeout(() => fail('no ready line'), startLimit);
      lines.on('line', (line) => {
        this.#note(line);
        const match = ready.exec(line);
        if (!match) return;
        clearTimeout(timer);
        resolve(match);
      });
      child.once('error', (error) => {
        clearTimeout(timer);
        fail(error.message);
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${signal ?? code}`);
      });
    });
  }

  // Sends `signal` and resolves with {code, signal} when the process is gone.
  async end(signal = 'SIGTERM') {
    if (!this.running) return { code: this.#child?.exitCode, signal: this.#child?.signalCode };
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code, by] = await ended;
    return { code, signal: by };
  }

  signal(name) {
    this.#child.kill(name);
  }

  #note(line) {
    this.#output.push(line);
  }
}
