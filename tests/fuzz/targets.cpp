#include "tests/fuzz/targets.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "routes/error_response.h"

namespace holdfast::fuzz {
namespace {

constexpr std::array kTargets = {
    Target{"grammar", run_grammar}, Target{"plan", run_plan},     Target{"values", run_values},
    Target{"http", run_http},       Target{"bundle", run_bundle}, Target{"body", run_body},
    Target{"token", run_token},
};

bool is_code(std::string_view code) {
  if (code.starts_with("PGRST") || code.starts_with("HF")) return true;
  return code.size() == 5 && std::all_of(code.begin(), code.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

}  // namespace

void require(bool holds, const std::string& rule, std::string_view evidence) {
  if (!holds) throw Violation(rule + ": " + std::string(evidence));
}

void require_well_formed(const Error& error) {
  require(is_code(error.code), "an error has a code", error.code);
  require(!error.message.empty(), "an error has words", error.code);
  if (error.kind == ErrorKind::kNotAnswerable) return;  // its code never leaves the gateway
  const auto response = routes::error_response(error);
  require(response.status >= 300 && response.status < 600, "an error has a status", error.code);
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  require(body.is_object(), "an error's answer is JSON", response.body);
  for (const char* key : {"code", "message", "details", "hint"}) {
    require(body.contains(key), "an error's answer has four keys", response.body);
  }
}

std::span<const Target> targets() { return kTargets; }

}  // namespace holdfast::fuzz
