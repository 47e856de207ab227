#pragma once

#include <optional>
#include <string>
#include <vector>

#include "certs/options.h"
#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/certificate.h"

namespace holdfast::certs {

// An authority of this machine's own and the certificate that it issues for this machine's names,
// in files: `authority.pem` (what others are to trust), `authority.key` and `server.pem` (key and
// certificate together, so that they change at once). Keys are readable by the owner alone, and
// good for nothing but these names.
//
// A gateway and a command may work on one folder at the same time.
// Throws std::system_error when a file cannot be written. Thread-safe.
class LocalAuthority {
 public:
  // `clock` must outlive it. Without a file nothing is made.
  LocalAuthority(CertificateOptions options, const Clock& clock);

  // Makes what is not there; false when all was.
  bool init();
  // Makes an authority in the place of any other; whoever trusted that does not trust this one.
  void replace();
  // Issues a new certificate. An error where there is no authority, or its time is over.
  Result<void> renew();
  // The same where it is time: see renewal_reason(). False when nothing was to be done.
  Result<bool> renew_if_due();

  // Why a new certificate has to be issued ("its time ends on …"); empty when none has to.
  std::string renewal_reason() const;
  // nullopt when it was not made yet.
  std::optional<crypto::Certificate> authority() const;
  std::optional<crypto::Certificate> certificate() const;
  // The names that the certificate is wanted for: this machine's and those of the options.
  const std::vector<std::string>& names() const { return names_; }
  // Those for which the authority must not issue certificates, because they were added later.
  std::vector<std::string> names_left_out() const;

  std::string authority_file() const { return options_.folder + "/authority.pem"; }
  std::string certificate_file() const { return options_.folder + "/server.pem"; }

 private:
  std::string key_file() const { return options_.folder + "/authority.key"; }
  std::vector<std::string> permitted_names(const crypto::Certificate& authority) const;

  const CertificateOptions options_;
  const Clock& clock_;
  const std::vector<std::string> names_;
};

}  // namespace holdfast::certs
