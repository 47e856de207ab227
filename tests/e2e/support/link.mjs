// The network between one gateway and the upstream: a TCP relay that a test can cut.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Link {
  #server;
  #target;
  #open = true;
  #silent = false;
  #sockets = new Set();

  // `target`: the upstream's URL.
  static async to(target) {
    const link = new Link();
    link.#target = new URL(target);
    link.#server = createServer((socket) => link.#accept(socket));
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  // Connections are reset, new ones too; with `silent` they stay open and nothing passes.
  cut({ silent = false } = {}) {
    this.#open = false;
    this.#silent = silent;
    for (const socket of this.#sockets) {
      if (silent) socket.pause();
      else socket.destroy();
    }
  }

  mend() {
    this.#open = true;
    // What was under way in the silence is lost.
    if (this.#silent) for (const socket of this.#sockets) socket.destroy();
    this.#silent = false;
  }

  async close() {
    this.cut();
    this.#server.close();
  }

  #accept(socket) {
    this.#track(socket);
    if (!this.#open) {
      if (!this.#silent) socket.destroy();
      return;
    }
    const upstream = connect(Number(this.#target.port), '127.0.0.1');
    this.#track(upstream);
    socket.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => socket.write(bytes));
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroy());
  }

  #track(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
