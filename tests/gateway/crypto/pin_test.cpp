#include "gateway/crypto/pin.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "gateway/crypto/certificate.h"
#include "gateway/crypto/owned.h"

namespace holdfast::crypto {
namespace {

using std::chrono::hours;
using Pins = std::vector<std::string>;
using Context = Owned<SSL_CTX, SSL_CTX_free>;
using Session = Owned<SSL, SSL_free>;

template <typename T>
T* read_pem(const std::string& pem, T* (*read)(BIO*, T**, pem_password_cb*, void*)) {
  const Owned<BIO, BIO_free> buffer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return read(buffer.get(), nullptr, nullptr, nullptr);
}

// A server under an authority, and what a client that trusts `trusted_` says of it.
class PinTest : public ::testing::Test {
 protected:
  PinTest() { server_context_.reset(SSL_CTX_new(TLS_server_method())); }

  // X509_V_OK, or why the client refuses; the handshake itself goes on, as httplib's does.
  long verdict(const Pins& pins, const Certificate& trusted) {
    const Owned<X509, X509_free> certificate(read_pem<X509>(leaf_.pem(), PEM_read_bio_X509));
    const Owned<EVP_PKEY, EVP_PKEY_free> key(
        read_pem<EVP_PKEY>(key_.pem(), PEM_read_bio_PrivateKey));
    SSL_CTX_use_certificate(server_context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(server_context_.get(), key.get());
    const Context client_context(SSL_CTX_new(TLS_client_method()));
    const Owned<X509, X509_free> anchor(read_pem<X509>(trusted.pem(), PEM_read_bio_X509));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(client_context.get()), anchor.get());
    require_pins(client_context.get(), pins);
    const Session client(SSL_new(client_context.get()));
    const Session server(SSL_new(server_context_.get()));
    connect(client.get(), server.get());
    return SSL_get_verify_result(client.get());
  }

  static void connect(SSL* client, SSL* server) {
    BIO* near = nullptr;
    BIO* far = nullptr;
    BIO_new_bio_pair(&near, 0, &far, 0);
    SSL_set_bio(client, near, near);
    SSL_set_bio(server, far, far);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int turn = 0; turn < 10; ++turn) {
      const bool done = SSL_do_handshake(client) == 1;
      if (SSL_do_handshake(server) == 1 && done) return;
    }
  }

  const Timestamp now_ = SystemClock().now();
  const Validity time_{now_ - hours(1), now_ + hours(1)};
  const SigningKey authority_key_ = SigningKey::generate();
  const SigningKey key_ = SigningKey::generate();
  const Certificate authority_ =
      Certificate::authority(authority_key_, "Test authority", time_, {"localhost"});
  const Certificate leaf_ = authority_.issue(authority_key_, key_, {"localhost"}, time_);
  const std::string other_ =
      Certificate::authority(SigningKey::generate(), "Other", time_, {"localhost"}).pin();
  Context server_context_;
};

TEST_F(PinTest, TheServersOwnKeyOrThatOfAnAuthorityAboveItWillDo) {
  EXPECT_EQ(verdict({leaf_.pin()}, authority_), X509_V_OK);
  EXPECT_EQ(verdict({other_, authority_.pin()}, authority_), X509_V_OK);
}

TEST_F(PinTest, AChainWithoutAPinnedKeyIsRefusedThoughItsAuthorityIsTrusted) {
  EXPECT_EQ(verdict({other_}, authority_), X509_V_ERR_APPLICATION_VERIFICATION);
}

TEST_F(PinTest, APinnedKeyDoesNotMakeUpForAnAuthorityThatIsNotTrusted) {
  const auto stranger =
      Certificate::authority(SigningKey::generate(), "Stranger", time_, {"localhost"});
  EXPECT_NE(verdict({leaf_.pin()}, stranger), X509_V_OK);
}

TEST_F(PinTest, IsWrittenAsCurlWritesIt) {
  EXPECT_TRUE(is_pin(leaf_.pin())) << leaf_.pin();
  EXPECT_FALSE(is_pin("sha256/"));
  EXPECT_FALSE(is_pin("sha256/abcd"));
  EXPECT_FALSE(is_pin(leaf_.pin().substr(7)));
}

}  // namespace
}  // namespace holdfast::crypto
