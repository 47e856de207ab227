#pragma once

#include <memory>
#include <string_view>

namespace holdfast::crypto {

// An object of OpenSSL's, freed by the function that OpenSSL has for its kind.
template <auto free_function>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    free_function(object);
  }
};
template <typename T, auto free_function>
using Owned = std::unique_ptr<T, Free<free_function>>;

// As its functions take bytes.
inline const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace holdfast::crypto
