#pragma once

#include <optional>

#include "certs/trust_store.h"

namespace holdfast::certs {

// How a system keeps further authorities: a folder of PEM files, and a program that reads it.
struct SystemStoreKind {
  std::string system;
  std::string folder;
  std::string program;
  // What makes the program forget one that is no longer in the folder; empty where it does anyway.
  std::string forgetting;
};
// Those that are known; more are added here.
const std::vector<SystemStoreKind>& system_store_kinds();

// The authorities that the system's libraries trust: OpenSSL, GnuTLS, and what is built on them.
class SystemStore final : public TrustStore {
 public:
  explicit SystemStore(SystemStoreKind kind) : kind_(std::move(kind)) {}

  std::string name() const override { return "the system (" + kind_.system + ")"; }
  bool trusts(const Trusted& authority) const override;
  Result<void> trust(const Trusted& authority) override;
  Result<void> untrust(const Trusted& authority) override;

 private:
  std::string file_of(const Trusted& authority) const;
  Result<void> update(const std::string& option, const std::string& by_hand) const;

  const SystemStoreKind kind_;
};

}  // namespace holdfast::certs
