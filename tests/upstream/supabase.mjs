// A Supabase-compatible application over a PostgreSQL database, repaired where the package's
// answers differ from what PostgREST documents. The database must have the roles anon,
// authenticated and service_role, and its own grants: every request runs as one of them.

import { AsyncLocalStorage } from 'node:async_hooks';

import { App } from '@supabase/lite';
import { createPostgresConnection } from '@supabase/lite/postgres';
import { sql } from 'kysely';

import { httpStatus, isSqlState } from './sqlstate.mjs';
import { wireFormats } from './wire_formats.mjs';

const appOptions = ({
  connection,
  schemas,
  anonKey,
  serviceKey,
  jwtSecret,
  jwtExpiry,
  maxRows,
}) => ({
  connection,
  api: { schemas, max_rows: maxRows, aggregates_enabled: true, plan_enabled: true },
  auth: {
    enabled: true,
    jwt_secret: jwtSecret,
    jwt_expiry: jwtExpiry,
    enable_signup: true,
    publishable_key: anonKey,
    secret_key: serviceKey,
    email: { enable_confirmations: false },
  },
  storage: { enabled: false },
  studio: { enabled: false },
  options: { server: { disableStudio: true, admin: false } },
});

// The package turns most database errors into one "500 SUP"; the error itself is kept per request,
// so that the answer can be made again from it.
class DatabaseErrors {
  #request = new AsyncLocalStorage();

  watch(connection) {
    const withContext = connection.withContext.bind(connection);
    connection.withContext = (variables, work, options) =>
      withContext(variables, (transaction) => this.#note(work, transaction), options);
  }

  async #note(work, transaction) {
    try {
      return await work(transaction);
    } catch (error) {
      const seen = this.#request.getStore();
      if (seen) seen.error = isSqlState(error.cause?.code) ? error.cause : error;
      throw error;
    }
  }

  async answer(request, respond) {
    const seen = {};
    const response = await this.#request.run(seen, respond);
    const { error } = seen;
    if (response.status !== 500 || !isSqlState(error?.code)) return response;
    const { code, message } = error;
    return Response.json(
      { code, message, details: error.detail ?? null, hint: error.hint ?? null },
      { status: httpStatus(code, { anonymous: !request.headers.has('authorization') }) },
    );
  }
}

// PostgREST's db_pre_request, as far as the database configures it for the role authenticator: a
// function that runs in the transaction of every request of the API, which then also has its
// request.headers, method and path as settings.
class PreRequest {
  #request = new AsyncLocalStorage();
  #name = null;

  async load(connection) {
    const { rows } = await sql`
      select substr(setting, 22) as name
      from pg_db_role_setting cross join lateral unnest(setconfig) as setting
      where setrole = (select oid from pg_roles where rolname = 'authenticator')
        and setdatabase in (0, (select oid from pg_database where datname = current_database()))
        and setting like 'pgrst.db_pre_request=%'
      order by setdatabase desc limit 1`.execute(connection.kysely);
    this.#name = rows[0]?.name ?? null;
  }

  watch(connection) {
    const withContext = connection.withContext.bind(connection);
    connection.withContext = (variables, work, options = {}) => {
      const request = this.#request.getStore();
      if (!this.#name || !request) return withContext(variables, work, options);
      const hooked = async (transaction) => {
        await sql.raw(`select ${this.#name}()`).execute(transaction);
        return work(transaction);
      };
      const rpc = options.rpc ?? (options.transaction ? undefined : request);
      return withContext(variables, hooked, { ...options, rpc });
    };
  }

  answer(request, respond) {
    const path = new URL(request.url).pathname.slice('/rest/v1'.length);
    const { method } = request;
    const readOnly = method === 'GET' || method === 'HEAD';
    const requestHeaders = Object.fromEntries(request.headers);
    return this.#request.run({ method, path, readOnly, requestHeaders }, respond);
  }
}

export async function openSupabase({ databaseUrl, ...options }) {
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: { onnotice() {}, max: 10, types: wireFormats },
  });
  // Left alone the package grants everything to everybody and, without RLS, answers as the owner.
  connection.ensureRlsContext = async () => true;
  const errors = new DatabaseErrors();
  errors.watch(connection);
  const hook = new PreRequest();
  hook.watch(connection);
  const app = new App(appOptions({ connection, ...options }));
  await app.init();
  await app.ensureSystemSchema();
  await hook.load(connection);
  return {
    answer: (request, peerAddress) => {
      const respond = () => app.fetch(request, { peerAddress });
      return new URL(request.url).pathname.startsWith('/rest/v1/')
        ? errors.answer(request, () => hook.answer(request, respond))
        : respond();
    },
    reload: async () => {
      await connection.introspect();
      await hook.load(connection);
    },
    close: () => connection.close(),
  };
}
