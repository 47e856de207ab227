#pragma once

#include <string>
#include <vector>

#include "cache/catalog/catalog.h"
#include "gateway/base/clock.h"
#include "gateway/cli/common.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::cli {

// What a look at one thing found.
struct Finding {
  enum class Level { kFine, kAdvice, kBroken };

  Level level = Level::kFine;
  std::string about;   // "port", "key"
  std::string text;    // what is the case
  std::string remedy;  // what to do about it; empty where nothing has to be done
};
using Findings = std::vector<Finding>;

// The settings by themselves; `file` is where they stand, or empty.
Findings check_settings(const config::Config& config, const std::string& file, Timestamp now);
// The data folder, its disk, and the ports, where no gateway has them already.
Findings check_machine(const config::Config& config);
// Whether the upstream answers, takes the key, has the same time and the companion. Blocking.
Findings check_upstream(const config::Config& config, upstream::Upstream& upstream,
                        const Clock& clock);
// Whether the settings name tables and columns that there are.
Findings check_tables(const config::Config& config, const cache::Catalog& catalog);
// What the gateway knows and has still to do: schema, queue, certificates.
Findings check_work(const CommonOptions& common, const config::Config& config, const Clock& clock);

bool is_broken(const Findings& findings);

}  // namespace holdfast::cli
