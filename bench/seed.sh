#!/bin/sh
# seed.sh [D]: examples per second of training the three-head classifier on SST-2, batch 32, beside the same
# work in PyTorch at its best: one and two threads, with and without batches sorted by length, two ways for
# memory, BLAS core set by hand.
. "$(dirname "$0")/lib.sh"
D=${1:-64}
need "$PEERS/seed_torch.py" "$DATA/sst2/train.tsv"
need_torch
best=0
for threads in 1 2; do
  for sort in "" --sort; do
    rate=$(for way in peer peer_keeping; do
      $way "$PEERS/seed_torch.py" "$DATA/sst2/train.tsv" "$DATA/sst2/dev.tsv" --d "$D" --epochs 1 --threads $threads $sort
    done | sed -n 's/.*  \([0-9]*\) ex\/s/\1/p' | maximum)
    say "torch d=$D threads=$threads ${sort:-unsorted}: $rate examples/s"
    [ "$rate" -gt "$best" ] && best=$rate
  done
done
for round in 1 2 3; do
  "$AQC" train "$here/seed.aq" "$DATA/sst2/train.tsv" -D D="$D" --epochs 2 --seed $round --json --quiet -o "$work/seed.aqm" | field examples_per_second
done > "$work/rates"
ours=$(median < "$work/rates")
say "aq    d=$D: $ours examples/s (median of 3)"
say "ratio d=$D: $(ratio "$ours" "$best")"
