// HTTPS beside HTTP: the same listener, the same checks.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <filesystem>

#include "certs/local_authority.h"
#include "certs/server_tls.h"
#include "gateway/crypto/owned.h"
#include "tests/gateway/server/listener_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace holdfast::server {
namespace {

using Context = crypto::Owned<SSL_CTX, SSL_CTX_free>;
using Chain = crypto::Owned<BIO, BIO_free_all>;
using Peer = crypto::Owned<X509, X509_free>;

// A client that trusts one authority only, and wants "localhost".
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const std::string& authority_file)
      : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_load_verify_locations(context_.get(), authority_file.c_str(), nullptr);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    chain_.reset(BIO_new_ssl_connect(context_.get()));
    BIO_set_conn_hostname(chain_.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
    SSL_set1_host(ssl(), "localhost");
    connected_ = BIO_do_handshake(chain_.get()) == 1;
    ERR_clear_error();
  }

  bool connected() const { return connected_; }
  SSL* ssl() const {
    SSL* ssl = nullptr;
    BIO_get_ssl(chain_.get(), &ssl);
    return ssl;
  }

  void send(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const int count =
          BIO_write(chain_.get(), bytes.data() + sent, static_cast<int>(bytes.size() - sent));
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }
  // One answer with a Content-Length, head and body.
  std::string receive() {
    std::string text;
    std::size_t wanted = std::string::npos;
    char bytes[16 * 1024];
    while (text.size() < wanted) {
      const int count = BIO_read(chain_.get(), bytes, sizeof bytes);
      if (count <= 0) break;
      text.append(bytes, static_cast<std::size_t>(count));
      const auto end = text.find("\r\n\r\n");
      const auto length = text.find("Content-Length: ");
      if (wanted != std::string::npos || end == std::string::npos) continue;
      wanted = end + 4 + (length < end ? std::stoul(text.substr(length + 16)) : 0);
    }
    return text;
  }
  std::string ask(std::string_view bytes) {
    send(bytes);
    return receive();
  }
  // Whether the server ended TLS properly, so that nothing can have been cut off.
  bool was_ended() {
    char byte = 0;
    while (BIO_read(chain_.get(), &byte, 1) > 0) {
    }
    return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  const Context context_;
  Chain chain_;
  bool connected_ = false;
};

class TlsTest : public ListenerTest {
 protected:
  TlsTest() : authority_(certificate_options(), clock_) {
    authority_.init();
    tls_ = std::make_unique<certs::ServerTls>(authority_.certificate_file(),
                                              authority_.certificate_file(), clock_);
    options_.tls_host = "127.0.0.1";
    EXPECT_TRUE(tls_->load());
  }

  certs::CertificateOptions certificate_options() const {
    certs::CertificateOptions options;
    options.folder = (folder_.path() / "certs").string();
    return options;
  }
  void start_tls() {
    listener_ = std::make_unique<Listener>(options_, handler_, silent_logger(), tls_.get());
    listener_->start();
  }
  TlsClient client() {
    if (!listener_) start_tls();
    return {listener_->tls_port(), authority_.authority_file()};
  }

  const support::TempDir folder_;
  // Certificates are checked by the real time; only what looks at files waits for this clock.
  support::ManualClock clock_{SystemClock().now()};
  certs::LocalAuthority authority_;
  std::unique_ptr<certs::ServerTls> tls_;
};

TEST_F(TlsTest, AnswersTheSameOnBothPortsAndSaysWhichIsSecure) {
  auto secure = client();
  ASSERT_TRUE(secure.connected());
  EXPECT_NE(listener_->port(), listener_->tls_port());
  const auto over_tls = secure.ask(kGet);
  EXPECT_TRUE(over_tls.starts_with("HTTP/1.1 200 ")) << over_tls;
  EXPECT_TRUE(over_tls.ends_with("GET / ")) << over_tls;
  EXPECT_EQ(ask(kGet).status, 200);
  const auto requests = handler_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(requests[0].secure);
  EXPECT_TRUE(requests[0].from_loopback);
  EXPECT_FALSE(requests[1].secure);
}

