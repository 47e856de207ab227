#include "tests/architecture/module_rules.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace holdfast::architecture {
namespace {

using Names = std::vector<std::string>;

// Each module with those that it may include besides itself. An entry stands for what its entry
// may include, too: the arrows are transitive, as the layers are.
const std::map<std::string, Names>& table() {
  static const std::map<std::string, Names> kTable = {
      {"gateway/base", {}},
      {"gateway/http", {"gateway/base"}},
      {"gateway/crypto", {"gateway/base"}},
      {"certs", {"gateway/crypto"}},
      {"gateway/upstream", {"gateway/http", "gateway/crypto"}},
      {"gateway/identity", {"gateway/upstream"}},
      {"gateway/server", {"certs", "gateway/http"}},
      {"cache/sqlite", {"gateway/upstream"}},
      {"cache/catalog", {"cache/sqlite"}},
      {"cache/values", {"cache/catalog"}},
      {"cache/expression", {"cache/values", "cache/fulltext"}},
      {"cache/fulltext", {"cache/values"}},
      {"cache/query", {"cache/fulltext"}},
      {"cache/replica", {"cache/query", "cache/expression"}},
      {"cache/pull", {"cache/replica"}},
      {"cache/responses", {"cache/replica"}},
      {"queue", {"cache/pull"}},
      {"routes", {"queue", "cache/responses", "gateway/identity"}},
      {"gateway/config", {"gateway/base"}},
      {"gateway/app", {"routes", "gateway/server", "gateway/config"}},
      {"gateway/cli", {"gateway/app"}},
      // The program itself stands above its commands, although it lies beside App.
      {"gateway/app/main.cpp", {"gateway/cli"}},
      {"gateway/tray", {"gateway/http"}},
      {"tests/support", {"gateway/upstream"}},
      {"bench", {"gateway/cli", "tests/support"}},
  };
  return kTable;
}

// Where a foreign library may be named, by the start of its headers' paths.
const std::map<std::string, Names>& homes() {
  static const std::map<std::string, Names> kHomes = {
      {"sqlite3", {"cache/sqlite"}},
      {"boost/", {"gateway/server"}},
      {"httplib.h", {"gateway/upstream"}},
      {"openssl/", {"gateway/crypto", "certs", "gateway/server"}},
      {"toml++/", {"gateway/config"}},
      {"libpq", {"cache/catalog"}},
      {"libstemmer", {"cache/fulltext"}},
      {"CLI/", {"gateway/cli"}},
      {"Q", {"gateway/tray"}},
  };
  return kHomes;
}

// Where a library must not be named: the read path appends its JSON by hand.
const std::map<std::string, Names>& bans() {
  static const std::map<std::string, Names> kBans = {
      {"nlohmann/", {"cache/query", "cache/replica", "cache/values", "cache/sqlite"}},
  };
  return kBans;
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + '/');
}

bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::set<std::string> reachable(const std::string& module) {
  std::set<std::string> all = {module};
  for (const std::string& next : table().at(module)) all.merge(reachable(next));
  return all;
}

bool is_test(const std::string& path) {
  return is_within(path, "tests") && !is_within(path, "tests/support");
}

// tests/cache/query/… tests cache/query.
std::string tested_module(const std::string& path) {
  return module_of(path.substr(std::string_view("tests/").size()));
}

bool may_include(const std::string& from, const std::string& header) {
  const std::string to = module_of(header);
  const bool shares_tests = is_test(from) && is_within(header, "tests");
  if (shares_tests) return true;
  const std::string module = is_test(from) ? tested_module(from) : module_of(from);
  if (module.empty() || to.empty()) return is_test(from) && !to.empty();
  // The configuration knows each module's settings and nothing else of it.
  if (module == "gateway/config" && header.ends_with("/options.h")) return true;
  const std::set<std::string> allowed = reachable(module);
  return allowed.contains(to) || (is_test(from) && reachable("tests/support").contains(to));
}

std::string library_problem(const std::string& from, const std::string& header) {
  const std::string module = is_test(from) ? tested_module(from) : module_of(from);
  for (const auto& [library, folders] : homes()) {
    if (header.starts_with(library) && !contains(folders, module)) {
      return "names " + header + ", whose home is " + folders.front();
    }
  }
  for (const auto& [library, folders] : bans()) {
    const bool banned = header.starts_with(library) && contains(folders, module) && !is_test(from);
    if (banned) return "names " + header + ", which is too slow for the read path";
  }
  return "";
}

std::string problem(const SourceFile& file, const Include& include, const Names& headers) {
  const std::string foreign = library_problem(file.path, include.path);
  if (!foreign.empty()) return foreign;
  const bool own = contains(headers, include.path);
  if (include.angled)
    return own ? "includes " + include.path + " in <>, own headers take \"\"" : "";
  if (!own) return "includes \"" + include.path + "\", which is no path from the root";
  if (may_include(file.path, include.path)) return "";
  const std::string module = module_of(file.path);
  return (module.empty() ? file.path : module) + " may not include " + include.path;
}

std::string own_header_problem(const SourceFile& file, const std::vector<Include>& includes,
                               const Names& headers) {
  if (!file.path.ends_with(".cpp")) return "";
  const std::string own = file.path.substr(0, file.path.size() - 4) + ".h";
  if (!contains(headers, own)) return "";
  const bool first = !includes.empty() && includes.front().path == own;
  return first ? "" : file.path + ": does not include " + own + " first";
}

}  // namespace

std::string module_of(const std::string& path) {
  std::string longest;
  for (const auto& [module, allowed] : table()) {
    if (is_within(path, module) && module.size() > longest.size()) longest = module;
  }
  return longest;
}

std::vector<std::string> include_violations(const SourceFile& file,
                                            const std::vector<std::string>& headers) {
  Names violations;
  const std::vector<Include> includes = includes_of(file.text);
  for (const Include& include : includes) {
    const std::string reason = problem(file, include, headers);
    if (reason.empty()) continue;
    violations.push_back(file.path + ':' + std::to_string(include.line) + ": " + reason);
  }
  const std::string own_header = own_header_problem(file, includes, headers);
  if (!own_header.empty()) violations.push_back(own_header);
  return violations;
}

}  // namespace holdfast::architecture
