// Tokens that are no words: hosts, e-mail addresses, URLs, files, entities, protocols.

#include "cache/fulltext/word_scanner.h"

namespace holdfast::cache::fulltext {

WordScanner::Match WordScanner::entity_first(std::size_t at) {
  if (peek(at) == '#') return numbered_entity(at + 1);
  if (!is_ascii_letter(peek(at)) && peek(at) != ':' && peek(at) != '_') return std::nullopt;
  const auto in_name = [](char32_t c) {
    return is_alphanumeric(c) || c == ':' || c == '_' || c == '.' || c == '-';
  };
  while (in_name(peek(at))) ++at;
  return entity_end(at);
}

WordScanner::Match WordScanner::numbered_entity(std::size_t at) {
  const bool hex = peek(at) == 'x' || peek(at) == 'X';
  if (hex) ++at;
  const auto digit = [&](char32_t c) {
    return is_digit(c) || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
  };
  if (!digit(peek(at))) return std::nullopt;
  while (digit(peek(at))) ++at;
  return entity_end(at);
}

WordScanner::Match WordScanner::entity_end(std::size_t at) const {
  if (peek(at) != ';') return std::nullopt;
  return Found{TokenKind::kIgnored, at + 1};
}

WordScanner::Match WordScanner::protocol(std::size_t at) const {
  if (peek(at) != '/' || peek(at + 1) != '/') return std::nullopt;
  return Found{TokenKind::kIgnored, at + 2};
}

WordScanner::Match WordScanner::host_first(std::size_t at) {
  const bool fits = is_digit(peek(at)) || is_ascii_letter(peek(at));
  return fits ? host(at + 1) : std::nullopt;
}

WordScanner::Match WordScanner::host(std::size_t at) {
  while (is_digit(peek(at)) || is_ascii_letter(peek(at))) ++at;
  return host_goes_on(at);
}

WordScanner::Match WordScanner::host_goes_on(std::size_t at) {
  const char32_t c = peek(at);
  if (c == '@') return attempt(&WordScanner::email, at + 1);
  if (c == '.') return attempt(&WordScanner::domain_first, at + 1);
  if (c == '-' || c == '_') return attempt(&WordScanner::host_first, at + 1);
  return std::nullopt;
}

WordScanner::Match WordScanner::domain_first(std::size_t at) {
  if (is_digit(peek(at))) return host(at + 1);
  if (!is_ascii_letter(peek(at))) return std::nullopt;
  ++at;
  if (is_ascii_letter(peek(at))) return domain(at + 1);
  if (is_digit(peek(at))) return attempt(&WordScanner::host, at + 1);
  return host_goes_on(at);
}

WordScanner::Match WordScanner::domain(std::size_t at) {
  while (is_ascii_letter(peek(at))) ++at;
  const char32_t c = peek(at);
  if (is_digit(c)) return attempt(&WordScanner::host, at + 1);
  if (const Match longer = host_goes_on(at)) return longer;
  if (c == ':' && is_digit(peek(at + 1))) return port(at + 2);
  return host_end(at);
}

WordScanner::Match WordScanner::port(std::size_t at) {
  while (is_digit(peek(at))) ++at;
  return host_end(at);
}

WordScanner::Match WordScanner::host_end(std::size_t at) {
  const bool stop = want_host_;
  want_host_ = false;
  if (!stop && peek(at) == '/') {
    std::size_t end = at + 1;
    while (is_url_character(peek(end))) ++end;
    if (end > at + 1) return Found{TokenKind::kUrl, end};
  }
  return Found{TokenKind::kHost, at};
}

bool WordScanner::is_url_character(char32_t c) {
  if (c <= 0x20 || c >= 0x7F) return false;
  return c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' && c != '`' && c != '{' &&
         c != '|' && c != '}';
}

WordScanner::Match WordScanner::email(std::size_t at) {
  if (want_host_) {
    want_host_ = false;
    return std::nullopt;
  }
  if (at >= characters_.size()) return std::nullopt;
  want_host_ = true;
  const Found found = token(at);
  want_host_ = false;
  if (found.kind != TokenKind::kHost) return std::nullopt;
  return Found{TokenKind::kEmail, found.end};
}

WordScanner::Match WordScanner::file_first(std::size_t at) {
  const char32_t c = peek(at);
  if (in_file(c)) return file(at + 1);
  if (c == '.') return path_first(at + 1);
  if (c == '~') return attempt(&WordScanner::file_of_home, at + 1);
  return std::nullopt;
}

WordScanner::Match WordScanner::file_of_home(std::size_t at) {
  if (in_file(peek(at))) return file(at + 1);
  return peek(at) == '/' ? attempt(&WordScanner::file_first, at + 1) : std::nullopt;
}

WordScanner::Match WordScanner::path_first(std::size_t at) {
  if (in_file(peek(at))) return file(at + 1);
  return path_begin(at);
}

WordScanner::Match WordScanner::path_begin(std::size_t at) {
  if (peek(at) == '/') return attempt(&WordScanner::file_first, at + 1);
  if (peek(at) != '.') return std::nullopt;
  ++at;
  if (peek(at) == '/') {
    if (const Match longer = attempt(&WordScanner::file_first, at + 1)) return longer;
  }
  const bool ends = peek(at) == kEnd || peek(at) == '/' || is_space(peek(at));
  return ends ? Match(Found{TokenKind::kFile, at}) : std::nullopt;
}

WordScanner::Match WordScanner::file(std::size_t at) {
  while (in_file(peek(at)) || peek(at) == '-') ++at;
  Match longer;
  if (peek(at) == '.') longer = attempt(&WordScanner::file_next, at + 1);
  if (peek(at) == '/') longer = attempt(&WordScanner::file_first, at + 1);
  return longer ? longer : Found{TokenKind::kFile, at};
}

}  // namespace holdfast::cache::fulltext
