"""in_batch.py AQC: one step of plain gradient descent on in_batch moves the parameters as PyTorch's gradients do, in double to 1e-9. Rows
with the same answer are no wrong answers to each other."""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

from safetensors import load

PROGRAM = """
data {
  question: words[Q, V]
  answer:   words[A, V]
}

fn encode(x: [T] of V, E: [V, D]) -> [D] = unit(mean(E[x], T))

model answers(question, answer) -> match(question, answer) {
  E = param[V, 12]
  return encode(question, E), encode(answer, E)
}

loss in_batch(temperature = 0.2)

train { optimizer = sgd(lr = 1, momentum = 0), batch = 100, epochs = EPOCHS, seed = 3 }
"""


def vocabulary(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
    texts = json.loads(header["__metadata__"]["aq.schema"])["columns"][0]["vocab"]["texts"]
    return {text: k + 1 for k, text in enumerate(texts)}


def main(aqc):
    random.seed(5)
    torch.manual_seed(5)
    names = [f"w{k}" for k in range(9)]
    rows = [([random.choice(names) for _ in range(random.randint(1, 5))],
             [random.choice(names[:3]) for _ in range(random.randint(1, 2))]) for _ in range(30)]
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "rows.tsv")
        with open(data, "w") as file:
            file.write("question\tanswer\n" + "".join(" ".join(q) + "\t" + " ".join(a) + "\n" for q, a in rows))
        after = []
        for epochs in "0", "1":
            program, model = os.path.join(folder, "m.aq"), os.path.join(folder, "m.aqm")
            with open(program, "w") as file:
                file.write(PROGRAM.replace("EPOCHS", epochs))
            subprocess.run([aqc, "train", program, data, "-q", "--precision", "f64", "-o", model], check=True,
                           stdout=subprocess.DEVNULL)
            after.append(load(model)["answers.E"].clone())
            ids = vocabulary(model)
    table = after[0].clone().requires_grad_()

    def encode(words):
        return F.normalize(table[[ids[word] for word in words]].mean(0), dim=0)

    asked = torch.stack([encode(q) for q, _ in rows])
    said = torch.stack([encode(a) for _, a in rows])
    scores = asked @ said.T / 0.2
    same = torch.tensor([[a == b and k != n for n, (_, b) in enumerate(rows)] for k, (_, a) in enumerate(rows)])
    assert same.any(), "no two rows have the same answer"
    loss = F.cross_entropy(scores.masked_fill(same, -torch.inf), torch.arange(len(rows)))
    loss.backward()
    worst = (after[0] - table.grad - after[1]).abs().max().item()
    moved = table.grad.abs().max().item()
    print(f"largest gradient {moved:.3g}, worst difference {worst:.1e}")
    return 0 if worst < 1e-9 and moved > 1e-3 else 1


sys.exit(main(sys.argv[1]))
