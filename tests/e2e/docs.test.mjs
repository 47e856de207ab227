// Every command in README.md and docs/ is run, and every configuration in them is read.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';

import { anonKey, jwtSecret } from '../upstream/keys.mjs';
import { succeeded } from './support/client.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { ChildProcess } from './support/process.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

// What cannot be run here, by how it begins, and why.
const notRun = [
  ['./dev ', 'builds everything; CI runs it'],
  ['sudo ', 'changes the machine that tests run on'],
  ['apt ', 'changes the machine that tests run on'],
  ['systemctl ', 'needs a session of systemd'],
  ['loginctl ', 'needs a session of systemd'],
  [
    'holdfast outbox release',
    'needs a user whose claims have changed; the suite auth releases one',
  ],
  ['holdfast tray', 'shows a window; the suite "tray" runs it'],
  ['holdfast certs trust', "changes this machine's stores; the suite certs runs it"],
  ['export PATH=', 'names the build folder'],
];

// Blocks of `language` in a page, as lists of lines.
function blocks(page, language) {
  const text = readFileSync(join(root, page), 'utf8');
  const found = text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'));
  return [...found].map(([, content]) => content.split('\n'));
}

// The commands of a page: without remarks, and with lines that go on in the next put together.
function commands(page) {
  return blocks(page, 'sh')
    .flatMap((lines) =>
      lines
        .join('\n')
        .replace(/\\\n\s*/g, ' ')
        .split('\n'),
    )
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

const all = pages.flatMap((page) => commands(page).map((line) => ({ page, line })));

const home = mkdtempSync(join(tmpdir(), 'holdfast-docs-'));
let world;
let env;

before(async () => {
  world = await World.build('docs', {
    extra: '[tables.todos]\nconflict = "manual"\nupdated_at_column = "updated_at"\n',
  });
  const bin = join(home, 'bin');
  mkdirSync(bin);
  mkdirSync(join(home, 'build'));
  mkdirSync(join(home, '.local', 'share', 'holdfast', 'PROJECT'), { recursive: true });
  symlinkSync(holdfastBinary(), join(bin, 'holdfast'));
  symlinkSync(holdfastBinary(), join(home, 'build', 'holdfast'));
  // The reader's own configuration is the one of the gateway under test.
  const { config, data } = world.holdfast.places;
  const settings = `${readFileSync(config, 'utf8')}\n[storage]\ndir = "${data}"\n`;
  mkdirSync(join(home, '.config', 'holdfast'), { recursive: true });
  writeFileSync(join(home, '.config', 'holdfast', 'config.toml'), settings);
  writeFileSync(join(home, 'config.toml'), settings);
  env = {
    HOME: home,
    PATH: `${bin}:${process.env.PATH}`,
    SUPABASE_ANON_KEY: anonKey,
    SUPABASE_DB_URL: world.database.url,
    SUPABASE_JWT_SECRET: jwtSecret,
  };
});
after(async () => {
  await world?.close();
  rmSync(home, { recursive: true, force: true });
});

const sh = (line) => spawnSync('bash', ['-c', line], { cwd: home, env, encoding: 'utf8' });

// The id of a write that the upstream refuses for good, and of its row.
async function deadLetter() {
  const id = crypto.randomUUID();
  await world.upstream.kill();
  succeeded(await world.app.from('todos').insert({ id, title: 'refused', priority: 99 }));
  await world.upstream.restart();
  const entry = await eventually('it is refused', async () =>
    (await world.holdfast.outbox('dead')).find((one) => JSON.stringify(one).includes(id)),
  );
  return { id, entry: entry.id };
}

// The id of a conflict that waits for somebody to decide.
async function conflict() {
  const id = crypto.randomUUID();
  const { control } = world.holdfast;
  const ask = control.bind(world.holdfast);
  await world.database.sql`insert into todos (id, title, priority) values (${id}, 'base', 1)`;
  await world.holdfast.sync();
  await ask('POST', '/sync/pause');
  succeeded(await world.app.from('todos').update({ title: 'ours' }).eq('id', id));
  await world.database.sql`update todos set title = 'theirs' where id = ${id}`;
  await ask('POST', '/sync/resume');
  await world.holdfast.sync();
  return (await ask('GET', '/conflicts?state=open')).find(({ key }) => key.id === id).id;
}

// What stands for the reader's own things, by how the command begins.
const prepared = [
  [
    /^holdfast init --config/,
    (line) => line.replace('config.toml', 'fresh.toml').replace(/https:\S+/, world.upstream.url),
  ],
  // A hosted project reads its schema anew by itself.
  [
    /^holdfast companion check/,
    async (line) => {
      await world.upstream.kill();
      await world.upstream.restart();
      return line;
    },
  ],
  [/^curl /, (line) => line.replace('http://127.0.0.1:54321', world.holdfast.url) + ' -f'],
  [
    /^holdfast outbox edit ID/,
    async () => {
      const { id, entry } = await deadLetter();
      return `holdfast outbox edit ${entry} --body '{"id":"${id}","title":"edited","priority":1}'`;
    },
  ],
  [/^holdfast outbox \w+ ID/, async (line) => line.replace('ID', (await deadLetter()).entry)],
  [/^holdfast conflicts show ID/, async (line) => line.replace('ID', await conflict())],
  [
    /^holdfast conflicts resolve ID/,
    async (line) =>
      line.replace('ID', await conflict()).replace(/'\{.*\}'/, `'{"title":"merged"}'`),
  ],
];

// A gateway is started, and is ready.
async function starts(line) {
  const words = line.replace('54443', '0').split(' ').slice(1);
  const gateway = new ChildProcess();
  const data = mkdtempSync(join(home, 'data-'));
  await gateway.start(holdfastBinary(), [...words, '--port', '0', '--data', data], {
    env,
    cwd: home,
    ready: words.includes('--tls-port')
      ? /^holdfast also at url=https:\/\/localhost:\d+$/
      : /^holdfast ready url=http:\/\/127\.0\.0\.1:\d+$/,
  });
  assert.equal((await gateway.end()).code, 0);
}

// As a reader answers it, on a terminal.
function isAsked(line) {
  const reader = mkdtempSync(join(home, 'reader-'));
  const ended = spawnSync('script', ['-qec', line, '/dev/null'], {
    env: { ...env, HOME: reader },
    input: `${world.upstream.url}\n${anonKey}\n${world.database.url}\n`,
    encoding: 'utf8',
  });
  assert.equal(ended.status, 0, ended.stdout);
  assert.match(ended.stdout, /config\.toml is written/);
}

async function works(line) {
  if (/^(build\/)?holdfast serve/.test(line)) return starts(line);
  if (line === 'holdfast init') return isAsked(line);
  const [, change] = prepared.find(([begins]) => begins.test(line)) ?? [null, (same) => same];
  const { status, stdout, stderr } = sh(await change(line));
  assert.equal(status, 0, `${stderr}${stdout}`);
}

for (const { page, line } of all) {
  const left = notRun.find(([begins]) => line.startsWith(begins));
  if (left) continue;
  test(`${page}: ${line}`, () => works(line));
}

test('only what stands in the pages is left out, and most of it is run', () => {
  const lines = all.map(({ line }) => line);
  const isLeftOut = (line) => notRun.some(([begins]) => line.startsWith(begins));
  assert.ok(lines.filter((line) => !isLeftOut(line)).length > 20);
  for (const [begins] of prepared) {
    assert.ok(
      lines.some((line) => begins.test(line)),
      `no page has ${begins}`,
    );
  }
});

for (const page of pages) {
  blocks(page, 'toml').forEach((lines, index) => {
    test(`${page}: configuration ${index + 1} is read`, () => {
      const file = join(home, 'block.toml');
      writeFileSync(file, lines.join('\n'));
      const { status, stderr } = sh(`holdfast companion print --config '${file}'`);
      assert.equal(status, 0, stderr);
    });
  });
}

test('the lines that init prints are those of the pages', () => {
  const guide = readFileSync(join(root, 'docs/getting-started.md'), 'utf8');
  const reader = join(home, 'snippets.toml');
  const { stdout, stderr } = sh(
    `holdfast init --json --unchecked --config ${reader} --url ${world.upstream.url} --key ${anonKey}`,
  );
  assert.notEqual(stdout, '', stderr);
  for (const [where, line] of Object.entries(JSON.parse(stdout).lines)) {
    assert.ok(guide.includes(`\`${line}\``), `${where}: ${line}`);
  }
});
