#pragma once

namespace holdfast::cache {

// What of a table is compared with the upstream's at the next pull, as hf_tables.recheck has it.
enum class Recheck : int {
  kNothing = 0,
  kKeys = 1,    // with their stamps
  kValues = 2,  // all
};

}  // namespace holdfast::cache
