"""variants_torch.py VARIANT N [THREADS]: variants.aq in eager PyTorch, forward and backward: seconds, and memory above the inputs in MiB."""
import math
import resource
import sys
import time

import torch

variant, n, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 2
heads, width = 8, 64
torch.set_flush_denormal(True)
torch.set_num_threads(threads)
torch.manual_seed(0)
q, k, v = (torch.randn(heads, n, width, requires_grad=True) for _ in range(3))
before, after = (torch.eye(heads).requires_grad_() for _ in range(2))


class Entmax15(torch.autograd.Function):
    """Exact, by sorting; the gradient in closed form (Peters et al. 2019)."""

    @staticmethod
    def forward(context, s):
        z = (s - s.max(-1, keepdim=True).values) / 2
        ordered = z.sort(-1, descending=True).values
        count = torch.arange(1, n + 1, dtype=s.dtype)
        mean, square = ordered.cumsum(-1) / count, (ordered ** 2).cumsum(-1) / count
        tau = mean - ((1 - count * (square - mean ** 2)) / count).clamp(min=0).sqrt()
        support = (tau <= ordered).sum(-1, keepdim=True)
        w = (z - tau.gather(-1, support - 1)).clamp(min=0) ** 2
        context.save_for_backward(w)
        return w

    @staticmethod
    def backward(context, dw):
        root = context.saved_tensors[0].sqrt()
        ds = dw * root
        return ds - ds.sum(-1, keepdim=True) / root.sum(-1, keepdim=True) * root


def weights(s):
    if variant == "softmax":
        return torch.softmax(s, -1)
    if variant == "sigmoid":
        return torch.sigmoid(s - math.log(n))
    if variant == "relu":
        return torch.relu(s) / n
    if variant == "entmax":
        return Entmax15.apply(s)
    if variant == "top_k":
        least = s.topk(min(64, n), -1).values[..., -1:]
        return torch.softmax(s.masked_fill(s < least, float("-inf")), -1)
    mixed = torch.einsum("gh,hij->gij", before, s)
    return torch.einsum("gh,hij->gij", after, torch.softmax(mixed, -1))


base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def step():
    (weights(q @ k.transpose(1, 2) / math.sqrt(width)) @ v).sum().backward()


step()
times = []
for _ in range(3):
    start = time.perf_counter()
    step()
    times.append(time.perf_counter() - start)
peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
print("%.4f %.0f" % (min(times), peak))
