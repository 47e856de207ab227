#include "cache/replica/project_file.h"

#include "gateway/base/ids.h"

namespace holdfast::cache {

void make_project_file(Database& database) {
  database.execute(
      "CREATE TABLE IF NOT EXISTS settings(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
}

ProjectFile::ProjectFile(const std::string& path) : database_(path, OpenMode::kReadWrite) {
  make_project_file(database_);
}

std::optional<std::string> ProjectFile::catalog_document() {
  MutexLock lock(mutex_);
  return get("catalog");
}

void ProjectFile::keep_catalog_document(const std::string& document) {
  MutexLock lock(mutex_);
  set("catalog", document);
}

std::string ProjectFile::device_id() {
  MutexLock lock(mutex_);
  if (const auto known = get("device_id")) return *known;
  std::string id = new_uuid();
  set("device_id", id);
  return id;
}

std::optional<std::string> ProjectFile::text(std::string_view name) {
  MutexLock lock(mutex_);
  return get(name);
}

std::map<std::string, std::string> ProjectFile::texts(std::string_view prefix) {
  MutexLock lock(mutex_);
  Statement& statement =
      database_.cached("SELECT name, value FROM settings WHERE substr(name, 1, length(?1)) = ?1");
  statement.bind(1, prefix);
  std::map<std::string, std::string> found;
  while (statement.step()) found.emplace(statement.text(0), statement.text(1));
  return found;
}

void ProjectFile::keep_text(std::string_view name, std::string_view text) {
  MutexLock lock(mutex_);
  set(name, text);
}

void ProjectFile::erase_text(std::string_view name) {
  MutexLock lock(mutex_);
  database_.cached("DELETE FROM settings WHERE name=?1").bind(1, name).run();
}

std::optional<std::string> ProjectFile::get(std::string_view name) {
  Statement& statement = database_.cached("SELECT value FROM settings WHERE name=?1");
  statement.bind(1, name);
  if (!statement.step()) return std::nullopt;
  std::string value(statement.text(0));
  statement.reset();
  return value;
}

void ProjectFile::set(std::string_view name, std::string_view value) {
  Statement& statement = database_.cached(
      "INSERT INTO settings VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value=excluded.value");
  statement.bind(1, name).bind(2, value).run();
}

}  // namespace holdfast::cache
