#include "routes/unknown_name.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace holdfast::routes {

bool names_unknown(const Error& error) {
  constexpr std::array<std::string_view, 6> kCodes = {"42703",    "42704",    "PGRST200",
                                                      "PGRST202", "PGRST204", "PGRST205"};
  if (std::find(kCodes.begin(), kCodes.end(), error.code) != kCodes.end()) return true;
  return error.code == "22P02" && error.message.starts_with("invalid input value for enum");
}

void note_unknown_name(const Context& context, int status) {
  if (status < 400 && context.schema_doubted) context.schema_doubted();
}

}  // namespace holdfast::routes
