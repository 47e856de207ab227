#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// What an app hears that repeats a write under its Idempotency-Key (hard case 10).
struct Repetition {
  // The answer of before, or 422 where the key was another request's.
  std::optional<http::Response> answer;
  // Instead: the entry whose own app is still to be answered. What is true then is not known yet.
  std::string awaited;
};

// nullopt: the request has no such key, or nobody has used it before. Inside the transaction, or
// on the Database, that would take the write.
std::optional<Repetition> find_repetition(const Context& context, cache::Database& database,
                                          const http::Request& request);

// What makes it the same request: all that decides the write, and not the key that some clients
// put into the target.
std::string digest_of(const http::Request& request);

// 409: the request has been forwarded under this key, and its answer has not come.
http::Response unanswered_request();

// An answer to `request` as it is kept for its Idempotency-Key.
std::string print_answer(const http::Response& response, const http::Request& request);

// Keeps the upstream's own answer instead of the one of before, in a transaction of its own; where
// the request has a key. Returns at once; `then` runs once it is kept, or cannot be: the app must
// not know an answer that a crash would make another one.
void keep_upstream_answer(const std::shared_ptr<cache::Store>& store, const std::string& entry,
                          const http::Response& answer, const http::Request& request,
                          std::function<void()> then);

}  // namespace holdfast::routes
