// The Debian packages on a clean tree: installed, started as the service says, upgraded while data
// is there, removed. Built from what lies beside HOLDFAST_BIN; nothing is compiled.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';

import { anonKey } from '../upstream/keys.mjs';
import { holdfastBinary } from './support/holdfast.mjs';
import { ChildProcess } from './support/process.mjs';

const source = fileURLToPath(new URL('../..', import.meta.url));
const build = process.env.HOLDFAST_BUILD ?? dirname(holdfastBinary());
const folder = mkdtempSync(join(tmpdir(), 'holdfast-package-'));
const root = join(folder, 'root');
const home = join(folder, 'home');
const version = /project\(holdfast VERSION (\S+)/.exec(
  readFileSync(join(source, 'CMakeLists.txt'), 'utf8'),
)[1];
const later = `${version}.1`;

function run(command, words, options = {}) {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...options.env };
  const done = spawnSync(command, words, { encoding: 'utf8', ...options, env });
  if (done.error) throw done.error;
  assert.equal(
    done.status,
    options.fails ? 1 : 0,
    `${command} ${words.join(' ')}\n${done.stdout}${done.stderr}`,
  );
  return done.stdout + done.stderr;
}

// The packages of one version, by name.
function makePackages(number) {
  const out = join(folder, number);
  const words = ['--config', join(build, 'CPackConfig.cmake'), '-B', out, '-R', number];
  run('cpack', words, { env: { CMAKE_BUILD_PARALLEL_LEVEL: '1' } });
  return readdirSync(out)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(out, name));
}

const field = (deb, name) => run('dpkg-deb', ['--field', deb, name]).trim();
// The tree has no packages but ours; that their dependencies exist is another test.
const asRoot = process.getuid() === 0 ? ['env'] : ['fakeroot', '--'];
const dpkg = (...words) =>
  run(asRoot[0], [
    ...asRoot.slice(1),
    'dpkg',
    `--root=${root}`,
    '--force-depends',
    '--force-not-root',
    '--log=/dev/null',
    ...words,
  ]);
const path = (...parts) => join(root, ...parts);
const installedVersion = (name) =>
  run('dpkg-query', [`--admindir=${path('var/lib/dpkg')}`, '-W', '-f=${Version}', name]);

let packages;

