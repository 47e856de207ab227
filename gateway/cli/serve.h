#pragma once

#include <optional>
#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

struct ServeOptions {
  std::optional<int> port;
  std::optional<int> tls_port;
  std::string upstream_url;
  std::string key;
};

// Runs the gateway until SIGTERM or SIGINT.
int serve(const CommonOptions& common, const ServeOptions& options);

// Runs the demo until SIGTERM, SIGINT or the key q.
int demo(const CommonOptions& common);

}  // namespace holdfast::cli
