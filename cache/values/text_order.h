#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cache/sqlite/function.h"

// The orders of text that Postgres takes from ICU or the C library, as SQLite collations.
// `collation` is Column::collation. Thread-safe.
namespace holdfast::cache {

// Whether text is ordered here exactly as Postgres orders it: this machine's library has the locale
// in the same version.
bool orders_text_exactly(const std::string& collation);

// Whether equal text may differ in its bytes, which no order of ours does.
bool is_nondeterministic(std::string_view collation);

// The SQLite collation that orders text as `collation` says: exactly, or as close as this machine's
// ICU comes; "BINARY" when nothing is known of it.
std::string text_collation(const std::string& collation);

// For Database::define_collations(): the collations that text_collation() names.
std::unique_ptr<NamedCollation> make_text_collation(std::string_view name);

}  // namespace holdfast::cache
