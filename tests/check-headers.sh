#!/bin/sh
# check-headers.sh: structs of the public headers can grow: each begins with its size and goes by pointer, but
# for aq_tensor, which stays as it is for ever (unit/test_libaq_function.c pins it). The linker's map names
# what the headers declare. Every header compiles alone, as C and as C++.
set -u
cd "${AQ_SOURCE:-.}" || exit 1
. tests/verdict.sh
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
headers="libaq/aq*.h vm/aq_extern.h"

# rigid FILES...: the structs that cannot grow, and where one goes by value.
rigid() {
  cat "$@" | awk '
    macro || (/^ *#/ && !comment) { macro = /\\$/; next }
    {
      line = $0
      while (line != "") {
        at = index(line, comment ? "*/" : "/*")
        if (!comment) text = text " " (at ? substr(line, 1, at - 1) : line)
        if (!at) break
        line = substr(line, at + 2)
        comment = !comment
      }
    }
    END {
      gsub(/[{}]/, "\n&\n", text)
      gsub(/;/, ";\n", text)
      gsub(/[ \t]+/, " ", text)
      count = split(text, part, "\n")
      for (n = 1; n <= count; n++)
        if (part[n + 1] == "{" && match(part[n], /struct aq_[a-z0-9_]+ $/)) {
          begins[n + 2] = name = substr(part[n], RSTART + 7, RLENGTH - 8)
          if (name != "aq_tensor") structs[name]
        }
      for (n = 1; n <= count; n++) {
        if (n in begins && begins[n] in structs && part[n] != " size_t size;")
          print begins[n] " begins with" part[n] " and not with size_t size"
        if (part[n] ~ /;$/ && part[n] !~ /typedef/)
          for (name in structs)
            if (part[n] ~ "(^|[ (])" name " [a-z]") print name " goes by value:" part[n]
      }
      if (!count) print "there are no headers"
    }' | sort
}
# shellcheck disable=SC2086
verdict "structs begin with their size, and go by pointer" "$(rigid $headers)"

# Headers with a fault are found out.
found() {
  # shellcheck disable=SC2086
  cat $headers | sed "$2" > "$scratch/changed.h"
  # shellcheck disable=SC2086
  cat $headers | cmp -s - "$scratch/changed.h" && set -- "$1" "$2" 'nothing like it in any header'
  rigid "$scratch/changed.h" > "$scratch/found"
  expect "$1" "$3"
}
# expect NAME TEXT: what was found says so.
expect() {
  if grep -qF "$2" "$scratch/found"; then
    verdict "found out: $1" ''
  else
    verdict "found out: $1" "$(echo "not found: $2"; sed 's/^/found: /' "$scratch/found")"
  fi
}
found 'a struct without its size' '/^typedef struct aq_column {/{n;d;}' 'aq_column begins with const char *name'
found 'a size that is not the first' '/^typedef struct aq_epoch {/{n;s/.*/  double first; size_t size;/;}' 'aq_epoch begins with double first'
found 'a struct that a function gives by value' 's/^const aq_map \*aq_session_map/aq_map aq_session_map/' 'aq_map goes by value: aq_map aq_session_map'
found 'a struct that a function takes by value' 's/const aq_curve \*curve)/aq_curve curve)/' 'aq_curve goes by value'
found 'a struct within a struct' 's/const aq_message \*doubt;/aq_message doubt;/' 'aq_message goes by value: aq_message doubt'

# misnamed MAP: what the headers declare and the linker's map does not name, and the other way round.
misnamed() {
  # shellcheck disable=SC2086
  awk -f libaq/declarations.awk -f libaq/names.awk $headers | sort -u > "$scratch/declared"
  sed -n '/global:/,/local:/s/^ *\(aq_[a-z0-9_]*\);$/\1/p' "$1" | sort > "$scratch/named"
  comm -23 "$scratch/declared" "$scratch/named" | sed 's|$| is declared: it belongs into libaq/libaq.map|'
  comm -13 "$scratch/declared" "$scratch/named" | sed 's|$| is in libaq/libaq.map and in no header|'
  [ -s "$scratch/declared" ] || echo 'the headers declare nothing'
}
verdict "the linker's map names what the headers declare" "$(misnamed libaq/libaq.map)"
sed '/^ *aq_version;/d; s/^\( *\)aq_model_save;/&\n\1aq_model_sell;/' libaq/libaq.map > "$scratch/other.map"
misnamed "$scratch/other.map" > "$scratch/found"
expect 'a name that is missing in the map' 'aq_version is declared'
expect 'a name that no header has' 'aq_model_sell is in libaq/libaq.map and in no header'

# alone COMPILER FLAGS...: what it says of each header by itself.
alone() {
  for header in $headers; do
    printf '#include "%s"\n' "$PWD/$header" > "$scratch/alone.${suffix}"
    "$@" -Wall -Wextra -pedantic -Werror -fsyntax-only "$scratch/alone.${suffix}" 2>&1
  done
}
suffix=c
# shellcheck disable=SC2086
verdict 'each header compiles alone, as C11' "$(alone ${CC:-cc} -std=c11)"
name='each header compiles alone, as C++11'
suffix=cc
if command -v "${CXX:-c++}" > /dev/null; then
  verdict "$name" "$(alone "${CXX:-c++}" -std=c++11)"
else
  count=$((count + 1))
  echo "ok $count - $name # SKIP there is no C++ compiler"
fi
echo "1..$count"
