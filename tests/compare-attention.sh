#!/bin/sh
# compare-attention.sh: the variants of attention in the standard library and their gradients are PyTorch's, in double, to 1e-8: tests/torch/. Exit code 77: skipped.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON3:-/usr/bin/python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "skipped: $python has no torch (Debian: python3-torch)"
  exit 77
fi
PYTHONDONTWRITEBYTECODE=1 exec "$python" -W ignore "$top/tests/torch/attention.py" "${AQC:-aqc}"
