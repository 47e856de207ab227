#include "gateway/cli/bundle.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/query/query.h"
#include "cache/replica/bundle.h"
#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "gateway/app/data_folder.h"
#include "gateway/base/ids.h"
#include "gateway/cli/control_client.h"
#include "gateway/cli/progress.h"
#include "gateway/http/uri.h"
#include "gateway/identity/jwt.h"
#include "queue/journal.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_input(const std::string& file) {
  if (file == "-") return text_or_stdin(file);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return Error{ErrorKind::kNotFound, "HF404", "cannot read " + file, std::nullopt, std::nullopt};
  }
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

cache::ReplicaOptions with_imports(cache::ReplicaOptions options) {
  options.imported_only = true;
  return options;
}

// The data folder, taken for this command, with the stores of a catalog.
class OpenFolder {
 public:
  explicit OpenFolder(const config::Config& config)
      : folder_(app::data_folder_of(config)),
        file_(folder_.path() + "/project.db"),
        options_(with_imports(config.replica)),
        stores_(folder_.path() + "/principals", options_, [](cache::Store&) {}) {}

  cache::ProjectFile& file() { return file_; }
  cache::Stores& stores() { return stores_; }

 private:
  app::DataFolder folder_;
  cache::ProjectFile file_;
  const cache::ReplicaOptions options_;
  cache::Stores stores_;
};

// A principal's file as it is at this moment, in a folder of its own beside it that goes away
// again: a gateway may go on with the file itself.
class Snapshot {
 public:
  Snapshot(const std::string& folder, const std::string& principal) : place_(folder) {
    cache::Database database(folder + "/principals/" + principal + ".db",
                             cache::OpenMode::kReadOnly);
    cache::query::register_functions(database);  // its indexes are copied too
    cache::Statement copy(database, "VACUUM INTO ?1");
    copy.bind(1, std::string_view(place_.path() + "/" + principal + ".db")).run();
  }

  const std::string& folder() const { return place_.path(); }

 private:
  const app::CopyFolder place_;
};

Result<std::shared_ptr<const cache::Catalog>> kept_catalog(const std::string& folder) {
  const std::string file = folder + "/project.db";
  const auto document =
      fs::exists(file) ? cache::ProjectFile(file).catalog_document() : std::nullopt;
  if (!document) {
    return Error{ErrorKind::kNotFound, "HF404",
                 "no catalog is kept in " + folder + ": there is nothing to export", std::nullopt,
                 std::nullopt};
  }
  HF_TRY(auto catalog, cache::parse_catalog(*document));
  return std::make_shared<const cache::Catalog>(std::move(catalog));
}

// Sealed when a gateway opens the file next.
void note(cache::Store& store, const std::string& subject, const std::string& what) {
  store.writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
    queue::Journal::note(transaction, subject, what);
  });
}

ProgressState importing(const cache::ImportProgress& count) {
  constexpr std::int64_t kKilobyte = 1'000;
  const auto rows = count.rows.state();
  if (rows.total > 0) return progress_of("importing", rows, "rows");
  const auto bytes = count.bytes.state();
  return progress_of("reading", {bytes.done / kKilobyte, bytes.total / kKilobyte}, "kB");
}

void tell_imported(const CommonOptions& common, const nlohmann::json& outcome) {
  if (common.json) {
    std::cout << outcome.dump() << '\n';
  } else {
    std::cout << outcome.at("rows") << " rows imported for "
              << outcome.at("principal").get<std::string>() << '\n';
  }
}

// Into the gateway that runs on the folder.
int import_there(const CommonOptions& common, std::uint64_t body_limit,
                 const std::string& principal, const std::string& bundle) {
  if (bundle.size() > body_limit) {
    return fail("the gateway that runs takes " + std::to_string(body_limit) +
                " bytes at most (server.body_limit), and these are " +
                std::to_string(bundle.size()) + ": stop it and import again");
  }
  const auto answer = [&] {
    const Progress progress(common, [] { return ProgressState{"importing", std::nullopt}; });
    return ask_gateway(common, "POST", "/import?principal=" + http::percent_encode(principal),
                       bundle);
  }();
  if (!answer) return fail(answer.error().message);
  tell_imported(common, nlohmann::json::parse(*answer));
  return 0;
}

}  // namespace

int import_bundle(const CommonOptions& common, const std::string& principal,
                  const std::string& file) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const auto who = identity::principal_named(principal);
  if (!who) return fail("--principal: " + who.error().message);
  const auto bundle = read_input(file);
  if (!bundle) return fail(bundle.error().message);
  if (app::find_running(app::data_folder_of(*config))) {
    return import_there(common, config->listener.body_limit, principal, *bundle);
  }
  auto catalog = cache::catalog_of_bundle(*bundle);
  if (!catalog) return fail(file + " cannot be imported: " + catalog.error().message);

  if (const auto fit = cache::check_bundle(*catalog, *who, *bundle); !fit) {
    return fail(fit.error().message);
  }
  OpenFolder folder(*config);
  const std::string document = cache::print_catalog(*catalog);
  folder.stores().set_catalog(std::make_shared<const cache::Catalog>(*std::move(catalog)));
  const auto store = folder.stores().open(*who);
  const auto rows = [&] {
    cache::ImportProgress count;
    const Progress progress(common, [&count] { return importing(count); });
    return cache::import_bundle(*store, *bundle, count);
  }();
  if (!rows) return fail(rows.error().message);
  note(*store, "import", std::to_string(*rows) + " rows");
  folder.file().keep_catalog_document(document);
  tell_imported(common, {{"rows", *rows}, {"principal", who->id}});
  return 0;
}

int export_bundle(const CommonOptions& common, const std::string& principal) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const auto who = identity::principal_named(principal);
  if (!who) return fail("--principal: " + who.error().message);
  const std::string folder = app::data_folder_of(*config);
  auto catalog = kept_catalog(folder);
  if (!catalog) return fail(catalog.error().message);
  const std::string note = nlohmann::json{{"principal", who->id}, {"subject", "export"}}.dump();
  if (const auto noted = ask_gateway(common, "POST", "/journal", note); !noted) {
    return fail(noted.error().message);
  }
  const Snapshot snapshot(folder, who->id);
  const cache::ReplicaOptions options = with_imports(config->replica);
  cache::Stores stores(snapshot.folder(), options, [](cache::Store&) {});
  stores.set_catalog(*std::move(catalog));
  ProgressCount count;
  const Progress progress(
      common, [&count] { return progress_of("exporting", count.state(), "rows"); },
      Output::kMeanwhile);
  cache::export_bundle(
      *stores.open(*who), config->rest.schemas.front(),
      [](std::string_view text) { std::cout << text; }, count);
  return 0;
}

}  // namespace holdfast::cli
