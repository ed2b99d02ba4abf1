# lib.sh: what the scripts of bench/ share. They time whole commands side by side in one run, because machines differ and are noisy:
# only ratios from one run mean anything. AQC: the command (default: aqc). PYTHON: a python3 with torch. PEERS, DATA: folders with the
# PyTorch scripts and the data, beside the project as ../shared/peers and ../shared/data unless set.
here=$(cd "$(dirname "$0")" && pwd)
AQC=${AQC:-aqc}
PYTHON=${PYTHON:-/usr/bin/python3}
PEERS=${PEERS:-$here/../../shared/peers}
DATA=${DATA:-$here/../../shared/data}
work=$(mktemp -d "${TMPDIR:-/tmp}/aq-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

say() { printf '%s\n' "$*"; }

# need FILE...: skips the benchmark, saying so, when one is missing.
need() {
  for file in "$@"; do
    [ -e "$file" ] || { say "skipped: $file is not here"; exit 0; }
  done
}

need_torch() {
  "$PYTHON" -c 'import torch' 2>/dev/null || { say "skipped: $PYTHON has no torch"; exit 0; }
}

# field NAME: the number of that name in the JSON object on standard input.
field() { sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p"; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'; }

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
