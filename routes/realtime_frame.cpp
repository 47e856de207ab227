#include "routes/realtime_frame.h"

#include <algorithm>
#include <array>

#include "gateway/http/json.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

constexpr char kPush = 3;         // from the client: join_ref, ref, topic, event, metadata
constexpr char kBroadcast = 4;    // to the client: topic, event, metadata
constexpr char kJsonPayload = 1;  // the encoding of what follows them; 0 = bytes
constexpr std::size_t kLongestName = 255;

json text_or_null(const json& value) { return value.is_string() ? value : json(nullptr); }

std::optional<Frame> complete(Frame frame, const json& topic, const json& event) {
  if (!topic.is_string() || !event.is_string()) return std::nullopt;
  frame.topic = topic;
  frame.event = event;
  return frame;
}

std::optional<Frame> read_object(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto member = [&](const char* name) { return object.value(name, json(nullptr)); };
  return complete(
      {text_or_null(member("join_ref")), text_or_null(member("ref")), "", "", member("payload")},
      member("topic"), member("event"));
}

std::optional<Frame> read_array(const json& array) {
  if (!array.is_array() || array.size() != 5) return std::nullopt;
  return complete({text_or_null(array[0]), text_or_null(array[1]), "", "", array[4]}, array[2],
                  array[3]);
}

std::string string_or_empty(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

// 03, the lengths of five texts, the encoding, the texts, the payload.
std::optional<Frame> read_push(const std::string& data) {
  constexpr std::size_t kTexts = 5;
  if (data.size() < kTexts + 2 || data[0] != kPush) return std::nullopt;
  std::array<std::string, kTexts> texts;
  std::size_t at = kTexts + 2;
  for (std::size_t i = 0; i < kTexts; ++i) {
    const std::size_t length = static_cast<unsigned char>(data[i + 1]);
    if (at + length > data.size()) return std::nullopt;
    texts[i] = data.substr(at, length);
    at += length;
  }
  const auto& [join_ref, ref, topic, event, metadata] = texts;
  Frame frame{join_ref.empty() ? json(nullptr) : json(join_ref),
              ref.empty() ? json(nullptr) : json(ref),
              topic,
              "broadcast",
              {{"type", "broadcast"}, {"event", event}}};
  if (data[kTexts + 1] == kJsonPayload) {
    frame.payload["payload"] = http::parse_json(std::string_view(data).substr(at));
    if (frame.payload["payload"].is_discarded()) return std::nullopt;
  } else {
    frame.bytes = data.substr(at);
  }
  return frame;
}

http::Message print_bytes(const Frame& frame) {
  const std::string event = string_or_empty(frame.payload.value("event", json("")));
  std::string data{kBroadcast};
  for (const std::size_t length : {frame.topic.size(), event.size(), std::size_t{0}}) {
    data += static_cast<char>(std::min(length, kLongestName));
  }
  data += '\0';
  data += frame.topic.substr(0, kLongestName) + event.substr(0, kLongestName) + *frame.bytes;
  return {std::move(data), true};
}

}  // namespace

std::optional<Frame> read_frame(FrameVersion version, const http::Message& message) {
  if (message.binary) return read_push(message.data);
  const json document = http::parse_json(message.data);
  return version == FrameVersion::kV1 ? read_object(document) : read_array(document);
}

http::Message print_frame(FrameVersion version, const Frame& frame) {
  if (frame.bytes) return print_bytes(frame);
  const json document = version == FrameVersion::kV1 ? json{{"topic", frame.topic},
                                                            {"event", frame.event},
                                                            {"payload", frame.payload},
                                                            {"ref", frame.ref},
                                                            {"join_ref", frame.join_ref}}
                                                     : json{frame.join_ref, frame.ref, frame.topic,
                                                            frame.event, frame.payload};
  return {http::print_json(document), false};
}

}  // namespace holdfast::routes
