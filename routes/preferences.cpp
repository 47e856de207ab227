#include "routes/preferences.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace holdfast::routes {
namespace {

// More than any client stays.
constexpr std::chrono::seconds kLongestWait{600};

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <typename Enum>
bool take(Enum& target, Enum none, Enum value) {
  if (target == none) target = value;
  return true;
}

bool read_enumerated(Preferences& preferences, std::string_view text) {
  auto& p = preferences;
  if (text == "return=minimal") return take(p.representation, Return::kNone, Return::kMinimal);
  if (text == "return=headers-only") {
    return take(p.representation, Return::kNone, Return::kHeadersOnly);
  }
  if (text == "return=representation") {
    return take(p.representation, Return::kNone, Return::kRepresentation);
  }
  if (text == "resolution=merge-duplicates") {
    return take(p.resolution, ResolutionPreference::kNone, ResolutionPreference::kMergeDuplicates);
  }
  if (text == "resolution=ignore-duplicates") {
    return take(p.resolution, ResolutionPreference::kNone, ResolutionPreference::kIgnoreDuplicates);
  }
  if (text == "count=exact") return take(p.count, CountPreference::kNone, CountPreference::kExact);
  if (text == "count=planned") {
    return take(p.count, CountPreference::kNone, CountPreference::kPlanned);
  }
  if (text == "count=estimated") {
    return take(p.count, CountPreference::kNone, CountPreference::kEstimated);
  }
  if (text == "tx=commit") {
    return take(p.transaction, TransactionEnd::kNone, TransactionEnd::kCommit);
  }
  if (text == "tx=rollback") {
    return take(p.transaction, TransactionEnd::kNone, TransactionEnd::kRollback);
  }
  if (text == "handling=strict") return take(p.handling, Handling::kNone, Handling::kStrict);
  if (text == "handling=lenient") return take(p.handling, Handling::kNone, Handling::kLenient);
  if (text == "respond-async") return p.respond_async = true;
  if (text == "missing=default") {
    p.missing_default = !p.missing_null;
    return true;
  }
  if (text == "missing=null") {
    p.missing_null = !p.missing_default;
    return true;
  }
  return false;
}

// "max-affected=10" -> 10
std::optional<std::int64_t> number_after(std::string_view text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  const std::string_view digits = text.substr(name.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

bool read_valued(Preferences& preferences, std::string_view text) {
  if (text.starts_with("timezone=")) {
    if (!preferences.timezone) preferences.timezone = std::string(text.substr(9));
    return true;
  }
  // PostgREST knows it whatever its value is.
  if (text.starts_with("max-affected=")) {
    if (!preferences.max_affected) preferences.max_affected = number_after(text, "max-affected=");
    return true;
  }
  const auto seconds = number_after(text, "wait=");
  if (seconds && *seconds >= 0) {
    if (!preferences.wait)
      preferences.wait = std::min(std::chrono::seconds(*seconds), kLongestWait);
    return true;
  }
  return false;
}

// Only commas separate, and a member may be empty, as PostgREST has it.
template <typename Take>
void for_each_preference(const http::Headers& headers, const Take& take) {
  for (const auto& [name, line] : headers) {
    if (line.empty() || !http::equals_ignoring_case(name, "Prefer")) continue;
    for (std::string_view rest = line;;) {
      const auto comma = rest.find(',');
      take(trim(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
}

const char* name_of(Return value) {
  switch (value) {
    case Return::kMinimal:
      return "return=minimal";
    case Return::kHeadersOnly:
      return "return=headers-only";
    case Return::kRepresentation:
      return "return=representation";
    case Return::kNone:
      return "";
  }
  return "";
}

const char* name_of(CountPreference value) {
  switch (value) {
    case CountPreference::kExact:
      return "count=exact";
    case CountPreference::kPlanned:
      return "count=planned";
    case CountPreference::kEstimated:
      return "count=estimated";
    case CountPreference::kNone:
      return "";
  }
  return "";
}

}  // namespace

Result<Preferences> parse_preferences(const http::Headers& headers) {
  Preferences preferences;
  for_each_preference(headers, [&](std::string_view text) {
    if (read_enumerated(preferences, text) || read_valued(preferences, text)) return;
    preferences.unknown.emplace_back(text);
  });
  if (preferences.handling == Handling::kStrict && !preferences.unknown.empty()) {
    std::string names;
    for (const auto& name : preferences.unknown) {
      names += (&name == preferences.unknown.data() ? "" : ", ") + name;
    }
    return invalid_request("PGRST122", "Invalid preferences given with handling=strict",
                           "Invalid preferences: " + names);
  }
  return preferences;
}

std::string join_preferences(const http::Headers& headers,
                             const std::function<bool(std::string_view member)>& left_out) {
  std::string joined;
  for_each_preference(headers, [&](std::string_view member) {
    if (!member.empty() && !left_out(member))
      joined.append(joined.empty() ? "" : ", ").append(member);
  });
  return joined;
}

std::string Preferences::applied(const Applied& which) const {
  std::string text;
  const auto add = [&](bool wanted, std::string_view name) {
    if (!wanted || name.empty()) return;
    if (!text.empty()) text += ", ";
    text += name;
  };
  add(which.resolution && resolution == ResolutionPreference::kMergeDuplicates,
      "resolution=merge-duplicates");
  add(which.resolution && resolution == ResolutionPreference::kIgnoreDuplicates,
      "resolution=ignore-duplicates");
  add(which.missing && missing_default, "missing=default");
  add(which.missing && missing_null, "missing=null");
  add(which.representation, name_of(representation));
  add(which.count, name_of(count));
  add(which.transaction && transaction == TransactionEnd::kRollback, "tx=rollback");
  add(which.handling && handling == Handling::kStrict, "handling=strict");
  add(which.handling && handling == Handling::kLenient, "handling=lenient");
  if (which.timezone && timezone) add(true, "timezone=" + *timezone);
  if (which.max_affected && max_affected) {
    add(true, "max-affected=" + std::to_string(*max_affected));
  }
  add(which.respond_async && respond_async, "respond-async");
  return text;
}

}  // namespace holdfast::routes
