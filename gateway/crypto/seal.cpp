#include "gateway/crypto/seal.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

#include "gateway/crypto/random.h"

namespace holdfast::crypto {
namespace {

constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* in(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* out(std::string& text, std::size_t at = 0) {
  return reinterpret_cast<unsigned char*>(text.data() + at);
}

void require_key(std::string_view key) {
  if (key.size() != kSealKeySize) throw std::invalid_argument("a sealing key has 32 bytes");
}

void require(int outcome) {
  if (outcome != 1) throw std::runtime_error("AES-256-GCM failed");
}

}  // namespace

std::string seal(std::string_view key, std::string_view text, std::string_view label) {
  require_key(key);
  const std::string nonce = random_bytes(kNonce);
  std::string sealed = nonce + std::string(text.size() + kTag, '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(key), in(nonce)));
  require(
      EVP_EncryptUpdate(context.get(), nullptr, &size, in(label), static_cast<int>(label.size())));
  require(EVP_EncryptUpdate(context.get(), out(sealed, kNonce), &size, in(text),
                            static_cast<int>(text.size())));
  require(EVP_EncryptFinal_ex(context.get(), out(sealed, kNonce + text.size()), &size));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTag,
                              out(sealed, kNonce + text.size())));
  return sealed;
}

std::optional<std::string> open(std::string_view key, std::string_view sealed,
                                std::string_view label) {
  require_key(key);
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  const auto nonce = sealed.substr(0, kNonce);
  const auto cipher = sealed.substr(kNonce, sealed.size() - kNonce - kTag);
  std::string tag(sealed.substr(sealed.size() - kTag));
  std::string text(cipher.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(key), in(nonce)));
  require(
      EVP_DecryptUpdate(context.get(), nullptr, &size, in(label), static_cast<int>(label.size())));
  require(EVP_DecryptUpdate(context.get(), out(text), &size, in(cipher),
                            static_cast<int>(cipher.size())));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTag, out(tag)));
  if (EVP_DecryptFinal_ex(context.get(), out(text, text.size()), &size) != 1) return std::nullopt;
  return text;
}

}  // namespace holdfast::crypto
