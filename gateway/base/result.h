#pragma once

#include <cassert>
#include <utility>
#include <variant>

#include "gateway/base/error.h"

namespace holdfast {

// A value or the Error that stands in its place; the interface is std::expected's (C++23).
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  // Only when !has_value().
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace holdfast

// Evaluates `expression` (a Result); returns its error from the enclosing function, or binds its
// value to `declaration`. No language means exists before std::expected's and_then chains.
#define HF_TRY(declaration, expression) \
  HF_TRY_IMPL(declaration, expression, HF_CONCAT(hf_try_, __LINE__))
#define HF_TRY_VOID(expression) \
  if (auto hf_outcome = (expression); !hf_outcome) return std::move(hf_outcome).error()
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration takes none.
#define HF_TRY_IMPL(declaration, expression, temporary) \
  auto temporary = (expression);                        \
  if (!temporary) return std::move(temporary).error();  \
  declaration = *std::move(temporary)
// NOLINTEND(bugprone-macro-parentheses)
#define HF_CONCAT(a, b) HF_CONCAT_IMPL(a, b)
#define HF_CONCAT_IMPL(a, b) a##b
