#include "gateway/server/host_check.h"

#include <arpa/inet.h>

#include <algorithm>

#include "gateway/http/headers.h"

namespace holdfast::server {
namespace {

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_trailing_dot(std::string_view host) {
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return host;
}

std::string_view without_brackets(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

bool ends_with_localhost(std::string_view host) {
  constexpr std::string_view kSuffix = ".localhost";
  return host.size() > kSuffix.size() &&
         http::equals_ignoring_case(host.substr(host.size() - kSuffix.size()), kSuffix);
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  host = without_trailing_dot(without_brackets(host));
  if (host == "127.0.0.1" || http::equals_ignoring_case(host, "localhost")) return true;
  if (ends_with_localhost(host)) return true;
  const std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string_view host_of(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return {};
    const auto rest = authority.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return {};
    return authority.substr(1, end - 1);
  }
  const auto colon = authority.find(':');
  if (colon == std::string_view::npos) return authority;
  return is_port(authority.substr(colon + 1)) ? authority.substr(0, colon) : std::string_view();
}

HostCheck::HostCheck(std::vector<std::string> names) : names_(std::move(names)) {
  for (auto& name : names_) {
    name = std::string(without_trailing_dot(without_brackets(name)));
  }
}

bool HostCheck::accepts(std::string_view authority) const {
  const auto host = without_trailing_dot(host_of(authority));
  if (host.empty()) return false;
  if (is_loopback_host(host)) return true;
  return std::ranges::any_of(
      names_, [&](const std::string& name) { return http::equals_ignoring_case(name, host); });
}

}  // namespace holdfast::server
