"""images_torch.py TABLE EPOCHS THREADS: the network of images.aq in PyTorch, on files that Pillow reads:
images in a second of processor time."""
import os
import sys
import time

import numpy as np
import torch
from PIL import Image

table, epochs, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
folder = os.path.dirname(table)
rows = [line.rstrip("\n").split("\t") for line in open(table)][1:]
names = sorted({label for _, label in rows})
begin = time.process_time()
images = np.stack([np.asarray(Image.open(os.path.join(folder, file)).convert("RGB")) for file, _ in rows])
labels = torch.tensor([names.index(label) for _, label in rows])
read = time.process_time() - begin
model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 16, 5, stride=2, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Flatten(), torch.nn.Linear(8 * 8 * 32, len(names)))
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
begin = time.process_time()
for _ in range(epochs):
    order = np.random.permutation(len(rows))
    for at in range(0, len(rows), 64):
        batch = order[at:at + 64]
        x = torch.from_numpy(images[batch]).permute(0, 3, 1, 2).float() / 255
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels[batch]).backward()
        optimizer.step()
train = time.process_time() - begin
print('{"read": %.0f, "train": %.0f}' % (len(rows) / read, epochs * len(rows) / train))
