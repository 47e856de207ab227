#include "gateway/http/principal.h"

namespace holdfast::http {

Principal Principal::anonymous() { return {}; }

Principal Principal::service() {
  return {Kind::kService, "", "service_role", R"({"role":"service_role"})", "service"};
}

}  // namespace holdfast::http
