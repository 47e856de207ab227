#include "certs/server_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <cstring>

#include "gateway/base/mutex.h"
#include "gateway/crypto/owned.h"

namespace holdfast::certs {
namespace {

using Context = crypto::Owned<SSL_CTX, SSL_CTX_free>;

constexpr std::chrono::seconds kLook{1};

// What changes when a file does.
struct Stamp {
  ino_t inode = 0;
  off_t size = 0;
  timespec changed{};

  friend bool operator==(const Stamp& a, const Stamp& b) {
    return a.inode == b.inode && a.size == b.size && a.changed.tv_sec == b.changed.tv_sec &&
           a.changed.tv_nsec == b.changed.tv_nsec;
  }
};

Stamp stamp_of(const std::string& path) {
  struct stat file = {};
  if (::stat(path.c_str(), &file) != 0) return {};
  return {file.st_ino, file.st_size, file.st_mtim};
}

Error problem(const std::string& file, const std::string& what) {
  const unsigned long code = ERR_peek_last_error();
  std::string why = code == 0 ? "" : ERR_reason_error_string(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SYS) why = std::strerror(ERR_GET_REASON(code));
  ERR_clear_error();
  return {ErrorKind::kNotFound, "HF_CERTS", file + " " + what + (why.empty() ? "" : ": " + why),
          std::nullopt, std::nullopt};
}

// There is no HTTP/2 here; a client that offers nothing else goes on without the extension.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp1[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, kHttp1, sizeof kHttp1 - 1, offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Context empty_context() {
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) throw std::runtime_error("OpenSSL cannot make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return context;
}

}  // namespace

struct ServerTls::State {
  State(std::string certificate, std::string private_key, const Clock& time)
      : certificate_file(std::move(certificate)), key_file(std::move(private_key)), clock(time) {}

  const std::string certificate_file;
  const std::string key_file;
  const Clock& clock;

  Mutex mutex;
  Context context HF_GUARDED_BY(mutex);
  Stamp certificate_stamp HF_GUARDED_BY(mutex);
  Stamp key_stamp HF_GUARDED_BY(mutex);
  MonotonicTime looked HF_GUARDED_BY(mutex);

  Result<void> read() HF_REQUIRES(mutex) {
    looked = clock.monotonic();
    certificate_stamp = stamp_of(certificate_file);
    key_stamp = stamp_of(key_file);
    Context fresh = empty_context();
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(fresh.get(), certificate_file.c_str()) != 1) {
      return problem(certificate_file, "holds no certificate that can be read");
    }
    if (SSL_CTX_use_PrivateKey_file(fresh.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
      return problem(key_file, "holds no private key that fits the certificate");
    }
    context = std::move(fresh);
    return {};
  }

  void look() HF_REQUIRES(mutex) {
    const auto now = clock.monotonic();
    if (now - looked < kLook) return;
    looked = now;
    if (stamp_of(certificate_file) == certificate_stamp && stamp_of(key_file) == key_stamp) return;
    // Half of a change, perhaps: the old one goes on, and the next look sees the rest.
    if (const auto done = read(); !done) certificate_stamp = {};
  }
};

ServerTls::ServerTls(std::string certificate_file, std::string key_file, const Clock& clock)
    : state_(std::make_unique<State>(std::move(certificate_file), std::move(key_file), clock)) {}

ServerTls::~ServerTls() = default;

Result<void> ServerTls::load() {
  MutexLock lock(state_->mutex);
  return state_->read();
}

void FreeSession::operator()(ssl_st* session) const { SSL_free(session); }

Session ServerTls::new_session() {
  MutexLock lock(state_->mutex);
  if (!state_->context) return nullptr;
  state_->look();
  return Session(SSL_new(state_->context.get()));
}

}  // namespace holdfast::certs
