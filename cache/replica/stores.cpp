#include "cache/replica/stores.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cache/query/query.h"
#include "cache/replica/meta.h"
#include "cache/replica/scope.h"
#include "cache/replica/temporary_ids.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"

namespace holdfast::cache {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Marks a file that was found damaged while somebody worked with it: the next start repairs it.
constexpr const char* kDoubted = ".damaged";
// Between two looks whether the holders of a Store, requests under way, have let go of it.
constexpr auto kPause = 5ms;

std::string print_principal(const http::Principal& principal) {
  std::string text = R"({"kind":)" + std::to_string(static_cast<int>(principal.kind));
  const auto member = [&](const char* name, const std::string& value) {
    text += std::string(",\"") + name + "\":";
    append_json_string(value, text);
  };
  member("id", principal.id);
  member("subject", principal.subject);
  member("role", principal.role);
  member("claims", principal.claims);
  return text + "}";
}

std::optional<http::Principal> parse_principal(std::string_view json) {
  const auto body = parse_body(json);
  if (!body || body->rows.empty()) return std::nullopt;
  http::Principal principal;
  for (const auto& [name, token] : body->rows[0]) {
    if (name == "kind") principal.kind = static_cast<http::Principal::Kind>(std::stoi(token));
    if (name == "id") principal.id = decode_json_string(token);
    if (name == "subject") principal.subject = decode_json_string(token);
    if (name == "role") principal.role = decode_json_string(token);
    if (name == "claims") principal.claims = decode_json_string(token);
  }
  return principal;
}

// Kept in the file itself, so that its entries can be delivered before the principal comes again.
std::optional<http::Principal> principal_of_file(const std::string& path) {
  Database database(path, OpenMode::kReadWrite);
  Statement exists(database, "SELECT 1 FROM sqlite_schema WHERE name='hf_meta'");
  if (!exists.step()) return std::nullopt;
  Statement statement(database, "SELECT value FROM hf_meta WHERE name='principal'");
  if (!statement.step()) return std::nullopt;
  return parse_principal(statement.text(0));
}

bool is_marked_absent(const std::string& path) {
  if (!fs::exists(path)) return false;
  Database database(path, OpenMode::kReadWrite);
  Statement exists(database, "SELECT 1 FROM sqlite_schema WHERE name='hf_meta'");
  if (!exists.step()) return false;
  Statement statement(database, "SELECT 1 FROM hf_meta WHERE name='absent'");
  return statement.step();
}

// nullopt: no part of the table is the principal's.
std::optional<Part> part_of(const Table& table, const TableOptions& options,
                            const http::Principal& principal) {
  auto scope = scope_of(options.filter, principal.claims);
  if (!scope) return std::nullopt;
  Part part{*std::move(scope), options.max_rows};
  const auto deleted_at = table.column_index(options.deleted_at_column);
  if (deleted_at) {
    const TypeKind kind = table.columns[*deleted_at].type.kind;
    const bool timestamp = kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
    if (timestamp) part.deleted_at = deleted_at;
  }
  return part;
}

// What is listed, and what replication and delivery cannot do without.
bool is_kept(const Table& table, const Column& column, const TableOptions& options) {
  const auto listed = [&](const std::string& name) {
    return std::find(options.columns.begin(), options.columns.end(), name) != options.columns.end();
  };
  if (listed("*") || listed(column.name)) return true;
  const std::string& stamp = options.updated_at_column;
  if (column.name == (stamp.empty() ? "updated_at" : stamp)) return true;
  if (column.name == options.version_column || column.name == options.deleted_at_column)
    return true;
  const auto index = table.column_index(column.name);
  return table.is_key(*index) ||
         std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const auto& key) {
           return std::find(key.columns.begin(), key.columns.end(), *index) != key.columns.end();
         });
}

// Without an upstream the rows here are all that there is, whatever is configured.
std::shared_ptr<const Catalog> with_kept_columns(const std::shared_ptr<const Catalog>& catalog,
                                                 const ReplicaOptions& options) {
  const bool all = std::all_of(
      options.table_options.begin(), options.table_options.end(),
      [](const auto& each) { return each.second.columns == std::vector<std::string>{"*"}; });
  if (all || options.imported_only) return catalog;
  auto limited = std::make_shared<Catalog>(*catalog);
  limited->leave_out([&](const Table& table, const Column& column) {
    return !is_kept(table, column, options.of(table));
  });
  return limited;
}

}  // namespace

