#pragma once

#include <memory>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"

struct ssl_st;  // OpenSSL's SSL

namespace holdfast::certs {

struct FreeSession {
  void operator()(ssl_st* session) const;
};
// TLS with one peer; null = without.
using Session = std::unique_ptr<ssl_st, FreeSession>;

// TLS 1.2 and 1.3 of a server, with the certificate that stands in its files now: a changed one is
// taken up without a restart, an unreadable one leaves the last in use.
// Thread-safe.
class ServerTls {
 public:
  // PEM; both may be one file. `clock` must outlive it.
  ServerTls(std::string certificate_file, std::string key_file, const Clock& clock);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  // Reads the files; the error names the file that is wrong.
  Result<void> load();
  // For one peer. Looks at the files' dates at most once a second. Null before load() has
  // succeeded.
  Session new_session();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::certs
