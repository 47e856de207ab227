#include "gateway/upstream/monitored_upstream.h"

namespace holdfast::upstream {

Outcome MonitoredUpstream::call(const Call& call) {
  if (connectivity_.offline_by_choice()) {
    return Failure{Loss::kNotSent, "taken offline by a person"};
  }
  if (!call.force && !connectivity_.should_attempt()) {
    return Failure{Loss::kNotSent, "offline"};
  }
  const auto began = clock_.monotonic();
  connectivity_.call_begins(began);
  Outcome outcome = upstream_.call(call);
  connectivity_.call_ended(began);
  if (outcome.answered()) {
    const auto& date = outcome.answer().date;
    if (server_clock_ != nullptr && date) server_clock_->note(*date);
    connectivity_.answered(began);
  } else {
    connectivity_.failed(outcome.failure().loss, began);
  }
  return outcome;
}

}  // namespace holdfast::upstream
