#include "certs/local_authority.h"

#include <algorithm>
#include <filesystem>

#include "gateway/base/files.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/random.h"

namespace holdfast::certs {
namespace {

namespace fs = std::filesystem;

// Certificates begin earlier than now, for clocks that run behind.
constexpr std::chrono::hours kBackdated{24};
constexpr mode_t kPrivate = 0600;
constexpr mode_t kPublic = 0644;

std::vector<std::string> with_local_names(const std::vector<std::string>& more) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  for (const auto& name : more) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string day_of(Timestamp time) { return format_rfc3339(time).substr(0, 10); }

Error failure(std::string message) {
  return {ErrorKind::kNotFound, "HF_CERTS", std::move(message), std::nullopt, std::nullopt};
}

void make_folder(const std::string& path) {
  // It lies in the data folder, which is as private.
  const fs::path parent = fs::path(path).parent_path();
  const bool has_parent = fs::exists(parent);
  fs::create_directories(path);
  fs::permissions(path, fs::perms::owner_all);
  if (!has_parent) fs::permissions(parent, fs::perms::owner_all);
}

// Two authorities must not have one name, or stores mix them up.
std::string authority_name() {
  const auto digest = crypto::sha256(crypto::random_bytes(16));
  return "Holdfast on this machine " + crypto::to_hex(std::span(digest).first(4));
}

}  // namespace

LocalAuthority::LocalAuthority(CertificateOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), names_(with_local_names(options_.names)) {}

bool LocalAuthority::init() {
  if (authority() && certificate()) return false;
  if (!authority()) {
    replace();
  } else if (const auto renewed = renew(); !renewed) {
    throw std::runtime_error(renewed.error().message);
  }
  return true;
}

void LocalAuthority::replace() {
  make_folder(options_.folder);
  const auto key = crypto::SigningKey::generate();
  const Timestamp now = clock_.now();
  const auto made = crypto::Certificate::authority(
      key, authority_name(), {now - kBackdated, now + options_.authority_lifetime}, names_);
  // The key first: one without the other is made again.
  write_file(key_file(), key.pem(), kPrivate);
  write_file(authority_file(), made.pem(), kPublic);
  if (const auto renewed = renew(); !renewed) throw std::runtime_error(renewed.error().message);
}

Result<void> LocalAuthority::renew() {
  const auto issuer = authority();
  const auto issuer_key = crypto::SigningKey::from_pem(read_file(key_file()));
  if (!issuer || !issuer_key || !issuer->belongs_to(*issuer_key)) {
    return failure("there is no authority in " + options_.folder + ": run holdfast certs init");
  }
  const Timestamp now = clock_.now();
  const Timestamp end = issuer->validity().until;
  if (end <= now) {
    return failure("the authority's time ended on " + day_of(end) +
                   ": run holdfast certs untrust, then holdfast certs init --replace");
  }
  const auto key = crypto::SigningKey::generate();
  const auto until = std::min<Timestamp>(now + options_.lifetime, end);
  const auto issued =
      issuer->issue(*issuer_key, key, permitted_names(*issuer), {now - kBackdated, until});
  write_file(certificate_file(), key.pem() + issued.pem(), kPrivate);
  return {};
}

Result<bool> LocalAuthority::renew_if_due() {
  if (renewal_reason().empty()) return false;
  HF_TRY_VOID(renew());
  return true;
}

std::string LocalAuthority::renewal_reason() const {
  const auto issuer = authority();
  const auto current = certificate();
  if (!current) return "there is none yet";
  if (issuer && !current->is_issued_by(*issuer)) return "another authority issued it";
  const auto [from, until] = current->validity();
  const Timestamp now = clock_.now();
  if (now < from) return "its time begins on " + day_of(from);
  // The authority's own end cannot be put off.
  const bool is_last = issuer && until >= issuer->validity().until;
  if (now > until || (now > until - options_.renew_before && !is_last)) {
    return "its time ends on " + day_of(until);
  }
  const auto has = current->names();
  for (const auto& name : issuer ? permitted_names(*issuer) : names_) {
    if (std::find(has.begin(), has.end(), name) == has.end()) return "it is not for " + name;
  }
  return "";
}

std::optional<crypto::Certificate> LocalAuthority::authority() const {
  return crypto::Certificate::from_pem(read_file(authority_file()));
}

std::optional<crypto::Certificate> LocalAuthority::certificate() const {
  const std::string pem = read_file(certificate_file());
  const auto key = crypto::SigningKey::from_pem(pem);
  auto found = crypto::Certificate::from_pem(pem);
  return found && key && found->belongs_to(*key) ? found : std::nullopt;
}

std::vector<std::string> LocalAuthority::names_left_out() const {
  const auto issuer = authority();
  std::vector<std::string> out;
  for (const auto& name : names_) {
    if (issuer && !issuer->permits(name)) out.push_back(name);
  }
  return out;
}

std::vector<std::string> LocalAuthority::permitted_names(
    const crypto::Certificate& authority) const {
  std::vector<std::string> permitted;
  for (const auto& name : names_) {
    if (authority.permits(name)) permitted.push_back(name);
  }
  return permitted;
}

}  // namespace holdfast::certs
