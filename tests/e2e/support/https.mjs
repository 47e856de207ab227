// HTTPS as different clients speak it: curl, Node, a proxy before the upstream.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
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

// An HTTPS server before `target` (a URL), as hosted projects are reached, WebSockets included;
// resolves with {url, close}.
export async function httpsBefore(target, pem) {
  const server = https.createServer({ key: pem, cert: pem }, (request, response) => {
    const { method, url, headers } = request;
    // A connection of its own: one that was kept may be closed in this moment.
    const options = { method, headers, agent: false };
    const forwarded = http.request(new URL(url, target), options, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  server.on('upgrade', ({ url, rawHeaders }, socket) => {
    const upstream = net.connect(new URL(target).port, '127.0.0.1', () => {
      upstream.write(`GET ${url} HTTP/1.1\r\n`);
      for (let i = 0; i < rawHeaders.length; i += 2) {
        upstream.write(`${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`);
      }
      upstream.write('\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) {
      end.on('error', () => {});
      end.on('close', () => (end === socket ? upstream : socket).destroy());
    }
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
