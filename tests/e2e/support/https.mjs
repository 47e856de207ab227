// HTTPS as different clients speak it: curl, Node, a proxy before the upstream.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';

// {status, body, exit} of curl with `words`; `exit` is curl's own, 60 where it trusts nobody.
export function curl(...words) {
  const ended = spawnSync('curl', ['-s', '-S', '-w', '\n%{http_code}', ...words], {
    encoding: 'utf8',
  });
  const lines = ended.stdout.split('\n');
  return { status: Number(lines.pop()), body: lines.join('\n'), exit: ended.status };
}

// SHA-256 fingerprint of the certificate that is served at `port`.
export async function servedCertificate(port, authority) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority });
  await once(socket, 'secureConnect');
  const { fingerprint256, valid_to: until } = socket.getPeerCertificate();
  socket.destroy();
  return { fingerprint: fingerprint256, until: new Date(until) };
}

// An HTTPS server before `target` (a URL), as hosted projects are reached; resolves with {url, close}.
export async function httpsBefore(target, pem) {
  const server = https.createServer({ key: pem, cert: pem }, (request, response) => {
    const { method, url, headers } = request;
    const forwarded = http.request(new URL(url, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
