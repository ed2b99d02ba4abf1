"""random_slots.py AQC [SEED…]: random programs of heads, each written twice, from one tree: as aq and as a PyTorch formulation on all scores at once. Values and all
gradients in double, to 1e-8. A failure shows its program; its seed runs it alone."""
import os
import random
import sys
import tempfile

import torch

from compare import TOLERANCE, aqc_run, difference, entmax

PROGRAMS, LENGTHS = 100, (1, 2, 5, 9, 63, 64, 65)

# What a form needs.
S, HEADS, OVER, ACROSS = "the raw score", "head[H]", "sums over the keys", "sums over the queries, along the keys or over the heads"

# A form in aq, in PyTorch, and what it needs. $: a formula, ?: a condition, #: a number; in PyTorch %0, %1, … are what was put in their places.
LEAVES = [
    ("s", "s", S), ("s", "s", S), ("#", "full(%0)"), ("f[i]", "f"), ("g[j]", "g"), ("B[i, j]", "B"), ("sin(0.3 * (i - j))", "torch.sin(0.3 * (i - j))"),
    ("exp(-0.1 * abs(i - j))", "torch.exp(-0.1 * (i - j).abs())"), ("(0.05 * (i - 2 * j))", "(0.05 * (i - 2 * j))"), ("log(1 + P)", "full(math.log(1 + P))"),
    ("w[i - j + 4]", "pick(w, i - j + 4)"), ("w[3 * g[j] + 4]", "pick(w, 3 * g + 4)"), ("r[i, j - i + 4]", "rows(r, j - i + 4)"),
    ("(0.3 * h)", "(0.3 * h)", HEADS), ("slope", "slope", HEADS), ("C[i, j]", "C", HEADS), ("u[h, i - j + 4]", "each(u, i - j + 4)", HEADS), ("A[i]", "A", HEADS),
]
FORMS = [
    ("($ + $)", "(%0 + %1)"), ("($ - $)", "(%0 - %1)"), ("$ * tanh($)", "%0 * torch.tanh(%1)"), ("($ / (1 + $^2))", "(%0 / (1 + (%1) ** 2))"), ("min($, $)", "torch.minimum(full(%0), full(%1))"),
    ("max($, $)", "torch.maximum(full(%0), full(%1))"), ("where(?, $, $)", "torch.where(%0, full(%1), full(%2))"), ("tanh($)", "torch.tanh(%0)"), ("sigmoid($)", "torch.sigmoid(%0)"),
    ("softplus($)", "F.softplus(%0, threshold=1e9)"), ("sin($)", "torch.sin(%0)"), ("cos($)", "torch.cos(%0)"), ("erf($)", "torch.erf(%0)"), ("gelu($)", "F.gelu(full(%0))"), ("silu($)", "F.silu(full(%0))"),
    ("exp(-abs($))", "torch.exp(-(%0).abs())"), ("exp(tanh($))", "torch.exp(torch.tanh(%0))"), ("sqrt(1 + $^2)", "torch.sqrt(1 + (%0) ** 2)"), ("log(1 + $^2)", "torch.log(1 + (%0) ** 2)"),
    ("abs($)", "(%0).abs()"), ("relu($)", "torch.relu(%0)"), ("(-$)", "(-(%0))"), ("sign($)", "torch.sign(%0)"), ("stop_gradient($)", "full(%0).detach()"),
    ("(1.5 + tanh($))^tanh($)", "(1.5 + torch.tanh(%0)) ** torch.tanh(%1)"), ("softcap($, 2)", "2 * torch.tanh((%0) / 2)"),
    ("mean($, j)", "mean(%0)", OVER), ("max($, over = j)", "most(%0)", OVER), ("min($, over = j)", "(-most(-full(%0)))", OVER), ("tanh(0.1 * sum($, j))", "torch.tanh(0.1 * total(%0))", OVER),
    ("4 * softmax($)", "4 * softmax(%0)", OVER), ("4 * sparsemax($)", "4 * sparse(%0, 2)", OVER), ("4 * entmax($)", "4 * sparse(%0, 1.5)", OVER), ("where(top_k($, 3), $, $)", "torch.where(among(%0, 3), full(%1), full(%2))", OVER),
    ("mean($, i)", "mean(%0, 1)", ACROSS), ("max($, i)", "most(%0, 1)", ACROSS), ("4 * softmax($, i)", "4 * softmax(%0, 1)", ACROSS), ("tanh(0.2 * cumsum($, j))", "torch.tanh(0.2 * running(%0))", ACROSS),
    ("tanh(0.2 * cumsum($, j, reverse = true))", "torch.tanh(0.2 * running(full(%0).flip(2), seen.flip(2)).flip(2))", ACROSS),
]
CONDITIONS = [
    ("$ < $", "full(%0) < full(%1)"), ("$ > #", "full(%0) > %1"), ("j <= i", "shown(j <= i)"), ("(i - j) % 3 == 0", "shown((i - j) % 3 == 0)"), ("abs(i - j) <= 3", "shown((i - j).abs() <= 3)"),
    ("h == 1", "shown(h == 1)", HEADS), ("not (?)", "~(%0)"), ("(? and ?)", "((%0) & (%1))"), ("(? or ?)", "((%0) | (%1))"), ("-3 < i - j <= 5", "shown((-3 < i - j) & (i - j <= 5))"),
]
MASKS = [
    ("true", "shown(j >= 0)"), ("j <= i", "shown(j <= i)"), ("causal(i, j) and window(i, j, 8)", "shown((j <= i) & (i - j <= 8))"), ("dilated(i, j, 4, 3)", "shown(((i - j).abs() <= 12) & ((i - j) % 3 == 0))"), ("?", "%0"),
    ("B[i, j] > -0.5", "shown(B > -0.5)"), ("f[i] < g[j]", "shown(f < g)"), ("i % 2 == 0", "shown(i % 2 == 0)"), ("j > i", "shown(j > i)"), ("h == 0 or j <= 2 * h", "shown((h == 0) | (j <= 2 * h))", HEADS),
    ("C[i, j] < 0.5", "shown(C < 0.5)", HEADS), ("slope > 0", "shown(slope > 0)", HEADS), ("j < 0", "shown(j < 0)"),
]
SCORES = [("s / sqrt(K)", "s / math.sqrt(K)"), ("s / sqrt(K) + $", "s / math.sqrt(K) + %0"), ("$ + $", "%0 + %1"), ("s * sigmoid($)", "s * torch.sigmoid(%0)"), ("$", "%0"),
          ("(s + sum(s[..] * m[h, ..], H)) / sqrt(K)", "(s + mixed(s)) / math.sqrt(K)", HEADS + ACROSS)]
