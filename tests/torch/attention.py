"""attention.py AQC [NAME…]: the variants of attention in the standard library, in attention.aq, against formulations in PyTorch that say what the papers say
and form the whole matrix of scores. Values and all gradients, for several lengths, as compare.py does it."""
import math
import sys

import torch
import torch.nn.functional as F

from compare import compare, drawn, positions, real, report

LENGTHS = (0, 1, 2, 63, 64, 65, 200)
D, H, K = 12, 3, 4


def split(p, x, path):
    """x times the matrix of every head, [D, H, K]: [H, T, K]."""
    return torch.einsum("td,dhk->htk", x, p(path + ".W"))


def joined(z):
    return z.transpose(0, 1).reshape(z.shape[1], H * K)


def softmax(s, mask=None):
    """Over the keys; where nothing is seen all weights are 0."""
    if mask is None:
        return torch.softmax(s, -1)
    s = torch.where(mask, s, torch.full_like(s, -1e300))
    return torch.softmax(s, -1) * mask


def plain(p, a, score=None, mask=None, path=None):
    x = a["x"]
    path = path or "plain"
    q, k, v = (split(p, x, f"{path}.{slot}") for slot in ("query", "key", "value"))
    s = q @ k.transpose(1, 2)
    return [joined(softmax(score(s) if score else s / math.sqrt(K), mask) @ v) * a["r"]]


def masked(condition):
    """A case of plain heads under a mask, told by a condition on whole numbers, pair by pair."""
    def reference(p, a):
        n = len(a["x"])
        seen = torch.tensor([[bool(condition(i, j, a)) for j in range(n)] for i in range(n)], dtype=torch.bool).reshape(n, n)
        return plain(p, a, mask=seen)
    return reference


def scored(change, mask=None):
    """A case of plain heads whose scaled score gets `change(p, i, j, a)` added, [T, T] or [H, T, T]."""
    def reference(p, a):
        i, j = positions(len(a["x"]))
        return plain(p, a, score=lambda s: s / math.sqrt(K) + change(p, i, j, a), mask=mask(i, j) if mask else None)
    return reference


def column(values):
    """A number for each head, beside [H, T, T]."""
    return values.reshape(-1, 1, 1)


def published_bucket(distance, bidirectional, buckets, reach):
    """As in the program published with T5 (Raffel et al. 2020): for a whole number, key position less query position."""
    bucket = 0
    if bidirectional:
        buckets //= 2
        bucket = buckets if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = -min(distance, 0)
    exact = buckets // 2
    if distance < exact:
        return bucket + distance
    far = exact + int(math.log(distance / exact) / math.log(reach / exact) * (buckets - exact) + 1e-9)
    return bucket + min(far, buckets - 1)


def t5(p, i, j, bidirectional=True, buckets=32, reach=128):
    table = p("B")
    assert table.shape == (H, buckets), table.shape
    index = torch.tensor([[published_bucket(int(d), bidirectional, buckets, reach) for d in row] for row in (j - i).tolist()], dtype=torch.long)
    return table[:, index.reshape(i.shape[0], j.shape[1])]


def two(p, a, query="query", key="key", before=lambda x, slot: x, score=lambda s, q, k: s / math.sqrt(K)):
    """Heads with keys from a second sequence; score gets the products, the queries and the keys."""
    q, k, v = before(split(p, a["x"], query), "query"), before(split(p, a["y"], key), "key"), split(p, a["y"], "value")
    return [joined(torch.softmax(score(q @ k.transpose(1, 2), q, k), -1) @ v) * a["r"]]


def bilinear(p, a):
    x, y, w = a["x"], a["y"], p("query.W")
    s = torch.einsum("td,dhe,pe->htp", x, w, y)
    return [joined(torch.softmax(s, -1) @ split(p, y, "value")) * a["r"]]


def euclidean(p, a):
    return two(p, a, score=lambda s, q, k: -((q[:, :, None] - k[:, None]) ** 2).sum(-1) / math.sqrt(K))


def cosine(p, a):
    return two(p, a, "query.project", "key.project", score=lambda s, q, k: column(p("gain")) * F.cosine_similarity(q[:, :, None], k[:, None], dim=-1, eps=1e-30))


def qk_norm(p, a):
    def norm(x, path):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * p(path + ".g")[:, None]
    return two(p, a, "query.project", "key.project", before=norm)


