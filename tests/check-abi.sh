#!/bin/sh
# check-abi.sh: a program that was compiled with the headers of the release that abi/libaq.abi describes runs
# with the library of today: no function is gone, and of structs nothing has changed but that fields stand
# behind the last one. doc/abi.md says more. Needs abidiff (Debian: abigail-tools).
set -u
source=$(cd "${AQ_SOURCE:-.}" && pwd)
library=${AQ_BUILD:-.}/.libs/libaq.so
. "$source/tests/verdict.sh"
skip() {
  echo "1..0 # SKIP $1"
  exit 0
}
command -v abidiff > /dev/null || skip 'there is no abidiff (package abigail-tools)'
case $(${CC:-cc} -dumpmachine 2> /dev/null) in
  x86_64*) ;;
  *) skip 'the description is that of x86-64' ;;
esac
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# breaks OLD NEW: what a program that knows OLD would trip over. abidiff tells all that is not the same; what
# structs may do is taken out of that: fields behind the end of the old struct.
breaks() {
  abidiff --no-architecture --no-added-syms --leaf-changes-only --show-bits --no-show-locs "$1" "$2" \
    > "$work/report" 2>&1
  status=$?
  awk '
    /^(Leaf changes|Changed leaf types|Removed\/Changed\/Added [a-z]*|[A-Z][a-z]* symbols changes) summary:/ || !NF { next }
    /^\47struct aq_[a-z0-9_]*\47 changed:$/ { type = $2; sub(/\47$/, "", type); kept = $0; next }
    type != "aq_tensor" && /^  type size changed from [0-9]+ to [0-9]+ \(in bits\)$/ { old = $5; next }
    type != "aq_tensor" && /^  [0-9]+ data member insertions?:$/ { next }
    type != "aq_tensor" && match($0, /^    \47.*\47, at offset [0-9]+ \(in bits\)$/) && $(NF - 2) >= old && old { next }
    { if (kept) print kept; kept = ""; print }' "$work/report"
  if [ $((status & 3)) != 0 ] || [ $status -ge 16 ]; then
    echo "abidiff ended with $status"
    cat "$work/report"
  fi
}

"$source/tests/abi/describe.sh" > "$work/now.abi" || skip 'the headers cannot be described here'
verdict 'what the release has, the headers have' "$(breaks "$source/tests/abi/libaq.abi" "$work/now.abi")"
name='what the headers have, the built library has'
if [ -e "$library" ] && readelf -S "$library" | grep -q '\.debug_info'; then
  verdict "$name" "$(breaks "$work/now.abi" "$library")"
else
  count=$((count + 1))
  echo "ok $count - $name # SKIP there is no shared library with debug information"
fi

# The same on changed copies of the headers, as they would be in the release. A struct of three pointers loses
# or gets one in each case.
changed() {
  rm -rf "$work/tree" && mkdir -p "$work/tree/libaq" && cp "$source"/libaq/aq*.h "$source"/libaq/libaq.map \
    "$source"/libaq/declarations.awk "$work/tree/libaq" || exit 1
  sed -i "$2" "$work/tree/libaq/$1"
  sed -i 's/^  local:/    aq_gone;\n&/' "$work/tree/libaq/libaq.map"
  cmp -s "$work/tree/libaq/$1" "$source/libaq/$1" && echo 'nothing was changed'
  AQ_SOURCE="$work/tree" "$source/tests/abi/describe.sh" > "$work/release.abi" && breaks "$work/release.abi" "$work/now.abi"
}
# found NAME FILE SED TEXT: with this change in the release, today's headers break what the text says.
found() {
  changed "$2" "$3" > "$work/found"
  if grep -qF "$4" "$work/found"; then
    verdict "found out: $1" ''
  else
    verdict "found out: $1" "$(echo "not found: $4"; sed 's/^/found: /' "$work/found")"
  fi
}
behind='/^} aq_template;/i\  const char *gone;'
before='s/^  const char \*name, \*about;$/  const char *gone, *name, *about;/'
less='s/^  const char \*name, \*about;$/  const char *name;/'
found 'a removed field' aq_begin.h "$behind" "const char* gone', at offset 192"
found 'a removed field before others' aq_begin.h "$before" "const char* gone', at offset 64"
found 'a field of another type' aq_begin.h 's/^  const char \*name, \*about;$/  double name; const char *about;/' 'double'
found 'a field of another type in a struct that has grown' aq_begin.h 's/^  const char \*name, \*about;$/  double name;/' 'double'
found 'a struct that is fixed and has grown' aq_function.h '/^  int64_t examples; /d' 'aq_tensor'
found 'a removed function' aq_base.h '/^int aq_version_number(void);/i\int aq_gone(void);' 'aq_gone'
found 'a parameter of another type' aq.h 's/^void aq_text_free(char \*text)/void aq_text_free(int text)/' 'aq_text_free'
found 'a constant of another value' aq_shown.h 's/AQ_TEXT, AQ_JSON, AQ_HTML/AQ_JSON, AQ_TEXT, AQ_HTML/' 'AQ_TEXT'
verdict 'fields behind the last one are no break' "$(changed aq_begin.h "$less")"
verdict 'a new function is no break' "$(changed aq_base.h '/^int aq_version_number(void);/d')"
echo "1..$count"
