#pragma once

#include "cache/catalog/table.h"
#include "cache/replica/options.h"

namespace holdfast::routes {

// What becomes of a table's writes when answers are lost (hard case 9), for /status:
// "once"        they take effect exactly once, whatever is lost;
// "looked_for"  the same where the app gives the key; else the row is looked for after a lost
//               answer, and is for a person where that does not tell;
// "asked"       after a lost answer a person is asked;
// "forwarded"   they go to the upstream while it is there, and are never repeated.
struct DeliveryPromise {
  const char* insert;
  const char* update;
  const char* remove;
};

// `companion`: the upstream has it, and it serves the schema of `table`.
DeliveryPromise delivery_promise(const cache::Table& table, const cache::TableOptions& options,
                                 bool companion);

}  // namespace holdfast::routes
