#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Makes the local authority and its certificate; `replace`: in the place of one that is there.
int certs_init(const CommonOptions& common, bool replace);
int certs_renew(const CommonOptions& common);
int certs_show(const CommonOptions& common);
// `where`: "system", "browsers", or empty for both.
int certs_trust(const CommonOptions& common, const std::string& where);
int certs_untrust(const CommonOptions& common, const std::string& where);

}  // namespace holdfast::cli
