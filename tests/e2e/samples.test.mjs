// The three sample set-ups of docs/tables.md, each with the settings as they stand there, played
// through with two devices that lose the network and find it again.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createClient } from '@supabase/supabase-js';

import { anonKey, jwtSecret } from '../upstream/keys.mjs';
import { clientOptions, succeeded } from './support/client.mjs';
import { Holdfast } from './support/holdfast.mjs';
import { eventually } from './support/wait.mjs';
import { World } from './support/world.mjs';

const schema = `
  create table invoices (id uuid primary key, number text not null, total numeric(10,2) not null,
    created_at timestamptz not null default now());
  create table orders (id uuid primary key, status text not null, note text, version int not null default 1,
    updated_at timestamptz not null default now());
  create function raise_version() returns trigger language plpgsql as $$
  begin
    new.version := old.version + 1;
    new.updated_at := clock_timestamp();
    return new;
  end $$;
  create trigger raise_version before update on orders for each row execute function raise_version();
  drop table if exists stock cascade;
  create table stock (id int primary key, pieces int not null check (pieces >= 0));
  create table products (id int primary key, shop_id text not null, name text not null);
  create table visits (id uuid primary key, report text, updated_at timestamptz not null default now());
  create trigger touch before update on visits for each row execute function touch_updated_at();
  create table photos_meta (id uuid primary key, visit uuid, caption text,
    updated_at timestamptz not null default now());
  create table documents (id uuid primary key, title text, body text, edited_at timestamptz not null default now());
  create function touch_edited_at() returns trigger language plpgsql as $$
  begin
    new.edited_at := clock_timestamp();
    return new;
  end $$;
  create trigger touch before update on documents for each row execute function touch_edited_at();
  grant all on invoices, orders, stock, products, visits, photos_meta, documents to anon, authenticated;
  insert into stock values (1, 1);
  insert into products values (1, 'north', 'pen'), (2, 'north', 'ink'), (3, 'south', 'pad');
`;

const page = readFileSync(new URL('../../docs/tables.md', import.meta.url), 'utf8');
// The settings below a heading of the page, without [sync], which the tests' own gateway sets.
function settingsOf(heading) {
  const section = page.split(/^## /m).find((one) => one.startsWith(heading));
  const [, toml] = /```toml\n(.*?)```/s.exec(section);
  return toml.replace(/^\[sync\]\n(?:\S.*\n)*/m, '');
}

let world;
before(async () => {
  world = await World.build('samples', { schema });
});
after(() => world?.close());

const token = (claims) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const payload = { role: 'authenticated', aud: 'authenticated', exp, ...claims };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', jwtSecret).update(signed).digest('base64url')}`;
};

// Two devices of one person, whose claims may say more, before the same project.
async function withDevices(heading, claims, play) {
  const bearer = token({ sub: crypto.randomUUID(), ...claims });
  const devices = [];
  try {
    for (let i = 0; i < 2; ++i) {
      const holdfast = await Holdfast.serve(world.upstream.url, world.database.url, {
        extra: settingsOf(heading),
      });
      const options = { ...clientOptions, accessToken: async () => bearer };
      const app = createClient(holdfast.url, anonKey, options);
      devices.push({
        holdfast,
        app,
        leave: () => holdfast.control('POST', '/sync/offline'),
        comeBack: async () => {
          await holdfast.control('POST', '/sync/online');
          await eventually('the device is online', async () => (await holdfast.status()).online);
          await holdfast.sync();
        },
      });
      // The first request makes the person known, whose rows are then read.
      succeeded(await app.from('orders').select('id'));
      await holdfast.sync();
      await holdfast.replicated();
    }
    await play(...devices);
  } finally {
    for (const { holdfast } of devices) await holdfast.stop();
  }
}

const rows = async ({ app }, table) => succeeded(await app.from(table).select().order('id'));

