#include "gateway/identity/credentials.h"

#include "gateway/http/uri.h"

namespace holdfast::identity {
namespace {

// What ends the scheme for PostgREST: taken for less here, a user's request would be anonymous.
constexpr std::string_view kSpaces = " \t\v\f\xa0";

}  // namespace

std::string presented_key(const http::Request& request) {
  if (const auto field = request.headers.find("apikey"); field && !field->empty()) {
    return std::string(*field);
  }
  // Parsing the query is for the few clients that have no field: websockets, C#.
  if (request.query().find("apikey=") == std::string_view::npos) return "";
  for (auto& [name, value] : http::parse_query(request.query())) {
    if (name == "apikey") return std::move(value);
  }
  return "";
}

std::optional<std::string_view> bearer_token(const http::Headers& headers) {
  const auto field = headers.find("Authorization");
  if (!field) return std::nullopt;
  const auto scheme_end = field->find_first_of(kSpaces);
  if (!http::equals_ignoring_case(field->substr(0, scheme_end), "bearer")) return std::nullopt;
  if (scheme_end == std::string_view::npos) return std::string_view();
  const auto token = field->substr(scheme_end);
  const auto begin = token.find_first_not_of(kSpaces);
  return begin == std::string_view::npos ? std::string_view() : token.substr(begin);
}

Error no_api_key() {
  auto error = unauthorized("HF_NO_API_KEY", "No API key found in request");
  error.hint = "No `apikey` request header or url param was found.";
  return error;
}

Error invalid_api_key() {
  auto error = unauthorized("HF_INVALID_API_KEY", "Invalid API key");
  error.hint = "Double check your Supabase `anon` or `service_role` API key.";
  return error;
}

}  // namespace holdfast::identity
