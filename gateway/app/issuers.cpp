#include "gateway/app/issuers.h"

#include <utility>

namespace holdfast::app {

Issuers::Issuers(const identity::IdentityOptions& options, const upstream::UpstreamOptions& like,
                 const Clock& clock) {
  for (const std::string& text : options.jwks_urls) {
    auto source = identity::parse_key_source(text);
    if (!source) continue;
    upstream::UpstreamOptions host;
    const auto path = source->url.find('/', source->url.find("://") + 3);
    host.url = source->url.substr(0, path);
    host.timeout = like.timeout;
    host.ca_file = like.ca_file;
    std::string target = path == std::string::npos ? "/" : source->url.substr(path);
    hosts_.push_back(std::make_unique<upstream::SupabaseUpstream>(std::move(host), clock));
    list_.push_back({std::move(source->issuer), hosts_.back().get(), std::move(target)});
  }
}

void Issuers::stop() {
  for (const auto& host : hosts_) host->stop();
}

}  // namespace holdfast::app