test('a shop: sales at two tills without a network arrive once each and never change', () =>
  withDevices('A shop', { app_metadata: { shop: 'north' } }, async (first, second) => {
    const { sql } = world.database;
    // Only this shop's part is here, and it answers without the network.
    await first.leave();
    await second.leave();
    const here = succeeded(await first.app.from('products').select('id').eq('shop_id', 'north'));
    assert.deepEqual(here.map(({ id }) => id).sort(), [1, 2]);

    const invoice = (till, n) => ({ id: crypto.randomUUID(), number: `${till}-${n}`, total: 9.5 });
    const sales = { A: [], B: [] };
    for (let n = 1; n <= 20; ++n) {
      sales.A.push(invoice('A', n));
      sales.B.push(invoice('B', n));
      succeeded(await first.app.from('invoices').insert(sales.A.at(-1)));
      succeeded(await second.app.from('invoices').insert(sales.B.at(-1)));
    }
    assert.equal((await first.holdfast.status()).queue.depth, 20);
    // What is written is written.
    const [sale] = sales.A;
    const changed = await first.app.from('invoices').update({ total: 0 }).eq('id', sale.id);
    assert.equal(changed.error.code, 'HF403');
    const deleted = await first.app.from('invoices').delete().eq('id', sale.id);
    assert.equal(deleted.error.code, 'HF403');
    // The last piece is sold by the server, or not at all.
    const sold = await first.app.from('stock').update({ pieces: 0 }).eq('id', 1);
    assert.equal(sold.status, 504);

    await first.comeBack();
    await second.comeBack();
    await first.holdfast.drained();
    await second.holdfast.drained();
    const [{ count, total }] =
      await sql`select count(*)::int, sum(total)::text as total from invoices`;
    assert.deepEqual({ count, total }, { count: 40, total: '380.00' });
    await first.holdfast.sync();
    assert.equal((await rows(first, 'invoices')).length, 40);
    assert.match(first.holdfast.run('verify').stdout, /all in order/);

    // Somebody at the database changes an invoice: it is reported, and not applied here.
    await sql`update invoices set total = 1 where id = ${sale.id}`;
    await first.holdfast.sync();
    await eventually('the change is reported', async () => {
      const all = await first.holdfast.control('GET', '/conflicts');
      return all.some(({ state, key }) => state === 'reported' && key.id === sale.id);
    });
    const kept = succeeded(await first.app.from('invoices').select('total').eq('id', sale.id));
    assert.equal(kept[0].total, 9.5);

    // Online the server sells the last piece, once.
    const pick = (device) =>
      device.app.from('stock').update({ pieces: 0 }).eq('id', 1).gt('pieces', 0).select();
    const picked = [succeeded(await pick(first)), succeeded(await pick(second))];
    assert.deepEqual(
      picked.map((one) => one.length),
      [1, 0],
    );
  }));

test('a shop: of two devices the order that is further on wins, and none goes back', () =>
  withDevices('A shop', { app_metadata: { shop: 'north' } }, async (first, second) => {
    const { sql } = world.database;
    // Who is further on comes first with one order, and second with the other.
    const [early, late] = [crypto.randomUUID(), crypto.randomUUID()];
    await sql`insert into orders (id, status) values (${early}, 'pending'), (${late}, 'pending')`;
    for (const { holdfast } of [first, second]) await holdfast.sync();
    await first.leave();
    await second.leave();
    const step = async (device, id, status) =>
      succeeded(await device.app.from('orders').update({ status }).eq('id', id));
    await step(first, early, 'paid');
    await step(first, early, 'shipping');
    await step(second, early, 'paid');
    await step(first, late, 'paid');
    await step(second, late, 'paid');
    await step(second, late, 'shipping');
    await first.comeBack();
    await first.holdfast.drained();
    await second.comeBack();
    await second.holdfast.drained();
    for (const { holdfast } of [first, second, first]) await holdfast.sync();
    const upstream = await sql`select status from orders where id in (${early}, ${late})`;
    assert.deepEqual(
      upstream.map(({ status }) => status),
      ['shipping', 'shipping'],
    );
    for (const device of [first, second]) {
      const kept = (await rows(device, 'orders')).map(({ status }) => status);
      assert.deepEqual(kept, ['shipping', 'shipping']);
    }
  }));

