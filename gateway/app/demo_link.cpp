#include "gateway/app/demo_link.h"

namespace holdfast::app {

upstream::Outcome DemoLink::call(const upstream::Call& call) {
  if (!on_) return upstream::Failure{upstream::Loss::kNotSent, "the demo's link is off"};
  return upstream_.call(call);
}

}  // namespace holdfast::app