NORMS = [
    ("softmax", "softmax(s)"), ("softmax($ + $)", "softmax(%0 + %1)"), ("sigmoid(s + $)", "torch.sigmoid(s + %0)"), ("relu(s) / 8", "torch.relu(s) / 8"), ("$ / 4", "(%0) / 4"),
    ("relu(s) / (0.1 + sum(relu(s), j))", "torch.relu(s) / (0.1 + total(torch.relu(s)))", OVER), ("sparsemax(s)", "sparse(s, 2)", OVER), ("entmax(s + $)", "sparse(s + %0, 1.5)", OVER),
    ("entmax(s, alpha = 1.25)", "sparse(s, 1.25)", OVER), ("softmax(where(top_k(s, 4), s, -inf))", "kept(s, among(s, 4))", OVER), ("sign(s) * softmax(abs(s))", "torch.sign(s) * softmax(s.abs())", OVER),
    ("exp(s - max(s, j)) / (exp(slope - max(s, j)) + sum(exp(s - max(s, j)), j))", "torch.exp(s - most(s)) / (torch.exp(slope - most(s)) + total(torch.exp(s - most(s))))", HEADS + OVER),
    ("softmax(s) - 0.3 * softmax($)", "softmax(s) - 0.3 * softmax(%0)", OVER), ("(s - mean(s, j)) / sqrt(0.1 + mean((s - mean(s, j))^2, j)) / 8", "(s - mean(s)) / torch.sqrt(0.1 + mean((s - mean(s)) ** 2)) / 8", OVER),
    ("$ / (1 + sum(abs($), j))", "%0 / (1 + total(full(%1).abs()))", OVER), ("softmax(s) * sigmoid($)", "softmax(s) * torch.sigmoid(%0)", OVER),
    ("softmax(s, i) / (0.01 + sum(softmax(s, i), j))", "softmax(s, 1) / (0.01 + total(softmax(s, 1)))", ACROSS + OVER), ("softmax(s) + sum(softmax(s[..]) * m[h, ..], H)", "softmax(s) + talked(s)", HEADS + ACROSS),
]


