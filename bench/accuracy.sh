#!/bin/sh
# accuracy.sh [SEEDS]: sst2.aq trained on SST-2's 6,920 sentences, and its accuracy on the dev sentences,
# which neither training nor the choice of its settings has seen.
. "$(dirname "$0")/lib.sh"
need "$DATA/sst2/train.tsv"
for seed in $(seq 1 "${1:-5}"); do
  start=$(date +%s.%N)
  "$AQC" train "$here/sst2.aq" "$DATA/sst2/train.tsv" --seed "$seed" --quiet --json -o "$work/m.aqm" > "$work/facts"
  end=$(date +%s.%N)
  accuracy=$("$AQC" eval "$work/m.aqm" "$DATA/sst2/dev.tsv" --json | sed -n 's/.*"accuracy": *\([0-9.]*\).*/\1/p')
  say "seed $seed: dev accuracy $accuracy, $(awk -v a="$start" -v b="$end" 'BEGIN { printf "%.1f", b - a }') s"
  printf '%s\n' "$accuracy" >> "$work/all"
done
say "mean: $(awk '{ s += $1 } END { printf "%.4f", s / NR }' "$work/all")"