TEST_F(TlsTest, OneConnectionCarriesManyRequestsInOrder) {
  auto secure = client();
  for (int i = 0; i < 20; ++i) {
    const std::string target = "/" + std::to_string(i);
    const auto answer = secure.ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("GET " + target + " ")) << answer;
  }
}

TEST_F(TlsTest, LargeBodiesGoBothWaysWhole) {
  const std::string body = repeat("0123456789abcdef", 200'000);
  auto secure = client();
  const auto answer = secure.ask("POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), "POST /b " + body);
}

TEST_F(TlsTest, HostAndOriginAreCheckedAsWithoutTls) {
  EXPECT_TRUE(
      client().ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").starts_with("HTTP/1.1 421 "));
  const auto refused = client().ask(
      "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nContent-Length: "
      "0\r\n\r\n");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 403 ")) << refused;
  const auto allowed =
      client().ask("GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost:3000\r\n\r\n");
  EXPECT_NE(allowed.find("Access-Control-Allow-Origin: https://localhost:3000"), allowed.npos);
  EXPECT_EQ(handler_.requests().size(), 1u);
}

TEST_F(TlsTest, LimitsHoldAsWithoutTls) {
  options_.target_limit = 100;
  auto secure = client();
  const auto answer =
      secure.ask("GET /" + repeat("x", 200) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 414 ")) << answer;
}

TEST_F(TlsTest, ARenewedCertificateIsServedWithoutARestart) {
  auto before = client();
  ASSERT_TRUE(before.connected());
  const auto identity = [](const TlsClient& of) {
    const Peer peer(SSL_get1_peer_certificate(of.ssl()));
    return X509_issuer_and_serial_hash(peer.get());
  };
  ASSERT_TRUE(authority_.renew());
  clock_.advance(std::chrono::seconds(2));
  auto after = client();
  ASSERT_TRUE(after.connected());
  EXPECT_NE(identity(after), identity(before));
  EXPECT_TRUE(before.ask(kGet).starts_with("HTTP/1.1 200 ")) << "what was open goes on";
}

TEST_F(TlsTest, AnUnreadableCertificateLeavesTheLastInUse) {
  start_tls();
  std::filesystem::resize_file(authority_.certificate_file(), 40);
  clock_.advance(std::chrono::seconds(2));
  EXPECT_TRUE(client().connected());
  ASSERT_TRUE(authority_.renew());
  clock_.advance(std::chrono::seconds(2));
  EXPECT_TRUE(client().connected());
}

TEST_F(TlsTest, AClientThatDoesNotTrustTheAuthorityGetsNothing) {
  start_tls();
  certs::CertificateOptions other;
  other.folder = (folder_.path() / "other").string();
  certs::LocalAuthority stranger(other, clock_);
  stranger.init();
  EXPECT_FALSE(TlsClient(listener_->tls_port(), stranger.authority_file()).connected());
  EXPECT_TRUE(client().connected());
}

TEST_F(TlsTest, PlainRequestsOnTheSecurePortAreNotAnswered) {
  start_tls();
  test::RawClient plain(listener_->tls_port());
  EXPECT_FALSE(plain.ask(kGet));
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(TlsTest, ASilentPeerIsCutAfterTheTimeForAHead) {
  options_.head_timeout = std::chrono::milliseconds(50);
  start_tls();
  test::RawClient silent(listener_->tls_port());
  EXPECT_TRUE(silent.at_end());
}

TEST_F(TlsTest, TheEndIsMarkedSoThatNothingCanHaveBeenCutOff) {
  auto secure = client();
  secure.ask("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(secure.was_ended());
}

TEST_F(TlsTest, StoppingDoesNotWaitForIdleClients) {
  auto idle = client();
  idle.ask(kGet);
  const auto began = std::chrono::steady_clock::now();
  listener_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(2'000));
}

TEST_F(TlsTest, ATakenPortSaysWhich) {
  start_tls();
  ListenerOptions second = options_;
  second.tls_port = listener_->tls_port();
  Listener other(second, handler_, silent_logger(), tls_.get());
  try {
    other.start();
    FAIL() << "both have the port";
  } catch (const StartupError& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(second.tls_port)), std::string::npos);
  }
}

}  // namespace
}  // namespace holdfast::server
