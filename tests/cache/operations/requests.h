#pragma once

#include <string>
#include <vector>

namespace holdfast::test {

// A read of table `table`, as PostgREST takes it and as the statement that it stands for.
struct OperationRequest {
  std::size_t table = 0;
  std::string operation;  // "order", "filter eq", "cast to text" …: what may be forwarded together
  std::string query;      // after '?'
  std::string sql;        // rows of its answer
  bool counts_only = false;  // groups: of equal values any may stand for all
};

// The requests for one table of column x, whose values print as `texts`.
std::vector<OperationRequest> operation_requests(std::size_t table, const std::string& type,
                                                 const std::vector<std::string>& texts);

}  // namespace holdfast::test
