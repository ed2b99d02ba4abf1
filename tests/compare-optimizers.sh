#!/bin/sh
# compare-optimizers.sh: optimisers and schedules train to the same parameters as PyTorch's, in double, to 1e-10: tests/torch/optimizers.py. Exit code 77: skipped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/torch/run.sh"
torch_run optimizers.py
