#!/bin/sh
# compare-slots.sh: random programs of heads are, with all gradients, what PyTorch makes of the same formulas, in double, to 1e-8: tests/torch/random_slots.py. Exit code 77: skipped.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON3:-/usr/bin/python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "skipped: $python has no torch (Debian: python3-torch)"
  exit 77
fi
PYTHONDONTWRITEBYTECODE=1 exec "$python" -W ignore "$top/tests/torch/random_slots.py" "${AQC:-aqc}"
