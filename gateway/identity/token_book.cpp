#include "gateway/identity/token_book.h"

#include <tuple>
#include <utility>

namespace holdfast::identity {
namespace {

// A legacy key is a token too, which PostgREST wants to see; a new one is none.
http::Caller with_key(http::Principal principal, const std::string& key) {
  http::Caller caller;
  caller.principal = std::move(principal);
  caller.api_key = key;
  if (!key.starts_with("sb_")) caller.bearer = key;
  return caller;
}

}  // namespace

TokenBook::TokenBook(const IdentityOptions& options) {
  using http::Principal;
  if (!options.anon_key.empty()) {
    pages_["anon"] = {with_key(Principal::anonymous(), options.anon_key), std::nullopt};
  }
  if (!options.service_key.empty()) {
    pages_["service"] = {with_key(Principal::service(), options.service_key), std::nullopt};
  }
}

void TokenBook::observe(Observer observer) {
  MutexLock lock(mutex_);
  observers_.push_back(std::move(observer));
}

void TokenBook::remember(const http::Caller& caller, std::optional<Timestamp> issued,
                         Timestamp now) {
  const auto& id = caller.principal.id;
  const Page page{caller, issued};
  if (!lasting(page, now)) return;
  std::vector<Observer> told;
  {
    MutexLock lock(mutex_);
    const auto known = pages_.find(id);
    const bool had_some = known != pages_.end() && lasting(known->second, now);
    if (had_some && !outlasts(page, known->second)) return;
    // What is held since claims have changed may go again.
    const bool same = had_some && known->second.caller.epoch == caller.epoch;
    pages_[id] = page;
    if (!same) told = observers_;
  }
  for (const auto& observer : told) observer(id);
}

std::optional<http::Caller> TokenBook::caller_for(const std::string& principal_id,
                                                  Timestamp now) const {
  MutexLock lock(mutex_);
  const auto known = pages_.find(principal_id);
  if (known == pages_.end() || !lasting(known->second, now)) return std::nullopt;
  return known->second.caller;
}

void TokenBook::forget(const std::string& principal_id, const std::string& bearer) {
  MutexLock lock(mutex_);
  const auto known = pages_.find(principal_id);
  if (known == pages_.end() || known->second.caller.bearer != bearer) return;
  if (known->second.caller.principal.kind == http::Principal::Kind::kUser) pages_.erase(known);
}

bool TokenBook::lasting(const Page& page, Timestamp now) {
  return !page.caller.token_expires || now < *page.caller.token_expires;
}

bool TokenBook::outlasts(const Page& a, const Page& b) {
  const auto rank = [](const Page& page) {
    return std::tuple(page.caller.token_expires.value_or(Timestamp::max()),
                      page.issued.value_or(Timestamp::min()));
  };
  return rank(a) > rank(b);
}

}  // namespace holdfast::identity
