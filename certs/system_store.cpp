#include "certs/system_store.h"

#include <unistd.h>

#include <filesystem>

#include "certs/program.h"
#include "gateway/base/files.h"

namespace holdfast::certs {
namespace {

namespace fs = std::filesystem;

Error needs_person(std::string message, std::string hint) {
  return {ErrorKind::kUnauthorized, "HF_CERTS", std::move(message), std::nullopt, std::move(hint)};
}

}  // namespace

const std::vector<SystemStoreKind>& system_store_kinds() {
  static const std::vector<SystemStoreKind> kinds = {
      {"Debian", "/usr/local/share/ca-certificates", "update-ca-certificates", "--fresh"},
      {"Fedora", "/etc/pki/ca-trust/source/anchors", "update-ca-trust", ""},
      {"SUSE", "/etc/pki/trust/anchors", "update-ca-certificates", "--fresh"},
      {"Arch", "/etc/ca-certificates/trust-source/anchors", "update-ca-trust", ""},
  };
  return kinds;
}

bool SystemStore::trusts(const Trusted& authority) const {
  return fs::exists(file_of(authority)) &&
         read_file(file_of(authority)) == read_file(authority.file);
}

Result<void> SystemStore::trust(const Trusted& authority) {
  if (trusts(authority)) return {};
  const std::string by_hand = "sudo install -m 644 '" + authority.file + "' '" +
                              file_of(authority) + "' && sudo " + kind_.program;
  if (::access(kind_.folder.c_str(), W_OK) != 0) {
    return needs_person("only root may change it", by_hand);
  }
  write_file(file_of(authority), read_file(authority.file), 0644);
  return update("", by_hand);
}

Result<void> SystemStore::untrust(const Trusted& authority) {
  if (!fs::exists(file_of(authority))) return {};
  const std::string by_hand = "sudo rm '" + file_of(authority) + "' && sudo " + kind_.program +
                              (kind_.forgetting.empty() ? "" : " " + kind_.forgetting);
  if (::access(kind_.folder.c_str(), W_OK) != 0) {
    return needs_person("only root may change it", by_hand);
  }
  fs::remove(file_of(authority));
  return update(kind_.forgetting, by_hand);
}

std::string SystemStore::file_of(const Trusted& authority) const {
  // Debian's program takes this extension only.
  return kind_.folder + "/" + authority.label + ".crt";
}

Result<void> SystemStore::update(const std::string& option, const std::string& by_hand) const {
  std::vector<std::string> words = {kind_.program};
  if (!option.empty()) words.push_back(option);
  const auto ended = run_program(words);
  if (ended.status == 0) return {};
  return needs_person(kind_.program + " failed: " + ended.output, by_hand);
}

std::vector<std::unique_ptr<TrustStore>> system_stores() {
  std::vector<std::unique_ptr<TrustStore>> stores;
  for (const auto& kind : system_store_kinds()) {
    if (!fs::is_directory(kind.folder) || find_program(kind.program).empty()) continue;
    stores.push_back(std::make_unique<SystemStore>(kind));
    break;
  }
  return stores;
}

}  // namespace holdfast::certs
