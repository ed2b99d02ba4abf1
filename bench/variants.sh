#!/bin/sh
# variants.sh [N]: heads whose weights are no plain softmax, 8 heads of 64, forward and backward: seconds and
# memory above the inputs, beside eager PyTorch at its better number of threads and its faster way for memory;
# its memory is that of the leaner way. N: 1024 unless given.
. "$(dirname "$0")/lib.sh"
need_torch
n=${1:-1024}
qkv "$n" "$work/in.safetensors"
say "n=$n               aq s     MiB   torch s     MiB   ratio"
for variant in softmax sigmoid relu entmax top_k talking; do
  for threads in 1 2; do
    peer "$here/variants_torch.py" "$variant" "$n" "$threads" | tee -a "$work/lean"
    peer_keeping "$here/variants_torch.py" "$variant" "$n" "$threads"
  done > "$work/torch"
  theirs=$(cut -d ' ' -f 1 "$work/torch" | minimum)
  their_mib=$(cut -d ' ' -f 2 "$work/lean" | minimum)
  rm "$work/lean"
  "$AQC" run "$here/variants.aq" --fn "${variant}_weights" --in "$work/in.safetensors" --out "$work/out.safetensors" --grad --repeat 5 --json > "$work/facts"
  seconds=$(field seconds_per_run < "$work/facts")
  bytes=$(field peak_bytes < "$work/facts")
  awk -v name="$variant" -v a="$seconds" -v b="$bytes" -v c="$theirs" -v d="$their_mib" \
    'BEGIN { printf "%-12s %11.4f %7.0f %9.4f %7.0f %7.1f\n", name, a, b / 1048576, c, d, c / a }'
done
