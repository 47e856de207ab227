// Any text as a value of any type: what is taken is printed so that it reads back as the same.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cache/values/cast.h"
#include "cache/values/codec.h"
#include "cache/values/jsonb.h"
#include "cache/values/range.h"
#include "cache/values/sort_key.h"
#include "cache/values/text.h"
#include "tests/fuzz/targets.h"

namespace holdfast::fuzz {
namespace {

using cache::make_type;
using cache::Type;
using cache::Value;

constexpr std::array kCastTargets = {
    "integer", "bigint", "numeric(6,2)", "double precision", "text", "timestamp with time zone",
    "date",    "boolean"};

Type type_named(std::string_view name) {
  if (name == "mood" || name == "mood[]") return make_type("mood", {"sad", "ok", "so, so"});
  return make_type(name);
}

// The last moment of the range is rounded, here and in Postgres, to one that neither reads.
bool is_past_the_end(const std::string& text) {
  return text.find("294277-01-01 00:00:00") != std::string::npos;
}

void check_reads_back(const Type& type, const Value& value) {
  std::string text;
  cache::print_output(type, view(value), text);
  if (is_past_the_end(text)) return;
  const auto again = cache::parse_text(type, text);
  require(again.has_value(), "what is printed can be read", type.name + " " + text);
  require(*again == value, "what is printed reads back as the same", type.name + " " + text);
}

void check_casts(const Type& type, const Value& value) {
  for (const char* name : kCastTargets) {
    const Type target = make_type(name);
    if (!casts_exactly(type, target)) continue;
    const auto cast = cache::cast_value(type, target, view(value));
    if (cast) {
      if (!is_null(*cast)) check_reads_back(target, *cast);
    } else {
      require_well_formed(cast.error());
    }
  }
}

void check_value(const Type& type, const Value& value, bool reads_back) {
  if (is_null(value)) return;
  std::string json;
  cache::print_json(type, view(value), json);
  // Its reader takes numbers of any length, and refuses nothing but depth; and numbers beyond
  // numeric, which types that are known by name only may hold.
  const auto read = cache::canonical_jsonb(json);
  const bool refused = !read && read.error().code != cache::kForwardCode &&
                       (reads_back || read.error().code != "22003");
  require(!refused, "a value prints as JSON", type.name + " " + json);
  if (cache::has_sort_key(type)) cache::sort_key(type, view(value));
  if (reads_back) check_reads_back(type, value);
  check_casts(type, value);
  if (cache::range_bound(type) != nullptr) {
    const auto key = cache::range_key(type, std::get<std::string>(value));
    require(contains(key, key), "a range contains itself", std::get<std::string>(value));
    require(overlaps(key, key) != key.empty, "a range overlaps itself unless it is empty");
  }
}

void check_outcome(const Type& type, const Result<Value>& value, bool reads_back = true) {
  if (value) {
    check_value(type, *value, reads_back);
  } else {
    require_well_formed(value.error());
  }
}

}  // namespace

void run_values(std::string_view input) {
  const auto feed = std::min(input.find('\n'), input.size());
  const Type type = type_named(input.substr(0, feed));
  const auto text = input.substr(std::min(feed + 1, input.size()));
  // What reaches a value has been through a reader that mends or refuses other bytes.
  if (!cache::check_utf8(input)) return;
  const auto read = cache::parse_text(type, text);
  // Of types that are known by name only, JSON is kept as such (kOpaqueJson).
  const Type& element = type.element ? *type.element : type;
  const bool known = element.kind != cache::TypeKind::kOther;
  check_outcome(type, read, known);
  const auto operand = cache::parse_operand(type, text);
  if (operand) {
    require(!is_null(*operand), "an operand is a value");
  } else {
    require_well_formed(operand.error());
  }
  if (nlohmann::json::accept(text)) check_outcome(type, cache::parse_json(type, text), known);
}

}  // namespace holdfast::fuzz
