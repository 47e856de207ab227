#pragma once

#include <functional>
#include <optional>
#include <string>

#include "routes/context.h"
#include "routes/forwarder.h"

namespace holdfast::routes {

// /auth/v1: Supabase Auth, which knows the people; here they are only kept signed in.
//
// A key is asked for as Supabase's edge does. Everything goes to the upstream. On the way back a
// session is taken over, and the app gets a refresh token of the gateway's in the place of the
// upstream's. While the upstream is away, the refresh of a known session is answered with a token
// signed here, its user from what was kept, and a sign-out at once; the rest is 503, which clients
// survive signed in (any 4xx would sign the person out). Thread-safe.
class Auth {
 public:
  // Both must outlive it.
  Auth(const Context& context, const Forwarder& forwarder)
      : context_(context), forwarder_(forwarder) {}

  // `path` is what follows /auth/v1/. Answers from another thread.
  void handle(http::Request request, const std::string& path, http::Respond respond) const;

 private:
  http::Response answer(const http::Request& request, const std::string& path) const;
  http::Response sign_in(const http::Request& request) const;
  http::Response refresh(const http::Request& request) const;
  http::Response refresh_unknown(const http::Request& request) const;
  http::Response refresh_offline(const identity::Session& session) const;
  http::Response user(const http::Request& request) const;
  http::Response logout(const http::Request& request) const;
  http::Response keys(const http::Request& request) const;
  http::Response settings(const http::Request& request) const;
  http::Response forward(const http::Request& request) const;

  // Whose living session the bearer token belongs to.
  std::optional<identity::Session> session_of(const http::Request& request) const;
  bool has_pending_writes(const identity::Session& session) const;

  const Context& context_;
  const Forwarder& forwarder_;
};

}  // namespace holdfast::routes
