// A real Chromium without a window.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

// As the dashboard's addresses name them.
export const dashboardSections = [
  'overview',
  'queue',
  'dead',
  'conflicts',
  'tables',
  'trends',
  'journal',
];

// Names ending in .test are this machine, as a rebound name would be. `more`: further arguments.
export function launchBrowser(more = [], env = process.env) {
  const executablePath = process.env.CHROMIUM ?? places.find((place) => existsSync(place));
  if (!executablePath) throw new Error('there is no chromium: run tests/e2e/setup.sh');
  return chromium.launch({
    executablePath,
    env,
    args: ['--no-sandbox', '--host-resolver-rules=MAP *.test 127.0.0.1', '--disable-gpu', ...more],
  });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What axe finds wrong with the page, as "rule: element".
export async function accessibilityFaults(page) {
  // The page's policy forbids what it did not bring: the check runs beside it, in its own world.
  const session = await page.context().newCDPSession(page);
  await session.send('Page.enable');
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
    worldName: 'axe',
  });
  const run = async (expression) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      contextId: executionContextId,
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'axe failed');
    return result.value;
  };
  await run(`${axe}; undefined`);
  const violations = await run('axe.run(document).then(({ violations }) => violations)');
  await session.detach();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`,
  );
}
