#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "gateway/base/files.h"
#include "gateway/cli/findings.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"
#include "gateway/server/host_check.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;
using Level = Finding::Level;

// A key that is a JWT: what it says, and what its signature is over.
struct LegacyKey {
  json claims;
  std::string signed_part;
  std::string signature;
};

std::optional<LegacyKey> legacy_key(const std::string& key) {
  const auto first = key.find('.');
  const auto last = key.rfind('.');
  if (first == std::string::npos || first == last) return std::nullopt;
  const auto payload = crypto::base64url_decode(key.substr(first + 1, last - first - 1));
  const auto signature = crypto::base64url_decode(key.substr(last + 1));
  if (!payload || !signature) return std::nullopt;
  json claims = json::parse(*payload, nullptr, false);
  if (!claims.is_object()) return std::nullopt;
  return LegacyKey{std::move(claims), key.substr(0, last), *signature};
}

Finding check_key(const config::Config& config, Timestamp now) {
  const std::string& key = config.identity.anon_key;
  if (key.empty()) {
    return {Level::kBroken, "key", "[upstream] anon_key is not set: every request is answered 401",
            "copy the publishable or anon key from the project's API settings"};
  }
  const auto legacy = legacy_key(key);
  if (key.starts_with("sb_secret_") ||
      (legacy && legacy->claims.value("role", "") == "service_role")) {
    return {Level::kBroken, "key", "[upstream] anon_key is a secret key, which no app may hold",
            "put the publishable or anon key there, and the secret one into service_key"};
  }
  if (!legacy) return {Level::kFine, "key", "a publishable key", ""};
  const auto seconds = legacy->claims.value("exp", std::int64_t{0});
  if (seconds > 0 && Timestamp(std::chrono::seconds(seconds)) < now) {
    const auto ended = format_rfc3339(Timestamp(std::chrono::seconds(seconds))).substr(0, 10);
    return {Level::kBroken, "key", "[upstream] anon_key has expired on " + ended,
            "make a new one in the project's API settings, and give it to the app too"};
  }
  return {Level::kFine, "key", "an anon key", ""};
}

// Only a legacy key tells whether the secret is the project's.
Findings check_secret(const config::Config& config) {
  const auto legacy = legacy_key(config.identity.anon_key);
  const std::string& secret = config.identity.jwt_secret;
  if (secret.empty() || !legacy) return {};
  const auto digest = crypto::hmac_sha256(secret, legacy->signed_part);
  const std::string_view made(reinterpret_cast<const char*>(digest.data()), digest.size());
  if (crypto::constant_time_equal(made, legacy->signature)) {
    return {{Level::kFine, "jwt secret", "it signed the anon key", ""}};
  }
  return {{Level::kBroken, "jwt secret",
           "[upstream] jwt_secret is not what signed anon_key: users' tokens will be refused",
           "copy both from the same project, or leave jwt_secret out"}};
}

Finding check_url(const config::Config& config) {
  const std::string& url = config.upstream.url;
  if (url.empty()) {
    return {Level::kAdvice, "upstream", "[upstream] url is not set: only imported rows are served",
            "set it, for one by holdfast init"};
  }
  const std::string rest = url.substr(url.find("//") + 2);
  const std::string host = rest.substr(0, rest.find_first_of(":/"));
  if (url.starts_with("http://") && !server::is_loopback_host(host)) {
    return {Level::kAdvice, "upstream", url + " is not encrypted", "use https:// if it can"};
  }
  return {Level::kFine, "upstream", url, ""};
}

// Whether a secret stands in the file itself, and not where a reference points.
bool holds_secret(const config::Config& config, const std::string& text) {
  for (const std::string* secret : {&config.identity.service_key, &config.identity.jwt_secret,
                                    &config.db_url, &config.control_token}) {
    if (!secret->empty() && text.find(*secret) != std::string::npos) return true;
  }
  return false;
}

Finding check_file(const config::Config& config, const std::string& file) {
  if (file.empty()) {
    return {Level::kAdvice, "configuration", "there is no file; the defaults hold",
            "make one by holdfast init, or name one by --config"};
  }
  struct stat found = {};
  const bool is_open = ::stat(file.c_str(), &found) == 0 && (found.st_mode & 077) != 0;
  if (is_open && holds_secret(config, read_file(file))) {
    return {Level::kAdvice, "configuration", file + " holds secrets and others may read it",
            "chmod 600 '" + file + "'"};
  }
  return {Level::kFine, "configuration", file, ""};
}

}  // namespace

Findings check_settings(const config::Config& config, const std::string& file, Timestamp now) {
  Findings found = {check_file(config, file), check_url(config), check_key(config, now)};
  for (auto& finding : check_secret(config)) found.push_back(std::move(finding));
  return found;
}

bool is_broken(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.level == Level::kBroken; });
}

}  // namespace holdfast::cli
