#include "gateway/config/keys.h"

#include <limits>
#include <type_traits>
#include <utility>

#include "gateway/config/kinds.h"
#include "gateway/identity/options.h"

namespace holdfast::config {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSecond{1'000};
constexpr milliseconds kMinute = 60 * kSecond;
constexpr milliseconds kHour = 60 * kMinute;
constexpr milliseconds kDay = 24 * kHour;
constexpr std::int64_t kManyRows = 1'000'000'000;

bool is_web_address(const std::string& text, std::string_view forbidden) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = std::string_view(text).substr(scheme.size());
    return !rest.empty() && rest.front() != '/' && rest.find_first_of(forbidden) == rest.npos;
  }
  return false;
}

bool is_upstream_url(const std::string& text) {
  return text.empty() || is_web_address(text, "?# @");
}

bool is_origin(const std::string& text) { return text == "*" || is_web_address(text, "/?# @"); }

bool is_key_source(const std::string& text) { return identity::parse_key_source(text).has_value(); }

bool is_pin(const std::string& text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return text.size() == 51 && text.starts_with("sha256/") && text.ends_with("=") &&
         text.find_first_not_of(kDigits, 7) == text.size() - 1;
}

bool is_host_name(const std::string& text) {
  return !text.empty() && text.find_first_of(":/ @") == std::string::npos;
}

// A key kept in the fields that `first` and `rest` give for (configuration, table name).
template <typename Kind, typename First, typename... Rest>
Key key(std::string name, Kind kind, First first, Rest... rest) {
  const auto assign = [](auto& field, const auto& value) {
    using Field = std::remove_reference_t<decltype(field)>;
    if constexpr (std::is_same_v<typename Kind::Type, milliseconds>) {
      field = std::chrono::duration_cast<Field>(value);
    } else {
      field = static_cast<Field>(value);
    }
  };
  return {std::move(name), kind.expected(),
          [=](Config& config, const std::string& table, const Value& value) -> Result<void> {
            HF_TRY(const auto parsed, kind.parse(value));
            assign(first(config, table), parsed);
            (assign(rest(config, table), parsed), ...);
            return {};
          },
          [=](Config config, const std::string& table) {
            return kind.print(static_cast<typename Kind::Type>(first(config, table)));
          }};
}

Text secret(std::string meaning) { return {std::move(meaning), nullptr, true}; }

#define HF_FIELD(member) \
  [](Config & config, const std::string&) -> auto& { return config.member; }
#define HF_TABLE_FIELD(member)                             \
  [](Config & config, const std::string& table) -> auto& { \
    return config.replica.table_options[table].member;     \
  }

// The first one is the one that names of tables need not say.
Key schemas_key() {
  const TextList schemas{"a list of at least one schema name", nullptr, false};
  return {"upstream.schemas", schemas.expected(),
          [schemas](Config& config, const std::string&, const Value& value) -> Result<void> {
            HF_TRY(config.rest.schemas, schemas.parse(value));
            config.replica.default_schema = config.rest.schemas.front();
            return {};
          },
          [schemas](const Config& config, const std::string&) {
            return schemas.print(config.rest.schemas);
          }};
}

std::vector<Key> upstream_keys() {
  const Text url{"an http:// or https:// address without query, or \"\"", is_upstream_url, true};
  return {
      key("upstream.url", url, HF_FIELD(upstream.url)),
      key("upstream.anon_key", secret("a key as text"), HF_FIELD(upstream.anon_key),
          HF_FIELD(identity.anon_key)),
      key("upstream.service_key", secret("a key as text"), HF_FIELD(upstream.service_key),
          HF_FIELD(identity.service_key)),
      key("upstream.jwt_secret", secret("a secret as text"), HF_FIELD(identity.jwt_secret)),
      key("upstream.db_url", secret("a PostgreSQL connection string"), HF_FIELD(db_url)),
      schemas_key(),
      key("upstream.timeout", Duration{50 * milliseconds(1), 10 * kMinute},
          HF_FIELD(upstream.timeout)),
      key("upstream.function_timeout", Duration{50 * milliseconds(1), 10 * kMinute},
          HF_FIELD(upstream.function_timeout)),
      key("upstream.ca_file", Text{"a path"}, HF_FIELD(upstream.ca_file)),
      key("upstream.pins", TextList{"a list of \"sha256/\" and a SHA-256 in base64", is_pin},
          HF_FIELD(upstream.pins)),
  };
}

// "server.listen" is one key for two fields.
Key listen_key() {
  return {"server.listen", Listen().expected(),
          [](Config& config, const std::string&, const Value& value) -> Result<void> {
            HF_TRY(const ListenAddress address, Listen().parse(value));
            config.listener.host = address.host;
            config.listener.port = address.port;
            return {};
          },
          [](const Config& config, const std::string&) {
            return Listen().print({config.listener.host, config.listener.port});
          }};
}

