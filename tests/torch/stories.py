"""stories.py FROM TO: ../shared/data/stories260k, as its README describes it, laid out as Hugging Face has a Llama: config.json, tokenizer.json and
model.safetensors. The pairs of axes that rotary positions turn are neighbours there; Hugging Face has them half a head apart."""
import json
import os
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import safetensors

D, H, G, L, F, V = 64, 8, 4, 5, 172, 512


def halves(w, heads):
    """Of each head the even rows come first, then the odd ones."""
    return w.view(heads, -1, 2, D).transpose(1, 2).reshape(-1, D).contiguous()


def main(where, to):
    old = safetensors.load(os.path.join(where, "model.safetensors"))
    new = {"model.embed_tokens.weight": old["token_embedding"], "model.norm.weight": old["final_norm"]}
    for l in range(L):
        a, b = f"layers.{l}.", f"model.layers.{l}."
        new[b + "self_attn.q_proj.weight"], new[b + "self_attn.k_proj.weight"] = halves(old[a + "wq"], H), halves(old[a + "wk"], G)
        for theirs, ours in {"wv": "self_attn.v_proj", "wo": "self_attn.o_proj", "w1": "mlp.gate_proj", "w3": "mlp.up_proj", "w2": "mlp.down_proj",
                             "attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}.items():
            new[b + ours + ".weight"] = old[a + theirs]
    os.makedirs(to, exist_ok=True)
    safetensors.save(os.path.join(to, "model.safetensors"), new)
    with open(os.path.join(to, "config.json"), "w") as file:
        json.dump({"model_type": "llama", "hidden_size": D, "num_attention_heads": H, "num_key_value_heads": G, "num_hidden_layers": L,
                   "intermediate_size": F, "vocab_size": V, "max_position_embeddings": 512, "hidden_act": "silu", "rms_norm_eps": 1e-5,
                   "rope_theta": 10000.0, "tie_word_embeddings": True}, file)
    pieces = {}
    with open(os.path.join(where, "vocab.tsv"), encoding="utf-8") as file:
        for line in file.read().split("\n")[1:]:
            if line:
                i, score, piece = line.split("\t")
                pieces[json.loads(piece).strip("\n") if int(i) < 3 else json.loads(piece).replace(" ", "\u2581")] = int(i)
    texts = {p: i for p, i in pieces.items() if i > 258}
    merges = [f"{p[:k]} {p[k:]}" for p in sorted(texts, key=texts.get) for k in range(1, len(p)) if p[:k] in texts and p[k:] in texts]
    with open(os.path.join(to, "tokenizer.json"), "w") as file:
        marks = [{"id": i, "content": p, "special": True} for p, i in pieces.items() if i < 3]
        spaces = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
                                                      {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}
        json.dump({"version": "1.0", "added_tokens": marks, "normalizer": spaces, "pre_tokenizer": None,
                   "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": True, "vocab": pieces, "merges": merges}}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
