#!/bin/sh
# compare-slots.sh: random programs of heads are, with all gradients, what PyTorch makes of the same formulas,
# in double, to 1e-8: tests/torch/random_slots.py. Exit code 77: skipped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/torch/run.sh"
torch_run random_slots.py
