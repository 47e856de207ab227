#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cache/replica/project_file.h"
#include "certs/trust_store.h"
#include "gateway/app/data_folder.h"
#include "gateway/app/https.h"
#include "gateway/cli/control_client.h"
#include "gateway/cli/findings.h"
#include "gateway/cli/words.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;
using Level = Finding::Level;

Findings check_catalog(const config::Config& config, const std::string& folder) {
  const std::string file = folder + "/project.db";
  const auto document =
      fs::exists(file) ? cache::ProjectFile(file).catalog_document() : std::nullopt;
  const auto catalog = document ? std::optional(cache::parse_catalog(*document)) : std::nullopt;
  if (catalog && *catalog) {
    Findings found = {{Level::kFine, "schema",
                       "is kept, " + std::to_string((*catalog)->tables().size()) + " relations",
                       ""}};
    for (auto& finding : check_tables(config, **catalog)) found.push_back(std::move(finding));
    return found;
  }
  const bool has_source = !config.db_url.empty() || !config.upstream.service_key.empty();
  return {{Level::kAdvice, "schema",
           "is not known yet: everything is forwarded, and nothing works offline",
           has_source
               ? "start holdfast serve while the upstream can be reached"
               : "set [upstream] db_url once, or install the companion, or import a bundle"}};
}

// What waits for a person, by the state that says so.
struct Waiting {
  const char* state;
  const char* text;
  const char* remedy;
};
constexpr Waiting kWaiting[] = {
    {"dead", "refused for good by the upstream", "holdfast outbox list --state dead"},
    {"held", "held: their user's token has expired",
     "let the user sign in again; holdfast outbox list --state held"},
    {"claims_changed", "held: their user has other rights now",
     "holdfast outbox list --state held, then release or discard them"},
    {"conflicts", "in conflict with the upstream", "holdfast conflicts list --state open"},
    {"uncertain", "lost from sight: they may or may not have arrived",
     "look at the upstream's rows; holdfast outbox list --state uncertain"},
    {"stalled", "failing again and again at the upstream",
     "look at the upstream's logs; holdfast outbox list --state stalled"},
};

// Of these the status counts some under another name too.
std::int64_t count_of(const json& queue, const std::string& state) {
  const auto count = [&queue](const char* name) { return queue.value(name, std::int64_t{0}); };
  if (state == "held") return count("held") - count("claims_changed");
  if (state == "conflicts") return count("conflicts") - count("uncertain");
  return count(state.c_str());
}

Findings check_queue(const CommonOptions& common) {
  const auto answer = ask_gateway(common, "GET", "/status");
  if (!answer) {
    return {{Level::kBroken, "queue", answer.error().message, "see the gateway's log"}};
  }
  const json status = json::parse(*answer);
  const json& queue = status.at("queue");
  Findings found;
  // What only the token shows.
  if (!status.contains("principals")) {
    found.push_back({Level::kBroken, "control token",
                     "the gateway refuses the one in the data folder's file control_token",
                     "restart the gateway, which then takes it, or makes another"});
  }
  const std::size_t before = found.size();
  for (const auto& [state, text, remedy] : kWaiting) {
    const auto count = count_of(queue, state);
    if (count == 0) continue;
    found.push_back({Level::kAdvice, "queue",
                     counted(count, "write") + (count == 1 ? " is " : " are ") + text, remedy});
  }
  if (found.size() == before) {
    found.push_back({Level::kFine, "queue",
                     counted(queue.at("depth").get<std::int64_t>(), "write") + " to deliver", ""});
  }
  if (const auto running = status.value("version", ""); running != HF_VERSION) {
    found.push_back({Level::kAdvice, "gateway",
                     "runs version " + running + ", and this is " HF_VERSION, "restart it"});
  }
  const json& failure = status.at("sync").at("last_error");
  // Without an upstream there is none to sync with, and doctor says so elsewhere.
  if (failure.is_string() && !status.at("upstream").value("url", "").empty()) {
    found.push_back({Level::kAdvice, "sync", "the last one failed: " + failure.get<std::string>(),
                     "holdfast sync tries again now"});
  }
  return found;
}

bool is_private(const std::string& file) {
  struct stat found = {};
  return ::stat(file.c_str(), &found) != 0 || (found.st_mode & 077) == 0;
}

bool is_trusted(const certs::Trusted& authority) {
  const char* home = std::getenv("HOME");
  for (const auto& store : certs::system_stores()) {
    if (store->trusts(authority)) return true;
  }
  for (const auto& store : certs::browser_stores(home == nullptr ? "" : home)) {
    if (store->trusts(authority)) return true;
  }
  return false;
}

Finding check_certificate(const certs::LocalAuthority& local, const crypto::Certificate& issuer) {
  if (!is_private(local.certificate_file())) {
    return {Level::kBroken, "certificates", local.certificate_file() + " can be read by others",
            "chmod 600 '" + local.certificate_file() + "', then holdfast certs renew"};
  }
  if (const auto due = local.renewal_reason(); !due.empty()) {
    return {Level::kAdvice, "certificates", "a new one is due: " + due, "holdfast certs renew"};
  }
  if (const auto out = local.names_left_out(); !out.empty()) {
    return {Level::kAdvice, "certificates", "the authority may not vouch for " + out.front(),
            "holdfast certs untrust, then holdfast certs init --replace"};
  }
  if (!is_trusted(certs::as_trusted(issuer, local.authority_file()))) {
    return {Level::kAdvice, "certificates", "nothing on this machine trusts the authority",
            "holdfast certs trust"};
  }
  return {Level::kFine, "certificates",
          "good until " + format_rfc3339(local.certificate()->validity().until).substr(0, 10), ""};
}

Findings check_certificates(const config::Config& config, const Clock& clock) {
  if (!config.certificates.certificate_file.empty()) return {};
  const certs::LocalAuthority local(app::certificate_options(config), clock);
  const auto issuer = local.authority();
  if (issuer) return {check_certificate(local, *issuer)};
  if (config.listener.tls_host.empty()) return {};
  return {{Level::kFine, "certificates", "the first start makes them", ""}};
}

}  // namespace

Findings check_work(const CommonOptions& common, const config::Config& config, const Clock& clock) {
  const std::string folder = app::data_folder_of(config);
  Findings found = check_catalog(config, folder);
  // A look does not make a folder.
  if (fs::exists(folder + "/project.db")) {
    for (auto& finding : check_queue(common)) found.push_back(std::move(finding));
  }
  for (auto& finding : check_certificates(config, clock)) found.push_back(std::move(finding));
  return found;
}

}  // namespace holdfast::cli
