#include "tests/support/fake_upstream.h"

#include <utility>

namespace holdfast::support {

using upstream::Answer;
using upstream::Call;
using upstream::Failure;
using upstream::Loss;
using upstream::Outcome;

Outcome FakeUpstream::call(const Call& call) {
  bool lose = false;
  {
    MutexLock lock(mutex_);
    if (offline_) {
      ++refused_;
      return Failure{Loss::kNotSent, "fake upstream is offline"};
    }
    calls_.push_back(call);
    lose = answers_to_lose_ > 0;
    if (lose) --answers_to_lose_;
  }
  Outcome outcome = respond(call);
  if (lose) return Failure{Loss::kAnswerLost, "fake upstream lost the answer"};
  return outcome;
}

Outcome FakeUpstream::respond(const Call& call) {
  Responder responder;
  {
    MutexLock lock(mutex_);
    if (!queue_.empty()) {
      Outcome next = std::move(queue_.front());
      queue_.pop_front();
      return next;
    }
    responder = responder_;
  }
  if (responder) return responder(call);
  Answer unscripted;
  unscripted.status = 500;
  unscripted.body = "fake upstream: nothing scripted for " + call.method + " " + call.target;
  return unscripted;
}

void FakeUpstream::stop() { set_offline(true); }

void FakeUpstream::push(Outcome outcome) {
  MutexLock lock(mutex_);
  queue_.push_back(std::move(outcome));
}

void FakeUpstream::push(int status, std::string body, http::Headers headers) {
  Answer answer;
  answer.status = status;
  answer.headers = std::move(headers);
  answer.body = std::move(body);
  push(Outcome(std::move(answer)));
}

void FakeUpstream::respond_with(Responder responder) {
  MutexLock lock(mutex_);
  responder_ = std::move(responder);
}

void FakeUpstream::set_offline(bool offline) {
  MutexLock lock(mutex_);
  offline_ = offline;
}

void FakeUpstream::lose_answers(int times) {
  MutexLock lock(mutex_);
  answers_to_lose_ += times;
}

std::vector<Call> FakeUpstream::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

int FakeUpstream::refused() const {
  MutexLock lock(mutex_);
  return refused_;
}

void FakeUpstream::clear_calls() {
  MutexLock lock(mutex_);
  calls_.clear();
  refused_ = 0;
}

}  // namespace holdfast::support
