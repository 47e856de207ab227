#include "gateway/cli/certificates.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "certs/trust_store.h"
#include "gateway/app/https.h"
#include "gateway/cli/print.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;
using Stores = std::vector<std::unique_ptr<certs::TrustStore>>;

const SystemClock& clock_of_this_machine() {
  static const SystemClock clock;
  return clock;
}

Result<certs::LocalAuthority> authority_of(const CommonOptions& common) {
  HF_TRY(const config::Config config, load(common));
  return certs::LocalAuthority(app::certificate_options(config), clock_of_this_machine());
}

Stores stores_of(const std::string& where) {
  Stores stores;
  if (where != "browsers") stores = certs::system_stores();
  if (where == "system") return stores;
  const char* home = std::getenv("HOME");
  for (auto& store : certs::browser_stores(home == nullptr ? "" : home)) {
    stores.push_back(std::move(store));
  }
  return stores;
}

json stores_as_json(const certs::Trusted& trusted) {
  json stores = json::array();
  for (const auto& store : stores_of("")) {
    stores.push_back({{"name", store->name()}, {"trusts", store->trusts(trusted)}});
  }
  return stores;
}

json described(const crypto::Certificate& certificate, const std::string& file) {
  const auto [from, until] = certificate.validity();
  return {{"file", file},
          {"common_name", certificate.common_name()},
          {"fingerprint", certificate.fingerprint()},
          {"from", format_rfc3339(from)},
          {"until", format_rfc3339(until)}};
}

json described(const certs::LocalAuthority& local, const crypto::Certificate& authority,
               const crypto::Certificate& certificate) {
  json shown = {{"authority", described(authority, local.authority_file())},
                {"certificate", described(certificate, local.certificate_file())}};
  shown["authority"]["permitted"] = authority.permitted();
  shown["certificate"]["names"] = certificate.names();
  shown["certificate"]["names_left_out"] = local.names_left_out();
  shown["certificate"]["pin"] = certificate.pin();
  const std::string due = local.renewal_reason();
  shown["certificate"]["renewal_due"] = due.empty() ? json(nullptr) : json(due);
  shown["stores"] = stores_as_json(certs::as_trusted(authority, local.authority_file()));
  return shown;
}

std::string joined(const json& texts) {
  std::string line;
  for (const json& text : texts) line += (line.empty() ? "" : ", ") + text.get<std::string>();
  return line;
}

void print_certificates(const json& shown) {
  const json& authority = shown.at("authority");
  const json& certificate = shown.at("certificate");
  std::cout << "authority    " << text_of(authority.at("common_name")) << "\n  file       "
            << text_of(authority.at("file")) << "\n  sha256     "
            << text_of(authority.at("fingerprint")) << "\n  until      "
            << text_of(authority.at("until")).substr(0, 10) << "\n  only for   "
            << joined(authority.at("permitted")) << " and names below\ncertificate  "
            << joined(certificate.at("names")) << "\n  file       "
            << text_of(certificate.at("file")) << "\n  until      "
            << text_of(certificate.at("until")).substr(0, 10) << ", then renewed by itself\n";
  if (!certificate.at("renewal_due").is_null()) {
    std::cout << "  due        " << text_of(certificate.at("renewal_due"))
              << ": run holdfast certs renew\n";
  }
  if (!certificate.at("names_left_out").empty()) {
    std::cout << "  not for    " << joined(certificate.at("names_left_out"))
              << ": the authority was made before; holdfast certs init --replace makes another\n";
  }
  for (const json& store : shown.at("stores")) {
    std::cout << (store.at("trusts").get<bool>() ? "trusted by   " : "not yet by   ")
              << text_of(store.at("name")) << '\n';
  }
}

int print(const CommonOptions& common, const certs::LocalAuthority& local) {
  const auto authority = local.authority();
  const auto certificate = local.certificate();
  if (!authority || !certificate) {
    return fail("there are no certificates yet: run holdfast certs init");
  }
  const json shown = described(local, *authority, *certificate);
  if (common.json) {
    std::cout << shown.dump() << '\n';
  } else {
    print_certificates(shown);
  }
  return 0;
}

// Who is asked to trust the authority, or not; what became of it.
json tell(certs::TrustStore& store, const certs::Trusted& authority, bool trust) {
  const auto done = trust ? store.trust(authority) : store.untrust(authority);
  json outcome = {{"name", store.name()}, {"done", done.has_value()}};
  if (!done) {
    outcome["why"] = done.error().message;
    outcome["do"] = done.error().hint.value_or("");
  }
  return outcome;
}

void print_outcomes(const json& outcomes, bool trust) {
  for (const json& outcome : outcomes) {
    if (outcome.at("done").get<bool>()) {
      std::cout << (trust ? "trusted by      " : "forgotten by    ") << text_of(outcome.at("name"))
                << '\n';
      continue;
    }
    std::cout << "not changed     " << text_of(outcome.at("name")) << ": "
              << text_of(outcome.at("why")) << "\n  do this       " << text_of(outcome.at("do"))
              << '\n';
  }
}

int tell_all(const CommonOptions& common, const std::string& where, bool trust) {
  const auto local = authority_of(common);
  if (!local) return fail(local.error().message);
  const auto authority = local->authority();
  if (!authority) return fail("there are no certificates yet: run holdfast certs init");
  const auto trusted = certs::as_trusted(*authority, local->authority_file());
  json outcomes = json::array();
  bool all = true;
  for (const auto& store : stores_of(where)) {
    outcomes.push_back(tell(*store, trusted, trust));
    all = all && outcomes.back().at("done").get<bool>();
  }
  if (common.json) {
    std::cout << json({{"stores", outcomes}}).dump() << '\n';
  } else if (outcomes.empty()) {
    std::cout << "no store of authorities is known here; give programs the file "
              << local->authority_file() << '\n';
  } else {
    print_outcomes(outcomes, trust);
  }
  return all ? 0 : 1;
}

bool is_trusted_anywhere(const certs::LocalAuthority& local) {
  const auto authority = local.authority();
  if (!authority) return false;
  const auto stores = stores_as_json(certs::as_trusted(*authority, local.authority_file()));
  return std::any_of(stores.begin(), stores.end(),
                     [](const json& store) { return store.at("trusts").get<bool>(); });
}

}  // namespace

int certs_init(const CommonOptions& common, bool replace) {
  auto local = authority_of(common);
  if (!local) return fail(local.error().message);
  if (!replace) {
    local->init();
  } else if (is_trusted_anywhere(*local)) {
    return fail("the authority is still trusted: run holdfast certs untrust first");
  } else {
    local->replace();
  }
  return print(common, *local);
}

int certs_renew(const CommonOptions& common) {
  auto local = authority_of(common);
  if (!local) return fail(local.error().message);
  if (const auto renewed = local->renew(); !renewed) return fail(renewed.error().message);
  return print(common, *local);
}

int certs_show(const CommonOptions& common) {
  const auto local = authority_of(common);
  return local ? print(common, *local) : fail(local.error().message);
}

int certs_trust(const CommonOptions& common, const std::string& where) {
  return tell_all(common, where, true);
}

int certs_untrust(const CommonOptions& common, const std::string& where) {
  return tell_all(common, where, false);
}

}  // namespace holdfast::cli
