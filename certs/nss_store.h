#pragma once

#include "certs/trust_store.h"

namespace holdfast::certs {

// A database of NSS, which Chromium and Firefox read. It is changed by NSS's own program, certutil.
class NssStore final : public TrustStore {
 public:
  // `folder` has the file cert9.db.
  NssStore(std::string browser, std::string folder)
      : browser_(std::move(browser)), folder_(std::move(folder)) {}

  std::string name() const override { return browser_ + " (" + folder_ + ")"; }
  bool trusts(const Trusted& authority) const override;
  Result<void> trust(const Trusted& authority) override;
  Result<void> untrust(const Trusted& authority) override;

 private:
  const std::string browser_;
  const std::string folder_;
};

}  // namespace holdfast::certs
