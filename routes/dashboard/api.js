// The gateway's control surface, as this page's own origin.

import { parse } from './exact.js';

const tokenName = 'holdfast-control-token';

// For this tab alone: a cookie would be sent to every other port of localhost.
export const token = {
  get: () => sessionStorage.getItem(tokenName),
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(tokenName, value),
  clear: () => sessionStorage.removeItem(tokenName),
};

/** The gateway refused, or cannot be reached (status 0). */
export class ApiError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: string, signal?: AbortSignal}} [options] body: JSON text
 */
export async function send(method, path, { body, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json' };
  const bearer = token.get();
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal, cache: 'no-store' });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The gateway does not answer. Is it running?');
  }
  if (response.ok) return response;
  let message = `The gateway answered ${response.status}.`;
  try {
    message = (await response.json()).message ?? message;
  } catch {
    // Not one of its own errors.
  }
  throw new ApiError(response.status, message);
}

/**
 * The answer's JSON, with every digit.
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function get(path) {
  return parse(await (await send('GET', path)).text());
}

/**
 * @param {string} path
 * @param {string} [body] JSON text
 * @returns {Promise<any>}
 */
export async function post(path, body) {
  return parse(await (await send('POST', path, { body })).text());
}

/**
 * Exchanges the code of a one-time link for the token.
 * @param {string} code
 */
export async function signIn(code) {
  token.clear();
  const session = await post('/dashboard/session', JSON.stringify({ code }));
  token.set(session.token);
}
