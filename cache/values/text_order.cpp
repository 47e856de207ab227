#include "cache/values/text_order.h"

#include <gnu/libc-version.h>
#include <locale.h>
#include <string.h>
#include <unicode/ucol.h>

#include <optional>

namespace holdfast::cache {
namespace {

constexpr std::string_view kPrefix = "HF_TEXT:";
constexpr std::string_view kIcu = "icu";
constexpr std::string_view kLibc = "libc";

// PROVIDER/LOCALE/VERSION
struct TextOrder {
  std::string_view provider;
  std::string locale;
  std::string version;
};

std::optional<TextOrder> parse(std::string_view collation) {
  const auto first = collation.find('/');
  const auto last = collation.rfind('/');
  if (first == std::string_view::npos || last == first) return std::nullopt;
  return TextOrder{collation.substr(0, first),
                   std::string(collation.substr(first + 1, last - first - 1)),
                   std::string(collation.substr(last + 1))};
}

// Equal by the locale, text is in the order of its bytes, as in Postgres' varstr_cmp().
int or_by_bytes(int order, std::string_view a, std::string_view b) {
  return order != 0 ? order : a.compare(b);
}

class IcuCollation final : public NamedCollation {
 public:
  explicit IcuCollation(const std::string& locale) {
    UErrorCode status = U_ZERO_ERROR;
    collator_.reset(ucol_open(locale.c_str(), &status));
    if (U_FAILURE(status)) collator_.reset();
  }

  bool opened() const { return collator_ != nullptr; }

  std::string version() const {
    UVersionInfo info;
    ucol_getVersion(collator_.get(), info);
    char text[U_MAX_VERSION_STRING_LENGTH];
    u_versionToString(info, text);
    return text;
  }

  int compare(std::string_view a, std::string_view b) const override {
    UErrorCode status = U_ZERO_ERROR;
    const auto order = ucol_strcollUTF8(collator_.get(), a.data(), static_cast<int>(a.size()),
                                        b.data(), static_cast<int>(b.size()), &status);
    return or_by_bytes(order == UCOL_LESS ? -1 : order == UCOL_GREATER ? 1 : 0, a, b);
  }

 private:
  struct Close {
    void operator()(UCollator* collator) const { ucol_close(collator); }
  };
  std::unique_ptr<UCollator, Close> collator_;
};

class LibcCollation final : public NamedCollation {
 public:
  explicit LibcCollation(const std::string& locale)
      : locale_(newlocale(LC_COLLATE_MASK | LC_CTYPE_MASK, locale.c_str(), nullptr)) {}
  ~LibcCollation() override {
    if (opened()) freelocale(locale_);
  }
  LibcCollation(const LibcCollation&) = delete;
  LibcCollation& operator=(const LibcCollation&) = delete;

  bool opened() const { return locale_ != nullptr; }

  int compare(std::string_view a, std::string_view b) const override {
    const int order = strcoll_l(std::string(a).c_str(), std::string(b).c_str(), locale_);
    return or_by_bytes(order, a, b);
  }

 private:
  const locale_t locale_;
};

// ICU's name of a POSIX locale: en_US of en_US.UTF-8.
std::string without_encoding(const std::string& locale) {
  return locale.substr(0, locale.find_first_of(".@"));
}

bool has_libc_order(const TextOrder& order) {
  return order.provider == kLibc && order.version == gnu_get_libc_version() &&
         LibcCollation(order.locale).opened();
}

bool has_icu_order(const TextOrder& order) {
  if (order.provider != kIcu) return false;
  const IcuCollation collation(order.locale);
  return collation.opened() && collation.version() == order.version;
}

}  // namespace

bool orders_text_exactly(const std::string& collation) {
  const auto order = parse(collation);
  return order && (has_libc_order(*order) || has_icu_order(*order));
}

bool is_nondeterministic(std::string_view collation) { return collation == "nondeterministic"; }

std::string text_collation(const std::string& collation) {
  const auto order = parse(collation);
  if (!order) return "BINARY";
  const bool libc = has_libc_order(*order);
  const std::string locale =
      order->provider == kLibc && !libc ? without_encoding(order->locale) : order->locale;
  return std::string(kPrefix) + std::string(libc ? kLibc : kIcu) + "/" + locale + "/";
}

std::unique_ptr<NamedCollation> make_text_collation(std::string_view name) {
  if (!name.starts_with(kPrefix)) return nullptr;
  const auto order = parse(name.substr(kPrefix.size()));
  if (!order) return nullptr;
  if (order->provider == kLibc) {
    auto collation = std::make_unique<LibcCollation>(order->locale);
    return collation->opened() ? std::move(collation) : nullptr;
  }
  auto collation = std::make_unique<IcuCollation>(order->locale);
  return collation->opened() ? std::move(collation) : nullptr;
}

}  // namespace holdfast::cache
