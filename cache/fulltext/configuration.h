#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cache/fulltext/word_parser.h"

struct sb_stemmer;

namespace holdfast::cache::fulltext {

// A text search configuration of PostgreSQL 15: which lexeme a token is indexed as. The stemmers
// are Snowball's own, as in Postgres.
// One thread at a time: whoever called open().
class Configuration {
 public:
  // nullopt for a name that is none of the built-in ones covered here; case is ignored.
  static std::optional<Configuration> open(std::string_view name);

  // Empty for a stop word.
  std::string lexeme(const Token& token) const;

 private:
  struct Free {
    void operator()(sb_stemmer* stemmer) const;
  };
  // Stems and stop words of a language; without a stemmer words are only lowered.
  struct Dictionary {
    std::string language;
    std::unique_ptr<sb_stemmer, Free> stemmer;
  };

  static Dictionary dictionary(const char* language);
  static std::string lexeme_of(const Dictionary& dictionary, std::string word);

  Dictionary ascii_;   // for words of ASCII letters
  Dictionary others_;  // for other words
};

// Configuration::open(), of this thread and until its next call: rows after one another ask for the
// same. nullptr as there.
const Configuration* configuration_of(const std::string& name);

}  // namespace holdfast::cache::fulltext