def shaw(p, a, reach=7):
    x = a["x"]
    q, k, v = (split(p, x, slot) for slot in ("query", "key", "value"))
    i, j = positions(len(x))
    r = p("r")[(j - i).clamp(-reach, reach).long() + reach]             # [T, T, H, K]
    s = torch.einsum("hik,hjk->hij", q, k) + torch.einsum("hik,ijhk->hij", q, r)
    return [joined(torch.softmax(s / math.sqrt(K), -1) @ v) * a["r"]]


def disentangled(p, a):
    x, places = a["x"], a["p"]
    reach = len(places) // 2
    q, k, v = (split(p, x, f"disentangled.{slot}") for slot in ("query", "key", "value"))
    kr, qr = split(p, places, "seen.project"), split(p, places, "seeing.project")
    i, j = positions(len(x))
    there = (i - j + reach).clamp(0, 2 * reach - 1).long()               # δ(i, j)
    back = (j - i + reach).clamp(0, 2 * reach - 1).long()                # δ(j, i)
    s = q @ k.transpose(1, 2) + torch.einsum("hik,hijk->hij", q, kr[:, there]) + torch.einsum("hjk,hijk->hij", k, qr[:, back])
    return [joined(torch.softmax(s / math.sqrt(3 * K), -1) @ v) * a["r"]]


def network(p, i, j, a):
    d = (i - j)[..., None]
    hidden = torch.relu(torch.sign(d) * torch.log1p(d.abs()) * p("linear.W")[0] + p("linear.b"))
    return (hidden @ p("project.W")).permute(2, 0, 1)


def paired(p, a):
    q, k, v = (p.linear(a[of], f"heads.{slot}").transpose(0, 1) for of, slot in (("x", "query"), ("y", "key"), ("y", "value")))
    bias = p.layernorm(a["pairs"], "layernorm") @ p("project.W")         # [T, P, H]
    return [joined(torch.softmax(q @ k.transpose(1, 2) / math.sqrt(K) + bias.permute(2, 0, 1), -1) @ v) * a["r"]]


def complex_pairs(x, base):
    """The axes k and k + K/2 as a complex number, and the angles of each position: [H, T, K/2]."""
    half = x.shape[-1] // 2
    speed = 1.0 / base ** (torch.arange(half, dtype=torch.float64) * 2 / x.shape[-1])
    return torch.complex(x[..., :half], x[..., half:]), torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * speed


def rope(x, base, factor=1.0):
    z, angle = complex_pairs(x, base)
    z = z * torch.polar(torch.ones_like(angle), angle) * factor
    return torch.cat([z.real, z.imag], -1)


def rotary(p, a):
    q, k, v = (split(p, a["x"], slot) for slot in ("query.project", "key.project", "value"))
    i, j = positions(len(a["x"]))
    return [joined(softmax(rope(q, 100) @ rope(k, 100).transpose(1, 2) / math.sqrt(K), j <= i) @ v) * a["r"]]


