#include "cache/values/input_error.h"

#include "cache/values/codec.h"

namespace holdfast::cache {

Error invalid_syntax(std::string_view type, std::string_view text) {
  return invalid_request("22P02", "invalid input syntax for type " + std::string(type) + ": \"" +
                                      std::string(text) + "\"");
}

Error value_out_of_range(std::string_view type, std::string_view text) {
  return invalid_request(
      "22003", "value \"" + std::string(text) + "\" is out of range for type " + std::string(type));
}

Error only_upstream(std::string_view why) {
  Error error = invalid_request(kForwardCode, std::string(why));
  error.kind = ErrorKind::kNotAnswerable;
  return error;
}

}  // namespace holdfast::cache
