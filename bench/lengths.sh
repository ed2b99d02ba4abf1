#!/bin/sh
# lengths.sh [N...]: time, and memory above the inputs, of the sum of causal ALiBi attention by length, 8
# heads of 64, forward and backward; of all keys (time grows with the square of the length) and of a window of
# the last 256 (time grows with the length). Memory grows with the length in both.
. "$(dirname "$0")/lib.sh"
need_numpy
say "     n   causal s     MiB   window s     MiB"
for n in ${*:-1024 2048 4096 8192 16384 32768}; do
  qkv "$n" "$work/in.safetensors"
  repeat=$((n < 16384 ? 5 : 2))
  heads causal_sum --grad --repeat $repeat > "$work/causal"
  heads window_sum --grad --repeat 5 > "$work/window"
  for kind in causal window; do
    field seconds_per_run < "$work/$kind"
    field peak_bytes < "$work/$kind"
  done | tr '\n' ' ' | awk -v n="$n" '{ printf "%6d %10.4f %7.1f %10.4f %7.1f\n", n, $1, $2 / 1048576, $3, $4 / 1048576 }'
done
