#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Which entries a command of the outbox is about: one, or all that fit.
struct EntryChoice {
  std::string id;
  std::string reason;  // a part of the upstream's words
  std::string table;
  std::string state;
  bool all = false;
};

// `state` narrows the list; empty = all that is unfinished or dead.
int outbox_list(const CommonOptions& common, const std::string& state);
int outbox_show(const CommonOptions& common, const std::string& id);
// `action`: retry or discard; of one entry, or of all dead letters that fit.
int outbox_change(const CommonOptions& common, const EntryChoice& choice,
                  const std::string& action);
// `body`: JSON, or "-" for stdin.
int outbox_edit(const CommonOptions& common, const std::string& id, const std::string& body);

}  // namespace holdfast::cli
