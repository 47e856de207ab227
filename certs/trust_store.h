#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/certificate.h"

namespace holdfast::certs {

// An authority as others are told of it.
struct Trusted {
  std::string file;   // its certificate, PEM
  std::string label;  // under which stores keep it, its own: "holdfast-1a2b3c4d"
};
Trusted as_trusted(const crypto::Certificate& authority, const std::string& file);

// A place where programs look up which authorities they trust. Another system or browser is another
// class of this kind.
// One thread at a time: whoever owns it.
class TrustStore {
 public:
  virtual ~TrustStore() = default;

  // Whose it is: "the system (Debian)", "Chromium".
  virtual std::string name() const = 0;
  virtual bool trusts(const Trusted& authority) const = 0;
  // Makes it trusted, or not. A repeat does nothing. Where this program may not, or lacks another
  // one, the error's hint is what a person has to do, word for word.
  virtual Result<void> trust(const Trusted& authority) = 0;
  virtual Result<void> untrust(const Trusted& authority) = 0;
};

// The stores of this machine, the system's first, then those of the browsers of who has `home`.
std::vector<std::unique_ptr<TrustStore>> system_stores();
std::vector<std::unique_ptr<TrustStore>> browser_stores(const std::string& home);

}  // namespace holdfast::certs
