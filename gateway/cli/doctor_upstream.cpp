#include <netdb.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "cache/catalog/postgres_script.h"
#include "gateway/cli/findings.h"
#include "queue/companion.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;
using Level = Finding::Level;

// Tokens begin and end at moments: this much apart, good ones are refused.
constexpr std::chrono::seconds kWrong{60};
constexpr std::chrono::seconds kSomewhatWrong{10};

std::string code_in(const upstream::Answer& answer) {
  const auto body = json::parse(answer.body, nullptr, false);
  return body.is_object() && body.contains("code") && body["code"].is_string()
             ? body["code"].get<std::string>()
             : "";
}

// A 401 of PostgREST's own may mean that the function is not for this key.
bool refuses_key(const upstream::Answer& answer) {
  return answer.status == 401 && code_in(answer) != "42501";
}

Finding check_clock(const upstream::Answer& answer, Timestamp now) {
  if (!answer.date) return {Level::kFine, "clock", "the upstream does not tell the time", ""};
  const auto ahead = std::chrono::round<std::chrono::seconds>(now - *answer.date);
  const auto apart = std::chrono::abs(ahead);
  if (apart <= kSomewhatWrong) return {Level::kFine, "clock", "agrees with the upstream's", ""};
  return {apart > kWrong ? Level::kBroken : Level::kAdvice, "clock",
          "this machine's is " + std::to_string(apart.count()) + " s " +
              (ahead.count() > 0 ? "ahead of" : "behind") + " the upstream's",
          "set it by timedatectl set-ntp true"};
}

Finding check_companion(const upstream::Answer& answer) {
  const auto version = queue::version_in(answer);
  if (version && version->outdated()) {
    return {Level::kAdvice, "companion",
            "version " + std::to_string(version->version) + "; this gateway brings version " +
                std::to_string(queue::kCompanionVersion),
            "holdfast companion install"};
  }
  if (version && version->hook) {
    return {Level::kFine, "companion", "version " + std::to_string(version->version), ""};
  }
  if (version) {
    return {Level::kAdvice, "companion", "the API does not call its hook before requests",
            "holdfast companion check says what is missing"};
  }
  return {Level::kAdvice, "companion",
          "not installed: some writes cannot be sent again after a lost answer without asking",
          "holdfast companion install, when you can"};
}

Findings check_database(const config::Config& config) {
  if (config.db_url.empty()) return {};
  const auto asked = cache::query_postgres(config.db_url, "select 1");
  if (asked) return {{Level::kFine, "database", "[upstream] db_url connects", ""}};
  return {{Level::kAdvice, "database", "[upstream] db_url: " + asked.error().message,
           "correct it; it is needed for the first start and for changes of the schema"}};
}

// Whether this machine finds an address for the host.
bool has_address(const std::string& url) {
  const std::string rest = url.substr(url.find("//") + 2);
  const std::string host = rest.substr(0, rest.find_first_of(":/"));
  if (host.starts_with('[')) return true;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

Finding unreachable(const std::string& url, const std::string& reason) {
  if (has_address(url)) {
    return {Level::kBroken, "connection", url + " cannot be reached: " + reason,
            "check the network and [upstream] url; what is kept here is served meanwhile"};
  }
  return {Level::kBroken, "connection", "no address is known for " + url,
          "check its spelling and the network; a hosted project that is gone has none either"};
}

// With a secret key in use, whether the upstream takes the apps' one too.
Findings check_anon_key(const config::Config& config, upstream::Upstream& upstream) {
  const auto outcome = upstream.call(queue::push_call("[]", {config.upstream.anon_key, ""}));
  if (!outcome.answered() || !refuses_key(outcome.answer())) return {};
  return {{Level::kBroken, "key", "the upstream refuses anon_key",
           "copy it again from the project's API settings"}};
}

}  // namespace

Findings check_upstream(const config::Config& config, upstream::Upstream& upstream,
                        const Clock& clock) {
  if (config.upstream.url.empty()) return {};
  const bool secret = !config.upstream.service_key.empty();
  const std::string& key = secret ? config.upstream.service_key : config.upstream.anon_key;
  // One call shows all of it, and changes nothing.
  const auto outcome = upstream.call(queue::push_call("[]", {key, ""}));
  if (!outcome.answered()) {
    return {unreachable(config.upstream.url, outcome.failure().reason)};
  }
  const auto& answer = outcome.answer();
  Findings found = {{Level::kFine, "connection", "the upstream answers", ""},
                    check_clock(answer, clock.now())};
  if (refuses_key(answer)) {
    found.push_back({Level::kBroken, "key",
                     std::string("the upstream refuses ") + (secret ? "service_key" : "anon_key"),
                     "copy it again from the project's API settings"});
    return found;
  }
  if (answer.status >= 500) {
    found.push_back({Level::kAdvice, "connection",
                     "the upstream answers " + std::to_string(answer.status),
                     "look at the project's own status; a paused project has to be resumed"});
    return found;
  }
  if (secret) {
    for (auto& finding : check_anon_key(config, upstream)) found.push_back(std::move(finding));
  }
  found.push_back(check_companion(answer));
  for (auto& finding : check_database(config)) found.push_back(std::move(finding));
  return found;
}

}  // namespace holdfast::cli
