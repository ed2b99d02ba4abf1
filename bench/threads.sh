#!/bin/sh
# threads.sh: the same weights, bit for bit, with 1, 2, 3 and 4 threads.
. "$(dirname "$0")/lib.sh"
for threads in 1 2 3 4; do
  "$AQC" train "$here/../examples/sentiment/sentiment.aq" "$here/../examples/sentiment/train.tsv" --epochs 2 --threads $threads --quiet -o "$work/m.aqm"
  sha256sum < "$work/m.aqm"
done
