#pragma once

#include <cstdint>

namespace holdfast::cache {

struct ResponseOptions {
  // Bytes of kept answers for each principal, headers and bodies; the ones used longest ago go
  // first. An answer larger than an eighth of it is not kept. 0 = none is kept.
  std::int64_t max_bytes = std::int64_t{32} << 20;
};

}  // namespace holdfast::cache
