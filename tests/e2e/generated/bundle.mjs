// A gateway whose replica comes from `holdfast import`, not over the wire, so that every value in it
// has PostgreSQL's own digits; its upstream does not exist.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { anonKey } from '../../upstream/keys.mjs';
import { holdfastBinary } from '../support/holdfast.mjs';
import { ChildProcess } from '../support/process.mjs';

const readyLine = /^holdfast ready url=(http:\/\/127\.0\.0\.1:\d+)$/;

// Rows as an export writes them: the member "" names the columns that hold JSON's own null.
async function rowsOf(sql, table) {
  const documents = await sql.unsafe(`
    select attname from pg_attribute where attrelid = '${table}'::regclass and attnum > 0
      and atttypid in ('json'::regtype, 'jsonb'::regtype)`);
  if (documents.length === 0) return `(select coalesce(json_agg(r), '[]') from ${table} r)`;
  const nulls = documents.map(({ attname }) => `('${attname}', r.${attname}::text = 'null')`);
  return `(
    select ('[' || string_agg(case when names is null then image
              else left(image, -1) || ',"":' || names || '}' end, ',') || ']')::json
    from (select row_to_json(r)::text as image,
                 (select json_agg(name)::text
                  from (values ${nulls.join(', ')}) document (name, is_null) where is_null) as names
          from ${table} r) images)`;
}

// The rows stay text: JavaScript's numbers would lose digits.
async function bundleOf(sql, tables) {
  const relations = await Promise.all(
    tables.map(async (table) => {
      const [{ text }] = await sql.unsafe(`
        select json_build_object('kind', 'table',
          'columns', (select json_agg(json_build_object('name', attname,
              'type', format_type(atttypid, atttypmod), 'nullable', not attnotnull,
              'enum', (select json_agg(enumlabel order by enumsortorder) from pg_enum
                       where enumtypid = atttypid)) order by attnum)
            from pg_attribute where attrelid = c.oid and attnum > 0),
          'primary_key', (select json_build_object('name', conname, 'columns', names(c.oid, conkey))
            from pg_constraint where conrelid = c.oid and contype = 'p'),
          'unique', (select coalesce(json_agg(json_build_object('name', conname,
              'columns', names(c.oid, conkey))), '[]')
            from pg_constraint where conrelid = c.oid and contype = 'u'),
          'foreign_keys', (select coalesce(json_agg(json_build_object('name', conname,
              'columns', names(c.oid, conkey), 'ref_schema', 'public',
              'ref_table', confrelid::regclass::text,
              'ref_columns', names(confrelid, confkey))), '[]')
            from pg_constraint where conrelid = c.oid and contype = 'f'),
          'rows', ${await rowsOf(sql, table)})::text as text
        from pg_class c where oid = '${table}'::regclass`);
      return `${JSON.stringify(table)}: ${text}`;
    }),
  );
  return `{"schema": "public", "tables": {${relations.join(',\n')}}}`;
}

const namesFunction = `
create function names(relation oid, keys smallint[]) returns json language sql as $$
  select json_agg(attname order by k.n) from unnest(keys) with ordinality k(attribute, n)
  join pg_attribute a on a.attrelid = relation and a.attnum = k.attribute
$$`;

export class OfflineGateway {
  #folder = mkdtempSync(join(tmpdir(), 'holdfast-generated-'));
  #process = new ChildProcess();

  static async serve(sql, tables, extra) {
    const gateway = new OfflineGateway();
    await sql.unsafe(namesFunction);
    const config = join(gateway.#folder, 'holdfast.toml');
    const bundle = join(gateway.#folder, 'bundle.json');
    writeFileSync(config, `[upstream]\nurl = "http://127.0.0.1:1"\nanon_key = "${anonKey}"\n${extra}`);
    writeFileSync(bundle, await bundleOf(sql, tables));
    const common = ['--config', config, '--data', join(gateway.#folder, 'data')];
    const imported = spawnSync(holdfastBinary(), ['import', ...common, bundle]);
    if (imported.status !== 0) throw new Error(`import: ${imported.stderr}`);
    const [, url] = await gateway.#process.start(
      holdfastBinary(),
      ['serve', ...common, '--port', '0'],
      { env: process.env, ready: readyLine },
    );
    gateway.url = url;
    return gateway;
  }

  async stop() {
    await this.#process.end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
