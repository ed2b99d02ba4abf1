#!/bin/sh
# attention.sh [N...]: causal ALiBi attention, 8 heads of 64, forward and backward: seconds and memory, beside PyTorch.
. "$(dirname "$0")/lib.sh"
need "$PEERS/long_attention_torch.py"
need_torch
for n in "${@:-2048}"; do
  "$PYTHON" - "$n" "$work/in.safetensors" <<'PY'
import json, struct, sys
import numpy as np
n, path = int(sys.argv[1]), sys.argv[2]
generator, header, blobs, at = np.random.default_rng(0), {}, [], 0
for name in "qkv":
    a = generator.standard_normal((n, 8, 64)).astype("<f4")
    header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
    at += a.nbytes
    blobs.append(a.tobytes())
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open(path, "wb").write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
PY
  torch=$(OPENBLAS_CORETYPE=${CORE:-SkylakeX} "$PYTHON" "$PEERS/long_attention_torch.py" "$n")
  say "torch $torch"
  "$AQC" run "$here/attention.aq" --in "$work/in.safetensors" --out "$work/out.safetensors" --grad --repeat 5 --json > "$work/facts"
  seconds=$(field seconds_per_run < "$work/facts")
  bytes=$(field peak_bytes < "$work/facts")
  theirs=$(printf '%s\n' "$torch" | sed -n 's/.*: \([0-9.]*\) s per.*/\1/p')
  say "aq    n=$n: $seconds s per forward+backward, $(ratio "$bytes" 1048576) MiB above the inputs"
  say "ratio n=$n: $(ratio "$theirs" "$seconds")"
done
