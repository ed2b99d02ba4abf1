#!/bin/sh
# accuracy.sh [SEEDS]: the sentiment example on SST-2's 6,920 training sentences: accuracy on the dev sentences, which training never sees; the epoch kept
# is chosen on 5% of the training rows.
. "$(dirname "$0")/lib.sh"
need "$DATA/sst2/train.tsv"
for seed in $(seq 1 "${1:-5}"); do
  start=$(date +%s.%N)
  "$AQC" train "$here/../examples/sentiment/sentiment.aq" "$DATA/sst2/train.tsv" --hold 5% --seed "$seed" --quiet --json -o "$work/m.aqm" > /dev/null
  end=$(date +%s.%N)
  accuracy=$("$AQC" eval "$work/m.aqm" "$DATA/sst2/dev.tsv" --json | field accuracy)
  say "seed $seed: dev accuracy $accuracy, $(awk -v a="$start" -v b="$end" 'BEGIN { printf "%.1f", b - a }') s"
  printf '%s\n' "$accuracy" >> "$work/all"
done
say "mean: $(awk '{ s += $1 } END { printf "%.4f", s / NR }' "$work/all")"
