// A Supabase-compatible application over a PostgreSQL database, repaired where the package's
// answers differ from what PostgREST documents. The database must have the roles anon,
// authenticated and service_role, and its own grants: every request runs as one of them.

import { AsyncLocalStorage } from 'node:async_hooks';

import { App } from '@supabase/lite';
import { createPostgresConnection } from '@supabase/lite/postgres';

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

export async function openSupabase({ databaseUrl, ...options }) {
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: { onnotice() {}, max: 10, types: wireFormats },
  });
  // Left alone the package grants everything to everybody and, without RLS, answers as the owner.
  connection.ensureRlsContext = async () => true;
  const errors = new DatabaseErrors();
  errors.watch(connection);
  const app = new App(appOptions({ connection, ...options }));
  await app.init();
  await app.ensureSystemSchema();
  return {
    answer: (request, peerAddress) => {
      const respond = () => app.fetch(request, { peerAddress });
      return new URL(request.url).pathname.startsWith('/rest/v1/')
        ? errors.answer(request, respond)
        : respond();
    },
    reload: () => connection.introspect(),
    close: () => connection.close(),
  };
}
