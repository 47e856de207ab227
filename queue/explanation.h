#pragma once

#include <string>

#include "queue/entry.h"

namespace holdfast::queue {

// Why an entry is where it is and what a person can do about it, in plain words; empty for one that
// is on its way. The upstream's own words are the entry's last_error.
std::string explain(const Entry& entry);

}  // namespace holdfast::queue
