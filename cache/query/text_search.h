#pragma once

#include <string>

#include "cache/query/operand.h"
#include "cache/sqlite/database.h"

// The full-text operators: fts, plfts, phfts, wfts.
namespace holdfast::cache::query {

// operand @@ query as SQL; of text and JSON it is their words that are searched. Errors: 42601 of
// the query's text; kForwardCode for configurations and types that are not searched here, and while
// it runs for texts whose words are not surely known.
Result<std::string> text_search(const Operand& operand, const Filter& filter,
                                const PlanOptions& options, Parameters& parameters);

void register_text_search(Database& database);

}  // namespace holdfast::cache::query
