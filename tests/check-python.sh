#!/bin/sh
# check-python.sh: examples/python/aq.py, which uses the shared library by ctypes, against NumPy:
# tests/python/functions.py. Exit code 77: skipped.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON3:-/usr/bin/python3}
library=${AQ_BUILD:-.}/.libs/libaq.so
if ! "$python" -c 'import numpy' 2>/dev/null; then
  echo '1..0 # SKIP there is no NumPy (Debian: python3-numpy)'
  exit 0
fi
if [ ! -e "$library" ] || [ -n "${AQ_SANITIZED:-}" ]; then
  echo '1..0 # SKIP no shared library was built, or one with sanitizers, which Python cannot load'
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
AQ_LIBRARY=$library PYTHONPATH=$top/examples/python PYTHONDONTWRITEBYTECODE=1 \
  "$python" "$top/tests/python/functions.py" "$work"
