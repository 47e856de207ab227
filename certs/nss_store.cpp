#include "certs/nss_store.h"

#include <filesystem>

#include "certs/program.h"

namespace holdfast::certs {
namespace {

namespace fs = std::filesystem;

struct Place {
  const char* browser;
  const char* folder;  // below the home folder
  bool has_profiles;   // one database in each folder below it
};

constexpr Place kPlaces[] = {
    {"Chromium", ".pki/nssdb", false},
    {"Chromium", ".local/share/pki/nssdb", false},
    {"Chromium", "snap/chromium/current/.pki/nssdb", false},
    {"Firefox", ".mozilla/firefox", true},
    {"Firefox", "snap/firefox/common/.mozilla/firefox", true},
    {"Firefox", ".var/app/org.mozilla.firefox/.mozilla/firefox", true},
};

Result<void> certutil(const std::string& folder, std::vector<std::string> words,
                      const std::string& by_hand) {
  const std::string program = find_program("certutil");
  if (program.empty()) {
    return Error{ErrorKind::kUnauthorized, "HF_CERTS",
                 "the program certutil is not installed (Debian: libnss3-tools)", std::nullopt,
                 by_hand};
  }
  words.insert(words.begin(), {program, "-d", "sql:" + folder});
  const auto ended = run_program(words);
  if (ended.status == 0) return {};
  return Error{ErrorKind::kUnauthorized, "HF_CERTS", "certutil failed: " + ended.output,
               std::nullopt, by_hand};
}

bool has_database(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "cert9.db", ignored);
}

}  // namespace

bool NssStore::trusts(const Trusted& authority) const {
  return certutil(folder_, {"-L", "-n", authority.label}, "").has_value();
}

Result<void> NssStore::trust(const Trusted& authority) {
  if (trusts(authority)) return {};
  // "C": for servers, and nothing else.
  return certutil(folder_, {"-A", "-t", "C,,", "-n", authority.label, "-i", authority.file},
                  "import " + authority.file +
                      " as an authority for websites in the browser's certificate settings");
}

Result<void> NssStore::untrust(const Trusted& authority) {
  if (find_program("certutil").empty() || trusts(authority)) {
    return certutil(folder_, {"-D", "-n", authority.label},
                    "delete \"" + authority.label +
                        "\" from the authorities in the browser's certificate settings");
  }
  return {};
}

std::vector<std::unique_ptr<TrustStore>> browser_stores(const std::string& home) {
  std::vector<std::unique_ptr<TrustStore>> stores;
  const auto add = [&](const char* browser, const fs::path& folder) {
    if (has_database(folder)) {
      stores.push_back(std::make_unique<NssStore>(browser, folder.string()));
    }
  };
  for (const auto& [browser, folder, has_profiles] : kPlaces) {
    const fs::path place = fs::path(home) / folder;
    if (!has_profiles) {
      add(browser, place);
      continue;
    }
    std::error_code none;
    for (const auto& profile : fs::directory_iterator(place, none)) add(browser, profile.path());
  }
  return stores;
}

Trusted as_trusted(const crypto::Certificate& authority, const std::string& file) {
  return {file, "holdfast-" + authority.fingerprint().substr(0, 8)};
}

}  // namespace holdfast::certs
