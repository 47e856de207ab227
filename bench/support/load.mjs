// One measurement: wrk against a server, with the processor time that the server used for it.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { apiKey, binary } from './servers.mjs';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../wrk.lua', import.meta.url));

export function writeTargets(folder, { slug, targets }) {
  const file = join(folder, `${slug}.targets`);
  writeFileSync(file, `${targets.join('\n')}\n`);
  return file;
}

// Microseconds of processor time that the processes have used. The kernel's tick is 10 ms.
function processorTime(pids) {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) * 10_000;
  }, 0);
}

export async function load(server, { file, headers }, { connections, seconds }) {
  const before = processorTime(server.pids);
  const lines = [`apikey: ${apiKey}`, ...headers];
  const { stdout } = await run('wrk', [
    ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s'],
    ...['-s', script, server.url, '--', file, ...lines],
  ]);
  const result = JSON.parse(/^RESULT (.*)$/m.exec(stdout)[1]);
  if (result.failed > 0) throw new Error(`${server.url} ${file}: ${result.failed} failed`);
  return {
    rate: (result.requests / result.us) * 1e6,
    p50: result.p50,
    p99: result.p99,
    cpu: (processorTime(server.pids) - before) / result.requests,
  };
}

// Times at a steady rate, far below what the server can take.
export async function steady(server, { file, headers }, { connections, rate, seconds }) {
  const lines = [`apikey: ${apiKey}`, ...headers];
  const { stdout } = await run(binary('bench/bench_steady_load'), [
    ...[new URL(server.url).port, connections, rate, seconds].map(String),
    ...[file, ...lines],
  ]);
  return JSON.parse(stdout);
}

// Every target once, so that caches are warm; resolves with the body of the first.
export async function warm(server, { targets, headers, fresh }) {
  const fields = Object.fromEntries([['apikey', apiKey], ...headers.map((h) => h.split(': '))]);
  const bodies = [];
  for (const target of fresh ? targets.slice(0, 1) : targets) {
    const answer = await fetch(server.url + target, { headers: fields });
    if (!answer.ok) throw new Error(`${server.url}${target}: ${answer.status}`);
    bodies.push(await answer.text());
  }
  return bodies[0];
}

// What one process holds, in MB: all of it, and without the pages of mapped files.
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]) / 1024;
  return { resident: megabytes('VmRSS'), anonymous: megabytes('RssAnon') };
}
