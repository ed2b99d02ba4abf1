#!/bin/sh
# check-sources.sh: every source, program and test that lies in the tree is listed in Makefile.am, and nothing
# else is; no two sources have the same name.
set -u
cd "${AQ_SOURCE:-.}" || exit 1
. tests/verdict.sh
# The words of Makefile.am: one file per line, or a folder of which all is meant, but for those that are
# named within a rule or a variable.
# The words of Makefile.am: one file per line, or a folder of which all is meant, but for those that are named within a rule or a variable.
listed=$(sed 's/#.*//; s/\\$//' Makefile.am | tr -s ' \t=' '\n' | sort -u)

# The .c of a program of one file is implied by its name; what flex, bison and bake.sh write may lie in a tree
# that was built in place.
present() {
  ls grammar/*.[chly] compiler/*.[ch] compiler/*/*.[ch] vm/*.[ch] vm/*.def runtime/*.[ch] runtime/*.def \
    runtime/columns/*.[ch] runtime/io/*.[ch] runtime/kernels/*.[ch] libaq/*.[ch] libaq/*/*.[ch] \
    aqc/*.[ch] stdlib/*.aq tests/harness/*.[ch] tests/*.test tests/*.sh tests/programs/* tests/torch/* 2>/dev/null
  find examples bench tests/unit -type f ! -name '*.c' 2>/dev/null
  ls examples/extern/*.c examples/sqlite/*.c examples/embed/*/*.c # that Makefile.am does not build
  { find examples bench -name '*.c' ! -path 'examples/extern/*' ! -path 'examples/sqlite/*' \
    ! -path 'examples/embed/*/*'; ls tests/unit/*.c; } 2>/dev/null | sed 's/\.c$//'
}

missing=
for file in $(present); do
  is_generated "$file" && continue
  printf '%s\n' "$listed" | grep -qxF -e "$file" -e "${file%/*}" || missing="$missing$file is not listed in Makefile.am
"
done
verdict "every file is listed" "$missing"

gone=
for file in $(printf '%s\n' "$listed" | grep -E '^[a-z]+/[A-Za-z0-9_/-]+\.(c|h|l|y|def|aq|test|sh)$'); do
  is_generated "$file" && continue
  [ -f "$file" ] || gone="$gone$file is listed in Makefile.am but not there
"
done
verdict "every listed file is there" "$gone"

# A name says what is in a file, so that a place such as `table.c:40` is one place.
twice=$(printf '%s\n' "$listed" | grep -E '^[a-z].*\.(c|h|l|y|def)$' | sed 's|.*/||' | sort | uniq -d | while read -r name; do
  echo "$name is the name of several files: $(printf '%s\n' "$listed" | grep "/$name\$" | tr '\n' ' ')"
done)
verdict "no two sources have one name" "$twice"
echo "1..$count"
