#pragma once

#include <string>
#include <vector>

namespace holdfast::cli {

// What an app in one language changes to reach the gateway.
struct Snippet {
  std::string where;  // "supabase-js"
  std::string line;
};

// For a gateway at `url`; the key stays the app's own.
std::vector<Snippet> snippets_for(const std::string& url);

}  // namespace holdfast::cli