class Draw:
    """Writes random forms, in both languages."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.heads = self.random.random() < 0.6
        self.has = {S: True, HEADS: self.heads, OVER: self.random.random() < 0.6, ACROSS: self.random.random() < 0.15}

    def pick(self, forms):
        while True:
            form = self.random.choice(forms)
            if all(self.has[need] or need not in form[-1] or len(form) == 2 for need in self.has):
                return form

    def write(self, form, depth):
        aq, parts = "", []
        for letter in form[0]:
            if letter in "$?":
                ours, theirs = self.formula(depth - 1) if letter == "$" else self.condition(depth - 1)
            elif letter == "#":
                ours = theirs = f"{self.random.uniform(0.05, 1.4):.2f}"
            else:
                aq += letter
                continue
            aq += f"({ours})" if " " in ours else ours
            parts.append(theirs)
        torch_text = form[1]
        for n, part in enumerate(parts):
            torch_text = torch_text.replace(f"%{n}", f"({part})")
        return aq, torch_text

    def formula(self, depth):
        return self.write(self.pick(LEAVES if depth <= 0 or self.random.random() < 0.12 else FORMS), depth)

    def condition(self, depth):
        return self.write(self.pick(CONDITIONS if depth > 0 else [form for form in CONDITIONS if "?" not in form[0]]), depth)


class Program:
    """One head with its slots, as text of the language and as formulas."""

    def __init__(self, seed):
        draw = Draw(seed)
        self.name, self.heads, self.seed = f"p{seed}", draw.heads, seed
        self.self_attention = draw.random.random() < 0.4
        self.drawn = draw.random.random()
        draw.has[S] = False
        self.mask = draw.write(draw.pick(MASKS), 2)
        draw.has[S] = True
        self.score = draw.write(draw.pick(SCORES), draw.random.randint(1, 3))
        self.norm = draw.write(draw.pick(NORMS), draw.random.randint(1, 3))
        self.lengths = draw.random.choice(LENGTHS), draw.random.choice(LENGTHS)
        if self.self_attention:
            self.lengths = self.lengths[0], self.lengths[0]

    def arguments(self):
        """name: axes outside, axes as a head sees them."""
        p, h = "T" if self.self_attention else "P", ["H"] if self.heads else []
        all_of = {"q": ["T", *h, "K"], "k": [p, *h, "K"], "v": [p, *h, "E"], "f": ["T"], "g": [p], "B": ["T", p], "w": ["9"], "r": ["T", "9"]}
        if self.heads:
            all_of.update({"slope": ["H"], "C": ["T", p, "H"], "u": ["H", "9"], "A": ["H", "T"], "m": ["H", "H"]})
        return all_of

    def text(self):
        arguments = self.arguments()
        seen = {name: axes if name == "m" else [axis for axis in axes if axis != "H"] for name, axes in arguments.items()}
        slots = "".join(f"  {slot} = {formula[0]}\n" for slot, formula in (("mask", self.mask), ("score", self.score), ("norm", self.norm)))
        if self.self_attention:
            slots = slots.replace("P)", "T)")
        signature = ", ".join(f"{name}: [{', '.join(axes)}]" for name, axes in seen.items())
        outside = ", ".join(f"{name}: [{', '.join(axes)}]" for name, axes in arguments.items())
        out = "[T, H, E]" if self.heads else "[T, E]"
        return (f"head{'[H]' if self.heads else ''} z{self.seed}({signature}) {{\n  query = q\n  key = k\n  value = v\n{slots}}}\n"
                f"fn {self.name}({outside}, o: {out}) = z{self.seed}({', '.join(arguments)}) * o\n")

    def tensors(self):
        torch.manual_seed(self.seed)
        size = {"T": self.lengths[0], "P": self.lengths[1], "H": 3, "K": 4, "E": 2, "9": 9}
        arguments = {**self.arguments(), "o": ["T", *(["H"] if self.heads else []), "E"]}
        return {name: 0.8 * torch.randn([size[axis] for axis in axes], dtype=torch.float64) for name, axes in arguments.items()}


def scope(program, a):
    """What the formulas in PyTorch are written in: everything is [H, T, P] or goes along with it."""
    import math

    import torch.nn.functional as F
    t, p = program.lengths
    heads = 3 if program.heads else 1
    i, j = torch.arange(t, dtype=torch.float64)[:, None], torch.arange(p, dtype=torch.float64)[None, :]
    here = {"torch": torch, "F": F, "math": math, "K": 4, "P": p, "i": i, "j": j, "h": torch.arange(heads, dtype=torch.float64)[:, None, None]}

    def full(x):
        return torch.as_tensor(x, dtype=torch.float64).expand(heads, t, p)

    def total(x, axis=2, seen=None):
        return torch.where(here["seen"] if seen is None else seen, full(x), full(0.0)).sum(axis, keepdim=True)

    def most(x, axis=2):
        top = torch.where(here["seen"], full(x), full(-1e300)).amax(axis, keepdim=True)
        return torch.where(here["seen"].any(axis, keepdim=True), top, torch.zeros_like(top))

    def softmax(x, axis=2, seen=None):
        seen = here["seen"] if seen is None else seen
        shown = torch.where(seen, full(x), full(-1e300))
        top = shown.amax(axis, keepdim=True).detach().clamp(min=-1e290)
        power = torch.where(seen, torch.exp(torch.where(seen, full(x), top.expand(heads, t, p)) - top), full(0.0))
        whole = power.sum(axis, keepdim=True)
        return power / torch.where(whole == 0, torch.ones_like(whole), whole)

    def among(x, k):
        shown = torch.where(here["seen"], full(x), full(-1e300)).detach()
        return here["seen"] & (shown >= shown.topk(min(k, p), 2).values.amin(2, keepdim=True))

    def talked(x):
        """The weights of all heads, mixed for each: what a head does not see has no weight in it."""
        return torch.einsum("gtp,hg->htp", softmax(x), a["m"])

    def nearest(index):
        return (index.detach() + 0.5).floor().clamp(0, 8).long().expand(heads, t, p)

    def kept(x, chosen):
        return softmax(x, 2, here["seen"] & chosen)

    side = (lambda x: x.movedim(1, 0)) if program.heads else (lambda x: x[None])
    here.update(full=full, total=total, most=most, softmax=softmax, among=among, kept=kept, talked=talked, pick=lambda x, index: x[nearest(index)],
                shown=lambda x: x.expand(heads, t, p), mean=lambda x, axis=2: total(x, axis) / total(1.0, axis).clamp(min=1),
                running=lambda x, seen=None: torch.cumsum(torch.where(here["seen"] if seen is None else seen, full(x), full(0.0)), 2),
                sparse=lambda x, alpha: torch.where(here["seen"], entmax(torch.where(here["seen"], full(x), full(-1e30)), 2, alpha), full(0.0)),
                mixed=lambda x: torch.einsum("gtp,hg->htp", torch.where(here["seen"], full(x), full(0.0)), a["m"]),
                rows=lambda x, index: x[torch.arange(t)[None, :, None], nearest(index)],
                each=lambda x, index: x[torch.arange(heads)[:, None, None], nearest(index)],
                f=a["f"][:, None], g=a["g"][None, :], B=a["B"], w=a["w"], r=a["r"], s=side(a["q"]) @ side(a["k"]).transpose(1, 2))
    if program.heads:
        here.update(slope=a["slope"][:, None, None], C=a["C"].movedim(2, 0), u=a["u"], A=a["A"][:, :, None])
    here["side"] = side
    return here


def expected(program, a):
    here = scope(program, a)
    here["seen"] = eval(program.mask[1], here)
    here["s"] = here["full"](eval(program.score[1], here))
    weights = torch.where(here["seen"], here["full"](eval(program.norm[1], here)), here["full"](0.0))
    z = weights @ here["side"](a["v"])
    return (z.movedim(0, 1) if program.heads else z[0]) * a["o"]


def check(aqc, path, folder, program):
    a = program.tensors()
    ours = aqc_run(aqc, path, folder, program.name, a, {}, {})
    for tensor in a.values():
        tensor.requires_grad_()
    theirs = expected(program, a)
    theirs.sum().backward()
    worst = difference("out", ours["out"], theirs.detach(), TOLERANCE["f64"])
    for name, tensor in a.items():
        worst = max(worst, difference(f"grad.{name}", ours[f"grad.{name}"], torch.zeros_like(tensor) if tensor.grad is None else tensor.grad, TOLERANCE["f64"]))
    return worst


def main():
    aqc, seeds = sys.argv[1], [int(seed) for seed in sys.argv[2:]] or range(1, PROGRAMS + 1)
    programs = [Program(seed) for seed in seeds]
    failed, worst = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "random.aq")
        with open(path, "w") as file:
            file.write("dim H = 3, K = 4, E = 2\n" + "".join(program.text() for program in programs))
        for program in programs:
            try:
                worst = max(worst, check(aqc, path, folder, program))
            except RuntimeError as wrong:
                failed += 1
                print(f"# seed {program.seed}, lengths {program.lengths}: {wrong}")
                print("".join(f"#   {line}\n" for line in program.text().splitlines()), end="")
    print(f"{'not ' if failed else ''}ok 1 - {len(programs)} random programs of heads as in PyTorch # worst {worst:.1g}, {failed} differ\n1..1")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