def xpos(p, a, span=64):
    q, k, v = (split(p, a["x"], slot) for slot in ("query.project", "key.project", "value"))
    i, j = positions(len(a["x"]))
    zeta = (torch.arange(K // 2, dtype=torch.float64) / (K / 2) + 0.4) / 1.4
    q, k = rope(q, 10000, zeta ** (i / span)), rope(k, 10000, zeta ** (-i / span))
    return [joined(softmax(q @ k.transpose(1, 2) / math.sqrt(K), j <= i) @ v) * a["r"]]


def sinusoid(distance):
    """[..., D] for distances of any shape: sines, then cosines."""
    w = 10000.0 ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)
    return torch.cat([torch.sin(distance[..., None] * w), torch.cos(distance[..., None] * w)], -1)


def transformer_xl(p, a, causal=False):
    x = a["x"]
    i, j = positions(len(x))
    q, k, v = split(p, x, "content"), split(p, x, "key.project"), split(p, x, "value")
    place = torch.einsum("ijd,dhk->hijk", sinusoid(i - j), p("transformer_xl.W"))
    s = torch.einsum("hik,hjk->hij", q + p("transformer_xl.u")[:, None], k) + torch.einsum("hik,hijk->hij", q + p("transformer_xl.v")[:, None], place)
    return [joined(softmax(s / math.sqrt(K), j <= i if causal else None) @ v) * a["r"]]


def forgetting(p, i, j, a):
    """The product of the gates between key and query, as a matrix of sums."""
    gate = F.logsigmoid(p.linear(a["x"], "c.linear")).T                   # [H, T]
    n = len(a["x"])
    passed = torch.zeros(H, n, n, dtype=torch.float64)
    for t in range(n):                                                   # the gate at t stands between all j < t and i >= t
        passed = passed + gate[:, t, None, None] * ((j < t) & (i >= t))
    return passed


def selective(p, a):
    q, k, v = (a[name].transpose(0, 1) for name in "qkv")
    n = len(a["q"])
    s = q @ k.transpose(1, 2) / math.sqrt(K)
    i, j = positions(n)
    taken = torch.relu(s[0]) * ((j < i) & (j > 0))
    gone = [torch.zeros(n, dtype=torch.float64)]
    for t in range(n - 1):
        gone.append(gone[-1] + taken[t])
    return [joined(softmax(s - torch.stack(gone)[:n].reshape(n, n), j <= i) @ v) * a["r"]]


def residual(p, a):
    x = a["x"]
    below, q, k = ((x @ p(path)).reshape(len(x), H, K) for path in ("below.project.W", "two.project.W", "residual_scores.project.W"))
    s = torch.einsum("ihk,jhk->hij", below, a["k"]) / math.sqrt(K) + torch.einsum("ihk,jhk->hij", q, k) / math.sqrt(K)
    return [joined(torch.softmax(s, -1) @ a["v"].transpose(0, 1)) * a["r"]]


def weighed(weights, mask=None):
    """A case of plain heads with other weights than softmax, of the scaled score and the length."""
    def reference(p, a):
        x = a["x"]
        q, k, v = (split(p, x, slot) for slot in ("query", "key", "value"))
        w = weights(q @ k.transpose(1, 2) / math.sqrt(K), p, len(x))
        return [joined((w * mask(*positions(len(x))) if mask else w) @ v) * a["r"]]
    return reference


def additive(p, a):
    q, k, v = split(p, a["x"], "query"), p.linear(a["y"], "key").transpose(0, 1), split(p, a["y"], "value")
    s = (torch.tanh(q[:, :, None] + k[:, None]) * p("additive.v")[:, None, None]).sum(-1)
    return [joined(torch.softmax(s, -1) @ v) * a["r"]]


def contextual(p, a, count=6):
    """As in the program of the paper: gates flipped, summed and flipped back; positions between whole ones by both neighbours."""
    x = a["x"]
    q, k, v = (split(p, x, slot) for slot in ("query", "key", "value"))
    i, j = positions(len(x))
    s = q @ k.transpose(1, 2) / math.sqrt(K)
    gates = torch.sigmoid(s) * (j <= i)
    place = gates.flip(-1).cumsum(-1).flip(-1).clamp(max=count - 1)
    table = torch.einsum("hik,nhk->hin", q, p("e"))
    low, high = place.floor().long(), place.ceil().long()
    w = place - low
    bias = torch.gather(table, 2, high) * w + torch.gather(table, 2, low) * (1 - w)
    return [joined(softmax(s + bias, j <= i) @ v) * a["r"]]


def talking(p, a):
    q, k, v = split(p, a["x"], "query"), split(p, a["y"], "key"), split(p, a["y"], "value")
    s = torch.einsum("gij,hg->hij", q @ k.transpose(1, 2), a["before"]) / math.sqrt(K)
    return [joined(torch.einsum("gij,hg->hij", torch.softmax(s, -1), a["after"]) @ v) * a["r"]]


def entmax(s, alpha):
    """Every threshold found by halving, then one step of Newton's with a gradient, so that its derivative is exact. Unseen scores are -1e300."""
    if s.numel() == 0:
        return s
    x = s * (alpha - 1)
    low, high = x.max(-1, keepdim=True).values.detach() - 1, x.max(-1, keepdim=True).values.detach()
    for _ in range(80):
        middle = (low + high) / 2
        enough = torch.relu(x.detach() - middle).pow(1 / (alpha - 1)).sum(-1, keepdim=True) >= 1
        low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
    above = torch.relu(x - low)
    slope = ((above.detach() > 0) * above.detach().pow(1 / (alpha - 1) - 1)).sum(-1, keepdim=True) / (alpha - 1)
    threshold = low + (above.pow(1 / (alpha - 1)).sum(-1, keepdim=True) - 1) / slope
    return torch.relu(x - threshold).pow(1 / (alpha - 1))


def hidden(s, mask):
    return torch.where(mask(*positions(s.shape[-1])), s, torch.full_like(s, -1e300))


def top_k(s, k):
    kth = s.topk(min(k, s.shape[-1]), -1).values[..., -1:] if s.shape[-1] else s
    return torch.softmax(torch.where(s >= kth, s, torch.full_like(s, -torch.inf)), -1)


def hardest(s):
    soft = torch.softmax(s, -1)
    best = F.one_hot(s.argmax(-1), s.shape[-1]) if s.shape[-1] else soft
    return best + soft - soft.detach()


def with_sink(s, sink):
    """The sink is one key more, whose weight is left out."""
    return torch.softmax(torch.cat([s, sink.expand(*s.shape[:-1], 1)], -1), -1)[..., :-1]


def shared_out(s):
    shares = torch.softmax(s, -2) + 1e-8
    return shares / shares.sum(-1, keepdim=True)


def laplace(s):
    """The distribution function of the normal distribution with mean √½ and variance 1/4π."""
    return torch.distributions.Normal(*torch.tensor([0.5, 0.25 / math.pi], dtype=torch.float64).sqrt()).cdf(s)


def multi_query(p, a):
    return [joined(torch.softmax(a["q"].transpose(0, 1) @ a["k"].T / math.sqrt(K), -1) @ a["v"]) * a["r"]]


def grouped(p, a):
    z = [torch.softmax(a["q"][:, h] @ a["k"][:, h // 3].T / math.sqrt(K), -1) @ a["v"][:, h // 3] for h in range(6)]
    return [torch.stack(z, 1) * a["r"]]


def latent(p, a):
    x, c = a["x"], a["c"]
    q, asked = split(p, x, "query.project"), rope(split(p, x, "query.project_2"), 10000)
    k, v = split(p, c, "key.project"), split(p, c, "value")
    i, j = positions(len(x))
    s = (q @ k.transpose(1, 2) + asked @ a["k"].T) / math.sqrt(K + 2)
    return [joined(softmax(s, j <= i) @ v) * a["r"]]


def memories(p, a):
    x = a["x"]
    q, k, v = (split(p, x, path) for path in ("query", "key.project", "value.project"))
    i, j = positions(len(x))
    k, v = (torch.cat([p(f"{slot}.m").transpose(0, 1), y], 1) for slot, y in (("key", k), ("value", v)))   # in front: the order of keys is no matter
    mask = torch.cat([torch.ones(len(x), 5, dtype=torch.bool), j <= i], 1)
    return [joined(softmax(q @ k.transpose(1, 2) / math.sqrt(K), mask) @ v) * a["r"]]


def before(p, a):
    whole = torch.cat([a["y"], a["x"]])
    n = len(a["y"])
    q, k, v = (p.linear(whole, f"heads.{slot}").transpose(0, 1) for slot in ("query", "key", "value"))
    i, j = positions(len(whole))
    return [joined((softmax(q @ k.transpose(1, 2) / math.sqrt(K), j <= i) @ v)[:, n:]) * a["r"]]


def differential(layer, causal):
    def reference(p, a):
        x, width = a["x"], D // (2 * H)
        n = len(x)
        i, j = positions(n)
        first = 0.8 - 0.6 * math.exp(-0.3 * layer)
        share = torch.exp(p("a1") @ p("b1")) - torch.exp(p("a2") @ p("b2")) + first

        def weights(q, k):
            q, k = ((x @ p(f"{name}.project.W")).reshape(n, H, width).transpose(0, 1) for name in (q, k))
            return softmax(q @ k.transpose(1, 2) / math.sqrt(width), j <= i if causal else None)

        v = (x @ p("v.project.W")).reshape(n, H, 2 * width).transpose(0, 1)
        z = ((weights("q1", "k1") - share * weights("q2", "k2")) @ v).transpose(0, 1)
        z = z / torch.sqrt((z * z).mean(-1, keepdim=True) + 1e-5) * p("z.rmsnorm.g") * (1 - first)
        return [z.reshape(n, D) @ p("differential.project.W") * a["r"]]
    return reference


def gate(p, a):
    return [torch.sigmoid(p.linear(a["x"], "gated.linear")) * plain(p, {"x": a["x"], "r": a["r"]})[0]]


def first_values(p, a):
    q, k, v = (split(p, a["x"], path) for path in ("query", "key", "value.project"))
    v = column(p("value.a")) * v + column(p("value.b")) * a["first"].transpose(0, 1)
    return [joined(torch.softmax(q @ k.transpose(1, 2) / math.sqrt(K), -1) @ v) * a["r"]]


def linear_attention(causal):
    def reference(p, a):
        q, k = F.elu(a["q"]) + 1, F.elu(a["k"]) + 1
        w = torch.einsum("ihk,jhk->hij", q, k)
        if causal:
            w = w.tril()
        return [torch.einsum("hij,jhv->ihv", w / w.sum(-1, keepdim=True), a["v"]) * a["r"]]
    return reference


def retained(p, a):
    q, k, v = (split(p, a["x"], slot) for slot in ("query.project", "key.project", "value"))
    i, j = positions(len(a["x"]))
    gamma = 1 - 2.0 ** (-5 - torch.arange(H, dtype=torch.float64)).reshape(-1, 1, 1)
    decay = torch.where(j <= i, gamma ** (i - j), torch.zeros(H, 1, 1, dtype=torch.float64))
    return [joined((rope(q, 10000) @ rope(k, 10000).transpose(1, 2) / math.sqrt(K) * decay) @ v) * a["r"]]


def sizes(**given):
    """Makes the arguments of a case for a length: x and r are [T, D], the others by a function of the length."""
    return lambda n: {"x": real(n, D), **{name: make(n) for name, make in given.items()}, "r": real(n, D)}


def of_heads(names, n):
    return {name: real(n, H, K) for name in names}


def other(n):
    return real(n // 2 + 1, 5)


def documents(n):
    return torch.arange(n, dtype=torch.float64).div(7, rounding_mode="floor")


# name: reference, arguments of a length
CASES = {
    "masked_causal": (masked(lambda i, j, a: i >= j), sizes()),
    "masked_window": (masked(lambda i, j, a: i - 3 <= j <= i + 3), sizes()),
    "masked_causal_window": (masked(lambda i, j, a: i - 20 <= j <= i), sizes()),
    "masked_dilated": (masked(lambda i, j, a: j in range(i - 15, i + 16, 3)), sizes()),
    "masked_strided": (masked(lambda i, j, a: j in range(i - 4, i + 1) or j in range(i, -1, -7)), sizes()),
    "masked_block": (masked(lambda i, j, a: i // 10 * 10 <= j <= i), sizes()),
    "masked_prefix": (masked(lambda i, j, a: j <= max(i, 8)), sizes()),
    "masked_global": (masked(lambda i, j, a: abs(i - j) < 3 or min(i, j) < 3), sizes()),
    "masked_streaming": (masked(lambda i, j, a: j <= i and (j + 12 >= i or j in (0, 1, 2, 3))), sizes()),
    "masked_documents": (masked(lambda i, j, a: i // 7 * 7 <= j <= i), sizes(d=documents)),
    "masked_neighbours": (masked(lambda i, j, a: abs(i // 9 - j // 9) < 3 and abs(i % 9 - j % 9) < 3), sizes()),
    "masked_media": (masked(lambda i, j, a: j > a["m"][i]), sizes(m=documents)),
    "capped": (lambda p, a: plain(p, a, score=lambda s: 2 * torch.tanh(s / math.sqrt(K) / 2)), sizes()),
    "fading": (scored(lambda p, i, j, a: column(torch.tensor([-2 ** (-8 / 3), -2 ** (-16 / 3), -2 ** -8], dtype=torch.float64)) * (i - j).abs()), sizes()),
    "logarithmic": (scored(lambda p, i, j, a: -column(F.softplus(p("kerple.a"))) * torch.log(1 + column(F.softplus(p("kerple.b"))) * (i - j).abs())), sizes()),
    "buckets": (scored(lambda p, i, j, a: t5(p, i, j)), sizes()),
    "few_buckets": (scored(lambda p, i, j, a: t5(p, i, j, buckets=12, reach=50)), sizes()),
    "past_buckets": (scored(lambda p, i, j, a: t5(p, i, j, bidirectional=False), mask=lambda i, j: j <= i), sizes()),
    "two_texts": (bilinear, sizes(y=other)),
    "distances": (euclidean, sizes(y=other)),
    "angles": (cosine, sizes(y=other)),
    "normalised": (qk_norm, sizes(y=other)),
    "clipped": (shaw, sizes()),
    "places": (disentangled, sizes(p=lambda n: real(16, D))),
    "network": (scored(network), sizes()),
    "paired": (paired, sizes(y=lambda n: real(n // 2 + 1, D), pairs=lambda n: real(n, n // 2 + 1, 6))),
    "turned": (rotary, sizes()),
    "turned_and_faded": (xpos, sizes()),
    "transformer": (transformer_xl, sizes()),
    "transformer_past": (lambda p, a: transformer_xl(p, a, causal=True), sizes()),
    "forgetful": (scored(forgetting, mask=lambda i, j: j <= i), sizes()),
    "selective": (selective, lambda n: {**of_heads("qkv", n), "r": real(n, D)}),
    "residual": (residual, lambda n: {"x": real(n, D), **of_heads("kv", n), "r": real(n, D)}),
    "tanhs": (additive, sizes(y=other)),
    "contextual": (contextual, sizes()),
    "talking": (talking, sizes(y=other, before=lambda n: real(H, H), after=lambda n: real(H, H))),
    "sparse": (weighed(lambda s, p, n: entmax(s, 2)), sizes()),
    "entmaxed": (weighed(lambda s, p, n: entmax(hidden(s, lambda i, j: j <= i), 1.5)), sizes()),
    "best": (weighed(lambda s, p, n: top_k(s, 5)), sizes()),
    "hardest": (weighed(lambda s, p, n: hardest(hidden(s, lambda i, j: (i - j).abs() <= 30))), sizes()),
    "quiet": (weighed(lambda s, p, n: torch.softmax(2 * s, -1)), sizes()),
    "off_by_one": (weighed(lambda s, p, n: torch.exp(s) / (1 + torch.exp(s).sum(-1, keepdim=True))), sizes()),
    "learned_sink": (weighed(lambda s, p, n: with_sink(hidden(s, lambda i, j: j <= i), column(p("norm.param"))), mask=lambda i, j: j <= i), sizes()),
    "signed": (weighed(lambda s, p, n: torch.sign(s) * torch.softmax(s.abs(), -1)), sizes()),
    "shared_out": (weighed(lambda s, p, n: shared_out(s)), sizes()),
    "heated": (lambda p, a: plain(p, a, score=lambda s: s / torch.exp(p("heat"))), sizes()),
    "sigmoids": (weighed(lambda s, p, n: torch.sigmoid(s - math.log(n or 1))), sizes()),
    "rectified": (weighed(lambda s, p, n: torch.relu(s) / n), sizes()),
    "squared": (weighed(lambda s, p, n: torch.relu(s) ** 2 / n), sizes()),
    "laplace": (weighed(lambda s, p, n: laplace(s)), sizes()),
    "raw": (weighed(lambda s, p, n: s, mask=lambda i, j: (i - j).abs() <= 5), sizes()),
    "multi_query": (multi_query, lambda n: {"q": real(n, H, K), "k": real(n + 3, K), "v": real(n + 3, K), "r": real(n, D)}),
    "grouped_query": (grouped, lambda n: {"q": real(n, 6, K), "k": real(n + 3, 2, K), "v": real(n + 3, 2, 5), "r": real(n, 6, 5)}),
    "latents": (latent, sizes(c=lambda n: real(n, 5), k=lambda n: real(n, 2))),
    "memories": (memories, sizes()),
    "before": (before, sizes(y=lambda n: real(n // 3, D))),
    "difference": (differential(2, True), sizes()),
    "difference_all": (differential(0, False), sizes()),
    "gate": (gate, sizes()),
    "first_values": (first_values, sizes(first=lambda n: real(n, H, K))),
    "linear_all": (linear_attention(False), lambda n: {"q": real(n, H, K), "k": real(n + 3, H, K), "v": real(n + 3, H, 5), "r": real(n, H, 5)}),
    "linear_past": (linear_attention(True), lambda n: {**of_heads("qk", n), "v": real(n, H, 5), "r": real(n, H, 5)}),
    "retained": (retained, sizes()),
}


def every_length(reference, make):
    def run(aqc, program, folder, name):
        worst, params = {}, None
        for n in LENGTHS:
            try:
                arguments = make(n)
                params = params or drawn(aqc, program, folder, name, arguments)
                found = compare(aqc, program, folder, name, arguments, reference, params)
            except RuntimeError as wrong:
                raise RuntimeError(f"length {n}: {wrong}") from wrong
            worst = {key: max(value, worst.get(key, 0)) for key, value in found.items()}
        return worst
    return run


if __name__ == "__main__":
    sys.exit(report("attention.aq", {name: every_length(*case) for name, case in CASES.items()}))
