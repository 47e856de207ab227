#include "queue/verdict.h"

#include <array>

namespace holdfast::queue {

const char* name_of(const Verdict& verdict) {
  constexpr std::array<const char*, std::variant_size_v<Verdict>> kNames = {
      "applied",       "superseded", "try_again", "left_out",
      "token_refused", "refused",    "uncertain", "collided"};
  return kNames.at(verdict.index());
}

}  // namespace holdfast::queue
