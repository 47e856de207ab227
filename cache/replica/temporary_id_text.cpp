#include "cache/replica/temporary_id_text.h"

#include <charconv>

namespace holdfast::cache {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Whether a value may begin after `before`: at the start, or within a list, an array, JSON, a
// filter, a form or CSV.
bool may_begin_after(std::string_view before) {
  if (before.ends_with('\n')) return true;
  const auto last = before.find_last_not_of(kBlanks);
  if (last == std::string_view::npos) return true;
  const bool adjacent = last + 1 == before.size();
  const std::string_view openers = adjacent ? ",:[{(\".=" : ",:[{(";
  return openers.find(before[last]) != std::string_view::npos;
}

bool may_end_before(std::string_view after) {
  if (after.starts_with('\n') || after.starts_with('\r')) return true;
  const auto first = after.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return true;
  const std::string_view closers = first == 0 ? ",]})\"\\&" : ",]})";
  return closers.find(after[first]) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> replace_temporary_ids(
    std::string_view text,
    const std::function<std::optional<std::int64_t>(std::int64_t id)>& replace) {
  std::string changed;
  std::size_t copied = 0;
  for (auto at = text.find('-'); at != std::string_view::npos; at = text.find('-', at + 1)) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    const auto length = static_cast<std::size_t>(end - text.data()) - at;
    if (error != std::errc() || number > kFirstTemporaryId) continue;
    if (!may_begin_after(text.substr(0, at)) || !may_end_before(text.substr(at + length))) continue;
    const std::optional<std::int64_t> other = replace(number);
    if (!other) continue;
    changed.append(text.substr(copied, at - copied)).append(std::to_string(*other));
    copied = at + length;
  }
  if (copied == 0) return std::nullopt;
  return changed.append(text.substr(copied));
}

std::string replace_ids(const std::map<std::int64_t, std::int64_t>& real, std::string_view text) {
  auto replaced = replace_temporary_ids(text, [&](std::int64_t id) {
    const auto found = real.find(id);
    return found == real.end() ? std::nullopt : std::optional(found->second);
  });
  return replaced ? *std::move(replaced) : std::string(text);
}

bool may_have_temporary_id(std::string_view text) {
  bool any = false;
  replace_temporary_ids(text, [&](std::int64_t) {
    any = true;
    return std::optional<std::int64_t>();
  });
  return any;
}

}  // namespace holdfast::cache
