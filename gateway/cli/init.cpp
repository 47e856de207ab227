#include "gateway/cli/init.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/app/https.h"
#include "gateway/base/files.h"
#include "gateway/cli/findings.h"
#include "gateway/cli/print.h"
#include "gateway/cli/snippets.h"
#include "gateway/upstream/supabase_upstream.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

// One line of [upstream]: its key, what was given, and what a reader is told.
struct Line {
  const char* key;
  std::string value;
  const char* comment;
};

std::string asked(const std::string& question) {
  std::cerr << question << ": " << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

// Asks for what is missing, where somebody is there to be asked.
Result<InitOptions> complete(InitOptions options) {
  const bool someone = isatty(STDIN_FILENO) == 1;
  if (options.url.empty() && someone) options.url = asked("URL of the Supabase project");
  if (options.key.empty() && someone) options.key = asked("its publishable or anon key");
  if (options.db_url.empty() && someone) {
    options.db_url = asked("connection string of its database (or nothing)");
  }
  if (!options.url.empty() && !options.key.empty()) return options;
  return invalid_request("HF_CONFIG", "give --url and --key");
}

// "abcdefghijklmnopqrst" is the reference of a hosted project.
std::string url_of(const std::string& text) {
  const bool is_reference = text.find_first_of(":/.") == std::string::npos;
  std::string url = is_reference ? "https://" + text + ".supabase.co" : text;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string toml_quoted(const std::string& text) { return json(text).dump(); }

std::string document(const InitOptions& options) {
  const Line lines[] = {
      {"url", url_of(options.url), ""},
      {"anon_key", options.key, ""},
      {"service_key", options.service_key, "# reads the schema, never used for an app\n"},
      {"jwt_secret", options.jwt_secret, "# verifies users' tokens here, offline too\n"},
      {"db_url", options.db_url, "# the schema is read over it; may go after the first start\n"},
  };
  std::string text =
      "# Made by holdfast init. config.example.toml shows every other setting.\n\n[upstream]\n";
  for (const auto& [key, value, comment] : lines) {
    if (!value.empty()) text += comment + std::string(key) + " = " + toml_quoted(value) + "\n";
  }
  return text;
}

// What is wrong with what was given; where it will be written is right by itself.
Findings examined(const config::Config& config, bool unchecked) {
  const SystemClock clock;
  Findings found = check_settings(config, "", clock.now());
  std::erase_if(found, [](const Finding& finding) { return finding.about == "configuration"; });
  // Another program may have gone by the time that the gateway starts.
  for (auto finding : check_machine(config)) {
    if (finding.level != Finding::Level::kFine) finding.level = Finding::Level::kAdvice;
    found.push_back(std::move(finding));
  }
  if (config.db_url.empty() && config.upstream.service_key.empty()) {
    found.push_back({Finding::Level::kAdvice, "schema",
                     "is read from the API, which hosted projects show to their secret key only",
                     "holdfast init --replace with --db-url or --service-key, if nothing is kept"});
  }
  if (unchecked) return found;
  upstream::SupabaseUpstream upstream(config.upstream, clock);
  for (auto& finding : check_upstream(config, upstream, clock)) found.push_back(std::move(finding));
  return found;
}

void print_troubles(const Findings& findings) {
  for (const auto& [level, about, text, remedy] : findings) {
    if (level == Finding::Level::kFine) continue;
    std::cerr << about << ": " << text << '\n';
    if (!remedy.empty()) std::cerr << "  " << remedy << '\n';
  }
}

void print_next(const CommonOptions& common, const std::string& file, const std::string& url) {
  const auto snippets = snippets_for(url);
  if (common.json) {
    json lines = json::object();
    for (const auto& [where, line] : snippets) lines[where] = line;
    std::cout << json({{"config", file}, {"url", url}, {"lines", std::move(lines)}}).dump() << '\n';
    return;
  }
  std::cout << file << " is written. Start the gateway, and keep it running:\n\n  holdfast serve"
            << (common.config_file.empty() ? "" : " --config '" + file + "'")
            << "\n\nThen change one line of the app; the key stays as it is:\n\n";
  TextTable table({"in", "the line becomes"});
  for (const auto& [where, line] : snippets) table.add({where, line});
  table.print("");
}

}  // namespace

int init(const CommonOptions& common, const InitOptions& given) {
  const std::string file =
      fs::absolute(common.config_file.empty() ? user_config_file() : common.config_file)
          .lexically_normal()
          .string();
  if (fs::exists(file) && !given.replace) {
    return fail(file + " is there already; --replace writes it anew");
  }
  const auto options = complete(given);
  if (!options) return fail(options.error().message);
  const std::string text = document(*options);
  const auto config = config::parse_config(text, file, config::process_environment());
  if (!config) return fail(config.error().message);
  const Findings found = examined(*config, options->unchecked);
  print_troubles(found);
  if (is_broken(found)) {
    return fail("nothing was written; --unchecked writes it all the same");
  }
  fs::create_directories(fs::path(file).parent_path());
  write_file(file, text, 0600);
  const auto& listener = config->listener;
  print_next(common, file, app::http_address(listener.host, listener.port));
  return 0;
}

}  // namespace holdfast::cli
