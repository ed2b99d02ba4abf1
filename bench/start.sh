#!/bin/sh
# start.sh: how long the command takes to start, to check the sentiment example, and from source to the first step of training on SST-2.
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
# No epoch: everything up to the first step, and saving.
say "aqc train --epochs 0 on SST-2: $(time_of "$AQC" train "$here/../examples/sentiment/sentiment.aq" "$DATA/sst2/train.tsv" --epochs 0 --quiet -o "$work/m.aqm") us"
