# lib.sh: what the scripts of bench/ share. They time whole commands side by side in one run, because machines
# differ and are noisy: only ratios from one run mean anything. AQC: the command (default: aqc). PYTHON: a
# python3 with torch. PEERS, DATA: folders with the PyTorch scripts and the data, beside the project as
# ../shared/peers and ../shared/data unless set.
here=$(cd "$(dirname "$0")" && pwd)
AQC=${AQC:-aqc}
PYTHON=${PYTHON:-/usr/bin/python3}
PEERS=${PEERS:-$here/../../shared/peers}
DATA=${DATA:-$here/../../shared/data}
work=$(mktemp -d "${TMPDIR:-/tmp}/aq-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

say() { printf '%s\n' "$*"; }

command -v "$AQC" > /dev/null || { say "there is no command $AQC: install it, or set AQC to one that was built" >&2; exit 1; }

# need FILE...: skips the benchmark, saying so, when one is missing.
need() {
  for file in "$@"; do
    [ -e "$file" ] || { say "skipped: $file is not here"; exit 0; }
  done
}

need_torch() {
  "$PYTHON" -c 'import torch' 2>/dev/null || { say "skipped: $PYTHON has no torch"; exit 0; }
}

# The BLAS core that PyTorch gets, which may not recognise a new CPU. CORE sets another one.
core() {
  if [ -n "${CORE:-}" ]; then say "$CORE"
  elif grep -q avx512 /proc/cpuinfo 2>/dev/null; then say SkylakeX
  else say Haswell
  fi
}

# peer SCRIPT ARGUMENT...: PyTorch, with its BLAS core set by hand. As it comes it gives the memory of each
# step back to the system, which on some machines takes longer than the arithmetic.
peer() { OPENBLAS_CORETYPE=$(core) "$PYTHON" "$@"; }

# peer_keeping SCRIPT ARGUMENT...: the same, keeping the memory of each step for the next one: faster on such
# machines, but larger.
peer_keeping() { MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456 peer "$@"; }

# field NAME: the number of that name in the JSON object on standard input.
field() { sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p"; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'; }

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# qkv N FILE: queries, keys and values of N positions, 8 heads of 64, as safetensors.
qkv() {
  "$PYTHON" - "$1" "$2" <<'PY'
import json, struct, sys
import numpy as np
n, path = int(sys.argv[1]), sys.argv[2]
generator, size = np.random.default_rng(0), n * 8 * 64 * 4
header = {name: {"dtype": "F32", "shape": [n, 8, 64], "data_offsets": [k * size, (k + 1) * size]} for k, name in enumerate("qkv")}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(path, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for name in header:
        file.write(generator.standard_normal((n, 8, 64), dtype=np.float32).tobytes())
PY
}

need_numpy() {
  "$PYTHON" -c 'import numpy' 2>/dev/null || { say "skipped: $PYTHON has no numpy"; exit 0; }
}

# heads FUNCTION OPTION...: a function of heads.aq on the last queries that qkv made in $work/in.safetensors:
# seconds and bytes as JSON.
heads() {
  function=$1
  shift
  "$AQC" run "$here/heads.aq" --fn "$function" --in "$work/in.safetensors" --out "$work/out.safetensors" --json "$@"
}

minimum() { sort -g | head -1; }
maximum() { sort -g | tail -1; }
