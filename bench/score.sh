#!/bin/sh
# score.sh [N]: what a programmed score costs (ALiBi, a soft cap and a window that hides no key) beside plain
# softmax in the same kernel: forward and backward, 8 heads of 64, the best of five runs each, in turns.
. "$(dirname "$0")/lib.sh"
need_numpy
n=${1:-2048}
qkv "$n" "$work/in.safetensors"
for round in 1 2 3 4 5; do
  for kind in plain programmed; do heads $kind -D W="$n" --grad --repeat 5 | field seconds_per_run >> "$work/$kind"; done
done
plain=$(minimum < "$work/plain")
programmed=$(minimum < "$work/programmed")
say "n=$n: plain softmax $plain s, programmed $programmed s, ratio $(ratio "$programmed" "$plain")"
