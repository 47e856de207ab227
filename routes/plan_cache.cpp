#include "routes/plan_cache.h"

#include <algorithm>

#include "cache/query/request_shape.h"
#include "gateway/http/uri.h"

namespace holdfast::routes {
namespace {

namespace query = holdfast::cache::query;

constexpr std::size_t kLongestCachedQuery = 2048;
// A longer one would overflow the header limits of common clients.
constexpr std::size_t kLongestLocation = 4096;

// PostgREST takes each byte for a character, and writes that in UTF-8 before it encodes it.
std::string encoded(std::string_view text) {
  std::string wide;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) wide += static_cast<char>(0xC0 | (byte >> 6));
    wide += byte < 0x80 ? c : static_cast<char>(0x80 | (byte & 0x3F));
  }
  return http::percent_encode(wide);
}

// The request in one form for all spellings: parameters by name, encoded alike, those of one name
// as one. PostgREST leaves the table's name as it is; what would end the header line stays encoded.
std::optional<std::string> content_location(const cache::Table& table, std::string_view query) {
  auto parameters = http::parse_query(query);
  std::erase_if(parameters, [](const auto& parameter) { return parameter.first == "apikey"; });
  std::stable_sort(parameters.begin(), parameters.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const bool plain = std::none_of(table.name.begin(), table.name.end(),
                                  [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
  std::string location = "/" + (plain ? table.name : http::percent_encode(table.name));
  const std::string* before = nullptr;
  for (const auto& [name, value] : parameters) {
    if (before != nullptr && *before == name) {
      location += ',';
    } else {
      location += before == nullptr ? '?' : '&';
      location += encoded(name) + '=';
    }
    location += encoded(value);
    before = &name;
    if (location.size() > kLongestLocation) return std::nullopt;
  }
  return location;
}

// No table's name and no zone's has a NUL.
std::string key_of(const cache::Table& table, const query::PlanOptions& options,
                   std::string_view rest) {
  std::string key;
  key.reserve(table.storage_name.size() + options.timezone.size() + options.text_search.size() +
              rest.size() + 5);
  key += table.storage_name;
  key += '\0';
  key += options.timezone;
  key += '\0';
  key += options.text_search;
  key += options.elsewhere.intervals ? '1' : '0';
  key += options.elsewhere.bytes ? '1' : '0';
  key += options.count ? '#' : '?';
  if (options.new_rows_last) key += '<';
  key += rest;
  return key;
}

}  // namespace

PlanCache::Found PlanCache::find_or_plan(const std::shared_ptr<const cache::Catalog>& catalog,
                                         const cache::Table& table, std::string_view query,
                                         const query::PlanOptions& options) {
  // A range is part of few requests: its numbers are not worth a place.
  const bool kept = !options.range && query.size() <= kLongestCachedQuery;
  if (!kept) return find_shape(catalog, table, query, options);
  std::string key = key_of(table, options, query);
  if (auto known = targets_.find(*catalog, key)) return Read{std::move(known), true};
  auto found = find_shape(catalog, table, query, options);
  const auto* read = std::get_if<Read>(&found);
  if (read != nullptr && came_before(std::hash<std::string>{}(key))) {
    targets_.put(std::move(key), read->plan);
  }
  return found;
}

bool PlanCache::came_before(std::size_t hash) {
  return came_[hash % came_.size()].exchange(hash, std::memory_order_relaxed) == hash;
}

PlanCache::Found PlanCache::find_shape(const std::shared_ptr<const cache::Catalog>& catalog,
                                       const cache::Table& table, std::string_view query,
                                       const query::PlanOptions& options) {
  const auto parsed = query::Query::parse(query);
  if (!parsed) return parsed.error();
  const auto shape = query::shape_of(*parsed, options);
  const bool short_shape = shape && shape->key.size() <= kLongestCachedQuery;
  const std::string key = short_shape ? key_of(table, options, shape->key) : std::string();
  if (short_shape) {
    if (const auto known = shapes_.find(*catalog, key)) {
      if (auto binding = query::rebind(*known->plan, *shape)) {
        return Read{std::make_shared<const ReadPlan>(
            ReadPlan{catalog, known->plan, *std::move(binding), content_location(table, query)})};
      }
    }
  }
  ++planned_;
  auto planned = query::plan_read(*parsed, *catalog, table, options);
  if (auto* error = std::get_if<Error>(&planned)) return std::move(*error);
  if (auto* forward = std::get_if<query::Forward>(&planned)) return std::move(*forward);
  auto plan = std::make_shared<const query::Plan>(std::get<query::Plan>(std::move(planned)));
  auto read = std::make_shared<const ReadPlan>(
      ReadPlan{catalog, plan, plan->binding, content_location(table, query)});
  if (short_shape && plan->slots) shapes_.put(key, read);
  return Read{std::move(read)};
}

}  // namespace holdfast::routes
