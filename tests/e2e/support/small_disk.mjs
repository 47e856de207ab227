// A disk of a few megabytes that a test can fill: a file system in memory, so for root alone.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SmallDisk {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));

  // null where none can be mounted.
  static mount(megabytes) {
    const disk = new SmallDisk();
    try {
      const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk.folder];
      execFileSync('mount', options, { stdio: 'ignore' });
      return disk;
    } catch {
      rmdirSync(disk.folder);
      return null;
    }
  }

  // A new folder on it.
  place() {
    const place = join(this.folder, 'place');
    mkdirSync(place);
    return place;
  }

  get #filler() {
    return join(this.folder, 'filler');
  }

  // Until not a byte is left.
  fill() {
    const file = openSync(this.#filler, 'a');
    try {
      for (let size = 1 << 20; size >= 1; size >>= 4) {
        const bytes = Buffer.alloc(size);
        try {
          while (writeSync(file, bytes) === size);
        } catch (error) {
          if (error.code !== 'ENOSPC') throw error;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  clear() {
    rmSync(this.#filler, { force: true });
  }

  unmount() {
    this.clear();
    execFileSync('umount', ['-l', this.folder], { stdio: 'ignore' });
    rmdirSync(this.folder);
  }
}
