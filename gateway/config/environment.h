#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/base/result.h"
#include "gateway/config/document.h"

namespace holdfast::config {

// What a configuration may refer to besides itself.
struct Environment {
  // The value of an environment variable; nullopt when it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
};

// The environment of this process.
Environment process_environment();

// Replaces "env:NAME" by that variable and "file:PATH" by that file's text without its last line
// end, in a string and in a list's strings; other values pass unchanged. `folder` is where relative
// paths start. An error's message is the reason alone.
Result<Value> resolve_references(Value value, const Environment& environment,
                                 const std::string& folder);

}  // namespace holdfast::config
