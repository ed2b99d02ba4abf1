#!/bin/sh
# describe.sh: describes the ABI that the headers declare, to the standard output: functions of these names that
# do nothing, compiled and given to abidw. What is behind handles is not in it. doc/abi.md says when to make
# abi/libaq.abi anew. AQ_SOURCE: the sources; CC: the compiler.
set -eu
source=$(cd "${AQ_SOURCE:-$(dirname "$0")/../..}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/stubs.awk" <<'END'
BEGIN { print "#include <aq.h>" }
function declared(result, name, list) { print result name "(" list ") { __builtin_trap(); }" }
END
awk -f "$source/libaq/declarations.awk" -f "$work/stubs.awk" "$source"/libaq/aq*.h > "$work/stubs.c"
${CC:-cc} -std=c11 -g -O0 -w -fPIC -shared -I"$source/libaq" -o "$work/libaq.so.0" "$work/stubs.c" \
  -Wl,-soname,libaq.so.0 -Wl,--version-script="$source/libaq/libaq.map"
abidw --no-architecture --no-corpus-path --no-comp-dir-path --no-elf-needed --no-parameter-names \
  --no-write-default-sizes --no-show-locs --type-id-style hash "$work/libaq.so.0" |
  sed -e 's/^ *//' -e "s/ visibility='default'//" -e "s/ access='public'//" -e "s/ mangled-name='[^']*'//" \
    -e "s/ path='[^']*'//"
