#include "gateway/cli/bundle.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/replica/bundle.h"
#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "gateway/app/data_folder.h"
#include "gateway/cli/progress.h"
#include "gateway/identity/jwt.h"
#include "queue/journal.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t kMegabyte = 1'000'000;

Result<http::Principal> principal_named(const std::string& text) {
  if (text == "anon") return http::Principal::anonymous();
  if (text == "service") return http::Principal::service();
  HF_TRY(const identity::Claims claims, identity::read_claims(text));
  return claims.principal;
}

Result<std::string> read_input(const std::string& file) {
  if (file == "-") return text_or_stdin(file);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return Error{ErrorKind::kNotFound, "HF404", "cannot read " + file, std::nullopt, std::nullopt};
  }
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

// The data folder, taken for this command, with the stores of a catalog.
class OpenFolder {
 public:
  explicit OpenFolder(const config::Config& config)
      : folder_(app::data_folder_of(config)),
        file_(folder_.path() + "/project.db"),
        options_(with_imports(config.replica)),
        stores_(folder_.path() + "/principals", options_, config.rest.schemas.front(),
                [](cache::Store&) {}) {}

  cache::ProjectFile& file() { return file_; }
  cache::Stores& stores() { return stores_; }

 private:
  static cache::ReplicaOptions with_imports(cache::ReplicaOptions options) {
    options.imported_only = true;
    return options;
  }

  app::DataFolder folder_;
  cache::ProjectFile file_;
  const cache::ReplicaOptions options_;
  cache::Stores stores_;
};

// Sealed when a gateway opens the file next.
void note(cache::Store& store, const std::string& subject, const std::string& what) {
  store.writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
    queue::Journal::note(transaction, subject, what);
  });
}

}  // namespace

int import_bundle(const CommonOptions& common, const std::string& principal,
                  const std::string& file) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const auto who = principal_named(principal);
  if (!who) return fail("--principal: " + who.error().message);
  const auto bundle = read_input(file);
  if (!bundle) return fail(bundle.error().message);
  auto catalog = cache::catalog_of_bundle(*bundle);
  if (!catalog) return fail(catalog.error().message);

  OpenFolder folder(*config);
  const std::string document = cache::print_catalog(*catalog);
  folder.stores().set_catalog(std::make_shared<const cache::Catalog>(*std::move(catalog)));
  const auto store = folder.stores().open(*who);
  const auto rows = [&] {
    const Progress progress([&file, size = bundle->size() / kMegabyte] {
      return ProgressState{"importing " + std::to_string(size) + " MB of " + file, std::nullopt};
    });
    return cache::import_bundle(*store, *bundle);
  }();
  if (!rows) return fail(rows.error().message);
  note(*store, "import", std::to_string(*rows) + " rows");
  folder.file().keep_catalog_document(document);
  if (common.json) {
    std::cout << nlohmann::json({{"rows", *rows}, {"principal", who->id}}).dump() << '\n';
  } else {
    std::cout << *rows << " rows imported for " << who->id << '\n';
  }
  return 0;
}

int export_bundle(const CommonOptions& common, const std::string& principal) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const auto who = principal_named(principal);
  if (!who) return fail("--principal: " + who.error().message);
  OpenFolder folder(*config);
  const auto document = folder.file().catalog_document();
  if (!document) return fail("no catalog is kept yet: there is nothing to export");
  auto catalog = cache::parse_catalog(*document);
  if (!catalog) return fail(catalog.error().message);
  folder.stores().set_catalog(std::make_shared<const cache::Catalog>(*std::move(catalog)));
  const auto store = folder.stores().open(*who);
  note(*store, "export", "");
  cache::export_bundle(*store, config->rest.schemas.front(),
                       [](std::string_view text) { std::cout << text; });
  return 0;
}

}  // namespace holdfast::cli
