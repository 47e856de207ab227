#include "tests/corpus/recording.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "gateway/crypto/base64.h"

namespace holdfast::tests {
namespace {

using nlohmann::json;

class Reader {
 public:
  Reader(std::string_view anon_key, std::string_view service_key)
      : anon_key_(anon_key), service_key_(service_key) {}

  Recording read(const std::string& file, const json& line) const {
    Recording made;
    made.name = file + " " + std::to_string(line["n"].get<int>()) + " " + line.value("call", "");
    made.method = line["method"];
    made.at = std::chrono::milliseconds(line["t"].get<std::int64_t>());
    // A socket's request is noted as what it asks for.
    made.method = made.method.substr(0, made.method.find('('));
    made.target = keyed(line["target"]);
    for (const auto& field : line["headers"]) made.headers.add(field[0], keyed(field[1]));
    made.body = line.contains("body_b64")
                    ? crypto::base64_decode(line["body_b64"].get<std::string>()).value_or("")
                    : line.value("body", "");
    return made;
  }

 private:
  // The publishable, legacy and secret keys of the recording become the test's.
  std::string keyed(const std::string& text) const {
    static const std::regex publishable("sb_publishable_[A-Za-z0-9_]+");
    static const std::regex legacy(
        "[A-Za-z0-9_-]+\\.eyJpc3MiOiJzdXBhYmFzZSIs[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");
    static const std::regex secret("sb_secret_[A-Za-z0-9_]+");
    auto out = std::regex_replace(text, publishable, anon_key_);
    out = std::regex_replace(out, legacy, anon_key_);
    return std::regex_replace(out, secret, service_key_);
  }

  std::string anon_key_;
  std::string service_key_;
};

}  // namespace

bool Recording::is_preflight() const {
  return method == "OPTIONS" && headers.contains("Access-Control-Request-Method");
}

std::string Recording::header(std::string_view field) const {
  return std::string(headers.find(field).value_or(""));
}

std::string Recording::bytes() const {
  std::string out = method + " " + target + " HTTP/1.1\r\n";
  for (const auto& [field, value] : headers) out += field + ": " + value + "\r\n";
  out += "\r\n";
  if (header("Transfer-Encoding") != "chunked") return out + body;
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx", body.size());
  return out + size.data() + "\r\n" + body + "\r\n0\r\n\r\n";
}

std::vector<Recording> recordings(const std::filesystem::path& folder, std::string_view anon_key,
                                  std::string_view service_key) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  const Reader reader(anon_key, service_key);
  std::vector<Recording> all;
  for (const auto& path : files) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      const auto parsed = json::parse(line);
      if (parsed.contains("method")) all.push_back(reader.read(path.stem().string(), parsed));
    }
  }
  return all;
}

}  // namespace holdfast::tests
