#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::cache {

struct Null {
  friend bool operator==(Null, Null) { return true; }
};

// One SQLite value that owns its text.
using Value = std::variant<Null, std::int64_t, double, std::string>;

// One SQLite value that borrows its text; valid as long as what it was taken from.
using ValueView = std::variant<Null, std::int64_t, double, std::string_view>;

inline bool is_null(const Value& value) { return std::holds_alternative<Null>(value); }
inline bool is_null(const ValueView& value) { return std::holds_alternative<Null>(value); }

inline ValueView view(const Value& value) {
  return std::visit(
      [](const auto& v) -> ValueView {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
          return std::string_view(v);
        } else {
          return v;
        }
      },
      value);
}

inline Value own(const ValueView& value) {
  return std::visit(
      [](const auto& v) -> Value {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string_view>) {
          return std::string(v);
        } else {
          return v;
        }
      },
      value);
}

}  // namespace holdfast::cache
