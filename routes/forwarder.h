#pragma once

#include <string>

#include "gateway/http/response.h"
#include "routes/cache_status.h"
#include "routes/context.h"

namespace holdfast::routes {

// What a surface answers when the upstream gave no answer.
enum class Surface {
  kWork,  // functions that work, files that are large: they may take their time; 504 HF504, which
          // clients do not repeat
  kRest,  // 504 HF504, also where a proxy's page came in place of PostgREST's answer
  kAuth,  // 503 in GoTrue's form: clients keep their session
};

// The request as the app sent it, without what is between it and the listener alone.
upstream::Call call_for(const http::Request& request);
// The upstream's answer as it is passed on. `reason` says in Cache-Status why it is the upstream's.
http::Response response_for(const upstream::Answer& answer, const ForwardReason& reason);

// GoTrue's 503, for when the upstream cannot be asked.
http::Response auth_unavailable();

// Sends a request to the upstream as the app sent it, and its answer back.
// Thread-safe.
class Forwarder {
 public:
  // `context` must outlive it.
  explicit Forwarder(const Context& context) : context_(context) {}

  // Answers from another thread. `reason` says in Cache-Status why it was not answered here.
  void forward(http::Request request, Surface surface, ForwardReason reason,
               http::Respond respond) const;

  // As forward(), blocking.
  http::Response forward_now(const http::Request& request, Surface surface,
                             const ForwardReason& reason) const {
    return forward_once(request, surface, reason).response;
  }

  struct Forwarded {
    http::Response response;
    bool may_have_happened = true;  // false: the upstream surely never had the request
    bool refused = false;           // by the API, which has undone what it had begun
    // Whether rows may be others now: what was refused has changed none.
    bool may_have_changed() const {
      return may_have_happened && (response.status < 300 || response.status >= 500);
    }
  };
  Forwarded forward_once(const http::Request& request, Surface surface, ForwardReason reason) const;

 private:
  const Context& context_;
};

}  // namespace holdfast::routes
