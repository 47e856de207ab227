#pragma once

#include <optional>
#include <string>

#include "cache/replica/project_file.h"
#include "queue/journal.h"

namespace holdfast::app {

// The heads of the principals' journals, kept in project.db too: a journal whose end was cut off,
// or which was replaced whole, does not reach the head that is kept there.
void keep_journal_head(cache::ProjectFile& file, cache::Store& store);
std::optional<queue::JournalHead> kept_journal_head(cache::ProjectFile& file,
                                                    const std::string& principal_id);

}  // namespace holdfast::app
