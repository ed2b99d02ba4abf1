"""bert.py AQC: BERT of the library against one written here in PyTorch, with random weights that are saved as Hugging Face lays them out: values
and all gradients. The base shape is compared with AQ_LARGE=1."""
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pretrained

SIZES = {"tiny": dict(D=32, H=4, L=3, F=64, N=20, V=50, C=3, T=13), "mini": dict(D=256, H=4, L=4, F=1024, N=64, V=300, C=3, T=40),
         "base": dict(D=768, H=12, L=12, F=3072, N=512, V=1000, C=3, T=64)}


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


PROGRAM = """fn logits(text: [T] of V, segment: [T], r: [T, D]) {
  x = bert(text, segment = segment)
  return stored(bert_pooled(x), 3, "model.safetensors", "classifier"), x * r
}
dim V = config("vocab_size"), D = config("hidden_size")
"""


def main(aqc):
    failed = 0
    for size, s in pretrained.sizes(SIZES, {"base"}).items():
        torch.manual_seed(3)
        model = Bert(**s)
        if size == "tiny":  # files from before 2019 call the weights of a normalisation gamma and beta
            names = model.named_parameters
            older = lambda: ((n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"), p) for n, p in names())
            model.named_parameters = older
        config = {"hidden_size": s["D"], "num_attention_heads": s["H"], "num_hidden_layers": s["L"], "intermediate_size": s["F"],
                  "max_position_embeddings": s["N"], "vocab_size": s["V"], "hidden_act": "gelu", "layer_norm_eps": 1e-12}
        inputs = {"text": torch.randint(0, s["V"], (s["T"],)), "segment": (torch.arange(s["T"]) > 5).long()}
        failed += pretrained.compare(aqc, size, model, config, PROGRAM, inputs)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
