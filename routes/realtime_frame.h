#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "gateway/http/web_socket.h"

namespace holdfast::routes {

// What the Realtime protocol calls `vsn`: how messages look on the wire.
enum class FrameVersion {
  kV1,  // {"topic","event","payload","ref","join_ref"}
  kV2,  // [join_ref, ref, topic, event, payload], broadcasts also in a binary form
};

// One message of Phoenix channels, the protocol of Supabase Realtime (realtime-js,
// phoenix/assets/js/serializer.js).
struct Frame {
  nlohmann::json join_ref;  // text or null
  nlohmann::json ref;       // likewise: what a reply answers
  std::string topic;
  std::string event;
  nlohmann::json payload;
  // A broadcast whose own payload is no JSON: `payload` has its event.
  std::optional<std::string> bytes = std::nullopt;
};

// nullopt: it is none.
std::optional<Frame> read_frame(FrameVersion version, const http::Message& message);

http::Message print_frame(FrameVersion version, const Frame& frame);

}  // namespace holdfast::routes