Stores::Stores(std::string folder, const ReplicaOptions& options, Opened opened)
    : folder_(std::move(folder)),
      options_(options),
      opened_(std::move(opened)),
      catalog_(std::make_shared<const Catalog>()) {
  fs::create_directories(folder_);
  fs::permissions(folder_, fs::perms::owner_all);
}

void Stores::set_catalog(const std::shared_ptr<const Catalog>& whole) {
  const auto catalog = with_kept_columns(whole, options_);
  MutexLock opening(opening_);
  std::vector<http::Principal> principals = principals_on_disk();
  {
    // The old stores' files are written by nobody else once their last holder lets go.
    MutexLock lock(mutex_);
    for (const auto& [id, store] : stores_) {
      const http::Principal& principal = store->principal();
      const auto known = std::find(principals.begin(), principals.end(), principal);
      if (known == principals.end()) principals.push_back(principal);
    }
    stores_.clear();
    catalog_ = catalog;
  }
  for (const auto& principal : principals) {
    auto store = make(principal, catalog);
    opened_(*store);
    MutexLock lock(mutex_);
    stores_[principal.id] = std::move(store);
  }
}

std::shared_ptr<const Catalog> Stores::catalog() const {
  MutexLock lock(mutex_);
  return catalog_;
}

std::shared_ptr<Store> Stores::open(const http::Principal& principal) {
  {
    MutexLock lock(mutex_);
    const auto found = stores_.find(principal.id);
    if (found != stores_.end()) return found->second;
  }
  MutexLock opening(opening_);
  std::shared_ptr<const Catalog> catalog;
  {
    MutexLock lock(mutex_);
    const auto found = stores_.find(principal.id);
    if (found != stores_.end()) return found->second;
    catalog = catalog_;
  }
  auto store = make(principal, catalog);
  opened_(*store);
  MutexLock lock(mutex_);
  stores_[principal.id] = store;
  return store;
}

std::vector<std::shared_ptr<Store>> Stores::all() const {
  MutexLock opening(opening_);
  return opened();
}

std::vector<std::shared_ptr<Store>> Stores::opened() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Store>> stores;
  for (const auto& [id, store] : stores_) stores.push_back(store);
  return stores;
}

Stores::Replicated Stores::replicated_tables(const Catalog& catalog,
                                             const http::Principal& principal) const {
  Replicated replicated;
  // The service role sees everything: it is forwarded, and only what it queues is kept.
  if (principal.kind == http::Principal::Kind::kService) return replicated;
  const auto& names = options_.tables;
  const bool all = std::find(names.begin(), names.end(), "*") != names.end();
  for (const Table& table : catalog.tables()) {
    const TableOptions& options = options_.of(table);
    const bool wanted = all || options_.lists(names, table);
    if (!wanted || !table.exposed || table.columns.empty()) continue;
    if (options.read == ReadMode::kPass) continue;
    auto part = part_of(table, options, principal);
    // Rows without a key cannot be read by it.
    if (!part || (part->max_rows > 0 && !table.primary_key)) continue;
    replicated.tables.push_back(&table);
    if (!part->whole()) replicated.parts.emplace(&table, *std::move(part));
  }
  return replicated;
}

bool Stores::has_other_parts(const http::Principal& principal) const {
  const bool filtered = std::any_of(options_.table_options.begin(), options_.table_options.end(),
                                    [](const auto& each) { return !each.second.filter.empty(); });
  if (!filtered) return false;
  std::shared_ptr<Store> store;
  {
    MutexLock lock(mutex_);
    const auto found = stores_.find(principal.id);
    if (found == stores_.end() || absent_.contains(principal.id)) return false;
    store = found->second;
  }
  const Replicated wanted = replicated_tables(store->catalog(), principal);
  return wanted.parts != store->parts() || wanted.tables != store->replicated();
}

void Stores::reopen(const http::Principal& principal) {
  MutexLock opening(opening_);
  auto store = make(principal, catalog());
  opened_(*store);
  MutexLock lock(mutex_);
  stores_[principal.id] = std::move(store);
}

bool Stores::let_go_of_rows(const std::string& id) {
  std::shared_ptr<Store> store;
  {
    MutexLock lock(mutex_);
    const auto found = stores_.find(id);
    if (found == stores_.end() || absent_.contains(id)) return false;
    store = found->second;
  }
  if (store->replicated().empty()) return false;
  store->let_go_of_rows();
  const http::Principal principal = store->principal();
  store.reset();
  reopen(principal);
  Database database(path_of(id), OpenMode::kReadWrite);
  query::register_functions(database);  // its indexes are written anew
  database.execute("VACUUM");
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  return true;
}

