#pragma once

#include <string>

#include "gateway/identity/gateway_tokens.h"
#include "gateway/identity/session_refresher.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::identity {

// The upstream, with each token of the gateway's own replaced by the session's real one before
// the call goes out. A call whose token cannot be replaced fails as not sent.
//
// An app's own token of a session that is kept here is replaced where it runs out on its way; one
// that the upstream's API refuses is renewed, and the call, which had no effect, made once more.
// Thread-safe.
class SessionUpstream final : public upstream::Upstream {
 public:
  // All must outlive it. The refresher must call `upstream`, not this.
  SessionUpstream(upstream::Upstream& upstream, const GatewayTokens& tokens,
                  SessionRefresher& refresher)
      : upstream_(upstream), tokens_(tokens), refresher_(refresher) {}

  upstream::Outcome call(const upstream::Call& call) override;
  void stop() override { upstream_.stop(); }

 private:
  // `token`: an access token of the session `id`.
  upstream::Outcome call_as(const std::string& id, const std::string& token,
                            const upstream::Call& call);

  upstream::Upstream& upstream_;
  const GatewayTokens& tokens_;
  SessionRefresher& refresher_;
};

}  // namespace holdfast::identity
