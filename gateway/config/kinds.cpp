#include "gateway/config/kinds.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace holdfast::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizeUnits{
    {{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

Error complaint(const std::string& expected, const std::string& found) {
  return invalid_request("HF_CONFIG", "expected " + expected + ", found " + found);
}

// What stands in the file, for a message: the text itself, of other values the type.
std::string found(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? type_name(value) : in_quotes(*text);
}

std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    return number > kMost / unit.factor ? kMost : number * unit.factor;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_quantity(const Value& value, std::span<const Unit> units,
                                            std::uint64_t least, std::uint64_t most) {
  const auto* text = std::get_if<std::string>(&value);
  const auto quantity = text == nullptr ? std::nullopt : parse_quantity(*text, units);
  return quantity && *quantity >= least && *quantity <= most ? quantity : std::nullopt;
}

std::string print_quantity(std::uint64_t quantity, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    const bool exact = quantity % unit.factor == 0 && quantity != 0;
    if (exact) return in_quotes(std::to_string(quantity / unit.factor) + std::string(unit.name));
  }
  return in_quotes('0' + std::string(units.back().name));
}

std::uint64_t count(std::chrono::milliseconds duration) {
  return static_cast<std::uint64_t>(duration.count());
}

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (!joined.empty()) joined += separator;
    joined += in_quotes(text);
  }
  return joined;
}

std::optional<ListenAddress> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find(':') != std::string_view::npos)) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return ListenAddress{std::string(host), port};
}

}  // namespace

Result<std::string> Text::parse(const Value& value) const {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return complaint(meaning, type_name(value));
  if (accepts == nullptr || accepts(*text)) return *text;
  return complaint(meaning, secret ? "something else" : in_quotes(*text));
}

std::string Text::print(const std::string& value) const { return in_quotes(value); }

Result<TextList::Type> TextList::parse(const Value& value) const {
  const auto* list = std::get_if<Type>(&value);
  if (list == nullptr) return complaint(meaning, found(value));
  if (list->empty() && !may_be_empty) return complaint(meaning, "an empty list");
  for (const std::string& text : *list) {
    const bool accepted = accepts == nullptr ? !text.empty() : accepts(text);
    if (!accepted) return complaint(meaning, in_quotes(text));
  }
  return *list;
}

std::string TextList::print(const Type& value) const { return '[' + join(value, ", ") + ']'; }

std::string Integer::expected() const {
  return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

Result<std::int64_t> Integer::parse(const Value& value) const {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return complaint(expected(), found(value));
  if (*number >= least && *number <= most) return *number;
  return complaint(expected(), std::to_string(*number));
}

Result<bool> Flag::parse(const Value& value) const {
  const auto* flag = std::get_if<bool>(&value);
  if (flag == nullptr) return complaint(expected(), found(value));
  return *flag;
}

std::string Duration::expected() const {
  return "a duration from " + print(least) + " to " + print(most) + " (ms, s, m, h, d)";
}

Result<Duration::Type> Duration::parse(const Value& value) const {
  const auto quantity = parse_quantity(value, kDurationUnits, count(least), count(most));
  if (!quantity) return complaint(expected(), found(value));
  return Type(*quantity);
}

std::string Duration::print(Type value) const {
  return print_quantity(count(value), kDurationUnits);
}

std::string Size::expected() const {
  return "a size from " + print(least) + " to " + print(most) + " (B, KiB, MiB, GiB)";
}

Result<std::uint64_t> Size::parse(const Value& value) const {
  const auto quantity = parse_quantity(value, kSizeUnits, least, most);
  if (!quantity) return complaint(expected(), found(value));
  return *quantity;
}

std::string Size::print(std::uint64_t value) const { return print_quantity(value, kSizeUnits); }

std::string Listen::expected() const {
  return "\"HOST:PORT\" with a port from 0 to 65535, such as \"127.0.0.1:54321\" or "
         "\"[::1]:54321\"";
}

Result<ListenAddress> Listen::parse(const Value& value) const {
  const auto* text = std::get_if<std::string>(&value);
  auto address = text == nullptr ? std::nullopt : parse_listen(*text);
  if (!address) return complaint(expected(), found(value));
  return *std::move(address);
}

std::string Listen::print(const ListenAddress& value) const {
  const bool is_ipv6 = value.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? '[' + value.host + ']' : value.host;
  return in_quotes(host + ':' + std::to_string(value.port));
}

std::string Names::expected() const { return join(accepted, " or "); }

Result<std::size_t> Names::parse(const Value& value) const {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return complaint(expected(), found(value));
  const auto name = std::find(accepted.begin(), accepted.end(), *text);
  if (name != accepted.end()) return static_cast<std::size_t>(name - accepted.begin());
  if (std::find(planned.begin(), planned.end(), *text) == planned.end()) {
    return complaint(expected(), found(value));
  }
  return invalid_request(
      "HF_CONFIG", in_quotes(*text) + " is not supported by this version, only " + expected());
}

}  // namespace holdfast::config
