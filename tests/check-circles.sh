#!/bin/sh
# check-circles.sh: no two files call each other, directly or through others, but for the entries named here,
# by which a thing comes back that contains its own kind. Read from the objects of the build.
set -u
source=$(cd "${AQ_SOURCE:-.}" && pwd)
cd "${AQ_BUILD:-.}" || exit 1
if ! command -v nm > /dev/null || ! command -v tsort > /dev/null; then
  echo '1..0 # SKIP there is no nm or no tsort'
  exit 0
fi

# An expression has expressions in it, a call calls what its arguments are, a gradient of a slot or of a step
# is made by the rules of gradients, a function has bodies of recurrences that are functions, and the parser is
# called with what it calls.
entries=' cc_expression cc_tensor cc_call cc_apply ir_gradient ir_emit gr_yyparse '

# circles FOLDER: the files below it that call each other, as tsort tells. nm prints `address T name` for what
# a file has and `U name` for what it uses.
circles() {
  find "$1" -name '*.o' ! -path '*/.libs/*' | while read -r object; do
    name=$(printf '%s' "$object" | sed 's|/[a-z0-9_]*_la-|/|; s|\.o$||')
    # An object may be left of a file that is gone.
    [ -e "$source/$name.c" ] && nm -g "$object" | sed "s|^|$name |"
  done | awk -v entries="$entries" '
    NF == 4 { home[$4] = $1 }
    NF == 3 && $2 == "U" { uses[$1 " " $3] = 1 }
    END {
      for (use in uses) {
        split(use, part, " ")
        if (part[2] in home && home[part[2]] != part[1] && !index(entries, " " part[2] " "))
          print part[1], home[part[2]]
      }
    }' | tsort 2>&1 > /dev/null | sed 's/^tsort: //'
}

if [ -z "$(find . -name '*.o' ! -path '*/.libs/*' | head -n 1)" ]; then
  echo '1..0 # SKIP nothing is built here'
  exit 0
fi

count=0
for folder in grammar compiler vm libaq runtime/io runtime/columns; do
  [ -d "$folder" ] || continue
  count=$((count + 1))
  found=$(circles "$folder")
  if [ -z "$found" ]; then
    echo "ok $count - $folder calls in one direction"
  else
    echo "not ok $count - $folder calls in one direction"
    printf '%s\n' "$found" | head -n 30 | sed 's/^/# /'
  fi
done
echo "1..$count"
