#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace holdfast::certs {

struct CertificateOptions {
  // Folder of the local authority and of the certificate that it issues. Default empty: gateway/app
  // takes the folder `certs` of the data folder.
  std::string folder;
  // PEM files of a certificate (with its chain) and of its key, of one's own. Default empty: the
  // local authority's.
  std::string certificate_file;
  std::string key_file;
  // DNS names and IP addresses that the certificate is for, besides this machine's own. Default
  // none.
  std::vector<std::string> names;
  // How long an authority lasts, default 10 years: changing it means trusting another one.
  std::chrono::hours authority_lifetime{24 * 3650};
  // How long a certificate lasts, default 30 days: browsers refuse long ones (398 days, and less
  // every year), and a stolen key is soon worth nothing.
  std::chrono::hours lifetime{24 * 30};
  // How long before its end it is renewed, default 10 days: a machine may be off for a while.
  std::chrono::hours renew_before{24 * 10};
};

}  // namespace holdfast::certs
