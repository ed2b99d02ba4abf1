"""latency_torch.py WIDTH VOCABULARY IDS ONNX: how long eager PyTorch takes for one sentence of seed.aq's
model on one thread, given as numbers of words, a line each in IDS. Writes the same model to ONNX for
latency_onnx.mjs, and prints p50 and p99 in microseconds: wall and CPU."""
import math
import sys
import time

import torch
from torch import nn

width, vocabulary, ids, onnx = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
torch.set_num_threads(1)
torch.manual_seed(1)


class Head(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.program, self.act = nn.Linear(width, width), act
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))

    def forward(self, x):
        q = self.query(self.act(self.program(x)))
        score = torch.matmul(q, self.key(x).transpose(0, 1)) / math.sqrt(width)
        return torch.softmax(score, -1) @ self.value(x)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        self.heads = nn.ModuleList([Head(torch.relu), Head(torch.tanh), Head(torch.tanh)])
        self.weights = nn.Parameter(torch.zeros(3))
        self.out = nn.Linear(width, 2)

    def forward(self, words):
        x = self.table(words)
        w = torch.softmax(self.weights, 0)
        z = sum(w[k] * head(x) for k, head in enumerate(self.heads))
        return torch.softmax(self.out(z.mean(0)), -1)


model = Classifier().eval()
rows = [torch.tensor([int(word) for word in line.split()]) for line in open(ids)]
wall, cpu = [], []
with torch.no_grad():
    torch.onnx.export(model, (rows[0],), onnx, input_names=["words"], output_names=["chance"],
                      dynamic_axes={"words": {0: "T"}})
    for row in rows[:200]:
        model(row)
    for row in rows:
        a, b = time.perf_counter_ns(), time.process_time_ns()
        model(row)
        cpu.append(time.process_time_ns() - b)
        wall.append(time.perf_counter_ns() - a)
for name, times in ("wall", wall), ("cpu", cpu):
    times.sort()
    print(name, *("%.1f" % (times[int(len(times) * part)] / 1000) for part in (0.5, 0.99)))
