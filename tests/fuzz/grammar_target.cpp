#include "cache/query/query.h"
#include "tests/fuzz/targets.h"

namespace holdfast::fuzz {

void run_grammar(std::string_view input) {
  const auto query = cache::query::Query::parse(input);
  if (query) {
    require(query->offset() >= 0 || !query->limit(), "a limit stands beside an offset");
    return;
  }
  require(query.error().code == "PGRST100", "an error of the grammar is PGRST100",
          query.error().code);
  require(query.error().details.has_value(), "it says where", query.error().message);
  require_well_formed(query.error());
}

}  // namespace holdfast::fuzz
