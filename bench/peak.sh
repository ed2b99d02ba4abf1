#!/bin/sh
# peak.sh [N]: the share of sgemm's speed that attention reaches: plain softmax, no mask, 8 heads of 64.
# Counted are the products alone: two of N x N x 64 for each head forwards, five backwards. Best of five runs,
# in turns, on one thread and on all.
. "$(dirname "$0")/lib.sh"
need_numpy
n=${1:-2048}
qkv "$n" "$work/in.safetensors"
"$PYTHON" - "$work/square.safetensors" <<'PY'
import json, struct, sys
import numpy as np
size = 2048 * 2048 * 4
header = {name: {"dtype": "F32", "shape": [2048, 2048], "data_offsets": [k * size, (k + 1) * size]} for k, name in enumerate("ab")}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
numbers = np.random.default_rng(0).standard_normal(2 * 2048 * 2048, dtype=np.float32)
open(sys.argv[1], "wb").write(struct.pack("<Q", len(text)) + text + numbers.tobytes())
PY
for threads in 1 "$(nproc)"; do
  rm -f "$work/sgemm" "$work/forward" "$work/both"
  for round in 1 2 3 4 5; do
    "$AQC" run "$here/product.aq" --in "$work/square.safetensors" --out "$work/out.safetensors" --json --repeat 5 --threads "$threads" |
      field seconds_per_run >> "$work/sgemm"
    heads plain --repeat 5 --threads "$threads" | field seconds_per_run >> "$work/forward"
    heads plain --grad --repeat 5 --threads "$threads" | field seconds_per_run >> "$work/both"
  done
  awk -v threads="$threads" -v n="$n" -v sgemm="$(minimum < "$work/sgemm")" -v forward="$(minimum < "$work/forward")" -v both="$(minimum < "$work/both")" 'BEGIN {
    peak = 2 * 2048 ^ 3 / sgemm / 1e9
    unit = 2 * n * n * 64 * 8 / 1e9
    f = 2 * unit / forward; b = 5 * unit / (both - forward); t = 7 * unit / both
    printf "%d threads: sgemm %.0f GFLOP/s; forward %.0f (%.0f %%), backward %.0f (%.0f %%), together %.0f (%.0f %%)\n",
           threads, peak, f, 100 * f / peak, b, 100 * b / peak, t, 100 * t / peak }'
done
