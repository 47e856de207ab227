#include "gateway/cli/companion.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cache/catalog/postgres_script.h"
#include "gateway/cli/companion_sql.h"
#include "gateway/upstream/supabase_upstream.h"
#include "queue/companion.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

// What is there and what it is set to, as one JSON object.
constexpr const char* kInspect = R"sql(
select pg_catalog.jsonb_build_object(
  'installed', pg_catalog.to_regnamespace('holdfast') is not null,
  'push', exists (select from pg_catalog.pg_proc where proname = 'holdfast_push'),
  'catalog', exists (select from pg_catalog.pg_proc where proname = 'holdfast_catalog'),
  'hook_set', exists (
    select from pg_catalog.pg_db_role_setting
    cross join lateral pg_catalog.unnest(setconfig) as setting
    where setrole = (select oid from pg_catalog.pg_roles where rolname = 'authenticator')
      and setdatabase in (0, (select oid from pg_catalog.pg_database
                              where datname = pg_catalog.current_database()))
      and setting = 'pgrst.db_pre_request=holdfast.pre_request'))::text)sql";

constexpr const char* kSettings =
    "select pg_catalog.jsonb_object_agg(name, value)::text from holdfast.settings"
    " where name in ('version', 'schemas', 'keep_keys', 'next_hook')";

struct Check {
  std::string tier = "unknown";  // companion, bare
  std::optional<queue::CompanionVersion> found;
  json database = nullptr;  // what kInspect and kSettings said
  std::vector<std::string> missing;
};

std::string url_of(const config::Config& config, const std::string& db_url) {
  return db_url.empty() ? config.db_url : db_url;
}

void ask_api(const config::Config& config, Check& check) {
  if (config.upstream.url.empty()) {
    check.missing.push_back("[upstream] url is not set: holdfast init");
    return;
  }
  const SystemClock clock;
  upstream::SupabaseUpstream client(config.upstream, clock);
  const bool secret = !config.upstream.service_key.empty();
  const auto outcome = client.call(queue::push_call(
      "[]", {secret ? config.upstream.service_key : config.upstream.anon_key, ""}));
  if (!outcome.answered()) {
    check.missing.push_back("the upstream does not answer: " + outcome.failure().reason);
    return;
  }
  check.found = queue::version_in(outcome.answer());
  if (check.found) {
    check.tier = "companion";
    if (check.found->outdated()) {
      check.missing.push_back("version " + std::to_string(queue::kCompanionVersion) +
                              " of the migration: run holdfast companion install again");
    }
    for (const std::string& schema : config.rest.schemas) {
      if (check.found->serves(schema)) continue;
      check.missing.push_back("the schema " + schema +
                              " among those that it serves: run holdfast companion install again");
    }
    if (!check.found->hook) {
      check.missing.push_back("the API does not call holdfast.pre_request before each request");
    }
  } else if (queue::lacks_companion(outcome.answer())) {
    check.tier = "bare";
    check.missing.push_back("the API has no holdfast_push() for this key");
  } else {
    check.missing.push_back("the upstream answers " + std::to_string(outcome.answer().status));
  }
}

Result<void> ask_database(const std::string& db_url, Check& check) {
  HF_TRY(const std::string seen, cache::query_postgres(db_url, kInspect));
  check.database = json::parse(seen);
  if (!check.database.at("installed").get<bool>()) {
    check.missing.push_back("the migration is not installed: run holdfast companion install");
    return {};
  }
  HF_TRY(const std::string settings, cache::query_postgres(db_url, kSettings));
  check.database["settings"] = json::parse(settings);
  for (const char* function : {"push", "catalog"}) {
    if (check.database.at(function).get<bool>()) continue;
    check.missing.push_back(std::string("the function holdfast_") + function + "() is not there");
  }
  if (!check.database.at("hook_set").get<bool>()) {
    check.missing.push_back(
        "pgrst.db_pre_request of the role authenticator is not holdfast.pre_request");
  }
  return {};
}

void print(const Check& check, bool as_json) {
  if (as_json) {
    json version = nullptr;
    json hook = nullptr;
    if (check.found) {
      version = check.found->version;
      hook = check.found->hook;
    }
    const json result = {{"tier", check.tier},
                         {"version", version},
                         {"hook", hook},
                         {"missing", check.missing},
                         {"database", check.database}};
    std::cout << result.dump() << '\n';
    return;
  }
  std::cout << "tier     " << check.tier << '\n';
  if (check.found) {
    std::cout << "version  " << check.found->version << "\nhook     "
              << (check.found->hook ? "active" : "not called") << '\n';
  }
  for (const auto& what : check.missing) std::cout << "missing  " << what << '\n';
}

}  // namespace

int companion_print(const CommonOptions& common) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const std::string sql = companion_sql_for(config->rest.schemas);
  if (common.json) {
    std::cout << json({{"sql", sql}}).dump() << '\n';
  } else {
    std::cout << sql;
  }
  return 0;
}

int companion_install(const CommonOptions& common, const std::string& db_url) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const std::string url = url_of(*config, db_url);
  if (url.empty()) return fail("give --db-url, or set [upstream] db_url");
  const auto notices = cache::run_postgres_script(url, companion_sql_for(config->rest.schemas));
  if (!notices) return fail(notices.error().message);
  std::vector<std::string> remarks;
  for (const auto& notice : *notices) {
    // What is there already stays: nothing to tell.
    if (notice.find("already exists, skipping") == std::string::npos) remarks.push_back(notice);
  }
  if (common.json) {
    std::cout << json({{"installed", true}, {"remarks", remarks}}).dump() << '\n';
    return 0;
  }
  std::cout << "the companion is installed\n";
  for (const auto& remark : remarks) std::cout << remark << '\n';
  return 0;
}

int companion_check(const CommonOptions& common, const std::string& db_url) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  Check check;
  ask_api(*config, check);
  const std::string url = url_of(*config, db_url);
  if (!url.empty()) {
    if (const auto asked = ask_database(url, check); !asked) {
      check.missing.push_back(asked.error().message);
    }
  }
  print(check, common.json);
  return check.tier == "companion" && check.missing.empty() ? 0 : 1;
}

}  // namespace holdfast::cli
