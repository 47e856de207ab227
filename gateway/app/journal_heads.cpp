#include "gateway/app/journal_heads.h"

#include <charconv>

namespace holdfast::app {
namespace {

std::string name_of(const std::string& principal_id) { return "journal_head:" + principal_id; }

}  // namespace

void keep_journal_head(cache::ProjectFile& file, cache::Store& store) {
  const auto head = queue::Journal::head(*store.reader());
  if (head.number == 0) return;
  const std::string text = std::to_string(head.number) + ' ' + head.mac;
  const std::string name = name_of(store.principal().id);
  if (file.text(name) != text) file.keep_text(name, text);
}

std::optional<queue::JournalHead> kept_journal_head(cache::ProjectFile& file,
                                                    const std::string& principal_id) {
  const auto text = file.text(name_of(principal_id));
  if (!text) return std::nullopt;
  queue::JournalHead head;
  const auto space = text->find(' ');
  if (space == std::string::npos) return std::nullopt;
  std::from_chars(text->data(), text->data() + space, head.number);
  head.mac = text->substr(space + 1);
  return head;
}

}  // namespace holdfast::app
