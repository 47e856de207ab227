#!/bin/sh
# Puts cache/catalog/catalog.sql between its marks in holdfast.sql, after a change there.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
awk -v catalog="$folder/../cache/catalog/catalog.sql" '
  /^-- end catalog.sql$/ { inside = 0 }
  !inside { print }
  /^-- begin catalog.sql$/ { inside = 1; while ((getline line < catalog) > 0) print line }
' "$folder/holdfast.sql" > "$folder/holdfast.sql.new"
mv "$folder/holdfast.sql.new" "$folder/holdfast.sql"
