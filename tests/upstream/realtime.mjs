// A Realtime service for the tests: channels are joined, and a test says when a change is told of.

import { WebSocketServer } from 'ws';

export class Realtime {
  #server = new WebSocketServer({ noServer: true });
  #channels = new Map(); // socket -> Map(topic -> join)
  #refused = false;

  // Takes WebSocket requests off `server`.
  attach(server) {
    server.on('upgrade', (request, socket, head) => {
      this.#server.handleUpgrade(request, socket, head, (peer) => this.#serve(peer, request));
    });
  }

  // What is joined: topic, token and subscriptions.
  list() {
    return [...this.#channels.values()].flatMap((topics) => [...topics.values()]);
  }

  // Joins are refused from now on, or taken again.
  refuse(refused) {
    this.#refused = refused;
  }

  // Tells every channel that a row has changed.
  tell({ schema = 'public', table }) {
    for (const [peer, topics] of this.#channels) {
      for (const { topic } of topics.values()) {
        const data = { schema, table, type: 'UPDATE', record: {}, errors: null };
        peer.send(
          JSON.stringify({
            topic,
            event: 'postgres_changes',
            payload: { ids: [1], data },
            ref: null,
          }),
        );
      }
    }
  }

  // Connections end; they may come again.
  cut() {
    for (const peer of this.#channels.keys()) peer.terminate();
  }

  #serve(peer, request) {
    const topics = new Map();
    this.#channels.set(peer, topics);
    peer.on('close', () => this.#channels.delete(peer));
    peer.on('message', (text) => this.#received(peer, topics, JSON.parse(text)));
    peer.key = new URL(request.url, 'http://localhost').searchParams.get('apikey');
  }

  #received(peer, topics, { topic, event, payload, ref, join_ref: joinRef }) {
    const reply = (status, response = {}) =>
      peer.send(
        JSON.stringify({
          topic,
          event: 'phx_reply',
          payload: { status, response },
          ref,
          join_ref: joinRef,
        }),
      );
    if (event === 'heartbeat') return reply('ok');
    if (event === 'phx_join' && this.#refused) return reply('error', { reason: 'refused' });
    if (event === 'phx_join') {
      const { config, access_token: token = null } = payload;
      topics.set(topic, { topic, token, key: peer.key, changes: config.postgres_changes });
      return reply('ok', { postgres_changes: [] });
    }
    if (event === 'access_token') topics.get(topic).token = payload.access_token;
  }
}
