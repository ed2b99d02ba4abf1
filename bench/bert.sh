#!/bin/sh
# bert.sh: a classifier of BERT base's shape (12 layers, d=768, n=128, batch 8, 30,522 words) on random
# tokens: examples per second of training, beside PyTorch with one and two threads, each giving its memory
# back after a step and keeping it.
. "$(dirname "$0")/lib.sh"
need_torch
awk 'BEGIN {
  srand(1)
  print "text\tlabel"
  for (r = 0; r < 240; r++) {
    for (i = 0; i < 128; i++) printf "%sw%d", i ? " " : "", w++ < 30520 ? w : int(rand() * 30520)
    printf "\tc%d\n", r % 4
  }
}' > "$work/tokens.tsv"
for threads in 1 2; do
  for way in peer peer_keeping; do $way "$here/bert_torch.py" "${STEPS:-4}" $threads; done
done > "$work/torch"
sed 's/^/torch /' "$work/torch"
theirs=$(sed -n 's/.*, \([0-9.]*\) examples.*/\1/p' "$work/torch" | maximum)
ours=$("$AQC" train "$here/bert.aq" "$work/tokens.tsv" --json --quiet -o "$work/bert.aqm" |
  field examples_per_second)
say "aq    $ours examples/s"
say "ratio $(ratio "$ours" "$theirs")"
