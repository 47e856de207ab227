#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

// What `holdfast init` was given; what is missing is asked on a terminal.
struct InitOptions {
  std::string url;  // of the project, or its reference alone
  std::string key;
  std::string service_key;
  std::string jwt_secret;
  std::string db_url;
  bool replace = false;    // a file that is there
  bool unchecked = false;  // without asking the project
};

// Writes a configuration for a project, mode 0600, where --config says or where the user's own
// is, and says what an app changes. Values may be references ("env:NAME").
int init(const CommonOptions& common, const InitOptions& options);

}  // namespace holdfast::cli
