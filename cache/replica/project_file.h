#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cache/sqlite/database.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {

// Makes the tables of an empty file.
void make_project_file(Database& database);

// project.db: what belongs to the installation and not to one principal.
// Thread-safe.
class ProjectFile {
 public:
  // Opens or makes the file. Throws SqliteError.
  explicit ProjectFile(const std::string& path);

  // The catalog document that was kept last; nullopt before the first.
  std::optional<std::string> catalog_document();
  void keep_catalog_document(const std::string& document);

  // This installation's identity, made at the first call.
  std::string device_id();

  // Further texts by name, for others' bookkeeping.
  std::optional<std::string> text(std::string_view name);
  std::map<std::string, std::string> texts(std::string_view prefix);
  void keep_text(std::string_view name, std::string_view text);
  void erase_text(std::string_view name);

 private:
  std::optional<std::string> get(std::string_view name) HF_REQUIRES(mutex_);
  void set(std::string_view name, std::string_view value) HF_REQUIRES(mutex_);

  Mutex mutex_;
  Database database_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::cache
