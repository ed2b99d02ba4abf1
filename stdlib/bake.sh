#!/bin/sh
# bake.sh FILE...: writes C source to stdout that holds the named .aq files, as compiler/source/stdlib.h
# declares them. Bytes are written as numbers: string literals have a length limit that compilers need only
# honour up to 4095.
set -eu

# The name programs know a file by: its own, without folder and .aq.
name_of() { basename "$1" .aq; }

# Where the definitions stand, which begin in the first column: name, first byte, byte after the last line.
items() {
  LC_ALL=C awk '
    function finish() { if (name != "") printf "  {\"%s\", %d, %d},\n", name, begin, end; name = "" }
    /^(#|fn|head|dim|const)/ { finish() }
    /^(fn|head|dim|const)/ {
      name = $0
      sub(/^[a-z]+(\[[A-Za-z0-9_]*\])? */, "", name)
      sub(/[^A-Za-z0-9_].*/, "", name)
      begin = at
    }
    { at += length($0) + 1; if ($0 != "") end = at }
    END { finish() }' "$1"
}

echo '/* Made by stdlib/bake.sh. */'
echo '#include "compiler/source/stdlib.h"'
for file do
  printf '\nstatic const unsigned char %s_text[] = {\n' "$(name_of "$file")"
  od -An -v -tu1 "$file" | sed 's/  */ /g; s/^ //; s/ *$/,/; s/ /,/g'
  printf '0};\n'
  printf 'static const struct cc_stdlib_item %s_item[] = {\n' "$(name_of "$file")"
  items "$file"
  printf '  {0, 0, 0}};\n'
done
printf '\nconst struct cc_file_text cc_stdlib[] = {\n'
for file do
  name=$(name_of "$file")
  printf '  {"%s", (const char *)%s_text, sizeof %s_text - 1, %s_item},\n' "$name" "$name" "$name" "$name"
done
printf '  {0, 0, 0, 0}\n};\nconst size_t cc_stdlib_count = %d;\n' "$#"
