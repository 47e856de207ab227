#include "cache/sqlite/function.h"

#include "cache/sqlite/native_value.h"

namespace holdfast::cache {

ValueView Arguments::operator[](int index) const { return view_of(values_[index]); }

bool Arguments::is_null(int index) const {
  return sqlite3_value_type(values_[index]) == SQLITE_NULL;
}

const void* Arguments::pointer(int index, const char* kind) const {
  return sqlite3_value_pointer(values_[index], kind);
}

void FunctionContext::null() { sqlite3_result_null(context_); }
void FunctionContext::integer(std::int64_t value) { sqlite3_result_int64(context_, value); }
void FunctionContext::real(double value) { sqlite3_result_double(context_, value); }

void FunctionContext::text(std::string_view value) {
  sqlite3_result_text64(context_, value.data() == nullptr ? "" : value.data(), value.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
}

void FunctionContext::value(const ValueView& value) {
  struct Visitor {
    FunctionContext& context;
    void operator()(Null) { context.null(); }
    void operator()(std::int64_t v) { context.integer(v); }
    void operator()(double v) { context.real(v); }
    void operator()(std::string_view v) { context.text(v); }
  };
  std::visit(Visitor{*this}, value);
}

void FunctionContext::fail(std::string_view words) {
  sqlite3_result_error(context_, words.data(), static_cast<int>(words.size()));
}

void* FunctionContext::aggregate(int size) { return sqlite3_aggregate_context(context_, size); }

}  // namespace holdfast::cache
