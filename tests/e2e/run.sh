#!/bin/sh
# Runs the end-to-end tests; arguments name test files. HOLDFAST_BIN is the gateway under test.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
node=$root/node_modules/.bin/node
if ! cmp -s "$root/package-lock.json" "$root/node_modules/.installed-lock"; then
  echo "the test packages are missing or old: run tests/e2e/setup.sh" >&2
  exit 1
fi
exec "$node" "$root/tests/e2e/run.mjs" "$@"
