#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gateway/base/mutex.h"

namespace holdfast::http {

struct Message {
  std::string data;
  bool binary = false;  // else UTF-8 text
};

// Who takes what a peer sends over a WebSocket. The calls come one after the other.
class MessageHandler {
 public:
  virtual ~MessageHandler() = default;
  // On an I/O thread: must not wait.
  virtual void received(Message message) = 0;
  // The last call.
  virtual void closed() = 0;
};

// A WebSocket (RFC 6455) between a peer and who answers it: messages are written from anywhere and
// sent in order as the peer takes them. What waits for a slow peer is bounded; beyond the limit the
// connection ends.
// Thread-safe.
class WebSocket {
 public:
  // `limit`: bytes that may wait for the peer.
  explicit WebSocket(std::size_t limit) : limit_(limit) {}
  // Tells the handler of the end, where no listener has.
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  // Who is told of the peer's messages; before the response that holds this is given.
  void serve(std::shared_ptr<MessageHandler> handler) { handler_ = std::move(handler); }

  // False: the connection has ended, or this message was too much for its peer and ends it.
  bool send(Message message);
  // What was sent before still goes out, unless the peer was too slow.
  void end();

  // For the listener. `wake` is called after send() and end(), under the lock: it must only post to
  // the thread that sends. Nothing is called after detach(), which tells the handler.
  void attach(std::function<void()> wake);
  void detach();
  void receive(Message message) { handler_->received(std::move(message)); }
  // Messages that are to be sent; nullopt: all were taken and no more comes.
  std::optional<std::deque<Message>> take();

 private:
  const std::size_t limit_;
  std::shared_ptr<MessageHandler> handler_;

  Mutex mutex_;
  std::deque<Message> waiting_ HF_GUARDED_BY(mutex_);
  std::size_t bytes_ HF_GUARDED_BY(mutex_) = 0;
  bool ended_ HF_GUARDED_BY(mutex_) = false;
  bool detached_ HF_GUARDED_BY(mutex_) = false;
  std::function<void()> wake_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::http
