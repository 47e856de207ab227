#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::cache {

// A text that grows by small parts, each written in place: the answers' millions of values.
// One thread at a time: whoever builds it.
class TextBuilder {
 public:
  // Goes on where `text` ends.
  explicit TextBuilder(std::string text = {}) : text_(std::move(text)), size_(text_.size()) {}

  // Where up to `size` more bytes may be written; valid until the next call. end_at() then says
  // where they end.
  char* room(std::size_t size) {
    if (text_.size() - size_ < size) grow(size);
    return text_.data() + size_;
  }
  void end_at(const char* end) { size_ = static_cast<std::size_t>(end - text_.data()); }

  void append(std::string_view part) { size_ += part.copy(room(part.size()), part.size()); }
  void append(char c) {
    *room(1) = c;
    ++size_;
  }

  std::size_t size() const { return size_; }
  std::string_view view() const { return {text_.data(), size_}; }
  // The text; the builder is then to be thrown away.
  std::string take() {
    text_.resize(size_);
    return std::move(text_);
  }

 private:
  void grow(std::size_t size) {
    constexpr std::size_t kLeast = 512;
    text_.resize(std::max(2 * text_.size(), size_ + size + kLeast));
  }

  std::string text_;  // the bytes from size_ on mean nothing
  std::size_t size_;
};

}  // namespace holdfast::cache
