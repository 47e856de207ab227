#include "gateway/crypto/signature_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <stdexcept>

#include "gateway/crypto/owned.h"

namespace holdfast::crypto {
namespace {

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = Owned<BIGNUM, BN_free>;
using Signature = Owned<ECDSA_SIG, ECDSA_SIG_free>;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using Buffer = Owned<BIO, BIO_free>;

constexpr std::size_t kCoordinate = 32;
constexpr const char* kCurve = "prime256v1";
constexpr int kLeastModulusBits = 2048;

[[noreturn]] void fail(const char* what) { throw std::runtime_error(what); }

Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

std::string padded(const BIGNUM* number) {
  std::string bytes(kCoordinate, '\0');
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (BN_bn2binpad(number, out, static_cast<int>(bytes.size())) < 0) fail("number too long");
  return bytes;
}

Key public_key(const char* algorithm, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return Key(key);
}

// JWS writes r and s side by side, OpenSSL wants them in DER.
std::string der_signature(std::string_view pair) {
  if (pair.size() != 2 * kCoordinate) return "";
  const Signature signature(ECDSA_SIG_new());
  Number r = number_of(pair.substr(0, kCoordinate));
  Number s = number_of(pair.substr(kCoordinate));
  if (!signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return "";
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size < 0) return "";
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string pair_signature(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) fail("ECDSA gave no signature");
  return padded(ECDSA_SIG_get0_r(signature.get())) + padded(ECDSA_SIG_get0_s(signature.get()));
}

bool on_p256(const EVP_PKEY* key) {
  char group[32] = {};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
         std::string_view(group, size) == kCurve;
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) fail("the key has no public point");
  const Number owned(number);
  return padded(owned.get());
}

}  // namespace

struct VerificationKey::State {
  Key key;
  bool elliptic = false;
};

std::optional<VerificationKey> VerificationKey::es256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) return std::nullopt;
  const std::string point = std::string(1, '\x04') + std::string(x) + std::string(y);
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kCurve, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  Key key = public_key("EC", builder.get());
  if (!key) return std::nullopt;
  return VerificationKey(std::make_shared<State>(State{std::move(key), true}));
}

std::optional<VerificationKey> VerificationKey::rs256(std::string_view modulus,
                                                      std::string_view exponent) {
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  if (!n || !e || BN_num_bits(n.get()) < kLeastModulusBits) return std::nullopt;
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  Key key = public_key("RSA", builder.get());
  if (!key) return std::nullopt;
  return VerificationKey(std::make_shared<State>(State{std::move(key), false}));
}

bool VerificationKey::verifies(std::string_view message, std::string_view signature) const {
  const std::string encoded = state_->elliptic ? der_signature(signature) : std::string(signature);
  const DigestContext context(EVP_MD_CTX_new());
  return context && !encoded.empty() &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) ==
             1 &&
         EVP_DigestVerify(context.get(), bytes_of(encoded), encoded.size(), bytes_of(message),
                          message.size()) == 1;
}

struct SigningKey::State {
  Key key;
};

SigningKey SigningKey::generate() {
  Key key(EVP_EC_gen(kCurve));
  if (!key) fail("no key could be made");
  return SigningKey(std::make_shared<State>(State{std::move(key)}));
}

std::optional<SigningKey> SigningKey::from_pem(const std::string& text) {
  const Buffer buffer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Key key(PEM_read_bio_PrivateKey(buffer.get(), nullptr, nullptr, nullptr));
  if (!key || !on_p256(key.get())) return std::nullopt;
  return SigningKey(std::make_shared<State>(State{std::move(key)}));
}

std::string SigningKey::pem() const {
  const Buffer buffer(BIO_new(BIO_s_mem()));
  if (!buffer || PEM_write_bio_PKCS8PrivateKey(buffer.get(), state_->key.get(), nullptr, nullptr, 0,
                                               nullptr, nullptr) != 1) {
    fail("the key cannot be written");
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(buffer.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string SigningKey::sign(std::string_view message) const {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) != 1) {
    fail("signing failed");
  }
  std::string der(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  if (EVP_DigestSign(context.get(), out, &size, bytes_of(message), message.size()) != 1) {
    fail("signing failed");
  }
  der.resize(size);
  return pair_signature(der);
}

std::string SigningKey::x() const {
  return coordinate(state_->key.get(), OSSL_PKEY_PARAM_EC_PUB_X);
}

std::string SigningKey::y() const {
  return coordinate(state_->key.get(), OSSL_PKEY_PARAM_EC_PUB_Y);
}

}  // namespace holdfast::crypto
