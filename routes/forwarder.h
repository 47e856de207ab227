#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// What a surface answers when the upstream gave no answer.
enum class Surface {
  kData,  // 504 HF504: clients do not repeat it
  kAuth,  // 503 in GoTrue's form: clients keep their session
};

// Sends a request to the upstream as the app sent it, and its answer back.
// Thread-safe.
class Forwarder {
 public:
  // `context` must outlive it.
  explicit Forwarder(const Context& context) : context_(context) {}

  // Answers from another thread. `reason` says in Cache-Status why it was not answered here.
  void forward(http::Request request, Surface surface, std::string reason,
               http::Respond respond) const;

  // The same for what may show rows: first the caller's writes get a moment to be delivered, so
  // that they are read.
  void forward_after_writes(http::Request request, std::shared_ptr<cache::Store> store,
                            std::string reason, http::Respond respond) const;

  // As forward(), blocking; `call` has credentials and all.
  http::Response forward_now(const http::Request& request, Surface surface,
                             const std::string& reason) const;

 private:
  const Context& context_;
};

}  // namespace holdfast::routes
