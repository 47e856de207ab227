// The wall clock of one gateway, which a test can set: a small library that the process preloads.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('clock_shim.c', import.meta.url));

export class WallClock {
  #folder = mkdtempSync(join(tmpdir(), 'holdfast-clock-'));

  // null where there is no compiler for it.
  static make() {
    const clock = new WallClock();
    try {
      clock.set(0);
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', clock.#library, source, '-ldl']);
      return clock;
    } catch {
      clock.remove();
      return null;
    }
  }

  get #library() {
    return join(this.#folder, 'clock_shim.so');
  }

  get #file() {
    return join(this.#folder, 'offset');
  }

  // What the process has in its environment. The sanitizers want to be loaded first, and cope.
  get environment() {
    const { ASAN_OPTIONS: options } = process.env;
    return {
      LD_PRELOAD: this.#library,
      CLOCK_SHIM_FILE: this.#file,
      ASAN_OPTIONS: `${options ? `${options}:` : ''}verify_asan_link_order=0`,
    };
  }

  // Seconds ahead of the real clock; at once.
  set(seconds) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // Never shorter in between: the process reads it where it lies.
    writeFileSync(this.#file, bytes, { flag: existsSync(this.#file) ? 'r+' : 'w' });
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
