"""pretrained.py: for bert.py, gpt2.py and llama.py: a model of PyTorch with random weights is saved as Hugging Face lays it out, and aqc runs the
library's function on that folder: values and all gradients, in double to 1e-9 and in float to 1e-5."""
import json
import os
import subprocess
import sys
import tempfile

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import safetensors

TOLERANCE = {"f64": 1e-9, "f32": 1e-5}


def run(aqc, folder, precision):
    out = os.path.join(folder, "out.safetensors")
    command = [aqc, "run", os.path.join(folder, "m.aq"), "--fn", "logits", "--weights", os.path.join(folder, "weights"), "--in", os.path.join(folder, "in.safetensors"),
               "--out", out, "--grad", "--save-params", "--precision", precision]
    if subprocess.run(command).returncode:
        sys.exit(1)
    return safetensors.load(out)


def worst(found, wanted):
    return float((found.double() - wanted).abs().max() / max(1, wanted.abs().max()))


def by_value(found, model):
    """Which gradient is of which tensor: parameters have the values of their tensors, or those turned over."""
    pairs = {}
    for name, value in found.items():
        if not name.startswith("param."):
            continue
        value = value.double()
        same = [(key, p, turn) for key, p in model.named_parameters() for turn in (False, True)
                if (p.T if turn and p.dim() == 2 else p).shape == value.shape
                and torch.equal((p.T if turn and p.dim() == 2 else p).double(), value)]
        if not same:
            sys.exit(f"{name} is no tensor of the file")
        pairs[same[0][0]] = found["grad." + name[len("param."):]].T if same[0][2] else found["grad." + name[len("param."):]]
    return pairs


def compare(aqc, size, model, config, program, inputs):
    """model(*inputs) gives (logits, states). The program's function logits(…) has the names of the inputs as arguments, then r, and gives the
    same with states * r. Returns how many comparisons failed."""
    failed, names = 0, dict(model.named_parameters())
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "weights"))
        safetensors.save(os.path.join(folder, "weights", "model.safetensors"), names)
        with open(os.path.join(folder, "weights", "config.json"), "w") as file:
            json.dump(config, file)
        with open(os.path.join(folder, "m.aq"), "w") as file:
            file.write(program)
        model.double()
        logits, x = model(*inputs.values())
        r = torch.randn(x.shape).float()
        ((logits * 1.0).sum() + (x * r.double()).sum()).backward()
        for precision, kind in (("f64", torch.float64), ("f32", torch.float32)):
            given = {name: value.to(kind) if name == "segment" else value.int() for name, value in inputs.items()}
            safetensors.save(os.path.join(folder, "in.safetensors"), {**given, "r": r.to(kind)})
            found = run(aqc, folder, precision)
            errors = {"logits": worst(found["out.0"], logits), "states": worst(found["out.1"], x * r.double())}
            grads = by_value(found, model)
            if set(grads) != set(names):
                sys.exit(f"no gradient of {set(names) - set(grads)}")
            errors["gradients"] = max(worst(grads[key], names[key].grad) for key in names)
            right = max(errors.values()) < TOLERANCE[precision]
            failed += not right
            print("ok" if right else "not ok", "-", size, precision, ", ".join(f"{k} {v:.1e}" for k, v in errors.items()), f"({len(names)} tensors)")
    return failed


def sizes(all_sizes, large):
    """The large ones take minutes, and are asked for: AQ_LARGE=1."""
    return {name: s for name, s in all_sizes.items() if name not in large or os.environ.get("AQ_LARGE")}
