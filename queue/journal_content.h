#pragma once

#include <string>

#include "cache/sqlite/database.h"

namespace holdfast::queue {

// What the journal's records say of their subjects, each as one digest (SHA-256, hexadecimal);
// empty when there is no such subject. One thread at a time: whoever holds the Database.

// What the entry sends, and what decides when.
std::string entry_content(cache::Database& database, const std::string& entry);
// Both sides of the conflict.
std::string conflict_content(cache::Database& database, const std::string& conflict);

}  // namespace holdfast::queue
