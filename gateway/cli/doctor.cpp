#include "gateway/cli/doctor.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/cli/findings.h"
#include "gateway/cli/print.h"
#include "gateway/upstream/supabase_upstream.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;
using Level = Finding::Level;

const char* name_of(Level level) {
  if (level == Level::kFine) return "fine";
  return level == Level::kAdvice ? "advice" : "broken";
}

Colour colour_of(Level level) {
  if (level == Level::kFine) return Colour::kGreen;
  return level == Level::kAdvice ? Colour::kYellow : Colour::kRed;
}

json as_json(const Findings& findings) {
  json list = json::array();
  for (const auto& [level, about, text, remedy] : findings) {
    list.push_back({{"level", name_of(level)},
                    {"about", about},
                    {"text", text},
                    {"do", remedy.empty() ? json(nullptr) : json(remedy)}});
  }
  return {{"ok", !is_broken(findings)}, {"findings", std::move(list)}};
}

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

void print_findings(const Findings& findings) {
  for (const auto& [level, about, text, remedy] : findings) {
    std::cout << painted(padded(name_of(level), 8), colour_of(level)) << padded(about, 15) << text
              << '\n';
    if (!remedy.empty()) std::cout << padded("", 8) << padded("  do this", 15) << remedy << '\n';
  }
}

void append(Findings& all, Findings more) {
  for (auto& finding : more) all.push_back(std::move(finding));
}

Findings examine(const CommonOptions& common) {
  const SystemClock clock;
  const std::string file = config_file_of(common);
  const auto config = load(common);
  if (!config) {
    return {{Level::kBroken, "configuration", config.error().message,
             file.empty() ? "" : "correct " + file + "; config.example.toml shows every key"}};
  }
  Findings found = check_settings(*config, file, clock.now());
  append(found, check_machine(*config));
  upstream::SupabaseUpstream upstream(config->upstream, clock);
  append(found, check_upstream(*config, upstream, clock));
  append(found, check_work(common, *config, clock));
  return found;
}

}  // namespace

int doctor(const CommonOptions& common) {
  const Findings findings = examine(common);
  if (common.json) {
    std::cout << as_json(findings).dump() << '\n';
  } else {
    print_findings(findings);
  }
  return is_broken(findings) ? 1 : 0;
}

}  // namespace holdfast::cli
