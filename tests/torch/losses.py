"""losses.py AQC [NAME…]: the losses of the library and their gradients are PyTorch's, or those of their formula where PyTorch has none, in double
to 1e-8; and far from zero, where the naive formulas overflow, they stay finite numbers."""
import sys

import torch
import torch.nn.functional as F

from compare import once, report

N, C = 7, 5
WEIGHT = torch.tensor([1, 0.25, 3, 2, 0.5], dtype=torch.float64)


def scores(size):
    return size * torch.randn(N, C, dtype=torch.float64)


def classes(size):
    return lambda: {"x": scores(size), "y": torch.randint(0, C, (N,), dtype=torch.int32)}


def numbers(size, target):
    def make():
        return {"x": scores(size), "y": target()}
    return make


def of_classes(loss):
    return lambda p, a: [loss(a["x"], a["y"].long())]


def of_numbers(loss):
    return lambda p, a: [loss(a["x"], a["y"].detach())]        # a target is data


def cross_entropy(**options):
    return of_classes(lambda x, y: F.cross_entropy(x, y, **options))


def focal(x, y):
    each = F.cross_entropy(x, y, reduction="none")
    return ((1 - torch.exp(-each)) ** 1.7 * each).mean()


def pinball(x, y):
    return torch.maximum(0.8 * (y - x), -0.2 * (y - x)).mean()


def normal():
    return torch.randn(N, C, dtype=torch.float64)


def chances():
    return torch.rand(N, C, dtype=torch.float64)


def many():
    return torch.poisson(3 * torch.rand(N, C, dtype=torch.float64))


def shares():
    p = torch.softmax(normal(), 1)
    p[:, 1] = 0
    return p / p.sum(1, keepdim=True)


def steps(size):
    return lambda: {"x": size * torch.randn(N, C, C, dtype=torch.float64),
                    "y": torch.randint(0, C, (N,), dtype=torch.int32)}


def chain(x, y):
    """-log of the probability of y among all ways, by the sum over all of them."""
    ways, taken = x[0].mean(0), x[0].mean(0)[y[0]]
    for t in range(1, len(x)):
        ways = torch.logsumexp(ways[:, None] + x[t], 0)
        taken = taken + x[t, y[t - 1], y[t]]
    return (torch.logsumexp(ways, 0) - taken) / len(x)


def frames(size, count, text):
    return lambda: {"letters": torch.zeros(4, dtype=torch.float64), "y": torch.tensor(text, dtype=torch.int32),
                    "x": size * torch.randn(count, 5, dtype=torch.float64)}


def spelled(p, a):
    """PyTorch's blank is number 0 unless told otherwise; here it is the last class."""
    x = torch.log_softmax(a["x"], 1)[:, None]
    return [F.ctc_loss(x, a["y"].long()[None], [len(x)], [len(a["y"])], blank=4, reduction="none")[0]]


CASES = {}
for size in (1, 300):
    named = {
        "plain": (classes(size), cross_entropy()),
        "smooth": (classes(size), cross_entropy(label_smoothing=0.15)),
        "weighted": (classes(size), cross_entropy(weight=WEIGHT)),
        "weighted_smooth": (classes(size), cross_entropy(weight=WEIGHT, label_smoothing=0.3)),
        "ignored": (classes(size), cross_entropy(ignore_index=2)),
        "ignored_weighted_smooth": (classes(size), cross_entropy(weight=WEIGHT, label_smoothing=0.3, ignore_index=2)),
        "binary": (numbers(size, chances), of_numbers(F.binary_cross_entropy_with_logits)),
        "binary_weighted": (numbers(size, chances), of_numbers(
            lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(3.5, dtype=torch.float64)))),
        "squared": (numbers(size, normal), of_numbers(F.mse_loss)),
        "absolute": (numbers(size, normal), of_numbers(F.l1_loss)),
        "hubers": (numbers(size, normal), of_numbers(lambda x, y: F.huber_loss(x, y, delta=0.7))),
        "focused": (classes(size), of_classes(focal)),
        "margins": (classes(size), of_classes(lambda x, y: F.multi_margin_loss(x, y, margin=0.8))),
        "tags": (steps(size), of_classes(chain)),
        "spelled": (frames(size, 12, [0, 1, 3]), spelled),
        "spelled with letters twice": (frames(size, 9, [2, 2, 1, 1, 2]), spelled),
        "spelled with a frame for each": (frames(size, 4, [0, 1, 0, 3]), spelled),
        "spelled with as few frames as can be": (frames(size, 5, [3, 3, 3]), spelled),
        "spelled without a letter": (frames(size, 6, []), spelled),
        "spelled at length": (frames(size, 300, [k * k % 4 for k in range(60)]), spelled),
        "counts": (numbers(1, many), of_numbers(lambda x, y: F.poisson_nll_loss(x, y))),
        "pinball": (numbers(size, normal), of_numbers(pinball)),
        "divergence": (numbers(size, shares), of_numbers(
            lambda x, y: F.kl_div(torch.log_softmax(x, 1), y, reduction="batchmean"))),
    }
    CASES.update({name if size == 1 else f"{name} far from 0": once(*case) for name, case in named.items()})

if __name__ == "__main__":
    sys.exit(report("losses.aq", CASES))
