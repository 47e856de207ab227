#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/config/document.h"

// The kinds of values that keys take. Each one has
//   Type        what the value becomes
//   expected()  what a person must write ("a duration such as \"15s\"")
//   parse()     the value, or an error whose message says why not and goes after the key's place
//   print()     the value as it would be written in the file
namespace holdfast::config {

// Any text, or only such as `accepts` lets through.
struct Text {
  using Type = std::string;
  std::string meaning = "text";
  bool (*accepts)(const std::string&) = nullptr;
  // A secret's value never stands in a message.
  bool secret = false;

  std::string expected() const { return meaning; }
  Result<std::string> parse(const Value& value) const;
  std::string print(const std::string& value) const;
};

struct TextList {
  using Type = std::vector<std::string>;
  std::string meaning = "a list of texts";
  bool (*accepts)(const std::string&) = nullptr;
  bool may_be_empty = true;

  std::string expected() const { return meaning; }
  Result<Type> parse(const Value& value) const;
  std::string print(const Type& value) const;
};

struct Integer {
  using Type = std::int64_t;
  std::int64_t least = 0;
  std::int64_t most = 0;

  std::string expected() const;
  Result<std::int64_t> parse(const Value& value) const;
  std::string print(std::int64_t value) const { return std::to_string(value); }
};

struct Flag {
  using Type = bool;
  std::string expected() const { return "true or false"; }
  Result<bool> parse(const Value& value) const;
  std::string print(bool value) const { return value ? "true" : "false"; }
};

// Text of a number and a unit: ms, s, m, h or d.
struct Duration {
  using Type = std::chrono::milliseconds;
  Type least{1};
  Type most{0};

  std::string expected() const;
  Result<Type> parse(const Value& value) const;
  std::string print(Type value) const;
};

// Text of a number and a unit: B, KiB, MiB or GiB.
struct Size {
  using Type = std::uint64_t;
  std::uint64_t least = 1;
  std::uint64_t most = 0;

  std::string expected() const;
  Result<std::uint64_t> parse(const Value& value) const;
  std::string print(std::uint64_t value) const;
};

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

// "HOST:PORT", an IPv6 address in brackets.
struct Listen {
  using Type = ListenAddress;
  std::string expected() const;
  Result<ListenAddress> parse(const Value& value) const;
  std::string print(const ListenAddress& value) const;
};

// The names among which a key chooses. `planned` are those that the design has and this version
// does not act on: they are refused, with a message that says so.
struct Names {
  std::vector<std::string> accepted;
  std::vector<std::string> planned;

  std::string expected() const;
  // The index within `accepted`.
  Result<std::size_t> parse(const Value& value) const;
};

template <typename Enum>
struct Choice {
  using Type = Enum;
  // The first name of a value is the one that is printed.
  std::vector<std::pair<std::string, Enum>> accepted;
  std::vector<std::string> planned;

  std::string expected() const { return names().expected(); }
  Result<Enum> parse(const Value& value) const {
    HF_TRY(const std::size_t index, names().parse(value));
    return accepted[index].second;
  }
  std::string print(const Enum& value) const {
    for (const auto& [name, meaning] : accepted) {
      if (meaning == value) return '"' + name + '"';
    }
    return "\"\"";
  }

 private:
  Names names() const {
    Names result{{}, planned};
    for (const auto& choice : accepted) result.accepted.push_back(choice.first);
    return result;
  }
};

}  // namespace holdfast::config
