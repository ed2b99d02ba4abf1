#!/bin/sh
# bake.sh FILE...: writes C source to stdout that holds the named .aq files, as compiler/source/stdlib.h
# declares them. Bytes are written as numbers: string literals have a length limit that compilers need only
# honour up to 4095.
set -eu

# The name programs know a file by: its own, without folder and .aq.
name_of() { basename "$1" .aq; }

echo '/* Made by stdlib/bake.sh. */'
echo '#include "compiler/source/stdlib.h"'
for file do
  printf '\nstatic const unsigned char %s_text[] = {\n' "$(name_of "$file")"
  od -An -v -tu1 "$file" | sed 's/  */ /g; s/^ //; s/ *$/,/; s/ /,/g'
  printf '0};\n'
done
printf '\nconst struct cc_file_text cc_stdlib[] = {\n'
for file do
  name=$(name_of "$file")
  printf '  {"%s", (const char *)%s_text, sizeof %s_text - 1},\n' "$name" "$name" "$name"
done
printf '  {0, 0, 0}\n};\nconst size_t cc_stdlib_count = %d;\n' "$#"
