#include "cache/values/functions.h"

#include "cache/values/codec.h"
#include "cache/values/numeric.h"

namespace holdfast::cache {

void register_value_functions(Database& database) {
  database.define(Collation{kNumericCollation, compare_numeric});
}

}  // namespace holdfast::cache
