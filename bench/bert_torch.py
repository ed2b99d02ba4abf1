"""bert_torch.py STEPS THREADS: bert.aq in PyTorch: examples per second of training after the first step."""
import sys
import time

import torch
from torch import nn

steps, threads = int(sys.argv[1]), int(sys.argv[2])
vocabulary, width, layers, heads, inner, length, batch = 30522, 768, 12, 12, 3072, 128, 8
torch.set_flush_denormal(True)
torch.set_num_threads(threads)
torch.manual_seed(0)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.word = nn.Embedding(vocabulary, width)
        self.place = nn.Embedding(512, width)
        self.norm = nn.LayerNorm(width)
        layer = nn.TransformerEncoderLayer(width, heads, inner, dropout=0.0, activation="gelu",
                                           batch_first=True)
        self.layers = nn.TransformerEncoder(layer, layers)
        self.pool = nn.Linear(width, width)
        self.answer = nn.Linear(width, 4)

    def forward(self, ids):
        x = self.norm(self.word(ids) + self.place(torch.arange(ids.shape[1])))
        return self.answer(torch.tanh(self.pool(self.layers(x)[:, 0])))


model = Classifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
for step in range(steps + 1):
    if step == 1:
        start = time.perf_counter()
    ids, labels = torch.randint(vocabulary, (batch, length)), torch.randint(4, (batch,))
    loss = nn.functional.cross_entropy(model(ids), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{threads} threads, {steps * batch / (time.perf_counter() - start):.2f} examples/s")
