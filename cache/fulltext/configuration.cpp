#include "cache/fulltext/configuration.h"

#include <libstemmer.h>

#include <algorithm>
#include <iterator>

#include "cache/fulltext/characters.h"
#include "cache/fulltext/stop_words.h"

namespace holdfast::cache::fulltext {
namespace {

// Nepali is left out: its stop words are not here.
constexpr std::string_view kLanguages[] = {
    "arabic",  "armenian", "basque",     "catalan",   "danish",     "dutch",     "english",
    "finnish", "french",   "german",     "greek",     "hindi",      "hungarian", "indonesian",
    "irish",   "italian",  "lithuanian", "norwegian", "portuguese", "romanian",  "russian",
    "serbian", "spanish",  "swedish",    "tamil",     "turkish",    "yiddish"};

// A longer word is kept as it is.
constexpr std::size_t kLongestStemmed = 1000;

bool is_word(TokenKind kind) {
  return kind == TokenKind::kWord || kind == TokenKind::kCompound || kind == TokenKind::kPart;
}

bool is_ascii_word(TokenKind kind) {
  return kind == TokenKind::kAsciiWord || kind == TokenKind::kAsciiCompound ||
         kind == TokenKind::kAsciiPart;
}

}  // namespace

void Configuration::Free::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

Configuration::Dictionary Configuration::dictionary(const char* language) {
  return {language, std::unique_ptr<sb_stemmer, Free>(sb_stemmer_new(language, "UTF_8"))};
}

std::optional<Configuration> Configuration::open(std::string_view name) {
  std::string lower = lowered(name);
  Configuration configuration;
  if (lower == "simple") return configuration;
  if (std::find(std::begin(kLanguages), std::end(kLanguages), lower) == std::end(kLanguages)) {
    return std::nullopt;
  }
  configuration.others_ = dictionary(lower.c_str());
  const bool own_letters = lower == "russian" || lower == "hindi";
  configuration.ascii_ = dictionary(own_letters ? "english" : lower.c_str());
  if (!configuration.others_.stemmer || !configuration.ascii_.stemmer) return std::nullopt;
  return configuration;
}

std::string Configuration::lexeme(const Token& token) const {
  static const Dictionary simple;
  const Dictionary& dictionary = is_ascii_word(token.kind) ? ascii_
                                 : is_word(token.kind)     ? others_
                                                           : simple;
  return lexeme_of(dictionary, lowered(token.text));
}

std::string Configuration::lexeme_of(const Dictionary& dictionary, std::string word) {
  if (!dictionary.stemmer || word.size() > kLongestStemmed) return word;
  if (is_stop_word(dictionary.language, word)) return {};
  const auto* symbols =
      sb_stemmer_stem(dictionary.stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                      static_cast<int>(word.size()));
  if (symbols == nullptr) return word;
  const auto size = static_cast<std::size_t>(sb_stemmer_length(dictionary.stemmer.get()));
  return {reinterpret_cast<const char*>(symbols), size};
}

const Configuration* configuration_of(const std::string& name) {
  thread_local std::pair<std::string, std::optional<Configuration>> last;
  if (!last.second || last.first != name) last = {name, Configuration::open(name)};
  return last.second ? &*last.second : nullptr;
}

}  // namespace holdfast::cache::fulltext