std::vector<Key> server_keys() {
  const TextList hosts{"a list of host names without port", is_host_name};
  const TextList origins{"a list of origins such as \"https://app.example\", or [\"*\"]",
                         is_origin};
  constexpr std::uint64_t kGiB = 1ULL << 30;
  return {
      listen_key(),
      key("server.control_token", secret("a token as text"), HF_FIELD(control_token)),
      key("server.hosts", hosts, HF_FIELD(listener.hosts)),
      key("server.origins", origins, HF_FIELD(listener.origins)),
      key("server.origin_rate", Integer{0, 1'000'000}, HF_FIELD(rest.origin_rate)),
      key("server.threads", Integer{1, 64}, HF_FIELD(listener.threads)),
      key("server.max_connections", Integer{1, 1'000'000}, HF_FIELD(listener.max_connections)),
      key("server.body_limit", Size{1024, 16 * kGiB}, HF_FIELD(listener.body_limit)),
  };
}

// "" is no listener.
Key tls_listen_key() {
  return {"tls.listen", Listen().expected() + ", or \"\"",
          [](Config& config, const std::string&, const Value& value) -> Result<void> {
            ListenAddress address;
            const auto* text = std::get_if<std::string>(&value);
            if (text == nullptr || !text->empty()) {
              HF_TRY(address, Listen().parse(value));
            }
            config.listener.tls_host = address.host;
            config.listener.tls_port = address.port;
            return {};
          },
          [](const Config& config, const std::string&) -> std::string {
            if (config.listener.tls_host.empty()) return "\"\"";
            return Listen().print({config.listener.tls_host, config.listener.tls_port});
          }};
}

std::vector<Key> tls_keys() {
  return {
      tls_listen_key(),
      key("tls.certificate", Text{"a path"}, HF_FIELD(certificates.certificate_file)),
      key("tls.key", Text{"a path"}, HF_FIELD(certificates.key_file)),
  };
}

std::vector<Key> rest_keys() {
  using cache::query::TextOrder;
  const Choice<TextOrder> text_order{{{"exact", TextOrder::kExact}, {"close", TextOrder::kClose}},
                                     {}};
  return {
      key("rest.max_rows", Integer{0, kManyRows}, HF_FIELD(rest.max_rows)),
      key("rest.aggregates", Flag{}, HF_FIELD(rest.aggregates)),
      key("rest.text_order", text_order, HF_FIELD(rest.text_order)),
      key("rest.write_wait", Duration{milliseconds(0), kMinute}, HF_FIELD(rest.write_wait)),
      key("rest.queue_limit", Integer{0, kManyRows}, HF_FIELD(rest.queue_limit)),
      key("rpc.queue", TextList{"a list of function names"}, HF_FIELD(rest.queued_functions)),
  };
}

