// A replica bundle as import takes it: its catalog, then its rows.

#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/query/query.h"
#include "cache/replica/bundle.h"
#include "tests/fuzz/targets.h"
#include "tests/support/temp_dir.h"

namespace holdfast::fuzz {
namespace {

void import(std::string_view bundle, const std::shared_ptr<const cache::Catalog>& catalog) {
  static const support::TempDir kFolder;
  const auto path = (kFolder.path() / "import.sqlite").string();
  std::vector<const cache::Table*> replicated;
  for (const auto& table : catalog->tables()) {
    if (table.exposed && !table.columns.empty()) replicated.push_back(&table);
  }
  {
    cache::Store store(path, http::Principal{}, catalog, replicated);
    cache::ImportProgress importing;
    const auto rows = cache::import_bundle(store, bundle, importing);
    if (!rows) require_well_formed(rows.error());
    std::string out;
    ProgressCount progress;
    cache::export_bundle(
        store, "public", [&](std::string_view piece) { out += piece; }, progress);
    require(nlohmann::json::accept(out), "an export is JSON", out);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

}  // namespace

void run_bundle(std::string_view input) {
  auto catalog = cache::catalog_of_bundle(input);
  if (!catalog) return require_well_formed(catalog.error());
  const std::string printed = cache::print_catalog(*catalog);
  const auto again = cache::parse_catalog(printed);
  require(again.has_value(), "a printed catalog can be read", printed);
  require(cache::print_catalog(*again) == printed, "and is the same", printed);
  import(input, std::make_shared<const cache::Catalog>(*std::move(catalog)));
}

}  // namespace holdfast::fuzz
