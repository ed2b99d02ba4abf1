#!/bin/sh
# compare-losses.sh: the losses of the library and their gradients are PyTorch's, in double, to 1e-8: tests/torch/losses.py. Exit code 77: skipped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/torch/run.sh"
torch_run losses.py
