#include "cache/sqlite/statement.h"

#include "cache/sqlite/database.h"
#include "cache/sqlite/native_value.h"

namespace holdfast::cache {
namespace {

[[noreturn]] void fail(sqlite3* database) {
  throw SqliteError(sqlite3_extended_errcode(database), sqlite3_errmsg(database));
}

std::string_view text_of(const unsigned char* bytes, int size) {
  return bytes == nullptr ? std::string_view()
                          : std::string_view(reinterpret_cast<const char*>(bytes),
                                             static_cast<std::size_t>(size));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &handle, nullptr) != SQLITE_OK) {
    fail(database.handle());
  }
  handle_.reset(handle);
}

Statement::~Statement() = default;
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;

Statement& Statement::bind(int parameter, Null) {
  if (sqlite3_bind_null(handle_.get(), parameter) != SQLITE_OK) fail(database_->handle());
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  if (sqlite3_bind_int64(handle_.get(), parameter, value) != SQLITE_OK) fail(database_->handle());
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  if (sqlite3_bind_double(handle_.get(), parameter, value) != SQLITE_OK) fail(database_->handle());
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null data pointer would bind NULL, but an empty text is meant.
  if (sqlite3_bind_text64(handle_.get(), parameter, text.data() == nullptr ? "" : text.data(),
                          text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK) {
    fail(database_->handle());
  }
  return *this;
}

Statement& Statement::bind_borrowed(int parameter, std::string_view text) {
  if (sqlite3_bind_text64(handle_.get(), parameter, text.data() == nullptr ? "" : text.data(),
                          text.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK) {
    fail(database_->handle());
  }
  return *this;
}

Statement& Statement::bind(int parameter, const Value& value) {
  return bind(parameter, view(value));
}

Statement& Statement::bind(int parameter, const ValueView& value) {
  std::visit([&](const auto& v) { bind(parameter, v); }, value);
  return *this;
}

Statement& Statement::bind_pointer(int parameter, const void* object, const char* kind) {
  if (sqlite3_bind_pointer(handle_.get(), parameter, const_cast<void*>(object), kind, nullptr) !=
      SQLITE_OK) {
    fail(database_->handle());
  }
  return *this;
}

bool Statement::step() {
  const Step result = try_step();
  if (result == Step::kFunctionError) throw SqliteError(SQLITE_ERROR, error_text_);
  return result == Step::kRow;
}

Statement::Step Statement::try_step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return Step::kRow;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_.get());
    return Step::kDone;
  }
  const int extended = sqlite3_extended_errcode(database_->handle());
  error_text_ = sqlite3_errmsg(database_->handle());
  sqlite3_reset(handle_.get());
  if (extended == SQLITE_ERROR) return Step::kFunctionError;
  throw SqliteError(extended, error_text_);
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() { sqlite3_reset(handle_.get()); }
void Statement::clear_bindings() { sqlite3_clear_bindings(handle_.get()); }

int Statement::column_count() const { return sqlite3_column_count(handle_.get()); }
int Statement::parameter_count() const { return sqlite3_bind_parameter_count(handle_.get()); }

ValueView Statement::column(int index) const {
  // One call that checks the statement instead of three; without its mutex (configure_process())
  // the value may be read as it is.
  return view_of(sqlite3_column_value(handle_.get(), index));
}

bool Statement::is_null(int index) const {
  return sqlite3_column_type(handle_.get(), index) == SQLITE_NULL;
}

std::int64_t Statement::integer(int index) const {
  return sqlite3_column_int64(handle_.get(), index);
}

double Statement::real(int index) const { return sqlite3_column_double(handle_.get(), index); }

std::string_view Statement::text(int index) const {
  const auto* bytes = sqlite3_column_text(handle_.get(), index);
  return text_of(bytes, sqlite3_column_bytes(handle_.get(), index));
}

}  // namespace holdfast::cache