void Stores::come_back(const http::Principal& principal) {
  if (!is_absent(principal.id)) return;
  open(principal)->come_back();
  reopen(principal);
}

bool Stores::is_absent(const std::string& principal_id) const {
  MutexLock lock(mutex_);
  return absent_.contains(principal_id);
}

std::uint64_t Stores::size_of(const std::string& principal_id) const {
  std::uint64_t bytes = 0;
  for (const char* end : {"", "-wal"}) {
    std::error_code missing;
    const auto size = fs::file_size(path_of(principal_id) + end, missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

std::string Stores::path_of(const std::string& principal_id) const {
  return folder_ + "/" + principal_id + ".db";
}

void Stores::prepare(const std::string& path) {
  if (!prepared_.insert(path).second) return;
  finish_salvage(path);
  const bool doubted = fs::remove(path + kDoubted);
  const bool left_open = was_left_open(path);
  const auto least = left_open ? FileCheck::kEssentials : FileCheck::kOpening;
  if (is_damaged(path, doubted ? FileCheck::kWhole : least)) {
    repair(path);
  } else if (left_open) {
    MutexLock lock(mutex_);
    unchecked_.insert(fs::path(path).stem().string());
  }
}

void Stores::repair(const std::string& path) const {
  const Salvage salvage = salvage_file(path);
  if (salvaged_) salvaged_(salvage);
}

std::vector<std::string> Stores::find_damaged() {
  std::set<std::string> ids;
  {
    MutexLock lock(mutex_);
    ids.swap(unchecked_);
  }
  std::vector<std::string> damaged;
  for (const auto& id : ids) {
    if (is_damaged(path_of(id), FileCheck::kWhole)) damaged.push_back(id);
  }
  return damaged;
}

void Stores::replace_damaged(const std::string& id, std::chrono::milliseconds patience) {
  MutexLock opening(opening_);
  std::shared_ptr<Store> store;
  {
    MutexLock lock(mutex_);
    const auto found = stores_.find(id);
    if (found == stores_.end()) return repair(path_of(id));
    store = std::move(found->second);
    stores_.erase(found);
  }
  const http::Principal principal = store->principal();
  const auto catalog = store->shared_catalog();
  const std::weak_ptr<Store> holders = store;
  store.reset();
  // Whoever still works with it may write: what is written then must not be lost with the file.
  for (auto waited = 0ms; !holders.expired() && waited < patience; waited += kPause) {
    std::this_thread::sleep_for(kPause);
  }
  if (holders.expired()) {
    repair(path_of(id));
  } else {
    std::ofstream(path_of(id) + kDoubted);
  }
  auto opened = make(principal, catalog);
  opened_(*opened);
  MutexLock lock(mutex_);
  stores_[id] = std::move(opened);
}

std::shared_ptr<Store> Stores::make(const http::Principal& principal,
                                    std::shared_ptr<const Catalog> catalog) {
  auto [tables, parts] = replicated_tables(*catalog, principal);
  const std::string path = path_of(principal.id);
  prepare(path);
  const bool absent = is_marked_absent(path);
  if (absent) tables.clear();
  {
    MutexLock lock(mutex_);
    if (absent) {
      absent_.insert(principal.id);
    } else {
      absent_.erase(principal.id);
    }
  }
  auto store =
      std::make_shared<Store>(path, principal, std::move(catalog), tables, std::move(parts));
  const auto taken = ranges_;
  std::int64_t range = 0;
  store->writer().run(Writer::Priority::kEssential, [&](Transaction& transaction) {
    put_meta(transaction.database(), "principal", print_principal(principal));
    range = TemporaryIds::begin(transaction, principal.id, taken);
  });
  ranges_.insert(range);
  return store;
}

std::vector<http::Principal> Stores::principals_on_disk() {
  std::vector<http::Principal> principals;
  for (const auto& file : fs::directory_iterator(folder_)) {
    if (file.path().extension() != ".db") continue;
    prepare(file.path().string());
    if (auto principal = principal_of_file(file.path().string())) {
      principals.push_back(*std::move(principal));
    }
  }
  return principals;
}

}  // namespace holdfast::cache
