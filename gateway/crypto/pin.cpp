#include "gateway/crypto/pin.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"

namespace holdfast::crypto {
namespace {

constexpr std::string_view kPrefix = "sha256/";

int verify(X509_STORE_CTX* context, void* argument) {
  if (X509_verify_cert(context) != 1) return 0;
  const auto& pins = *static_cast<const std::vector<std::string>*>(argument);
  const auto* chain = X509_STORE_CTX_get0_chain(context);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const std::string pin = pin_of(sk_X509_value(chain, i));
    if (std::find(pins.begin(), pins.end(), pin) != pins.end()) return 1;
  }
  X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

}  // namespace

std::string pin_of(const x509_st* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
  if (size <= 0) return "";
  const auto digest = sha256({reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)});
  OPENSSL_free(bytes);
  return std::string(kPrefix) +
         base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool is_pin(const std::string& text) {
  if (!text.starts_with(kPrefix)) return false;
  const auto digest = base64_decode(std::string_view(text).substr(kPrefix.size()));
  return digest && digest->size() == 32;
}

void require_pins(ssl_ctx_st* context, const std::vector<std::string>& pins) {
  SSL_CTX_set_cert_verify_callback(context, verify, const_cast<std::vector<std::string>*>(&pins));
}

}  // namespace holdfast::crypto
