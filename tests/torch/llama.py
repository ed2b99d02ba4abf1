"""llama.py AQC: Llama of the library against one written here in PyTorch, with random weights that are saved as Hugging Face lays them out: values
and all gradients; grouped keys, tied and untied heads, offsets, and the ways of rotary positions."""
import math
import os
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pretrained
import stories

LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 24}
SIZES = {"tiny": dict(D=32, H=4, G=2, K=8, L=3, F=48, V=50, T=13, tied=True, bias=False, rope=None, base=10000.0),
         "untied": dict(D=32, H=4, G=1, K=6, L=2, F=40, V=50, T=13, tied=False, bias=True, rope={"type": "linear", "factor": 2.0}, base=10000.0),
         "llama3": dict(D=64, H=8, G=2, K=16, L=2, F=96, V=70, T=40, tied=False, bias=False, rope=LLAMA3, base=500.0)}


class RmsNorm(nn.Module):
    def __init__(self, D):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(D))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def speeds(K, base, rope):
    """As modeling_rope_utils has them."""
    speed = 1 / base ** (torch.arange(0, K, 2).double() / K)
    if not rope:
        return speed
    if rope.get("type") == "linear":
        return speed / rope["factor"]
    low, high, before = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    result = []
    for f in speed.tolist():
        wave = 2 * math.pi / f
        smooth = (before / wave - low) / (high - low)
        result.append(f if wave < before / high else f / rope["factor"] if wave > before / low else (1 - smooth) * f / rope["factor"] + smooth * f)
    return torch.tensor(result, dtype=torch.float64)


def rotate(x, speed):
    """The first half of the axes of a head are turned with the second."""
    angle = torch.arange(x.shape[1]).double()[:, None] * torch.cat([speed, speed])
    half = x.shape[-1] // 2
    return x * angle.cos() + torch.cat([-x[..., half:], x[..., :half]], -1) * angle.sin()


class Layer(nn.Module):
    def __init__(self, D, H, G, K, F, bias):
        super().__init__()
        self.H, self.G = H, G
        self.self_attn = nn.ModuleDict({"q_proj": nn.Linear(D, H * K, bias=bias), "k_proj": nn.Linear(D, G * K, bias=bias),
                                        "v_proj": nn.Linear(D, G * K, bias=bias), "o_proj": nn.Linear(H * K, D, bias=bias)})
        self.mlp = nn.ModuleDict({"gate_proj": nn.Linear(D, F, bias=bias), "up_proj": nn.Linear(D, F, bias=bias), "down_proj": nn.Linear(F, D, bias=bias)})
        self.input_layernorm, self.post_attention_layernorm = RmsNorm(D), RmsNorm(D)

    def forward(self, x, speed):
        y, T = self.input_layernorm(x), len(x)
        q, k, v = (self.self_attn[n](y).view(T, heads, -1).transpose(0, 1) for n, heads in (("q_proj", self.H), ("k_proj", self.G), ("v_proj", self.G)))
        q, k = rotate(q, speed), rotate(k, speed)
        k, v = k.repeat_interleave(self.H // self.G, 0), v.repeat_interleave(self.H // self.G, 0)
        seen = torch.ones(T, T, dtype=torch.bool).tril()
        a = torch.softmax((q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).masked_fill(~seen, -torch.inf), -1)
        x = x + self.self_attn["o_proj"]((a @ v).transpose(0, 1).reshape(T, -1))
        y = self.post_attention_layernorm(x)
        return x + self.mlp["down_proj"](F.silu(self.mlp["gate_proj"](y)) * self.mlp["up_proj"](y))


class Llama(nn.Module):
    def __init__(self, D, H, G, K, L, F, V, T, tied, bias, rope, base):
        super().__init__()
        self.model = nn.ModuleDict({"embed_tokens": nn.Embedding(V, D), "layers": nn.ModuleList([Layer(D, H, G, K, F, bias) for _ in range(L)]),
                                    "norm": RmsNorm(D)})
        self.speed = speeds(K, base, rope)
        if not tied:
            self.lm_head = nn.Linear(D, V, bias=False)
        for p in self.parameters():
            nn.init.normal_(p, std=0.1)

    def forward(self, ids):
        x = self.model["embed_tokens"](ids)
        for layer in self.model["layers"]:
            x = layer(x, self.speed)
        x = self.model["norm"](x)
        return (self.lm_head(x) if hasattr(self, "lm_head") else x @ self.model["embed_tokens"].weight.T), x


PROGRAM = """fn logits(text: [T] of V, r: [T, D]) {
  y = llama(text)
  return y.scores, y.states * r
}
dim V = config("vocab_size"), D = config("hidden_size")
"""


TELL = """dim N = config("max_position_embeddings")
data { text: pieces[T <= N, V](file = "tokenizer.json") }
model tell(text) -> next(text) {
  y = llama(text)
  return y.scores
}
"""


def tell(aqc, where):
    """A real model, out of a folder as Hugging Face has it, writes what others write with it, letter for letter."""
    with tempfile.TemporaryDirectory() as folder:
        stories.main(where, os.path.join(folder, "weights"))
        with open(os.path.join(folder, "tell.aq"), "w") as file:
            file.write(TELL)
        model = os.path.join(folder, "tell.aqm")
        subprocess.run([aqc, "init", os.path.join(folder, "tell.aq"), "--weights", os.path.join(folder, "weights"), "-o", model, "-q"], check=True)
        text = subprocess.run([aqc, "generate", model, "--prompt", "", "--temperature", "0", "--length", "256"], capture_output=True, check=True).stdout
    with open(os.path.join(where, "greedy.txt"), "rb") as file:
        right = text == file.read()
    print("ok" if right else "not ok", "- stories260k writes letter for letter")
    return not right


def main(aqc):
    failed = 0
    for size, s in SIZES.items():
        torch.manual_seed(3)
        config = {"hidden_size": s["D"], "num_attention_heads": s["H"], "num_key_value_heads": s["G"], "num_hidden_layers": s["L"], "head_dim": s["K"],
                  "intermediate_size": s["F"], "vocab_size": s["V"], "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": s["base"],
                  "rope_scaling": s["rope"], "attention_bias": s["bias"], "mlp_bias": s["bias"], "tie_word_embeddings": s["tied"]}
        inputs = {"text": torch.randint(0, s["V"], (s["T"],))}
        failed += pretrained.compare(aqc, size, Llama(**s), config, PROGRAM, inputs)
    where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/data/stories260k")
    if os.path.exists(where):
        failed += tell(aqc, where)
    else:
        print("ok - stories260k # SKIP its weights are not beside the project")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
