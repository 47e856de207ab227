#include "gateway/cli/words.h"

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "gateway/cli/print.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

constexpr double kMinute = 60;
constexpr double kHour = 60 * kMinute;
constexpr double kDay = 24 * kHour;

// Each is used from twice its length on.
struct Unit {
  double seconds;
  const char* name;
};
constexpr Unit kUnits[] = {{1, " s"}, {kMinute, " min"}, {kHour, " h"}, {kDay, " d"}};

std::optional<Timestamp> parse(const std::string& text) {
  std::tm parts = {};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
  return Timestamp(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

std::string counted(std::int64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::string duration_text(double seconds) {
  const Unit* best = &kUnits[0];
  for (const Unit& unit : kUnits) {
    if (seconds >= 2 * unit.seconds) best = &unit;
  }
  return std::to_string(std::llround(std::floor(seconds / best->seconds))) + best->name;
}

std::string time_text(const json& time, Timestamp now) {
  if (!time.is_string()) return "-";
  const auto at = parse(time.get<std::string>());
  if (!at) return time.get<std::string>();
  const double past = std::chrono::duration<double>(now - *at).count();
  return past < 0 ? "in " + duration_text(std::ceil(-past)) : duration_text(past) + " ago";
}

std::string key_text(const json& key) {
  if (!key.is_object()) return text_of(key);
  std::string text;
  for (const auto& [name, value] : key.items()) {
    text += (text.empty() ? "" : ", ") + name + "=" + text_of(value);
  }
  return text;
}

std::string table_text(const std::string& relation) {
  constexpr std::string_view kUsual = "public.";
  return relation.starts_with(kUsual) ? relation.substr(kUsual.size()) : relation;
}

}  // namespace holdfast::cli
