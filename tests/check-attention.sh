#!/bin/sh
# check-attention.sh: doc/attention.md is what stdlib/catalogue.sh writes; every use in it compiles, and its
# gradients are those of differences.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
aqc=${AQC:-aqc}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
PROGRAMS=$folder sh "$top/stdlib/catalogue.sh" "$aqc" > "$folder/attention.md"
diff "$top/doc/attention.md" "$folder/attention.md" > "$folder/diff" || { head -20 "$folder/diff" >&2; echo "doc/attention.md is to be made again: sh stdlib/catalogue.sh aqc > doc/attention.md" >&2; exit 1; }
count=0
for program in "$folder"/*.aq; do
  case $program in */hard.aq) continue ;; esac     # straight-through: its gradient is that of softmax, as compare-attention.sh proves
  "$aqc" gradcheck "$program" > "$folder/out" || { cat "$program" "$folder/out" >&2; exit 1; }
  count=$((count + 1))
done
echo "doc/attention.md is up to date; the gradients of its $count programs are right"
