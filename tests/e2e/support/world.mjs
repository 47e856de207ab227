// Everything that a test file needs: a database, the upstream over it, the gateway before the
// upstream.

import { Database } from './database.mjs';
import { Holdfast } from './holdfast.mjs';
import { Upstream } from './upstream.mjs';
import { anonymousClient } from './client.mjs';

export class World {
  // `name` becomes the database's; `schema` is more SQL for it; `settings` go to the upstream,
  // `extra` to the gateway's TOML, `upstream` to that section of it; `interval` is that of its pulls,
  // `environment` more of its own.
  static async build(name, { schema, settings, extra, upstream, interval, environment } = {}) {
    const world = new World();
    try {
      world.database = await Database.create(`e2e_${name}_${process.pid}`);
      if (schema) await world.database.sql.unsafe(schema);
      world.upstream = await Upstream.start(world.database.url, settings);
      world.holdfast = await Holdfast.serve(world.upstream.url, world.database.url, {
        extra,
        upstream,
        interval,
        environment,
      });
    } catch (error) {
      await world.close();
      throw error;
    }
    world.direct = anonymousClient(world.upstream.url);
    world.app = anonymousClient(world.holdfast.url);
    return world;
  }

  async close() {
    await this.holdfast?.stop();
    await this.upstream?.stop();
    await this.database?.close();
  }
}
