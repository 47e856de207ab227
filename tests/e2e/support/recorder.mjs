// A supabase-js client that also keeps the answer as it came over the wire, so that two answers can
// be compared where parsing hides a difference: the digits of a numeric, key order, Content-Range.

import { createClient } from '@supabase/supabase-js';

import { anonKey } from '../../upstream/keys.mjs';
import { answerOf, clientOptions } from './client.mjs';

// Columns whose digits count. Other numbers are compared by value: the upstream prints floating
// point and numbers inside documents as JavaScript does.
const exactColumns = new Set(['score', 'estimate', 'value']);

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

// PostgREST gives what is embedded as jsonb, in that type's order; the test upstream as selected.
const sorted = (object) =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

function withDigits(key, value, { source }) {
  if (typeof value === 'number' && exactColumns.has(key)) return `number ${source}`;
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withSortedMembers(member)]),
  );
}

function withSortedMembers(value) {
  if (Array.isArray(value)) return value.map(withSortedMembers);
  return isObject(value) ? sorted(value) : value;
}

function comparable(text, type) {
  if (text === '' || !type?.includes('json')) return text;
  return JSON.stringify(JSON.parse(text, withDigits));
}

// Hints and details are advice in prose; the parser's own words differ between servers as well.
function comparableError(error) {
  if (!error) return error;
  const { code, message } = error;
  return code === 'PGRST100' ? { code } : { code, message };
}

// Runs `call` with a client for `url` and resolves with everything that two servers must agree on.
export async function record(url, call) {
  let wire = null;
  const recordingFetch = async (...request) => {
    const response = await fetch(...request);
    const type = response.headers.get('content-type')?.split(';')[0];
    const text = await response.clone().text();
    wire = { type, range: response.headers.get('content-range'), text: comparable(text, type) };
    return response;
  };
  const client = createClient(url, anonKey, {
    ...clientOptions,
    global: { fetch: recordingFetch },
    db: { retry: false },
  });
  const { data, error, count, status } = answerOf(await call(client));
  const answer = { data, error: comparableError(error), count, status };
  return error ? answer : { ...answer, wire };
}
