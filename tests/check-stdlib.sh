#!/bin/sh
# check-stdlib.sh: doc/language.md holds the table of the standard library that its own comments make.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
table=$(mktemp)
trap 'rm -f "$table"' EXIT
sh "$top/stdlib/table.sh" "$top"/stdlib/*.aq > "$table"
missing=$(grep -vxF -f "$top/doc/language.md" "$table" || true)
if [ -n "$missing" ]; then
  echo "doc/language.md lacks these lines, which stdlib/table.sh writes:" >&2
  echo "$missing" >&2
  exit 1
fi
undocumented=$(grep '|  |$' "$table" || true)
[ -z "$undocumented" ] || { echo "no comment stands above: $undocumented" >&2; exit 1; }
echo "the table of the standard library is up to date"
