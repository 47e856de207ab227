#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/queue/fixture.h"

namespace holdfast::queue {

// Hard case 9. The upstream counts the ids of `counters`.
class BareKeylessTest : public QueueTest {
 protected:
  BareKeylessTest() {
    sample_.complete();
    upstream_.respond_with([this](const upstream::Call& call) { return respond(call); });
  }

  upstream::Outcome respond(const upstream::Call& call) {
    upstream::Answer answer{200, json(), "", {}, {}};
    if (call.method == "POST") {
      fresh_.push_back(call.fresh_connection);
      if (refuse_rows_ && call.target.find("select=") != std::string::npos) {
        answer.status = 403;
        answer.body = error("42501");
        return answer;
      }
      answer.status = 201;
      answer.body = commit(call.body);
      if (lose_posts_ > 0) {
        --lose_posts_;
        if (cut_) lost_looks_ = 1;
        return upstream::Failure{upstream::Loss::kAnswerLost, "reset"};
      }
      return answer;
    }
    if (lost_looks_ > 0) {
      --lost_looks_;
      return upstream::Failure{upstream::Loss::kNotSent, "no network"};
    }
    ++looks_;
    if (const auto until = call.target.find("=lte."); until != std::string::npos) {
      conditions_ = call.target.substr(call.target.find('&', until));
      const bool first = call.target.find("=gt.") == std::string::npos;
      answer.body = first ? rows_until(std::stoll(call.target.substr(until + 5))) : "[]";
      return answer;
    }
    const auto behind = call.target.find("=gt.");
    if (call.target.find("id.desc") != std::string::npos) {
      answer.body =
          rows_.empty() ? "[]" : "[{\"id\":" + std::to_string(rows_.rbegin()->first) + "}]";
    } else {
      answer.body =
          rows_after(behind == std::string::npos ? 0 : std::stoll(call.target.substr(behind + 4)));
    }
    return answer;
  }
  // Takes an object, or an array of them without nested braces.
  std::string commit(const std::string& body) {
    std::string given = "[";
    for (std::size_t at = body.find('{'); at != std::string::npos; at = body.find('{', at + 1)) {
      const std::string fields = body.substr(at + 1, body.find('}', at) - at - 1);
      rows_[next_id_] = fields;
      given += (given.size() > 1 ? "," : "") + print(next_id_++);
    }
    return given + "]";
  }
  std::string print(std::int64_t id) const {
    return "{\"id\":" + std::to_string(id) + "," + rows_.at(id) + "}";
  }
  std::string rows_after(std::int64_t id) const {
    std::string text = "[";
    for (const auto& [each, fields] : rows_) {
      if (each > id) text += (text.size() > 1 ? "," : "") + print(each);
    }
    return text + "]";
  }
  std::string rows_until(std::int64_t id) const {
    std::string text = "[";
    for (const auto& [each, fields] : rows_) {
      if (each <= id) text += (text.size() > 1 ? "," : "") + print(each);
    }
    return text + "]";
  }
  void insert_as_somebody_else(const std::string& name) { commit(R"({"name":")" + name + "\"}"); }
  std::string shown() { return sample_.rows("counters", {"id", "name"}); }

  std::map<std::int64_t, std::string> rows_;
  std::int64_t next_id_ = 41;
  std::vector<bool> fresh_;
  int lose_posts_ = 0;
  bool cut_ = true;  // what loses a post loses the look that follows it
  int lost_looks_ = 0;
  int looks_ = 0;
  std::string conditions_;
  bool refuse_rows_ = false;
};

}  // namespace holdfast::queue
