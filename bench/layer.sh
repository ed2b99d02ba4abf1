#!/bin/sh
# layer.sh [LAYERS [D [HEADS]]]: a pre-norm transformer encoder (4 layers, d=256, 4 heads, n=128, batch 16) on
# random tokens: examples per second of training, beside PyTorch with one and two threads. EPOCHS: of 12 steps
# each, in the three runs of aq.
. "$(dirname "$0")/lib.sh"
layers=${1:-4} D=${2:-256} heads=${3:-4}
need "$PEERS/layer_torch.py"
need_torch
# 10,000 different words, so that the table of vectors is as long as the other side's.
awk 'BEGIN { srand(1); print "text\tlabel"; w = 0
  for (r = 0; r < 192; r++) { for (i = 0; i < 128; i++) { printf "%sw%d", i ? " " : "", w < 10000 ? w : int(rand() * 10000); w++ } printf "\tc%d\n", r % 4 } }' > "$work/tokens.tsv"
for threads in 1 2; do
  for way in peer peer_keeping; do $way "$PEERS/layer_torch.py" "$layers" "$D" "$heads" 128 16 $threads; done
done > "$work/torch"
sed 's/^/torch /' "$work/torch"
theirs=$(sed -n 's/.*, \([0-9.]*\) examples.*/\1/p' "$work/torch" | maximum)
for round in 1 2 3; do
  "$AQC" train "$here/layer.aq" "$work/tokens.tsv" -D L="$layers" -D D="$D" -D H="$heads" \
    --epochs "${EPOCHS:-3}" --seed $round --json --quiet -o "$work/layer.aqm" | field examples_per_second
done > "$work/rates"
ours=$(median < "$work/rates")
say "aq    $ours examples/s (median of 3)"
say "ratio $(ratio "$ours" "$theirs")"
