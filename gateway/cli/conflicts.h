#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

// `state` narrows the list: open, resolved or reported.
int conflicts_list(const CommonOptions& common, const std::string& state);
int conflicts_show(const CommonOptions& common, const std::string& id);
// `choice`: local, remote or merged, which needs `row` (JSON, or "-" for stdin).
int conflicts_resolve(const CommonOptions& common, const std::string& id, const std::string& choice,
                      const std::string& row);

}  // namespace holdfast::cli
