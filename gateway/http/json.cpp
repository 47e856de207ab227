#include "gateway/http/json.h"

#include <nlohmann/json.hpp>

namespace holdfast::http {
namespace {

template <typename Json>
Json parse_bounded(std::string_view text) {
  bool too_deep = false;
  const auto shallow = [&](int depth, typename Json::parse_event_t, Json&) {
    if (depth > kDeepestJson) too_deep = true;
    return !too_deep;
  };
  Json value = Json::parse(text, shallow, false);
  return too_deep ? Json(Json::value_t::discarded) : value;
}

}  // namespace

nlohmann::json parse_json(std::string_view text) { return parse_bounded<nlohmann::json>(text); }

nlohmann::ordered_json parse_ordered_json(std::string_view text) {
  return parse_bounded<nlohmann::ordered_json>(text);
}

std::string print_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace holdfast::http
