#pragma once

#include <map>
#include <stdexcept>
#include <string>

#include "gateway/base/mutex.h"
#include "gateway/identity/storage.h"

namespace holdfast::identity {

// A Storage that lasts as long as the test.
// Thread-safe.
class MemoryStorage final : public Storage {
 public:
  std::optional<std::string> get(std::string_view name) override {
    MutexLock lock(mutex_);
    const auto found = texts_.find(std::string(name));
    if (found == texts_.end()) return std::nullopt;
    return found->second;
  }
  std::map<std::string, std::string> all(std::string_view prefix) override {
    MutexLock lock(mutex_);
    std::map<std::string, std::string> found;
    for (const auto& [name, text] : texts_) {
      if (name.starts_with(prefix)) found.emplace(name, text);
    }
    return found;
  }
  void put(std::string_view name, std::string_view text) override {
    MutexLock lock(mutex_);
    if (failing_) throw std::runtime_error("the disk is full");
    texts_[std::string(name)] = std::string(text);
  }
  void erase(std::string_view name) override {
    MutexLock lock(mutex_);
    texts_.erase(std::string(name));
  }

  // Whether put() throws, as a full disk does.
  void fail(bool failing) {
    MutexLock lock(mutex_);
    failing_ = failing;
  }

 private:
  Mutex mutex_;
  bool failing_ HF_GUARDED_BY(mutex_) = false;
  std::map<std::string, std::string> texts_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::identity
