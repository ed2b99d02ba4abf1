#!/bin/sh
# threads.sh: seconds of a training with 1, 2, 3 and 4 threads, or as many as THREADS lists. The last column
# is the checksum of the weights, which are the same, bit for bit.
. "$(dirname "$0")/lib.sh"
say 'threads  seconds  weights'
for threads in ${THREADS:-1 2 3 4}; do
  begin=$(date +%s.%N)
  "$AQC" train "$here/../examples/sentiment/sentiment.aq" "$here/../examples/sentiment/train.tsv" --epochs 4 \
    --threads "$threads" --quiet -o "$work/m.aqm" > "$work/log"
  end=$(date +%s.%N)
  printf '%7s %8.2f  %.12s\n' "$threads" "$(echo "$begin $end" | awk "{ print \$2 - \$1 }")" \
    "$(sha256sum < "$work/m.aqm")"
done
