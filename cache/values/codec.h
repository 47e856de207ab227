#pragma once

#include <string>
#include <string_view>

#include "cache/catalog/type.h"
#include "cache/sqlite/value.h"
#include "cache/values/text_builder.h"
#include "gateway/base/result.h"

namespace holdfast::cache {

// Conversions between Postgres' text and JSON forms of a value and the form in which SQLite stores
// it (the table "Value model" of the design). SQL NULL is Null in both directions.
//
// Stored forms: int2/4/8 INTEGER; float4/8 REAL, but NaN as TEXT 'NaN' (greater than every REAL in
// SQLite, as in Postgres); numeric TEXT of its digits, compared by collation kNumericCollation;
// bool INTEGER 0/1; text types, enum, bytea (\x…) TEXT, character(n) with its padding; uuid TEXT,
// lower case; date INTEGER days since 2000-01-01; timestamp, timestamptz INTEGER microseconds since
// 2000-01-01 UTC; time INTEGER microseconds; timetz, interval, arrays, other types TEXT in
// Postgres' own output form, built-in ranges in their canonical one; json TEXT as given; jsonb TEXT
// as Postgres prints it (keys ordered and unique, ", " and ": "). Infinity of date and timestamps
// is the largest, -infinity the smallest int32 (date) or int64. Known loss: SQLite keeps no -0.0,
// it is read back and printed as 0.
// A value of kOther whose JSON is no string (a composite, a geometry) is kOpaqueJson and the token.

// The name of the collation that compares numeric digits by value.
inline constexpr const char* kNumericCollation = "HF_NUMERIC";

// The collation under which stored values of the type compare as in Postgres: HF_NUMERIC, RTRIM for
// character(n), else BINARY.
const char* collation_of(const Type& type);

// Code of an Error (kNotAnswerable) whose text means something that only the database can tell,
// such as "now" or a time zone's name: the caller forwards the request.
inline constexpr const char* kForwardCode = "HF_FORWARD";

// First character of a stored kOther value that is JSON, not text.
inline constexpr char kOpaqueJson = '\x01';

// As the type's input function reads `text`, then with the type's modifier (length, scale) applied
// as an assignment does. Errors carry SQLSTATE and words of Postgres: 22P02 "invalid input syntax
// for type integer: \"x\"", 22003, 22007, 22008, 22001, and 42704 never; or kForwardCode.
Result<Value> parse_text(const Type& type, std::string_view text);

// The same without the modifier, as the other side of a comparison with a column of the type is
// read: `price=eq.1.005` finds nothing in a numeric(10,2), where an assignment would round.
Result<Value> parse_operand(const Type& type, std::string_view text);

// As json_populate_record() reads the JSON token `json` (raw text of one JSON value) for a column
// of the type: null is NULL; strings are their contents; numbers and booleans their text; for json
// and jsonb the token itself (a json string escaped anew); for arrays a JSON array is converted
// element by element.
Result<Value> parse_json(const Type& type, std::string_view json);

// Appends the value as to_json() prints it: numbers bare with their digits, timestamps as
// "2026-11-21T01:31:12.5+00:00", json spliced, arrays as JSON arrays, NaN and infinities as
// strings.
void print_json(const Type& type, const ValueView& value, std::string& out);
void print_json(const Type& type, const ValueView& value, TextBuilder& out);

// Appends the value as a cast to text prints it: true, false; character(n) without its padding;
// nothing for NULL.
void print_text(const Type& type, const ValueView& value, std::string& out);

// Appends the value as the type's output function prints it inside arrays, records and CSV. Differs
// from print_text() for bool (t, f) and character(n) (padded).
void print_output(const Type& type, const ValueView& value, std::string& out);

// Appends `text` as a JSON string with quotes, escaping as Postgres' escape_json() does.
void append_json_string(std::string_view text, std::string& out);
void append_json_string(std::string_view text, TextBuilder& out);

// Whether stored values of the type, compared under collation_of(), are equal (ordered) exactly
// when Postgres says so; text order also needs Column::byte_order. Equality is not exact for json,
// jsonb (1.0 in it equals 1), interval ("1 mon" is "30 days"), kOther, and arrays of those, of
// numeric and of floats; order also not for enum (the position in Type::labels decides), timetz and
// arrays. Most of those compare by sort_key() of sort_key.h.
bool compares_exactly(const Type& type);
bool orders_exactly(const Type& type);

}  // namespace holdfast::cache
