#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

// What is fuzzed: functions that take any bytes and hold a rule of the code under test for them.
// Free functions; one thread at a time.
namespace holdfast::fuzz {

// A rule was broken; what() names it and shows the evidence.
class Violation : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Throws Violation unless `holds`.
void require(bool holds, const std::string& rule, std::string_view evidence = {});

// The error has a code of a known family and words, and its answer is JSON with PostgREST's keys.
void require_well_formed(const Error& error);

struct Target {
  std::string_view name;
  // Throws when a rule is broken; anything that the code under test throws is one as well.
  void (*run)(std::string_view input);
};

void run_grammar(std::string_view input);  // a query string
void run_plan(std::string_view input);     // a target: "items?select=id"
void run_values(std::string_view input);   // a type's name, a line feed, a text or JSON token
void run_http(std::string_view input);     // the bytes of a connection
void run_bundle(std::string_view input);   // a replica bundle
void run_body(std::string_view input);     // a mutation's body
void run_token(std::string_view input);    // a JWT

std::span<const Target> targets();

}  // namespace holdfast::fuzz
