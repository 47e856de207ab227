#include "routes/write_request.h"

#include <algorithm>

#include "cache/replica/single_upsert.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"
#include "routes/csv.h"

namespace holdfast::routes {
namespace {

using cache::Mutation;
using cache::Operation;

enum class BodyForm { kJson, kCsv, kForm, kOther };

BodyForm body_form(const http::Request& request) {
  const auto header = request.headers.find("Content-Type");
  if (!header) return BodyForm::kJson;
  std::string_view type = header->substr(0, header->find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  const auto is = [&](std::string_view name) { return http::equals_ignoring_case(type, name); };
  if (is("application/json") || is("*/*")) return BodyForm::kJson;
  if (is("text/csv")) return BodyForm::kCsv;
  return is("application/x-www-form-urlencoded") ? BodyForm::kForm : BodyForm::kOther;
}

cache::Resolution resolution_of(const Preferences& preferences) {
  switch (preferences.resolution) {
    case ResolutionPreference::kMergeDuplicates:
      return cache::Resolution::kMergeDuplicates;
    case ResolutionPreference::kIgnoreDuplicates:
      return cache::Resolution::kIgnoreDuplicates;
    case ResolutionPreference::kNone:
      break;
  }
  return cache::Resolution::kNone;
}

std::string json_string(std::string_view text) {
  std::string token;
  cache::append_json_string(text, token);
  return token;
}

cache::RawBody parse_form(std::string_view body) {
  cache::RawObject object;
  for (auto& field : http::parse_query(body)) {
    object.emplace_back(std::move(field.first), json_string(field.second));
  }
  cache::join_duplicates(object);
  return {{std::move(object)}, false};
}

// Text that is NULL means the same in each row; a row's further fields have no name.
Result<cache::RawBody> csv_body(std::string_view text) {
  HF_TRY(const auto lines, parse_csv(text));
  cache::RawBody body;
  body.is_array = true;
  for (std::size_t line = 1; line < lines.size(); ++line) {
    cache::RawObject object;
    const std::size_t fields = std::min(lines[0].size(), lines[line].size());
    for (std::size_t i = 0; i < fields; ++i) {
      const std::string& value = lines[line][i];
      object.emplace_back(lines[0][i], value == "NULL" ? "null" : json_string(value));
    }
    if (!body.rows.empty() && object.size() != body.rows[0].size()) {
      return invalid_request("PGRST102", "All lines must have same number of fields");
    }
    body.rows.push_back(std::move(object));
  }
  return body;
}

Result<cache::RawBody> read_body(const http::Request& request, const Mutation& mutation) {
  const auto keys =
      mutation.query.columns().empty() ? cache::BodyKeys::kMustMatch : cache::BodyKeys::kAny;
  switch (body_form(request)) {
    case BodyForm::kCsv:
      return csv_body(request.body);
    case BodyForm::kForm:
      return parse_form(request.body);
    case BodyForm::kJson:
    case BodyForm::kOther:
      break;
  }
  return cache::parse_body(request.body, keys);
}

}  // namespace

bool has_known_body(const http::Request& request) { return body_form(request) != BodyForm::kOther; }

Result<Mutation> parse_mutation(const http::Request& request, const cache::Table& table,
                                const Preferences& preferences) {
  Mutation mutation;
  mutation.table = &table;
  HF_TRY(mutation.query, cache::query::Query::parse(request.query()));
  if (preferences.missing_default) mutation.missing = cache::Missing::kDefault;
  if (request.method == "DELETE") {
    mutation.operation = Operation::kDelete;
    return mutation;
  }
  HF_TRY(mutation.body, read_body(request, mutation));
  HF_TRY_VOID(cache::check_columns(mutation));
  if (request.method == "PATCH") {
    mutation.operation = Operation::kUpdate;
    if (mutation.body.rows.empty()) mutation.body.rows.emplace_back();
    return mutation;
  }
  mutation.resolution = resolution_of(preferences);
  if (request.method == "PUT") HF_TRY_VOID(cache::make_single_upsert(mutation));
  return mutation;
}

}  // namespace holdfast::routes
