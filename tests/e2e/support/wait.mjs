// Waiting for something that another process does: asked again until true or until the deadline.

import { setTimeout as sleep } from 'node:timers/promises';

const pause = 20;

// Resolves with the first truthy answer of `ask`; an error of `ask` counts as "not yet".
export async function eventually(what, ask, { within = 60_000 } = {}) {
  const deadline = Date.now() + within;
  let last;
  for (;;) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`${what}: not within ${within} ms; last seen: ${seen}`);
    }
    await sleep(pause);
  }
}
