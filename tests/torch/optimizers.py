"""optimizers.py AQC: trains a small model with every optimiser that PyTorch has too, and its first schedules, and compares all parameters
with those that PyTorch comes to, in double, to 1e-10; groups with its param_groups, frozen ones with none. Some rows of the table are in no batch: they decay all the same."""
import os
import subprocess
import sys
import tempfile

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import safetensors

PROGRAM = """data { kind: class[V](labels = "a, b, c, d, e, f, g, h"), y: number }
model m(kind) -> y { return sum(tanh(embed(kind, 4)) * param[4]) }
loss squared_error
train { optimizer = OPTIMIZER, schedule = SCHEDULE, batch = 100, epochs = 40, clip = CLIP MORE }
"""
ROWS = [(0, 1.0), (1, 2.0), (2, -1.0), (0, 0.5), (3, 2.0), (4, -2.0), (0, 1.0), (1, 2.5)]
STEPS = 40
optim, ways = torch.optim, torch.optim.lr_scheduler
OPTIMIZERS = [
    ("adamw(lr = 0.01)", optim.AdamW, dict(lr=0.01)),
    ("adamw(lr = 0.02, weight_decay = 0.3, beta1 = 0.8, beta2 = 0.95, eps = 1e-3)", optim.AdamW,
     dict(lr=0.02, weight_decay=0.3, betas=(0.8, 0.95), eps=1e-3)),
    ("adam", optim.Adam, dict(lr=1e-3)),
    ("adam(lr = 0.02, weight_decay = 0.3, beta1 = 0.8, beta2 = 0.95, eps = 1e-3)", optim.Adam,
     dict(lr=0.02, weight_decay=0.3, betas=(0.8, 0.95), eps=1e-3)),
    ("sgd(lr = 0.01)", optim.SGD, dict(lr=0.01, momentum=0.9)),
    ("sgd(lr = 0.02, momentum = 0)", optim.SGD, dict(lr=0.02)),
    ("sgd(lr = 0.02, momentum = 0.8, nesterov = true, weight_decay = 0.3)", optim.SGD,
     dict(lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.3)),
    ("adagrad", optim.Adagrad, dict(lr=0.01)),
    ("adagrad(lr = 0.1, lr_decay = 0.2, weight_decay = 0.3, eps = 1e-4)", optim.Adagrad,
     dict(lr=0.1, lr_decay=0.2, weight_decay=0.3, eps=1e-4)),
    ("rmsprop", optim.RMSprop, dict(lr=0.01)),
    ("rmsprop(lr = 0.005, alpha = 0.9, momentum = 0.5, weight_decay = 0.3, eps = 1e-4)", optim.RMSprop,
     dict(lr=0.005, alpha=0.9, momentum=0.5, weight_decay=0.3, eps=1e-4)),
]
SCHEDULES = [
    ("constant", None),
    ("linear", lambda o, lr: ways.LambdaLR(o, lambda k: 1 - k / STEPS)),
    ("cosine", lambda o, lr: ways.CosineAnnealingLR(o, STEPS)),
    ("one_cycle", lambda o, lr: ways.OneCycleLR(o, max_lr=lr, total_steps=STEPS, cycle_momentum=False)),
    ("step(every = 10, factor = 0.5)", lambda o, lr: ways.StepLR(o, 10, 0.5)),
]
# What is said of groups: for aq, and for PyTorch's param_groups of the table and of the vector; None: frozen.
GROUPS = [
    (', groups = group("m.embed.E", lr = 0.05, weight_decay = 0.2)', dict(lr=0.05, weight_decay=0.2), dict()),
    (', groups = [group("**", lr = 0.03), group("m.param", lr = 0.2)]', dict(lr=0.03), dict(lr=0.2)),
    (', freeze = "m.param"', dict(), None),
    (', freeze = "m.embed.*", groups = group("*.param", lr = 0.05)', None, dict(lr=0.05)),
]
ALIKE = ("", dict(), dict())


def aq(command, folder, optimizer, schedule, clip, groups, *more):
    program, model = os.path.join(folder, "p.aq"), os.path.join(folder, "p.aqm")
    with open(program, "w") as file:
        file.write(PROGRAM.replace("OPTIMIZER", optimizer).replace("SCHEDULE", schedule).replace("CLIP", str(clip)).replace("MORE", groups[0]))
    data = os.path.join(folder, "d.tsv")
    with open(data, "w") as file:
        file.write("kind\ty\n" + "".join("%s\t%g\n" % ("abcdefgh"[kind], y) for kind, y in ROWS))
    subprocess.run([command, "train", program, data, "--precision", "f64", "-q", "-o", model, *more], check=True,
                   stdout=subprocess.DEVNULL)
    tensors = safetensors.load(model)
    return tensors["m.embed.E"], tensors["m.param"]


def torch_way(start, make, settings, schedule, clip, groups):
    table, vector = (torch.nn.Parameter(tensor.clone()) for tensor in start)
    plain = {key: value for key, value in settings.items() if key != "weight_decay"}
    decay = settings.get("weight_decay", 0.01 if make is optim.AdamW else 0)  # of what has two axes or more
    own = [dict(dict(params=[p], weight_decay=d), **g) for p, d, g in
           ((table, decay, groups[1]), (vector, 0, groups[2])) if g is not None]
    trained = [group["params"][0] for group in own]
    optimizer = make(own, **plain)
    course = schedule(optimizer, settings["lr"]) if schedule else None
    kinds, y = torch.tensor([k for k, _ in ROWS]), torch.tensor([v for _, v in ROWS], dtype=torch.float64)
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = (((torch.tanh(table[kinds]) * vector).sum(-1) - y) ** 2).mean()
        loss.backward()
        norm = float(torch.cat([p.grad.flatten() for p in trained]).norm())  # clip_grad_norm_ adds 1e-6 to it
        for parameter in trained:
            parameter.grad *= clip / norm if clip and norm > clip else 1
        optimizer.step()
        if course and step + 1 < STEPS:
            course.step()
    return table.detach(), vector.detach()


def main():
    command, bad = sys.argv[1], 0
    cases = [(o, SCHEDULES[0], clip, ALIKE) for o in OPTIMIZERS for clip in (0, 0.5)]
    cases += [(OPTIMIZERS[0], s, 0, ALIKE) for s in SCHEDULES[1:]]
    cases += [(OPTIMIZERS[k], SCHEDULES[k % 3], 0.5 * (k % 2), g) for k in (1, 3, 6, 8, 10) for g in GROUPS]
    with tempfile.TemporaryDirectory() as folder:
        for (written, make, settings), (schedule, course), clip, groups in cases:
            start = aq(command, folder, written, schedule, clip, groups, "--epochs", "0")
            ours = aq(command, folder, written, schedule, clip, groups)
            theirs = torch_way(start, make, settings, course, clip, groups)
            off = max(float((a - b).abs().max()) for a, b in zip(ours, theirs))
            moved = max(float((a - b).abs().max()) for a, b in zip(ours, start))
            good = off < 1e-10 and moved > 1e-3
            bad += not good
            print("%s %s, %s, clip %g%s: differs by %.1e, moved %.2g" % ("ok  " if good else "BAD ", written, schedule, clip, groups[0], off, moved))
    sys.exit(bad > 0)


main()
