#!/bin/sh
# start.sh: how long the command takes to start, to check the sentiment example, and from source to the first
# step of training on SST-2.
. "$(dirname "$0")/lib.sh"
time_of() {
  for round in 1 2 3 4 5 6 7; do
    start=$(date +%s%N)
    "$@" > /dev/null 2>&1
    end=$(date +%s%N)
    echo $(((end - start) / 1000))
  done | median
}
say "aqc --version: $(time_of "$AQC" --version) us"
say "aqc check sentiment.aq: $(time_of "$AQC" check "$here/../examples/sentiment/sentiment.aq") us"
need "$DATA/sst2/train.tsv"
# The whole command less the time in its steps: reading the data, vocabulary, compiling, memory, and saving at
# the end.
for round in 1 2 3 4 5; do
  start=$(date +%s.%N)
  "$AQC" train "$here/../examples/sentiment/sentiment.aq" "$DATA/sst2/train.tsv" --epochs 1 --quiet --json -o "$work/m.aqm" > "$work/facts"
  end=$(date +%s.%N)
  awk -v a="$start" -v b="$end" -v s="$(field seconds < "$work/facts")" 'BEGIN { printf "%.0f\n", (b - a - s) * 1000 }'
done | median > "$work/outside"
say "aqc train on SST-2, all but the steps: $(cat "$work/outside") ms"