before(() => {
  for (const part of ['info', 'updates', 'triggers']) {
    mkdirSync(path('var/lib/dpkg', part), { recursive: true });
  }
  writeFileSync(path('var/lib/dpkg/status'), '');
  mkdirSync(join(home, '.config', 'holdfast'), { recursive: true });
  packages = makePackages(version);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('two packages, that say what they are and what they need', () => {
  assert.deepEqual(packages.map((deb) => field(deb, 'Package')).sort(), [
    'holdfast',
    'holdfast-tray',
  ]);
  for (const deb of packages) {
    assert.equal(field(deb, 'Version'), version);
    assert.match(field(deb, 'Depends'), /libc6 \(>= /);
    assert.match(field(deb, 'Description'), /Holdfast|Supabase/);
    assert.equal(
      run('dpkg-deb', ['--ctrl-tarfile', deb]).includes('postinst'),
      false,
      'no scripts',
    );
    const owners = run('dpkg-deb', ['--contents', deb]).split('\n').filter(Boolean);
    for (const line of owners) assert.match(line, / root\/root /);
  }
  const [gateway] = packages.filter((deb) => field(deb, 'Package') === 'holdfast');
  assert.doesNotMatch(field(gateway, 'Depends'), /qt/i, 'a server needs no desktop');
  // Every library that they name is one that this machine's Debian has.
  run('dpkg', ['--no-act', '--force-not-root', '--install', ...packages]);
});

test('installed: programs, service, manual, completion, desktop entry and example', () => {
  dpkg('--install', ...packages);
  assert.equal(installedVersion('holdfast'), version);
  for (const name of [
    'usr/bin/holdfast',
    'usr/bin/holdfast-tray',
    'usr/lib/systemd/user/holdfast.service',
    'usr/share/man/man1/holdfast.1.gz',
    'usr/share/man/man1/holdfast-tray.1.gz',
    'usr/share/bash-completion/completions/holdfast',
    'usr/share/zsh/vendor-completions/_holdfast',
    'usr/share/fish/vendor_completions.d/holdfast.fish',
    'usr/share/applications/holdfast-tray.desktop',
    'usr/share/icons/hicolor/scalable/apps/holdfast.svg',
    'usr/share/doc/holdfast/examples/config.example.toml',
    'usr/share/doc/holdfast/CHANGELOG.md.gz',
    'usr/share/doc/holdfast/docs/getting-started.md',
  ]) {
    assert.ok(statSync(path(name)).size > 0, name);
  }
  assert.equal(run(path('usr/bin/holdfast'), ['--version']).trim(), `holdfast ${version}`);
  const manual = gunzipSync(readFileSync(path('usr/share/man/man1/holdfast.1.gz'))).toString();
  assert.match(manual, /^\.TH HOLDFAST 1/m);
  assert.equal(
    readFileSync(path('usr/share/doc/holdfast/examples/config.example.toml'), 'utf8'),
    readFileSync(join(source, 'config.example.toml'), 'utf8'),
  );
});

test('the release notes have a section for the version', () => {
  const notes = gunzipSync(readFileSync(path('usr/share/doc/holdfast/CHANGELOG.md.gz'))).toString();
  assert.match(notes, new RegExp(`^## ${version.replaceAll('.', '\\.')}\\b`, 'm'));
});

test('bash completes verbs', () => {
  const script = `. "$1"; COMP_WORDS=(holdfast sta); COMP_CWORD=1; COMP_LINE='holdfast sta'
    COMP_POINT=12; $(complete -p holdfast | sed 's/.*-F \\([^ ]*\\).*/\\1/') holdfast sta holdfast
    echo "\${COMPREPLY[@]}"`;
  const completions = path('usr/share/bash-completion/completions/holdfast');
  assert.match(run('bash', ['-c', script, 'bash', completions]), /\bstatus\b/);
});

test('the service and the desktop entry are well formed and name what is installed', () => {
  const unit = readFileSync(path('usr/lib/systemd/user/holdfast.service'), 'utf8');
  assert.match(unit, /^ExecStart=\/usr\/bin\/holdfast serve$/m);
  // systemd looks whether the program is there: below the tree.
  const copy = join(folder, 'holdfast.service');
  writeFileSync(copy, unit.replace('ExecStart=', `ExecStart=${root}`));
  const said = run('systemd-analyze', ['verify', '--user', '--man=no', copy], {
    env: { XDG_RUNTIME_DIR: folder, HOME: home },
  });
  assert.doesNotMatch(said, /holdfast/);
  const entry = readFileSync(path('usr/share/applications/holdfast-tray.desktop'), 'utf8');
  assert.match(entry, /^\[Desktop Entry\]\nType=Application\n/);
  assert.match(entry, /^Exec=\/usr\/bin\/holdfast tray$/m);
  assert.match(entry, /^Icon=holdfast$/m);
});

// Runs what the unit's ExecStart says, below the tree, as a person with a home of their own.
async function start() {
  const unit = readFileSync(path('usr/lib/systemd/user/holdfast.service'), 'utf8');
  const [program, ...words] = /^ExecStart=(.*)$/m.exec(unit)[1].split(' ');
  const gateway = new ChildProcess();
  const [, url] = await gateway.start(path(program), words, {
    env: { PATH: '/usr/bin:/bin', HOME: home },
    ready: /^holdfast ready url=(\S+)$/,
  });
  return { gateway, url };
}

async function rowsOf(url) {
  const answer = await fetch(`${url}/rest/v1/notes?select=id,text`, {
    headers: { apikey: anonKey },
  });
  return answer.json();
}

const bundle = {
  schema: 'public',
  tables: {
    notes: {
      kind: 'table',
      columns: [
        {
          name: 'id',
          type: 'integer',
          nullable: false,
          default: null,
          generated: '',
          identity: '',
        },
        {
          name: 'text',
          type: 'text',
          nullable: true,
          default: null,
          generated: '',
          identity: '',
        },
      ],
      primary_key: { name: 'notes_pkey', columns: ['id'] },
      unique: [],
      foreign_keys: [],
      rows: [{ id: 1, text: 'before the upgrade' }],
    },
  },
};

test('started, upgraded and started again on the same data, then removed with the data left', async () => {
  // Nobody listens there: the gateway works from what it has.
  const config = `[upstream]\nurl = "http://127.0.0.1:9"\nanon_key = "${anonKey}"\n[server]\nlisten = "127.0.0.1:0"\n`;
  writeFileSync(join(home, '.config', 'holdfast', 'config.toml'), config);
  const file = join(folder, 'bundle.json');
  writeFileSync(file, JSON.stringify(bundle));
  const holdfast = (...words) => run(path('usr/bin/holdfast'), words, { env: { HOME: home } });
  holdfast('import', '--principal', 'anon', file);

  const first = await start();
  assert.deepEqual(await rowsOf(first.url), [{ id: 1, text: 'before the upgrade' }]);
  const written = await fetch(`${first.url}/rest/v1/notes`, {
    method: 'POST',
    headers: { apikey: anonKey, 'content-type': 'application/json' },
    body: '{"id":2,"text":"waits"}',
  });
  assert.equal(written.status, 201);
  // The files are replaced while it runs, as apt does it.
  const upgrade = makePackages(later);
  dpkg('--install', ...upgrade);
  assert.equal(installedVersion('holdfast'), later);
  assert.equal(installedVersion('holdfast-tray'), later);
  assert.equal((await rowsOf(first.url)).length, 2);
  assert.equal((await first.gateway.end()).code, 0);

  const second = await start();
  assert.equal((await rowsOf(second.url)).length, 2);
  assert.equal((await (await fetch(`${second.url}/status`)).json()).queue.depth, 1);
  assert.equal((await second.gateway.end()).code, 0);

  const data = join(home, '.local', 'share', 'holdfast');
  assert.equal(statSync(join(data, readdirSync(data)[0])).mode & 0o777, 0o700);
  dpkg('--remove', 'holdfast-tray', 'holdfast');
  assert.equal(existsSync(path('usr')), false, 'nothing is left behind');
  assert.ok(readdirSync(data).length > 0, 'the data is the person’s own');
});

test('cmake --install puts the same below any prefix', () => {
  const prefix = join(folder, 'prefix');
  run('cmake', ['--install', build, '--prefix', prefix]);
  assert.match(
    readFileSync(join(prefix, 'lib/systemd/user/holdfast.service'), 'utf8'),
    new RegExp(`^ExecStart=${prefix}/bin/holdfast serve$`, 'm'),
  );
  assert.equal(run(join(prefix, 'bin/holdfast'), ['--version']).trim(), `holdfast ${version}`);
});
