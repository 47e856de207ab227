#include "gateway/cli/snippets.h"

namespace holdfast::cli {

std::vector<Snippet> snippets_for(const std::string& url) {
  return {
      {"supabase-js", "createClient(\"" + url + "\", SUPABASE_ANON_KEY)"},
      {"supabase-py", "create_client(\"" + url + "\", SUPABASE_ANON_KEY)"},
      {"supabase_flutter", "Supabase.initialize(url: '" + url + "', anonKey: supabaseAnonKey)"},
      {"Swift",
       "SupabaseClient(supabaseURL: URL(string: \"" + url + "\")!, supabaseKey: supabaseAnonKey)"},
      {"Kotlin", "createSupabaseClient(\"" + url + "\", supabaseAnonKey) { … }"},
      {"a .env file", "SUPABASE_URL=" + url},
  };
}

}  // namespace holdfast::cli
