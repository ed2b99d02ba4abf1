#!/bin/sh
# compare-llama.sh: Llama of the library and all its gradients are those of one written in PyTorch, in double to 1e-9 and in float to 1e-5: tests/torch/llama.py. Exit code 77: skipped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/torch/run.sh"
torch_run llama.py
