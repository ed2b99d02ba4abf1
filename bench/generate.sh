#!/bin/sh
# generate.sh: tokens per second of `aqc generate` on one thread, one text at a time and 32 at once, beside
# plain loops in C of the same arithmetic (generate_plain.c); and when every token runs the whole model, as
# `aqc predict` does on each beginning of a text.
. "$(dirname "$0")/lib.sh"
CC=${CC:-cc}
LENGTH=${LENGTH:-256}
awk 'BEGIN { srand(1); print "text"
  for (r = 0; r < 8; r++) { for (i = 0; i < 508; i++) printf "%sw%d", i ? " " : "", (i * 7 + r) % 508; print "" } }' > "$work/train.tsv"
"$AQC" train "$here/generate.aq" "$work/train.tsv" --threads 1 --quiet -o "$work/generate.aqm" || exit 1
awk 'BEGIN { print "text"; for (r = 0; r < 32; r++) print "w" r }' > "$work/prompts.tsv"

# seconds COMMAND...: how long it takes.
seconds() {
  from=$(date +%s.%N)
  "$@" > /dev/null 2>&1
  to=$(date +%s.%N)
  awk -v a="$from" -v b="$to" 'BEGIN { print b - a }'
}
# per_second TEXTS ARGUMENT...: tokens per second, without the time to start: the median of 5.
per_second() {
  texts=$1
  shift
  for round in 1 2 3 4 5; do
    short=$(seconds "$AQC" generate "$work/generate.aqm" "$@" --temperature 0 --threads 1 --length 1)
    long=$(seconds "$AQC" generate "$work/generate.aqm" "$@" --temperature 0 --threads 1 --length "$LENGTH")
    awk -v a="$short" -v b="$long" -v n="$texts" -v l="$LENGTH" 'BEGIN { print n * (l - 1) / (b - a) }'
  done | median
}

one=$(per_second 1 --prompt w1)
many=$(per_second 32 "$work/prompts.tsv")
say "aqc generate, one text     $one tokens/s"
say "aqc generate, 32 at once   $many tokens/s: $(ratio "$many" "$one") of one text"
for flags in "-O2" "-O3 -march=native" "-O3 -march=native -ffast-math"; do
  # shellcheck disable=SC2086
  $CC $flags -o "$work/plain" "$here/generate_plain.c" -lm || continue
  plain=$(for round in 1 2 3 4 5; do "$work/plain" "$LENGTH" | sed 's/ .*//'; done | median)
  say "plain loops, $flags   $plain tokens/s: ratio $(ratio "$one" "$plain")"
done
awk -v n="$LENGTH" 'BEGIN { print "text"; text = "w0"; for (i = 1; i <= n; i++) { print text; text = text " w" i } }' > "$work/whole.tsv"
whole=$(seconds "$AQC" predict "$work/generate.aqm" "$work/whole.tsv" --batch 1 --threads 1)
say "the whole model for each token: $(awk -v s="$whole" -v n="$LENGTH" -v r="$one" 'BEGIN { printf "%.0f tokens/s, 1/%.1f of that", n / s, r * s / n }')"
