// HTTP by hand, for what fetch would refuse to send or would repair.

import { connect } from 'node:net';
import { request } from 'node:http';

// An open connection; `send` writes bytes, `until` resolves with everything read once `pattern` is
// there.
export class RawConnection {
  #socket;
  #received = '';
  #closed = false;
  #wake = () => {};

  static async open(port) {
    const socket = connect({ port, host: '127.0.0.1' });
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      this.#received += text;
      this.#wake();
    });
    const gone = () => {
      this.#closed = true;
      this.#wake();
    };
    socket.on('error', gone);
    socket.on('close', gone);
  }

  send(bytes) {
    this.#socket.write(bytes);
  }

  async until(pattern, { within = 5_000 } = {}) {
    const deadline = Date.now() + within;
    while (!pattern.test(this.#received)) {
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.#received)}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${pattern} in ${JSON.stringify(this.#received)}`);
      await this.#change(left);
    }
    return this.#received;
  }

  close() {
    this.#socket.destroy();
  }

  #change(limit) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

// One request with exactly these headers, `Host` included; resolves with {status, headers, body}.
export function exactRequest(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode,
          headers: answer.headers,
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
