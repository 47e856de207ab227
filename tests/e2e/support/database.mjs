// One database per test file, with the sample project in it, on the cluster of the whole run.

import { readFileSync } from 'node:fs';

import postgres from 'postgres';

import { startPostgresCluster } from '../../upstream/postgres_cluster.mjs';

const schemaFile = (name) =>
  readFileSync(new URL(`../schema/${name}.sql`, import.meta.url), 'utf8');

const open = (url) => postgres(url, { max: 4, onnotice() {} });

// A cluster with Supabase's roles: what run.mjs starts once, and a lone test file for itself.
export async function startCluster() {
  const cluster = await startPostgresCluster();
  const sql = open(cluster.url('postgres'));
  await sql.unsafe(schemaFile('roles'));
  await sql.end();
  return cluster;
}

async function clusterOfThisRun() {
  const base = process.env.E2E_POSTGRES;
  if (!base) return startCluster();
  return { url: (database) => `${base}/${database}`, stop: async () => {} };
}

export class Database {
  #cluster;

  static async create(name) {
    const cluster = await clusterOfThisRun();
    const admin = open(cluster.url('postgres'));
    await admin.unsafe(`create database ${name}`);
    await admin.end();
    const database = new Database(cluster, cluster.url(name));
    for (const file of ['auth', 'tables', 'access', 'audit', 'rows']) {
      await database.sql.unsafe(schemaFile(file));
    }
    return database;
  }

  constructor(cluster, url) {
    this.#cluster = cluster;
    this.url = url;
    // Tagged template of the `postgres` package, as the owner of everything: the second device.
    this.sql = open(url);
  }

  // The recorded effects on one relation, oldest first; `key` narrows to rows whose key contains
  // it.
  effects(relation, key = {}) {
    return this.sql`
      select operation, row_key, old_row, new_row from audit.effects
      where relation = ${relation} and row_key @> ${this.sql.json(key)} order by seq`;
  }

  // The recorded operations on one relation, in order.
  async operations(relation, key = {}) {
    return (await this.effects(relation, key)).map(({ operation }) => operation);
  }

  async close() {
    await this.sql.end({ timeout: 2 });
    await this.#cluster.stop();
  }
}
