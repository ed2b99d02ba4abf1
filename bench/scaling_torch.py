"""The work of bench/scaling.aq in PyTorch on random ids: three heads, their weighted sum, the mean over the
words. Sizes come from the command line; all rows are equally long, so that nothing is padded. Prints the
processor's seconds for an example as JSON: the median of the timed steps, after two that are not timed."""
import argparse
import json
import math
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


def sizes():
    parser = argparse.ArgumentParser()
    usual = {"length": 20, "width": 64, "vocabulary": 10000, "classes": 2, "batch": 32}
    for name, default in usual.items():
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--seconds", type=float, default=5)
    return parser.parse_args()


class Head(nn.Module):
    def __init__(self, width, activation):
        super().__init__()
        self.before = nn.Linear(width, width)
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.activation, self.scale = activation, 1 / math.sqrt(width)

    def forward(self, x):
        query = self.query(self.activation(self.before(x)))
        scores = torch.bmm(query, self.key(x).transpose(1, 2)) * self.scale
        return torch.softmax(scores, -1) @ self.value(x)


class Seed(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.table = nn.Embedding(size.vocabulary, size.width)
        self.heads = nn.ModuleList([Head(size.width, act) for act in (torch.relu, torch.tanh, torch.tanh)])
        self.weights = nn.Parameter(torch.zeros(3))
        self.out = nn.Linear(size.width, size.classes)

    def forward(self, ids):
        x = functional.dropout(self.table(ids), 0.3)
        weights = torch.softmax(self.weights, 0)
        mixed = sum(weights[k] * head(x) for k, head in enumerate(self.heads))
        return self.out(functional.dropout(mixed.mean(1), 0.3))


def main():
    size = sizes()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = Seed(size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    times, end = [], None
    while end is None or (time.process_time() < end and len(times) < 400) or len(times) < 3:
        ids = torch.randint(0, size.vocabulary, (size.batch, size.length))
        labels = torch.randint(0, size.classes, (size.batch,))
        begin = time.process_time()
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model(ids), labels).backward()
        optimizer.step()
        times.append(time.process_time() - begin)
        if len(times) == 2 and end is None:
            times, end = [], time.process_time() + size.seconds
    print(json.dumps({"seconds_per_example": statistics.median(times) / size.batch}))


main()
