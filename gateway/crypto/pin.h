#pragma once

#include <string>
#include <vector>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX
struct x509_st;     // and X509

namespace holdfast::crypto {

// "sha256/" and a SHA-256 in base64 with padding, as curl's --pinnedpubkey and RFC 7469 write a
// public key.
// The public key of `certificate` so written.
std::string pin_of(const x509_st* certificate);
bool is_pin(const std::string& text);

// Lets connections of `context`, a client's, trust only chains that are right in themselves and
// in which a certificate has one of the public keys `pins`. `pins` must outlive the context.
void require_pins(ssl_ctx_st* context, const std::vector<std::string>& pins);

}  // namespace holdfast::crypto
