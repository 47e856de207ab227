#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/crypto/signature_key.h"

namespace holdfast::crypto {

struct Validity {
  Timestamp from;
  Timestamp until;
};

// A certificate (X.509 v3) of a key on P-256. "Names" are DNS names and IP addresses as text.
// Immutable after construction.
class Certificate {
 public:
  // The first certificate in `pem`; nullopt when there is none.
  static std::optional<Certificate> from_pem(const std::string& pem);

  // Signed by its own key. It may issue certificates of servers, for `permitted` names and those
  // below them only (name constraints). Throws std::invalid_argument for what is no name.
  static Certificate authority(const SigningKey& key, const std::string& common_name,
                               const Validity& validity, const std::vector<std::string>& permitted);
  // A server's, for `key`, issued by this certificate with the key that belongs to it. The first
  // name is the common name too. Throws as authority() does.
  Certificate issue(const SigningKey& own_key, const SigningKey& key,
                    const std::vector<std::string>& names, const Validity& validity) const;

  std::string pem() const;
  std::string common_name() const;
  Validity validity() const;
  // For whom it is.
  std::vector<std::string> names() const;
  // Names that it may issue certificates for; empty where it names none.
  std::vector<std::string> permitted() const;
  // Whether the name constraints let it issue a certificate for `name`.
  bool permits(const std::string& name) const;
  // Whether the key of `authority` signed it.
  bool is_issued_by(const Certificate& authority) const;
  // Whether the public key is `key`'s.
  bool belongs_to(const SigningKey& key) const;
  // SHA-256 of the whole certificate, in hexadecimal digits.
  std::string fingerprint() const;
  // The public key as pin.h writes it.
  std::string pin() const;

 private:
  struct State;
  explicit Certificate(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace holdfast::crypto
