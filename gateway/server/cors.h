#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/request.h"
#include "gateway/http/response.h"

namespace holdfast::server {

// Which web pages may use the gateway. The api key is in every page's source, so it is the Origin
// that tells a local app from any page on the web.
// Immutable after construction.
class Cors {
 public:
  enum class Verdict {
    kNoOrigin,  // not from a page, or a plain navigation
    kAllowed,   // the page may read the answer and may write
    kRefused,   // the page may neither read the answer nor write
  };

  // `origins`: allowed besides loopback origins, "null", app schemes and the gateway's own; "*"
  // allows every origin.
  explicit Cors(std::vector<std::string> origins);

  Verdict judge(const http::Request& request) const;

  // The answer that needs no handler: a preflight's, or the refusal of a write. `verdict` is
  // judge()'s for this request.
  std::optional<http::Response> answer(const http::Request& request, Verdict verdict) const;

 private:
  bool allows(std::string_view origin, std::string_view host) const;

  std::vector<std::string> origins_;
  bool every_origin_ = false;
};

// Appends the header lines, each with CRLF, that let the page of an allowed `origin` read an
// answer.
void append_cors_lines(std::string& head, std::string_view origin);

}  // namespace holdfast::server
