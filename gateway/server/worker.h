#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <unordered_set>

#include "gateway/server/asio_types.h"
#include "gateway/server/connection.h"
#include "gateway/server/response_head.h"

namespace holdfast::server {

// One I/O thread's event loop with its connections and their deadlines.
// One thread at a time: the one in run(), but for what says otherwise.
class Worker {
 public:
  // `service` must outlive it.
  explicit Worker(const Service& service);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& loop() { return loop_; }
  // Runs the loop until it has been drained or aborted.
  void run();

  // Thread-safe: takes over a connection whose socket belongs to loop().
  // `session`: TLS with it; null = without.
  void adopt(Socket socket, certs::Session session);
  // Thread-safe: ends idle connections and, with the last one, run().
  void drain();
  // Thread-safe: ends all connections.
  void abort();
  // Thread-safe.
  std::size_t connections() const { return count_.load(std::memory_order_relaxed); }

  // For its connections.
  bool draining() const { return draining_; }
  std::string_view date() { return date_.now(); }
  void watch(MonotonicTime deadline);
  void add(Connection& connection);
  void remove(Connection& connection);

 private:
  void start(Socket socket, certs::Session session);
  void sweep();
  void arm(MonotonicTime time);

  const Service& service_;
  // Before the loop: connections leave the set when the loop is destroyed.
  std::unordered_set<Connection*> connections_;
  std::atomic<std::size_t> count_ = 0;
  DateLine date_;
  bool draining_ = false;
  MonotonicTime next_sweep_ = MonotonicTime::max();

  asio::io_context loop_;
  asio::executor_work_guard<Executor> work_;
  Timer timer_;
};

}  // namespace holdfast::server
