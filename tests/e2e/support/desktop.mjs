// A desktop for the tray: an X server without a screen, a D-Bus of its own, and what a panel does.
// Its browser is a script that notes the address.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';

import { holdfastBinary } from './holdfast.mjs';
import { ChildProcess, spawnBound } from './process.mjs';
import { eventually } from './wait.mjs';

const beside = (name) => {
  const path = join(dirname(holdfastBinary()), name);
  if (!existsSync(path)) throw new Error(`no ${path}: build it with Qt 6`);
  return path;
};
export const trayBinary = () => beside('holdfast-tray');

const screen = { width: 320, height: 120 };

export class Desktop {
  #folder = mkdtempSync(join(tmpdir(), 'holdfast-desktop-'));
  #server;
  #bus = new ChildProcess();
  #host = null;
  #panel = null;

  // `panel`: "bus" for StatusNotifierItem, "x11" for an X11 tray.
  static async start(panel) {
    const desktop = new Desktop();
    try {
      mkdirSync(join(desktop.#folder, 'bin'));
      const browser = join(desktop.#folder, 'bin', 'xdg-open');
      writeFileSync(browser, `#!/bin/sh\necho "$1" >> ${desktop.#opened}\n`);
      chmodSync(browser, 0o755);
      await desktop.#startServer();
      const words = ['--session', '--nofork', '--nopidfile', '--print-address'];
      const env = { PATH: process.env.PATH };
      [, desktop.address] = await desktop.#bus.start('dbus-daemon', words, {
        env,
        ready: /^(unix:\S+)$/,
      });
      if (panel === 'bus') await desktop.showPanel();
      else await desktop.#startTrayer();
    } catch (error) {
      await desktop.close();
      throw error;
    }
    return desktop;
  }

  get #opened() {
    return join(this.#folder, 'opened');
  }

  get home() {
    return this.#folder;
  }

  get environment() {
    return {
      PATH: `${this.#folder}/bin:${process.env.PATH}`,
      HOME: this.#folder,
      DISPLAY: this.display,
      DBUS_SESSION_BUS_ADDRESS: this.address,
      XDG_RUNTIME_DIR: this.#folder,
      // With sanitizers: Qt is not built with them, keeps some memory until the end, and starts the
      // gateway by a fork of a process with threads.
      ASAN_OPTIONS: 'detect_leaks=0',
      TSAN_OPTIONS: 'report_bugs=0:die_after_fork=0',
    };
  }

  async #startServer() {
    const size = `${screen.width}x${screen.height}x24`;
    const words = [
      '-displayfd',
      '3',
      '-screen',
      '0',
      size,
      '-fbdir',
      this.#folder,
      '-nolisten',
      'tcp',
    ];
    this.#server = spawnBound('Xvfb', words, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const failed = new Promise((_, reject) => this.#server.once('error', reject));
    const lines = createInterface({ input: this.#server.stdio[3] });
    const [number] = await Promise.race([
      failed,
      new Promise((resolve) => lines.once('line', (line) => resolve([line]))),
    ]);
    this.display = `:${number}`;
  }

  async hidePanel() {
    const gone = once(this.#host, 'exit');
    this.#host.kill('SIGKILL');
    await gone;
  }

  // A panel comes up, as at login or after a crash of the desktop.
  async showPanel() {
    this.#host = spawnBound(beside('tests/tray_host'), [], {
      env: this.environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#host.lines = createInterface({ input: this.#host.stdout })[Symbol.asyncIterator]();
    const { value } = await this.#host.lines.next();
    if (value !== 'ready') throw new Error(`the panel does not start: ${value}`);
  }

  async #startTrayer() {
    const words = ['--edge', 'top', '--align', 'left', '--height', '48', '--widthtype', 'request'];
    this.#panel = spawnBound('trayer', words, { env: this.environment, stdio: 'ignore' });
    await eventually('the panel is there', () => this.#pixelsDiffering() > 0);
  }

  async #ask(command) {
    this.#host.stdin.write(`${command}\n`);
    const { value } = await this.#host.lines.next();
    return JSON.parse(value)[0];
  }

  item = () => this.#ask('item');
  menu = () => this.#ask('menu');
  notices = () => this.#ask('notices');
  activate = () => this.#ask('activate');

  // Chooses the entry whose label begins so.
  async choose(label) {
    const entries = await this.menu();
    const entry = entries?.find((one) => one.label.startsWith(label));
    if (!entry) throw new Error(`no ${label} in ${JSON.stringify(entries)}`);
    if (!entry.enabled) throw new Error(`${label} is off`);
    await this.#ask(`click ${entry.id}`);
  }

  // The first line of the menu.
  async stateLine() {
    return (await this.menu())?.[0]?.label;
  }

  stateBecomes(line) {
    return eventually(`the tray says ${line}`, async () => {
      const said = await this.stateLine();
      if (!line.test(said)) throw new Error(said);
      return said;
    });
  }

  noticed(title) {
    return eventually(`${title} is notified`, async () => {
      const all = await this.notices();
      const found = all.find(({ summary }) => summary === title);
      if (!found) throw new Error(JSON.stringify(all));
      return found;
    });
  }

  // The addresses that the browser was asked to open.
  get opened() {
    return existsSync(this.#opened) ? readFileSync(this.#opened, 'utf8').trim().split('\n') : [];
  }

  // What is on the screen, as one number for each pixel (an X window dump).
  pixels() {
    const dump = readFileSync(join(this.#folder, 'Xvfb_screen0'));
    const bytesPerLine = dump.readUInt32BE(12 * 4);
    const start = dump.readUInt32BE(0) + dump.readUInt32BE(19 * 4) * 12;
    const littleEndian = dump.readUInt32BE(7 * 4) === 0;
    const pixels = [];
    for (let y = 0; y < screen.height; ++y) {
      for (let x = 0; x < screen.width; ++x) {
        const at = start + y * bytesPerLine + x * 4;
        pixels.push((littleEndian ? dump.readUInt32LE(at) : dump.readUInt32BE(at)) & 0xffffff);
      }
    }
    return pixels;
  }

  #pixelsDiffering() {
    const pixels = this.pixels();
    return pixels.filter((pixel) => pixel !== pixels.at(-1)).length;
  }

  // Keeps what is on the screen as a PNG.
  async picture(path) {
    const lines = [];
    this.pixels().forEach((pixel, i) => {
      if (i % screen.width === 0) lines.push(0);
      lines.push(pixel >> 16, (pixel >> 8) & 255, pixel & 255);
    });
    writeFileSync(path, png(screen.width, screen.height, 2, Buffer.from(lines)));
  }

  async close() {
    this.#host?.kill();
    this.#panel?.kill();
    await this.#bus.end('SIGKILL');
    this.#server?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

// A PNG of `kind` 2 (RGB) or 6 (RGBA); each line of `lines` begins with a zero.
function png(width, height, kind, lines) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, kind, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

// An item's picture as a PNG.
export function iconPng({ width, height, argb }) {
  const bytes = Buffer.from(argb, 'base64');
  const lines = [];
  for (let y = 0; y < height; ++y) {
    lines.push(0);
    for (let x = 0; x < width; ++x) {
      const [a, r, g, b] = bytes.subarray((y * width + x) * 4, (y * width + x) * 4 + 4);
      lines.push(r, g, b, a);
    }
  }
  return png(width, height, 6, Buffer.from(lines));
}
