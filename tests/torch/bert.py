"""bert.py AQC: BERT of the library against one written here in PyTorch, with random weights that are saved as Hugging Face lays them out: values
and all gradients, in double to 1e-9 and in float to 1e-5."""
import os
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import safetensors

SIZES = {"tiny": dict(D=32, H=4, L=3, F=64, N=20, V=50, C=3, T=13), "mini": dict(D=256, H=4, L=4, F=1024, N=64, V=300, C=3, T=40)}
TOLERANCE = {"f64": 1e-9, "f32": 1e-5}


class Attention(nn.Module):
    def __init__(self, D, H):
        super().__init__()
        self.H = H
        self.self = nn.ModuleDict({name: nn.Linear(D, D) for name in ("query", "key", "value")})
        self.output = nn.ModuleDict({"dense": nn.Linear(D, D), "LayerNorm": nn.LayerNorm(D, eps=1e-12)})

    def forward(self, x):
        q, k, v = (self.self[name](x).view(len(x), self.H, -1).transpose(0, 1) for name in ("query", "key", "value"))
        a = torch.softmax(q @ k.transpose(1, 2) / q.shape[-1] ** 0.5, -1)
        return self.output["LayerNorm"](self.output["dense"]((a @ v).transpose(0, 1).reshape(x.shape)) + x)


class Layer(nn.Module):
    def __init__(self, D, H, hidden):
        super().__init__()
        self.attention = Attention(D, H)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(D, hidden)})
        self.output = nn.ModuleDict({"dense": nn.Linear(hidden, D), "LayerNorm": nn.LayerNorm(D, eps=1e-12)})

    def forward(self, x):
        x = self.attention(x)
        return self.output["LayerNorm"](self.output["dense"](F.gelu(self.intermediate["dense"](x))) + x)


class Bert(nn.Module):
    def __init__(self, D, H, L, F, N, V, C, T):
        super().__init__()
        embeddings = nn.ModuleDict({"word_embeddings": nn.Embedding(V, D), "position_embeddings": nn.Embedding(N, D),
                                    "token_type_embeddings": nn.Embedding(2, D), "LayerNorm": nn.LayerNorm(D, eps=1e-12)})
        encoder = nn.ModuleDict({"layer": nn.ModuleList([Layer(D, H, F) for _ in range(L)])})
        self.bert = nn.ModuleDict({"embeddings": embeddings, "encoder": encoder, "pooler": nn.ModuleDict({"dense": nn.Linear(D, D)})})
        self.classifier = nn.Linear(D, C)
        for p in self.parameters():
            nn.init.normal_(p, std=0.1)

    def forward(self, ids, segment):
        e = self.bert["embeddings"]
        x = e["word_embeddings"](ids) + e["position_embeddings"](torch.arange(len(ids))) + e["token_type_embeddings"](segment)
        x = e["LayerNorm"](x)
        for layer in self.bert["encoder"]["layer"]:
            x = layer(x)
        return self.classifier(torch.tanh(self.bert["pooler"]["dense"](x[0]))), x


PROGRAM = """dim D = {D}, H = {H}, L = {L}, F = {F}, N = {N}, V = {V}, C = {C}
fn logits(text: [T] of V, segment: [T], r: [T, D]) {{
  x = bert(text, D, H, L, F, N, "bert/model.safetensors", segment = segment)
  return stored(bert_pooled(x, "bert/model.safetensors"), C, "bert/model.safetensors", "classifier"), x * r
}}
"""


def run(aqc, folder, precision):
    out = os.path.join(folder, "out.safetensors")
    command = [aqc, "run", os.path.join(folder, "m.aq"), "--fn", "logits", "--in", os.path.join(folder, "in.safetensors"),
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


def main(aqc):
    failed = 0
    for size, sizes in SIZES.items():
        torch.manual_seed(3)
        model = Bert(**sizes)
        ids, segment = torch.randint(0, sizes["V"], (sizes["T"],)), (torch.arange(sizes["T"]) > 5).long()
        r = torch.randn(sizes["T"], sizes["D"])
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "bert"))
            safetensors.save(os.path.join(folder, "bert", "model.safetensors"), dict(model.named_parameters()))
            with open(os.path.join(folder, "m.aq"), "w") as file:
                file.write(PROGRAM.format(**sizes))
            model.double()
            logits, x = model(ids, segment)
            (logits.sum() + (x * r.double()).sum()).backward()
            for precision, kind in (("f64", torch.float64), ("f32", torch.float32)):
                safetensors.save(os.path.join(folder, "in.safetensors"), {"text": ids.int(), "segment": segment.to(kind), "r": r.to(kind)})
                found = run(aqc, folder, precision)
                errors = {"logits": worst(found["out.0"], logits), "last layer": worst(found["out.1"], x * r.double())}
                grads = by_value(found, model)
                wanted = dict(model.named_parameters())
                if set(grads) != set(wanted):
                    sys.exit(f"no gradient of {set(wanted) - set(grads)}")
                errors["gradients"] = max(worst(grads[key], wanted[key].grad) for key in wanted)
                right = max(errors.values()) < TOLERANCE[precision]
                failed += not right
                print("ok" if right else "not ok", "-", size, precision, ", ".join(f"{k} {v:.1e}" for k, v in errors.items()), f"({len(wanted)} tensors)")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