std::vector<Key> sync_keys() {
  const Duration interval{milliseconds(10), kDay};
  return {
      key("auth.offline_grace", Duration{milliseconds(0), 3650 * kDay},
          HF_FIELD(identity.offline_grace)),
      key("auth.jwks_urls",
          TextList{"a list of https:// addresses of JWKS documents, each with its issuer before it "
                   "where it is not ISSUER/.well-known/jwks.json",
                   is_key_source},
          HF_FIELD(identity.jwks_urls)),
      key("auth.deliver_after_logout", Duration{milliseconds(0), 3650 * kDay},
          HF_FIELD(identity.deliver_after_logout)),
      key("sync.interval", interval, HF_FIELD(pull.interval), HF_FIELD(dispatcher.flush_interval)),
      key("sync.overlap", Duration{milliseconds(0), kDay}, HF_FIELD(pull.overlap)),
      key("sync.key_diff_every", Integer{1, 1'000'000}, HF_FIELD(pull.key_diff_every)),
      key("sync.realtime", Flag{}, HF_FIELD(pull.realtime)),
      key("sync.scrub", Duration{kMinute, 3650 * kDay}, HF_FIELD(pull.scrub)),
      key("sync.tombstones", Duration{milliseconds(0), 3650 * kDay}, HF_FIELD(pull.tombstones)),
      key("sync.parallel_tables", Integer{1, 64}, HF_FIELD(pull.parallel_tables)),
      key("sync.page_rows", Integer{1, 100'000}, HF_FIELD(pull.page_rows)),
      key("sync.backoff_base", interval, HF_FIELD(dispatcher.backoff_base)),
      key("sync.backoff_cap", interval, HF_FIELD(dispatcher.backoff_cap)),
      key("sync.statement_timeout", Duration{milliseconds(0), kHour},
          HF_FIELD(dispatcher.statement_timeout)),
      key("cache.tables", TextList{"a list of table names, or [\"*\"]"}, HF_FIELD(replica.tables)),
      key("cache.responses", Size{0, 16ULL << 30}, HF_FIELD(responses.max_bytes)),
      key("cache.idle_principal", Duration{milliseconds(0), 3650 * kDay},
          HF_FIELD(replica.idle_principal)),
      key("cache.max_size", Size{0, 1ULL << 50}, HF_FIELD(replica.max_bytes)),
  };
}

std::vector<Key> table_keys() {
  using cache::ReadMode;
  using cache::WriteMode;
  const Choice<ReadMode> read{{{"cache", ReadMode::kCache},
                               {"network-first", ReadMode::kNetworkFirst},
                               {"pass", ReadMode::kPass}},
                              {}};
  const Choice<WriteMode> writes{
      {{"auto", WriteMode::kAuto}, {"queue", WriteMode::kQueue}, {"through", WriteMode::kThrough}},
      {}};
  using cache::ConflictStrategy;
  const Choice<ConflictStrategy> conflict{{{"merge", ConflictStrategy::kMerge},
                                           {"remote_wins", ConflictStrategy::kRemoteWins},
                                           {"local_wins", ConflictStrategy::kLocalWins},
                                           {"last_write_wins", ConflictStrategy::kLastWriteWins},
                                           {"manual", ConflictStrategy::kManual}},
                                          {}};
  const Choice<bool> scope{{{"filter", false}, {"whole", true}}, {}};
  const Choice<bool> mode{{{"normal", false}, {"append_only", true}}, {}};
  const Text column{"a column name, or \"\""};
  return {
      key("tables.*.read", read, HF_TABLE_FIELD(read)),
      key("tables.*.max_staleness", Duration{milliseconds(0), 3650 * kDay},
          HF_TABLE_FIELD(max_staleness)),
      key("tables.*.writes", writes, HF_TABLE_FIELD(writes)),
      key("tables.*.conflict", conflict, HF_TABLE_FIELD(conflict)),
      key("tables.*.transition_column", column, HF_TABLE_FIELD(transition_column)),
      key("tables.*.transitions", TextList{"a list of values in their order"},
          HF_TABLE_FIELD(transitions)),
      key("tables.*.mode", mode, HF_TABLE_FIELD(append_only)),
      key("tables.*.offline_bulk", Flag{}, HF_TABLE_FIELD(offline_bulk)),
      key("tables.*.version_column", column, HF_TABLE_FIELD(version_column)),
      key("tables.*.updated_at_column", column, HF_TABLE_FIELD(updated_at_column)),
      key("tables.*.deleted_at_column", column, HF_TABLE_FIELD(deleted_at_column)),
      key("tables.*.filter", Text{"conditions as in a request's query, or \"\""},
          HF_TABLE_FIELD(filter)),
      key("tables.*.scope", scope, HF_TABLE_FIELD(filter_is_whole)),
      key("tables.*.columns", TextList{"a list of column names, or [\"*\"]"},
          HF_TABLE_FIELD(columns)),
      key("tables.*.max_rows", Integer{0, kManyRows}, HF_TABLE_FIELD(max_rows)),
  };
}

std::vector<Key> process_keys() {
  const Choice<std::string> levels{{{"info", "info"},
                                    {"trace", "trace"},
                                    {"debug", "debug"},
                                    {"warn", "warn"},
                                    {"error", "error"},
                                    {"off", "off"}},
                                   {}};
  const Choice<LogOptions::Format> formats{
      {{"text", LogOptions::Format::kText}, {"json", LogOptions::Format::kJson}}, {}};
  return {
      key("log.level", levels, HF_FIELD(log.level)),
      key("log.format", formats, HF_FIELD(log.format)),
      key("log.file", Text{"a path"}, HF_FIELD(log.file)),
      key("log.max_bytes", Size{64 * 1024, 16ULL << 30}, HF_FIELD(log.max_bytes)),
      key("log.max_files", Integer{1, 1'000}, HF_FIELD(log.max_files)),
      key("storage.dir", Text{"a path"}, HF_FIELD(data_dir)),
  };
}

#undef HF_FIELD
#undef HF_TABLE_FIELD

std::vector<Key> all_keys() {
  std::vector<Key> keys;
  for (auto section :
       {upstream_keys, server_keys, tls_keys, rest_keys, sync_keys, table_keys, process_keys}) {
    for (Key& one : section()) keys.push_back(std::move(one));
  }
  return keys;
}

}  // namespace

const std::vector<Key>& known_keys() {
  static const std::vector<Key> keys = all_keys();
  return keys;
}

}  // namespace holdfast::config
