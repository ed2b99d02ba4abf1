#!/bin/sh
# check-layers.sh: the house rules that a machine can check: which folder may include which, how long a file
# may be, and what a library must not do to its host.
set -u
cd "${AQ_SOURCE:-.}" || exit 1
. tests/verdict.sh

# sources FOLDER...: the C, flex and bison files below these folders that people write.
sources() {
  find "$@" -name '*.[chly]' -o -name '*.def' 2>/dev/null | sort | while read -r file; do
    is_generated "$file" || echo "$file"
  done
}

# may_include FOLDER PATTERN: every #include "..." of the folder matches the extended pattern.
may_include() {
  problems=$(sources "$1" | while read -r file; do
    grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$file" |
      grep -vE "include[[:space:]]*\"($2)" | sed "s|^|$file:|"
  done)
  verdict "what $1 includes" "$problems"
}
own='(runtime|vm|grammar|compiler|libaq|aqc)/'
[ -d runtime ] && may_include runtime 'runtime/|config\.h"'
[ -d vm ] && may_include vm 'vm/|runtime/|config\.h"'
[ -d grammar ] && may_include grammar 'grammar/|runtime/base\.h"|config\.h"'
# The floors of the compiler, from the lowest. What a module is made of (vm/, runtime/) is known to all of
# them.
below='vm/|runtime/|config\.h"'
[ -d compiler/source ] && may_include compiler/source "compiler/source/|grammar/|$below"
[ -d compiler/ir ] && may_include compiler/ir "compiler/ir/|grammar/source\.h\"|$below"
[ -d compiler/front ] && may_include compiler/front "compiler/(front|ir|source)/|grammar/|$below"
[ -d compiler/names ] && may_include compiler/names "compiler/(names|front|source)/|grammar/|$below"
[ -d compiler/back ] && may_include compiler/back "compiler/(back|ir)/|$below"
[ -d compiler ] && may_include compiler "compiler/|grammar/|$below"
[ -d libaq ] && may_include libaq 'libaq/|aq_[a-z]+\.h"|compiler/|grammar/|vm/|runtime/|config\.h"'
[ -d aqc ] && may_include aqc 'aqc/'
# Hosts know <aq.h>, what lies beside them, and no folder of the library.
for folder in examples bench; do
  [ -d $folder ] && verdict "what $folder includes" \
    "$(sources $folder | while read -r file; do grep -nE "#[[:space:]]*include[[:space:]]*[\"<]$own" "$file" /dev/null; done)"
done
verdict "no library folder includes <aq.h>, but libaq" \
  "$(sources runtime vm grammar compiler | while read -r file; do grep -nE '#[[:space:]]*include[[:space:]]*<aq\.h>' "$file" /dev/null; done)"

long=$(sources runtime vm grammar compiler libaq aqc examples bench tests | while read -r file; do
  lines=$(wc -l < "$file")
  [ "$lines" -gt 600 ] && echo "$file: $lines lines, 600 are allowed"
done)
verdict "no file is longer than 600 lines" "$long"

# Calls that would end, leave or write to the host's process. Comments and strings are taken out first. A file
# that calls a library which leaves by longjmp jumps no further than into itself: it has its setjmp.
forbidden='abort|exit|_exit|_Exit|quick_exit|assert|longjmp|siglongjmp|printf|vprintf|puts|putchar|perror|signal|sigaction|atexit|system'
calls=$(sources runtime vm grammar compiler libaq | while read -r file; do
  awk -v file="$file" -v words="$forbidden" '
    {
      line = $0; code = ""
      while (line != "") {
        if (inside) {
          at = index(line, "*/")
          if (!at) { line = ""; break }
          line = substr(line, at + 2); inside = 0
        } else if (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)\047|\/\*|\/\//)) {
          code = code substr(line, 1, RSTART - 1)
          token = substr(line, RSTART, RLENGTH)
          line = substr(line, RSTART + RLENGTH)
          if (token == "//") line = ""
          else if (token == "/*") inside = 1
          else code = code "\"\""
        } else { code = code line; line = "" }
      }
      if ((" " code) ~ "[^A-Za-z0-9_.>](" words ")[ ]*\\(" || code ~ /(^|[^A-Za-z0-9_])(stdout|stderr)([^A-Za-z0-9_]|$)/)
        printf "%s:%d: %s\n", file, FNR, $0
    }' "$file" | if grep -q 'setjmp(d->jump)' "$file"; then grep -v 'longjmp(d->jump, 1)'; else cat; fi
done)
verdict "the library does not end, leave or write to its host" "$calls"

# Nothing of the machine that it was written on.
elsewhere='(^|[^A-Za-z0-9_.])/(w''ork|f''arm|home)/'
found=$(find . \( -name .git -o -name build -o -name build-aux -o -name autom4te.cache \) -prune -o -type f -size -512k -print |
  grep -vE '\.(aqm|gz|o|lo|png|tsv|safetensors|log|trs)$' | xargs grep -nIE "$elsewhere" /dev/null | head -n 20)
verdict "no path of a developer's machine" "$found"
echo "1..$count"
