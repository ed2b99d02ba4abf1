#!/bin/sh
# compare-batch-losses.sh: a step of training with the loss that looks over a batch is PyTorch's: tests/torch/in_batch.py. Exit code 77: skipped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/torch/run.sh"
torch_run in_batch.py
