#!/bin/sh
# attention.sh [N...]: the sum of causal ALiBi attention, 8 heads of 64, forward and backward: seconds and
# memory, beside PyTorch, the faster of two ways for its memory.
. "$(dirname "$0")/lib.sh"
need "$PEERS/long_attention_torch.py"
need_torch
need_numpy
for n in "${@:-2048}"; do
  qkv "$n" "$work/in.safetensors"
  for way in peer peer_keeping; do
    torch=$($way "$PEERS/long_attention_torch.py" "$n")
    say "torch $torch"
    printf '%s\n' "$torch" | sed -n 's/.*: \([0-9.]*\) s per.*/\1/p'
  done > "$work/torch"
  grep torch "$work/torch"
  heads causal_sum --grad --repeat 5 > "$work/facts"
  seconds=$(field seconds_per_run < "$work/facts")
  bytes=$(field peak_bytes < "$work/facts")
  # The results: the gradients of queries, keys and values.
  results=$((3 * n * 8 * 64 * 4))
  theirs=$(grep -v torch "$work/torch" | minimum)
  say "aq    n=$n: $seconds s per forward+backward, $(ratio "$bytes" 1048576) MiB above the inputs, $(ratio $((bytes - results)) 1048576) above inputs and results"
  say "ratio n=$n: $(ratio "$theirs" "$seconds")"
done
