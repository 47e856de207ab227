// The real supabase-js, as an app would make it.

import { createClient } from '@supabase/supabase-js';
import WebSocket from 'ws';

import { anonKey, serviceKey } from '../../upstream/keys.mjs';

export const clientOptions = {
  auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  realtime: { transport: WebSocket },
};

export const anonymousClient = (url) => createClient(url, anonKey, clientOptions);

export const serviceClient = (url) => createClient(url, serviceKey, clientOptions);

// The part of an answer that an app acts on.
export const answerOf = ({ data, error, count, status }) => ({ data, error, count, status });

// The data of an answer that must be a success.
export function succeeded(answer) {
  if (answer.error) {
    throw new Error(`status ${answer.status}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}
