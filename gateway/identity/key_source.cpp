#include "gateway/identity/key_source.h"

namespace holdfast::identity {
namespace {

constexpr std::string_view kUsualPlace = "/.well-known/jwks.json";

bool is_safe_address(std::string_view url) {
  if (url.find_first_of(" #@\"\\") != url.npos) return false;
  const auto scheme = url.find("://");
  if (scheme == url.npos || url.find('/', scheme + 3) > url.find('?')) return false;
  constexpr std::string_view kSecure = "https://";
  if (url.starts_with(kSecure)) return url.size() > kSecure.size() && url[kSecure.size()] != '/';
  for (const std::string_view local : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    if (!url.starts_with(local)) continue;
    const auto rest = url.substr(local.size());
    return rest.empty() || rest.front() == ':' || rest.front() == '/';
  }
  return false;
}

}  // namespace

std::string_view plain_issuer(std::string_view issuer) {
  while (issuer.ends_with('/')) issuer.remove_suffix(1);
  return issuer;
}

std::optional<KeySource> parse_key_source(std::string_view text) {
  const auto space = text.find(' ');
  const auto url = text.substr(space == text.npos ? 0 : space + 1);
  if (!is_safe_address(url)) return std::nullopt;
  auto issuer = text.substr(0, space);
  if (space == text.npos) {
    if (!url.ends_with(kUsualPlace)) return std::nullopt;
    issuer.remove_suffix(kUsualPlace.size());
  }
  issuer = plain_issuer(issuer);
  if (issuer.empty()) return std::nullopt;
  return KeySource{std::string(issuer), std::string(url)};
}

}  // namespace holdfast::identity
