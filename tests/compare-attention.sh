#!/bin/sh
# compare-attention.sh: the variants of attention in the standard library and their gradients are PyTorch's,
# in double, to 1e-8: tests/torch/. Exit code 77: skipped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/torch/run.sh"
torch_run attention.py
