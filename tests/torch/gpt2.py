"""gpt2.py AQC: GPT-2 of the library against one written here in PyTorch, with random weights that are saved as Hugging Face lays them out: values
and all gradients. The shape of the small one is compared with AQ_LARGE=1."""
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pretrained

SIZES = {"tiny": dict(D=32, H=4, L=3, N=20, V=50, T=13, prefix=""), "mini": dict(D=128, H=4, L=4, N=64, V=300, T=40, prefix="transformer."),
         "small": dict(D=768, H=12, L=12, N=1024, V=1000, T=64, prefix="")}


class Conv1D(nn.Module):
    """An affine map whose matrix is [in, out]."""
    def __init__(self, n, m):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(n, m)), nn.Parameter(torch.empty(m))

    def forward(self, x):
        return x @ self.weight + self.bias


class Block(nn.Module):
    def __init__(self, D, H):
        super().__init__()
        self.H = H
        self.ln_1, self.ln_2 = nn.LayerNorm(D, eps=1e-5), nn.LayerNorm(D, eps=1e-5)
        self.attn = nn.ModuleDict({"c_attn": Conv1D(D, 3 * D), "c_proj": Conv1D(D, D)})
        self.mlp = nn.ModuleDict({"c_fc": Conv1D(D, 4 * D), "c_proj": Conv1D(4 * D, D)})

    def forward(self, x):
        q, k, v = (t.view(len(x), self.H, -1).transpose(0, 1) for t in self.attn["c_attn"](self.ln_1(x)).chunk(3, -1))
        seen = torch.ones(len(x), len(x), dtype=torch.bool).tril()
        a = torch.softmax((q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).masked_fill(~seen, -torch.inf), -1)
        x = x + self.attn["c_proj"]((a @ v).transpose(0, 1).reshape(x.shape))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self, D, H, L, N, V, T, prefix):
        super().__init__()
        body = nn.ModuleDict({"wte": nn.Embedding(V, D), "wpe": nn.Embedding(N, D), "h": nn.ModuleList([Block(D, H) for _ in range(L)]),
                              "ln_f": nn.LayerNorm(D, eps=1e-5)})
        for name, module in {"transformer": body}.items() if prefix else body.items():
            self.add_module(name, module)
        self.body = [body]  # in a list, so that its names are not there twice
        for p in self.parameters():
            nn.init.normal_(p, std=0.1)

    def forward(self, ids):
        body = self.body[0]
        x = body["wte"](ids) + body["wpe"](torch.arange(len(ids)))
        for block in body["h"]:
            x = block(x)
        x = body["ln_f"](x)
        return x @ body["wte"].weight.T, x


PROGRAM = """fn logits(text: [T] of V, r: [T, D]) {
  y = gpt2(text)
  return y.scores, y.states * r
}
dim V = config("vocab_size"), D = config("n_embd")
"""


def main(aqc):
    failed = 0
    for size, s in pretrained.sizes(SIZES, {"small"}).items():
        torch.manual_seed(3)
        config = {"n_embd": s["D"], "n_head": s["H"], "n_layer": s["L"], "n_positions": s["N"], "vocab_size": s["V"], "n_inner": None,
                  "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
        inputs = {"text": torch.randint(0, s["V"], (s["T"],))}
        failed += pretrained.compare(aqc, size, Gpt2(**s), config, PROGRAM, inputs)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
