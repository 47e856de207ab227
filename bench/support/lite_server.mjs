// @supabase/lite over its SQLite with the sample's rows: arguments are a folder and their number.
// Prints "ready URL" and serves until its standard input ends.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { createAdaptorServer } from '@hono/node-server';
import { App } from '@supabase/lite';
import { createConnection } from '@supabase/lite/sqlite';

import { ddl, fillStatements } from './sample.mjs';

const [folder, rows] = process.argv.slice(2);
const file = join(folder, `lite-${rows}.db`);
const connection = await createConnection({ url: `file:${file}` });
const app = new App({
  connection,
  api: { schemas: ['public'], max_rows: 1000 },
  auth: { enabled: false },
  storage: { enabled: false },
  studio: { enabled: false },
  options: { server: { disableStudio: true, admin: false } },
});
await app.init();
await app.connection.createMigrator(ddl).migrate();
const filler = new DatabaseSync(file);
if (filler.prepare('select count(*) as n from items').get().n === 0) {
  for (const statement of fillStatements(Number(rows))) filler.exec(statement);
}
filler.close();

const server = createAdaptorServer({
  fetch: (request) => app.fetch(request, { peerAddress: '127.0.0.1' }),
  overrideGlobalObjects: false,
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready http://127.0.0.1:${server.address().port}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
