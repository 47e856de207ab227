// Hard case 20: a full disk is said, keeps nobody from reading, and leaves nothing half done.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { anonymousClient, succeeded } from './support/client.mjs';
import { Holdfast, holdfastBinary } from './support/holdfast.mjs';
import { SmallDisk } from './support/small_disk.mjs';
import { World } from './support/world.mjs';

let world;
before(async () => {
  world = await World.build('full_disk');
});
after(() => world?.close());

const shell = (line) =>
  spawnSync('sh', ['-c', line], { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' });
const command = (verb) => {
  const { config, data } = world.holdfast.places;
  return `"${holdfastBinary()}" ${verb} --config "${config}" --data "${data}"`;
};

test('a gateway starts on a full disk, reads, and says why it writes nothing', async (t) => {
  const disk = SmallDisk.mount(80);
  if (!disk) return t.skip('no file system can be mounted');
  let holdfast;
  try {
    const folder = disk.place();
    holdfast = await Holdfast.serve(world.upstream.url, world.database.url, { folder });
    const app = anonymousClient(holdfast.url);
    const before = succeeded(await app.from('profiles').select('id').order('id'));
    await holdfast.terminate();
    disk.fill();
    await holdfast.restart();
    const again = anonymousClient(holdfast.url);
    assert.deepEqual(succeeded(await again.from('profiles').select('id').order('id')), before);
    const row = { id: crypto.randomUUID(), name: 'no room' };
    const { status, error } = await again.from('tags').insert(row);
    assert.deepEqual([status, error.code], [507, 'HF507']);
    disk.clear();
    await holdfast.stop();
  } finally {
    await holdfast?.stop().catch(() => {});
    disk.unmount();
  }
});

test('output that is cut off does not count as done, and an export leaves no copy', () => {
  for (const verb of ['export', 'status', 'man']) {
    const { status, stderr } = shell(`${command(verb)} > /dev/full`);
    assert.equal(status, 1, verb);
    assert.match(stderr, /the output cannot be written/, verb);
  }
  const left = readdirSync(world.holdfast.places.data);
  assert.deepEqual(
    left.filter((name) => name.startsWith('export-')),
    [],
  );
});

test('a command on the files of a gateway that does not run ends when they cannot grow', async () => {
  const { app, holdfast, upstream } = world;
  await upstream.kill();
  for (let n = 0; n < 300; n += 1) {
    succeeded(await app.from('tags').insert({ id: crypto.randomUUID(), name: `tag ${n}` }));
  }
  await holdfast.kill();
  const discard = command('outbox discard --all --state queued');
  const { status, signal, stderr } = shell(`trap '' XFSZ; ulimit -f 128; ${discard}`);
  assert.deepEqual([status, signal], [1, null], stderr);
  await upstream.restart();
  await holdfast.restart();
});
