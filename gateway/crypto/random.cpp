#include "gateway/crypto/random.h"

#include <openssl/rand.h>

#include <limits>
#include <stdexcept>

namespace holdfast::crypto {

std::string random_bytes(std::size_t count) {
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw std::length_error("too many random bytes");
  }
  std::string bytes(count, '\0');
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (RAND_bytes(out, static_cast<int>(count)) != 1) {
    throw std::runtime_error("the random generator failed");
  }
  return bytes;
}

}  // namespace holdfast::crypto
