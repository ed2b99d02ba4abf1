#!/bin/sh
# compare-gpt2.sh: GPT-2 of the library and all its gradients are those of one written in PyTorch, in double to 1e-9 and in float to 1e-5: tests/torch/gpt2.py. Exit code 77: skipped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/torch/run.sh"
torch_run gpt2.py
