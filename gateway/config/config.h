#pragma once

#include <string>
#include <string_view>

#include "cache/pull/options.h"
#include "cache/replica/options.h"
#include "cache/responses/options.h"
#include "certs/options.h"
#include "gateway/base/logging.h"
#include "gateway/base/result.h"
#include "gateway/config/environment.h"
#include "gateway/identity/options.h"
#include "gateway/server/options.h"
#include "gateway/upstream/options.h"
#include "queue/options.h"
#include "routes/options.h"

namespace holdfast::config {

// Everything a person may set: each module's own options, and what gateway/app keeps for itself.
// Its initial state is the default of every key.
struct Config {
  upstream::UpstreamOptions upstream;
  identity::IdentityOptions identity;
  server::ListenerOptions listener;
  certs::CertificateOptions certificates;
  routes::RestOptions rest;
  cache::ReplicaOptions replica;
  cache::PullOptions pull;
  cache::ResponseOptions responses;
  queue::DispatcherOptions dispatcher;
  LogOptions log;

  // Connection string of the upstream's PostgreSQL, for reading the catalog. Default empty: none.
  std::string db_url;
  // Bearer token of control calls. Default empty: one is made and kept in the data folder.
  std::string control_token;
  // The data folder. Default empty: $XDG_DATA_HOME/holdfast/<project>.
  std::string data_dir;
};

// The configuration without any file.
Config default_config();

// Reads TOML. Every problem is reported at once, a line each, with key, place and remedy; secrets
// are never repeated in them. `source` names the text in messages; "file:" references are relative
// to its folder.
Result<Config> parse_config(std::string_view toml, const std::string& source,
                            const Environment& environment);

// The same from a file; kNotFound when there is none to read.
Result<Config> load_config(const std::string& path, const Environment& environment);

// Sets one key from outside a file, as `origin` ("--upstream") asks. `text` is what would stand
// between the quotes of the file, or a number or true/false where the key takes those.
Result<void> set_key(Config& config, const std::string& key, const std::string& text,
                     const std::string& origin, const Environment& environment);

}  // namespace holdfast::config
