#include "gateway/crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "gateway/crypto/owned.h"

namespace holdfast::crypto {
namespace {

using std::chrono::hours;
using Names = std::vector<std::string>;

constexpr Timestamp kNow{hours(24 * 365 * 56)};

Owned<X509, X509_free> parsed(const Certificate& certificate) {
  const std::string pem = certificate.pem();
  const Owned<BIO, BIO_free> buffer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<X509, X509_free>(PEM_read_bio_X509(buffer.get(), nullptr, nullptr, nullptr));
}

// What OpenSSL says of `leaf` when it trusts `authority`, as any client would: X509_V_OK or why
// not.
int verdict(const Certificate& leaf, const Certificate& authority, Timestamp now = kNow) {
  const Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), parsed(authority).get());
  const auto x509 = parsed(leaf);
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), x509.get(), nullptr);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_STORE_CTX_set_time(
      context.get(), 0,
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

class CertificateTest : public ::testing::Test {
 protected:
  Certificate leaf(const Names& names) const {
    return authority_.issue(authority_key_, key_, names, {kNow - hours(1), kNow + hours(24)});
  }

  const Names local_ = {"localhost", "127.0.0.1", "::1"};
  const SigningKey authority_key_ = SigningKey::generate();
  const SigningKey key_ = SigningKey::generate();
  const Certificate authority_ = Certificate::authority(
      authority_key_, "Test authority", {kNow - hours(1), kNow + hours(48)}, local_);
};

TEST_F(CertificateTest, ClientsTrustWhatTheAuthorityIssuedForLocalNamesAndThoseBelow) {
  EXPECT_EQ(verdict(leaf({"localhost", "127.0.0.1", "::1", "abcd.localhost"}), authority_),
            X509_V_OK);
}

TEST_F(CertificateTest, ClientsRefuseWhatItIssuesForOtherNames) {
  EXPECT_EQ(verdict(leaf({"example.com"}), authority_), X509_V_ERR_PERMITTED_VIOLATION);
  EXPECT_EQ(verdict(leaf({"notlocalhost"}), authority_), X509_V_ERR_PERMITTED_VIOLATION);
  EXPECT_EQ(verdict(leaf({"localhost", "10.0.0.1"}), authority_), X509_V_ERR_PERMITTED_VIOLATION);
  EXPECT_EQ(verdict(leaf({"127.0.0.2"}), authority_), X509_V_ERR_PERMITTED_VIOLATION);
}

TEST_F(CertificateTest, ClientsRefuseItBeforeAndAfterItsTime) {
  const auto made = leaf({"localhost"});
  EXPECT_EQ(verdict(made, authority_, kNow - hours(2)), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verdict(made, authority_, kNow + hours(25)), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(CertificateTest, AServersCertificateIssuesNone) {
  const auto server = leaf({"localhost"});
  const auto below =
      server.issue(key_, SigningKey::generate(), {"localhost"}, {kNow - hours(1), kNow + hours(1)});
  EXPECT_NE(verdict(below, server), X509_V_OK);
}

TEST_F(CertificateTest, SaysWhatWasPutIn) {
  const auto made = leaf({"localhost", "127.0.0.1", "::1", "abcd.localhost"});
  EXPECT_EQ(made.names(), (Names{"localhost", "127.0.0.1", "::1", "abcd.localhost"}));
  EXPECT_EQ(made.common_name(), "localhost");
  EXPECT_EQ(made.validity().from, kNow - hours(1));
  EXPECT_EQ(made.validity().until, kNow + hours(24));
  EXPECT_TRUE(made.is_issued_by(authority_));
  EXPECT_TRUE(made.belongs_to(key_));
  EXPECT_FALSE(made.belongs_to(authority_key_));
  EXPECT_TRUE(authority_.is_issued_by(authority_));
  EXPECT_EQ(authority_.common_name(), "Test authority");
  EXPECT_EQ(authority_.permitted(), (Names{"localhost", "127.0.0.1", "::1"}));
  EXPECT_TRUE(made.permitted().empty());
}

TEST_F(CertificateTest, PermitsAsClientsDo) {
  EXPECT_TRUE(authority_.permits("localhost"));
  EXPECT_TRUE(authority_.permits("abcd.localhost"));
  EXPECT_TRUE(authority_.permits("0:0:0:0:0:0:0:1"));
  EXPECT_FALSE(authority_.permits("notlocalhost"));
  EXPECT_FALSE(authority_.permits("127.0.0.2"));
  EXPECT_FALSE(authority_.permits("localhost.example"));
}

TEST_F(CertificateTest, SurvivesItsText) {
  const auto made = leaf({"localhost"});
  const auto read = Certificate::from_pem(key_.pem() + made.pem());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->fingerprint(), made.fingerprint());
  EXPECT_EQ(read->fingerprint().size(), 64u);
  EXPECT_EQ(read->pin(), made.pin());
  EXPECT_NE(read->pin(), authority_.pin());
  EXPECT_FALSE(Certificate::from_pem("nothing"));
}

TEST_F(CertificateTest, TwoOfOneKeyHaveOnePinAndTwoFingerprints) {
  const auto first = leaf({"localhost"});
  const auto second = leaf({"localhost"});
  EXPECT_EQ(first.pin(), second.pin());
  EXPECT_NE(first.fingerprint(), second.fingerprint());
}

TEST_F(CertificateTest, WhatIsNoNameIsRefused) {
  for (const char* name :
       {"", "a b", "localhost,DNS:example.com", "höhe.localhost", "*.localhost"}) {
    EXPECT_THROW(leaf({"localhost", name}), std::invalid_argument) << name;
  }
}

}  // namespace
}  // namespace holdfast::crypto
