# run.sh: for the compare-*.sh scripts: torch_run SCRIPT runs one of this folder on the command that is tested, or ends with 77, skipped, where there is no torch.
set -eu
python=${PYTHON3:-/usr/bin/python3}
torch_run() {
  if ! "$python" -c 'import torch' 2>/dev/null; then
    echo "skipped: $python has no torch (Debian: python3-torch)"
    exit 77
  fi
  PYTHONDONTWRITEBYTECODE=1 exec "$python" -W ignore "$here/torch/$1" "${AQC:-aqc}"
}
