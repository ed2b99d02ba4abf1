#!/bin/sh
# generate.sh: tokens per second of `aqc generate` on one thread, one text at a time and 64 at once, beside
# plain loops in C of the same arithmetic (generate_plain.c); and when every token runs the whole model, as
# `aqc predict` does on each beginning of a text. Then a model as wide as a small translator, 128 numbers and
# 8,000 words, where a batch saves more: the weights are read once for all texts.
. "$(dirname "$0")/lib.sh"
CC=${CC:-cc}
LENGTH=${LENGTH:-256}
awk 'BEGIN { srand(1); print "text"
  for (r = 0; r < 8; r++) { for (i = 0; i < 508; i++) printf "%sw%d", i ? " " : "", (i * 7 + r) % 508; print "" } }' > "$work/train.tsv"
"$AQC" train "$here/generate.aq" "$work/train.tsv" --threads 1 --quiet -o "$work/generate.aqm" || exit 1
awk 'BEGIN { print "text"; for (r = 0; r < 64; r++) print "w" r }' > "$work/prompts.tsv"
head -17 "$work/prompts.tsv" > "$work/prompts16.tsv"

# seconds COMMAND...: of the processor, so that others on the machine matter less.
seconds() {
  ( "$@" > /dev/null 2>&1; times ) \
    | awk 'NR == 2 { gsub("s", ""); split($1, own, "m"); split($2, of, "m"); print own[1] * 60 + own[2] + of[1] * 60 + of[2] }'
}
# per_second MODEL TEXTS ARGUMENT...: tokens per second, without the time to start: the median of 5.
per_second() {
  model=$work/$1.aqm
  texts=$2
  shift 2
  for round in 1 2 3 4 5; do
    short=$(seconds "$AQC" generate "$model" "$@" --temperature 0 --threads 1 --length 1)
    long=$(seconds "$AQC" generate "$model" "$@" --temperature 0 --threads 1 --length "$LENGTH")
    awk -v a="$short" -v b="$long" -v n="$texts" -v l="$LENGTH" 'BEGIN { print n * (l - 1) / (b - a) }'
  done | median
}

one=$(per_second generate 1 --prompt w1)
many=$(per_second generate 64 "$work/prompts.tsv" --batch 64)
say "aqc generate, one text     $one tokens/s"
say "aqc generate, 64 at once   $many tokens/s: $(ratio "$many" "$one") of one text"
say "what is kept: $("$AQC" explain "$work/generate.aqm" | sed -n 's/^ *one position for each token; //p')"
for flags in "-O2" "-O3 -march=native" "-O3 -march=native -ffast-math"; do
  # shellcheck disable=SC2086
  $CC $flags -o "$work/plain" "$here/generate_plain.c" -lm || continue
  plain=$(for round in 1 2 3 4 5; do "$work/plain" "$LENGTH" | sed 's/ .*//'; done | median)
  say "plain loops, $flags   $plain tokens/s: ratio $(ratio "$one" "$plain")"
done
awk -v n="$LENGTH" 'BEGIN { print "text"; text = "w0"; for (i = 1; i <= n; i++) { print text; text = text " w" i } }' > "$work/whole.tsv"
whole=$(seconds "$AQC" predict "$work/generate.aqm" "$work/whole.tsv" --batch 1 --threads 1)
say "the whole model for each token: $(awk -v s="$whole" -v n="$LENGTH" -v r="$one" 'BEGIN { printf "%.0f tokens/s, 1/%.1f of that", n / s, r * s / n }')"

awk 'BEGIN { print "text"
  for (r = 0; r < 16; r++) { for (i = 0; i < 500; i++) printf "%sw%d", i ? " " : "", r * 500 + i; print "" } }' > "$work/wide.tsv"
"$AQC" train "$here/generate.aq" "$work/wide.tsv" -D D=128 -D L=3 -D F=512 --threads 1 --quiet -o "$work/wide.aqm" || exit 1
LENGTH=33
one=$(per_second wide 16 "$work/prompts16.tsv" --batch 1)
many=$(per_second wide 64 "$work/prompts.tsv" --batch 64)
say "wider, one text at a time  $one tokens/s"
say "wider, 64 at once          $many tokens/s: $(ratio "$many" "$one") of one text"
