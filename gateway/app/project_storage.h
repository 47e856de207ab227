#pragma once

#include "cache/replica/project_file.h"
#include "gateway/identity/storage.h"

namespace holdfast::app {

// What identity keeps, in project.db.
// Thread-safe.
class ProjectStorage final : public identity::Storage {
 public:
  explicit ProjectStorage(cache::ProjectFile& file) : file_(file) {}

  std::optional<std::string> get(std::string_view name) override { return file_.text(name); }
  std::map<std::string, std::string> all(std::string_view prefix) override {
    return file_.texts(prefix);
  }
  void put(std::string_view name, std::string_view text) override { file_.keep_text(name, text); }
  void erase(std::string_view name) override { file_.erase_text(name); }

 private:
  cache::ProjectFile& file_;
};

}  // namespace holdfast::app
