#pragma once

#include <map>
#include <optional>
#include <string>

#include "gateway/config/environment.h"

namespace holdfast::config {

// An environment of exactly these variables.
inline Environment environment_of(std::map<std::string, std::string> variables) {
  return {[variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  }};
}

}  // namespace holdfast::config
