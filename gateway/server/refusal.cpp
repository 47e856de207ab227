#include "gateway/server/refusal.h"

namespace holdfast::server {

http::Response to_response(const Refusal& refusal) {
  std::string body = R"({"code":"HF)";
  body += std::to_string(refusal.status);
  body += R"(","message":")";
  body += refusal.message;
  body += R"(","details":null,"hint":null})";
  return http::json_response(refusal.status, std::move(body));
}

http::Response failure_response() {
  return to_response({500, "the gateway failed on this request"});
}

}  // namespace holdfast::server
