#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/headers.h"

namespace holdfast::tests {

// A request that a real client once sent. Its API keys are those of the tests.
struct Recording {
  std::string name;  // file, number and the call that made it
  std::string method;
  std::string target;
  http::Headers headers;
  std::string body;
  std::chrono::milliseconds at{0};  // since 1970

  bool is_read() const { return method == "GET" || method == "HEAD"; }
  bool is_preflight() const;
  bool is_below(std::string_view path) const { return target.starts_with(path); }
  std::string header(std::string_view name) const;
  // As it goes over the wire.
  std::string bytes() const;
};

// All requests of all files in `folder`, in order; frames of sockets are left out.
std::vector<Recording> recordings(const std::filesystem::path& folder, std::string_view anon_key,
                                  std::string_view service_key);

}  // namespace holdfast::tests
