#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace holdfast::upstream {

struct UpstreamOptions {
  // Base URL of the Supabase project, http or https, with an optional path prefix. Default empty:
  // there is no upstream, and every call fails as not sent.
  std::string url;
  // The publishable (or legacy anon) key. Sent by probes; other calls bring their own.
  std::string anon_key;
  // The secret (or legacy service_role) key. Used for the catalog, never for an app's request.
  std::string service_key;
  // Milliseconds for a whole small request, connecting included. Default 10 s.
  std::chrono::milliseconds timeout{10'000};
  // The same for functions, GraphQL and storage. Default 150 s, for which Supabase itself waits for
  // a function's answer.
  std::chrono::milliseconds function_timeout{150'000};
  // Milliseconds for connecting, TLS handshake apart. Default and largest effective value 3 s.
  std::chrono::milliseconds connect_timeout{3'000};
  // Bytes of one answer, which is held in memory until it is whole; a longer one is as good as
  // none. Default 512 MiB.
  std::size_t largest_answer = 512 * 1024 * 1024;
  // A kept-alive connection idle for longer is not used again. Default 3 s: below the 5 s after
  // which common servers close theirs, so that a request never meets the closing.
  std::chrono::milliseconds idle_limit{3'000};
  // Time between two probes while the upstream is not known to be online. Default 1 s.
  std::chrono::milliseconds probe_interval{1'000};
  // A call that waits for so long while nothing else is answered makes the upstream suspect: it is
  // probed. Default 1 s, which with probe_timeout makes 3 s for deciding that it is offline.
  std::chrono::milliseconds silence_limit{1'000};
  // Time for one probe. Default 2 s.
  std::chrono::milliseconds probe_timeout{2'000};
  // What a probe asks for; any HTTP answer counts. Default GoTrue's cheapest path.
  std::string probe_target = "/auth/v1/health";
  // Online, but without an answer for so long: probe. Default 15 s.
  std::chrono::milliseconds quiet_limit{15'000};
  // While offline, calls are tried again after ten times what the last failure took; where that is
  // so long or longer, they fail at once until a probe was answered. Default 1 s.
  std::chrono::milliseconds retry_after{1'000};
  // PEM file of the certificate authorities to trust. Default empty: the system's.
  std::string ca_file;
  // Public keys ("sha256/…"), one of which a certificate of the upstream's chain must have. Default
  // none: any that a trusted authority vouches for.
  std::vector<std::string> pins;
};

}  // namespace holdfast::upstream
