// Server-sent events, read by fetch: EventSource cannot send the token.

import { ApiError, send } from './api.js';

/**
 * Cuts a stream of text into events.
 * @param {(name: string, data: string) => void} tell
 * @returns {(piece: string) => void}
 */
export function eventParser(tell) {
  let rest = '';
  return (piece) => {
    const blocks = (rest + piece).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      let name = 'message';
      /** @type {string[]} */
      const data = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim();
        if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      }
      if (data.length > 0) tell(name, data.join('\n'));
    }
  };
}

const firstPause = 500;
const longestPause = 8_000;
// The gateway says something every 15 s; after twice that the connection is dead.
const silence = 35_000;

/**
 * Listens until the page goes, connecting again whenever the stream ends.
 * @param {{
 *   event: (name: string, data: string) => void,
 *   connected: (yes: boolean) => void,
 *   refused: () => void,
 * }} hear
 */
export async function listen(hear) {
  let pause = firstPause;
  for (;;) {
    try {
      await follow(hear, () => (pause = firstPause));
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        return hear.refused();
      }
    }
    hear.connected(false);
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, longestPause);
  }
}

/** @param {Parameters<typeof listen>[0]} hear @param {() => void} alive */
async function follow(hear, alive) {
  const abort = new AbortController();
  const response = await send('GET', '/events', { signal: abort.signal });
  if (!response.body) return;
  hear.connected(true);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parse = eventParser(hear.event);
  let timer = setTimeout(() => abort.abort(), silence);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), silence);
      alive();
      parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
  }
}
