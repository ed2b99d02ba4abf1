#!/bin/sh
# latency.sh: one sentence of SST-2 at a time on one thread, p50 and p99 in microseconds, the lowest of five
# rounds: libaq beside eager PyTorch and ONNX Runtime, at widths 64 and 256. libaq splits the text into words
# itself; the others get numbers of words. ORT: a folder in which npm has installed onnxruntime-node; without
# it ONNX Runtime is left out. pkg-config must find aq.
. "$(dirname "$0")/lib.sh"
need "$DATA/sst2/train.tsv" "$DATA/sst2/dev.tsv"
need_torch
${CC:-cc} -O2 "$here/latency.c" $(pkg-config --cflags --libs aq) \
  -Wl,-rpath,"$(pkg-config --variable=libdir aq)" -o "$work/latency"
cut -f1 "$DATA/sst2/dev.tsv" | sed 1d > "$work/lines"
awk 'NR == FNR { if (FNR > 1) for (k = 1; k <= NF; k++) if (!($k in n)) n[$k] = ++m; next }
     { for (k = 1; k <= NF; k++) printf "%s%d", (k > 1 ? " " : ""), ($k in n) ? n[$k] : 0; print "" }' \
  "$DATA/sst2/train.tsv" "$work/lines" > "$work/ids"
vocabulary=$(tr ' ' '\n' < "$work/ids" | sort -n | tail -1)
# row NAME FILE: a line of the table from what the rounds printed: the lowest of each.
row() {
  awk -v name="$1" '
    !($1 in p50) || $2 < p50[$1] { p50[$1] = $2 }
    !($1 in p99) || $3 < p99[$1] { p99[$1] = $3 }
    END { printf "  %-14s %8s %8s %8s %8s\n", name, p50["wall"], p99["wall"], p50["cpu"], p99["cpu"] }
  ' "$2"
}
for width in 64 256; do
  "$AQC" train "$here/seed.aq" "$DATA/sst2/train.tsv" -D D=$width --epochs 1 --quiet -o "$work/m.aqm" \
    > /dev/null
  rm -f "$work/aq" "$work/torch" "$work/onnx"
  for round in 1 2 3 4 5; do
    "$work/latency" "$work/m.aqm" < "$work/lines" >> "$work/aq"
    peer "$here/latency_torch.py" $width $((vocabulary + 1)) "$work/ids" "$work/m.onnx" \
      >> "$work/torch"
    [ -z "${ORT:-}" ] \
      || node "$here/latency_onnx.mjs" "$ORT" "$work/m.onnx" "$work/ids" >> "$work/onnx"
  done
  say "d = $width: p50 and p99 of wall time, p50 and p99 of CPU time, in us"
  row libaq "$work/aq"
  row PyTorch "$work/torch"
  [ ! -e "$work/onnx" ] || row "ONNX Runtime" "$work/onnx"
done