test('field work: two people on one visit; the later copy stands, the other is kept', () =>
  withDevices('Field work', {}, async (first, second) => {
    const { sql } = world.database;
    const id = crypto.randomUUID();
    await sql`insert into visits (id, report) values (${id}, 'empty')`;
    const photos = [1, 2, 3].map((n) => ({
      id: crypto.randomUUID(),
      visit: id,
      caption: `photo ${n}`,
    }));
    for (const { holdfast } of [first, second]) await holdfast.sync();
    await first.leave();
    await second.leave();
    succeeded(await first.app.from('visits').update({ report: 'first' }).eq('id', id));
    succeeded(await second.app.from('visits').update({ report: 'second' }).eq('id', id));
    for (const photo of photos) succeeded(await second.app.from('photos_meta').insert(photo));
    // No change of many rows at once while nobody sees what it hits; one is taken.
    const many = await second.app.from('photos_meta').update({ caption: 'all' }).eq('visit', id);
    assert.equal(many.status, 504);
    succeeded(
      await second.app.from('photos_meta').update({ caption: 'one' }).eq('id', photos[0].id),
    );
    await first.comeBack();
    await first.holdfast.drained();
    await second.comeBack();
    await second.holdfast.drained();
    await first.holdfast.sync();
    const [{ report }] = await sql`select report from visits where id = ${id}`;
    assert.ok(['first', 'second'].includes(report), report);
    for (const device of [first, second]) {
      assert.equal((await rows(device, 'visits'))[0].report, report);
      assert.equal((await rows(device, 'photos_meta')).length, 3);
    }
    const conflicts = await second.holdfast.control('GET', '/conflicts');
    const [lost] = conflicts.filter(({ key }) => key.id === id);
    assert.equal(lost.strategy, 'last_write_wins');
    assert.deepEqual([lost.local.report, lost.remote.report], ['second', 'first']);
  }));

test('writing: both versions are kept until somebody merges them by the page’s commands', () =>
  withDevices('Writing', {}, async (first, second) => {
    const { sql } = world.database;
    const id = crypto.randomUUID();
    await sql`insert into documents (id, title, body) values (${id}, 'Letter', 'Dear all,')`;
    for (const { holdfast } of [first, second]) await holdfast.sync();
    await first.leave();
    await second.leave();
    const write = (device, body) => device.app.from('documents').update({ body }).eq('id', id);
    succeeded(await write(first, 'Dear all, hello'));
    succeeded(await write(second, 'Dear all, greetings'));
    await first.comeBack();
    await first.holdfast.drained();
    await second.comeBack();
    const open = await eventually(
      'the conflict is open',
      async () => (await second.holdfast.control('GET', '/conflicts?state=open'))[0],
    );
    // Each device shows its own person's words until then.
    assert.equal((await rows(second, 'documents'))[0].body, 'Dear all, greetings');
    assert.equal(
      (await sql`select body from documents where id = ${id}`)[0].body,
      'Dear all, hello',
    );

    const commands = [...page.matchAll(/^holdfast (conflicts .*)$/gm)].map(([, words]) => words);
    assert.equal(commands.length, 3);
    const merged = '{"body":"Dear all, hello and greetings"}';
    for (const command of commands) {
      const words = command
        .replace('ID', open.id)
        .replace(/'\{.*\}'/, '@')
        .split(' ')
        .map((word) => (word === '@' ? merged : word));
      const done = second.holdfast.run(...words);
      assert.equal(done.status, 0, `${command}: ${done.stderr}`);
    }
    await second.holdfast.drained();
    await first.holdfast.sync();
    for (const device of [first, second]) {
      const [{ title, body }] = await rows(device, 'documents');
      assert.deepEqual({ title, body }, { title: 'Letter', body: 'Dear all, hello and greetings' });
    }
  }));
