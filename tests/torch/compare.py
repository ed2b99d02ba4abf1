"""compare.py AQC [NAME…]: runs the functions of functions.aq with `AQC run` and in PyTorch, which computes in double, and compares values and all
gradients: in double to 1e-8, in float to what float can tell."""
import math
import os
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import safetensors

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = {"f64": 1e-8, "f32": 3e-4}
torch.set_num_threads(1)


def attention(q, k, v, scale=None, score=None, mask=None):
    """q, k, v: [..., T, K]. A row with nothing to see gives 0."""
    s = q @ k.transpose(-1, -2)
    s = score(s) if score else s * (scale if scale else 1 / math.sqrt(q.shape[-1]))
    if mask is None:
        return torch.softmax(s, -1) @ v
    seen = mask.any(-1, keepdim=True)
    s = torch.where(mask, s, torch.full_like(s, -torch.inf))
    s = torch.where(seen, s, torch.zeros_like(s))
    return torch.where(seen, torch.softmax(s, -1), torch.zeros_like(s)) @ v


def positions(n, m=None):
    m = n if m is None else m
    return torch.arange(n, dtype=torch.float64)[:, None], torch.arange(m, dtype=torch.float64)[None, :]


class Parameters:
    """Parameters by the end of their path, in the order of the program."""

    def __init__(self, values):
        self.values = values

    def __call__(self, path):
        found = [name for name in self.values if name == path or name.endswith("." + path)]
        if len(found) != 1:
            sys.exit(f"{path} is the end of {found} in {list(self.values)}")
        return self.values[found[0]]

    def linear(self, x, path):
        return torch.tensordot(x, self(path + ".W"), 1) + self(path + ".b")

    def project(self, x, path):
        return x @ self(path + ".W")

    def layernorm(self, x, path):
        return F.layer_norm(x, x.shape[-1:], self(path + ".g"), self(path + ".b"), 1e-5)


def heads(p, x, path, score=None, mask=None, y=None):
    """H heads side by side with per-head matrices [D, H, K], and the map that mixes them. x looks at y, or at itself."""
    y = x if y is None else y
    q, k, v = (p.linear(a, f"{path}.z.{slot}").transpose(0, 1) for a, slot in ((x, "query"), (y, "key"), (y, "value")))
    z = attention(q, k, v, score=score, mask=mask)
    return p.linear(z.transpose(0, 1).reshape(x.shape), f"{path}.linear")


def causal_mask(n):
    return torch.ones(n, n, dtype=torch.bool).tril()


def alibi_score(n, width, h):
    i, j = positions(n)
    slope = 2.0 ** (-8 * (torch.arange(h, dtype=torch.float64) + 1) / h)
    return lambda s: s / math.sqrt(width) - slope[:, None, None] * (i - j)


def reader(p, x, path, act, score=None, mask=None):
    q = p.project(act(p.linear(x, path + ".query.linear")), path + ".query")
    return attention(q, p.project(x, path + ".key"), p.project(x, path + ".value"), score=score, mask=mask)


def readers(p, a):
    x = a["x"]
    i, j = positions(len(x))
    slope = F.softplus(p("context.slope"))
    z = [
        reader(p, x, "syntactic", torch.relu, mask=(i - j).abs() <= 2),
        reader(p, x, "semantic", torch.relu),
        reader(p, x, "context", torch.tanh, score=lambda s: s / math.sqrt(x.shape[1]) - slope * (i - j).abs()),
    ]
    w = torch.softmax(p("mix.w"), 0)
    return [torch.tanh(sum(w[n] * z[n] for n in range(3))) * a["r"]]


def activations(p, a):
    x, r = a["x"], a["r"]
    y = F.silu(x) + F.leaky_relu(x) + F.elu(x) + F.gelu(x, approximate="tanh")
    return [y * r, F.softplus(x) * torch.tanh(x) * r, torch.erf(x) * torch.sin(x) / (2 + torch.cos(x)) * r,
            torch.where(x > 0.1, x**3, x.abs() ** 1.5) * r, torch.sqrt(torch.exp(x)) * r]


def rms(x, g):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * g


def shapes(p, a):
    x, y = a["x"], a["y"]
    both = torch.cat([x, y], 1)
    return [both.T, x.reshape(-1), both[:, 1] * both[:, x.shape[1]], x @ y.T, x[:2] + y[:2]]


def entmax(x, axis, alpha):
    """By bisection; then a step of Newton's method, of whose terms f alone is differentiated: the derivative of the solution."""
    z = x * (alpha - 1)
    power = 1 / (alpha - 1)
    with torch.no_grad():
        high = z.max(axis, keepdim=True).values
        low = high - 1
        for _ in range(100):
            tau = (low + high) / 2
            small = (z - tau).clamp(min=0).pow(power).sum(axis, keepdim=True) < 1
            low, high = torch.where(small, low, tau), torch.where(small, tau, high)
        seen = z > low
        slope = torch.where(seen, (z - low).clamp(min=1e-300).pow(power - 1), torch.zeros_like(z)).sum(axis, keepdim=True) * power
    tau = low + (torch.where(seen, z - low, torch.zeros_like(z)).pow(power).sum(axis, keepdim=True) - 1) / slope
    return torch.where(seen, torch.where(seen, z - tau, torch.ones_like(z)).pow(power), torch.zeros_like(z))


def sparse(p, a):
    x, r = a["x"], a["r"]
    return [entmax(3 * x, 1, 2) * r, entmax(x, 0, 1.5) * r, entmax(x, 1, 1.2) * r, entmax(x, 0, 2.5) * r, entmax(x + 100, 1, 2) * r]


def among(x, k, axis):
    return (x >= x.topk(min(k, x.shape[axis]), axis).values.amin(axis, keepdim=True)).double()


def largest(p, a):
    x, r = a["x"], a["r"]
    chosen = torch.where(among(x, 2, 1) > 0, x, torch.full_like(x, -torch.inf))
    return [among(x, 3, 1) * x * r, among(x, 1, 0) * r, among(x * x, 100, 0) * x * r, torch.softmax(chosen, 1) * r]


def sums(p, a):
    x, r = a["x"], a["r"]
    return [x.mean(1) * r, (x * x).sum(0), x.max(1).values * r, torch.softmax(x, 0), torch.log_softmax(x, 1) * r[:, None]]


def relative(p, a):
    x = a["x"]
    i, j = positions(len(x))
    q, k, v = (torch.tensordot(x, p(f"{slot}.W"), 1).transpose(0, 1) for slot in ("query", "key", "value"))
    assert p("B").shape == (3, 9), p("B").shape
    bias = p("B")[:, (i - j).clamp(-4, 4).long() + 4]
    heat = p("heat").reshape(-1, 1, 1)
    z = attention(q, k, v, score=lambda s: s * heat / math.sqrt(4) + bias, mask=(i - j).abs() <= 5)
    return [z.transpose(0, 1) * a["r"]]


def programmed(p, a):
    x = a["x"]
    u = p.linear(x, "u")
    s = x @ x.T / x.shape[1] + torch.tanh(u - u.T) * p("custom.p")
    return [torch.relu(s) / (1 + s.abs()) * p("custom.p") @ p.project(x, "value") * a["r"]]


def look(p, a):
    x, y = a["x"], a["y"]
    s = p.project(x, "query") @ p.project(y, "key").T
    s = 3 * torch.tanh(s / (3 * math.sqrt(x.shape[1])))
    return [torch.sigmoid(s - math.log(len(y))) @ p.project(y, "value") * a["r"]]


def looked(p, x, path, mask=None, y=None):
    return x + heads(p, p.layernorm(x, f"{path}.layernorm"), path, mask=mask, y=y)


def thought(p, x, path):
    h = p.layernorm(x, f"{path}.thought.layernorm")
    return x + p.linear(F.gelu(p.linear(h, f"{path}.thought.linear")), f"{path}.thought.linear_2")


def encoder(p, a):
    return [thought(p, looked(p, a["x"], "encoder_layer.attended"), "encoder_layer") * a["r"]]


def decoder(p, a):
    x = a["x"] + p("P")[: len(a["x"])]
    n, d = x.shape
    angle = torch.arange(n, dtype=torch.float64)[:, None] * torch.exp(torch.arange(d // 2, dtype=torch.float64) * (-math.log(1e4) / (d // 2)))
    x = x + torch.cat([torch.sin(angle), torch.cos(angle)], 1)
    x = looked(p, x, "decoder_layer.self", mask=causal_mask(n))
    x = looked(p, x, "decoder_layer.cross", y=a["y"])
    return [thought(p, x, "decoder_layer") * a["r"]]


def recurrent(p, a):
    x, n = a["x"], 5
    s = torch.zeros(n, dtype=torch.float64)
    out = torch.zeros(len(x), n, dtype=torch.float64)
    states = []
    for row in x:
        s = torch.tanh(p.linear(row, "rnn_step.linear") + p.project(s, "rnn_step.project"))
        states.append(s)
    out = out + torch.stack(states) if states else out
    if not states:
        return [out * a["r"]]
    # PyTorch's own cells, their gates in the order reset, update, new and input, forget, new, output.
    gates, parts = ["reset", "keep", "fresh"], []
    zero = torch.zeros(n, dtype=torch.float64)
    w = [torch.cat([p(f"gru_step.{g}.linear.W") for g in gates], 1).T,
         torch.cat([p("gru_step.reset.project.W"), p("gru_step.keep.project.W"), p("gru_step.fresh.linear_2.W")], 1).T,
         torch.cat([p(f"gru_step.{g}.linear.b") for g in gates]), torch.cat([zero, zero, p("gru_step.fresh.linear_2.b")])]
    h = zero[None]
    for row in x.flip(0):
        h = torch.gru_cell(row[None], h, *w)
        parts.append(h[0])
    out = out + torch.stack(parts).flip(0)
    gates, parts = ["input", "forget", "fresh", "open"], []
    w = [torch.cat([p(f"lstm_step.{g}.linear.W") for g in gates], 1).T, torch.cat([p(f"lstm_step.{g}.project.W") for g in gates], 1).T,
         torch.cat([p(f"lstm_step.{g}.linear.b") for g in gates]), torch.zeros(4 * n, dtype=torch.float64)]
    h = c = zero[None]
    for row in x:
        h, c = torch.lstm_cell(row[None], (h, c), *w)
        parts.append(h[0])
    return [(out + torch.stack(parts)) * a["r"]]


def delta(p, a):
    q, k, v, beta = a["q"], a["k"], a["v"], torch.sigmoid(a["b"])
    s = torch.zeros(q.shape[1], q.shape[2], v.shape[2], dtype=torch.float64)
    eye, out = torch.eye(q.shape[2], dtype=torch.float64), []
    for t in range(len(q)):
        b, kk = beta[t][:, None, None], torch.einsum("hi,hj->hij", k[t], k[t])
        s = (eye - b * kk) @ s + b * torch.einsum("hi,hj->hij", k[t], v[t])
        out.append(torch.einsum("hi,hij->hj", q[t], s))
    return [torch.stack(out) * a["r"] if out else a["v"] * a["r"]]


def retained(p, a):
    def parallel(q, k, v, decay):
        i, j = positions(len(q))
        d = torch.where(i >= j, decay[:, None, None] ** (i - j).clamp(min=0), torch.zeros(1, dtype=torch.float64))
        return torch.einsum("thk,shk,hts,shv->thv", q, k, d, v)

    q, k, v = a["q"], a["k"], a["v"]
    some = torch.full((q.shape[1],), 0.9, dtype=torch.float64)
    return [(parallel(q, k, v, torch.sigmoid(a["b"])) + parallel(k, q, v, some) + parallel(q, q, v, some ** 0)) * a["r"]]


def moved(p, a):
    s, y, size = a["start"], [], []
    for t in reversed(range(len(a["k"]))):
        s = torch.tanh(a["A"] @ s + 0.7 * torch.outer(a["k"][t], a["v"][t]))
        y.append(a["k"][t] @ s)
        size.append((s * s).sum())
    if not y:
        return [a["v"] * a["r"], a["v"].sum(1)]
    return [torch.stack(y).flip(0) * a["r"], torch.stack(size).flip(0)]


def nested(p, a):
    s, out = a["x"].mean(0), []
    for row in a["x"]:
        u, states = s[0], []
        for x in row + s:
            u = torch.tanh(u + x)
            states.append(u)
        s = torch.stack(states)
        out.append(s)
    return [torch.stack(out) * a["r"]]


def conv(p, x, path, width, stride=1, causal=False):
    """PyTorch's own convolution, over [1, D, T], of the rows that are seen: the ends are padded with zeros."""
    n = len(x)
    before = width - 1 if causal else (width - 1) // 2
    behind = -(-n // stride) * stride - n + width - 1 - before
    w = p(path + ".linear.W")
    w = w.reshape(width, x.shape[1], w.shape[1]).permute(2, 1, 0)
    y = F.conv1d(F.pad(x.T[None], (before, behind)), w, p(path + ".linear.b"), stride=stride)
    return y[0].T[: -(-n // stride)]


def windows(p, a):
    x, r = a["x"], a["r"]
    shapes = [(3, 1, False), (4, 1, False), (3, 1, True), (1, 1, False), (7, 2, False), (2, 3, False), (5, 3, True)]
    y = [conv(p, x, "windows.conv" + (f"_{n + 1}" if n else ""), *shape) for n, shape in enumerate(shapes)]
    return [z * r for z in y[:4]] + y[4:]


def pools(p, a):
    x, r = a["x"], a["r"]
    y = x * r
    most = [F.max_pool1d(y.T[None], size, ceil_mode=True)[0].T for size in (2, 5, 1)]
    mean = [F.avg_pool1d(y.T[None], size, ceil_mode=True, count_include_pad=False)[0].T for size in (3, 4)]
    before = torch.cat([torch.zeros_like(y[:1]), y[:-1]])
    return [*most, mean[0], mean[1] ** 2, torch.cat([before, y], 1) * torch.cat([r, x], 1)]


def real(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def whole(n, below):
    return torch.randint(0, below, (n,))


# name: arguments, reference, dims that no argument gives
CASES = {
    "affine": (lambda: {"x": real(5, 4), "r": real(5, 3)}, lambda p, a: [p.linear(a["x"], "linear") * a["r"]]),
    "perceptron": (lambda: {"x": real(5, 4), "r": real(5, 4)},
                   lambda p, a: [p.linear(F.gelu(p.linear(a["x"], "linear")), "linear_2") * a["r"]]),
    "activations": (lambda: {"x": real(6, 5), "r": real(6, 5)}, activations),
    "normalised": (lambda: {"x": real(5, 6), "r": real(5, 6)},
                   lambda p, a: [(p.layernorm(a["x"], "layernorm") + rms(a["x"], p("rmsnorm.g"))) * a["r"]]),
    "sums": (lambda: {"x": real(5, 6), "r": real(5)}, sums),
    "sparse": (lambda: {"x": real(9, 12), "r": real(9, 12)}, sparse),
    "largest": (lambda: {"x": real(9, 12), "r": real(9, 12)}, largest),
    "running": (lambda: {"x": real(50, 7), "r": real(50, 7)},
                lambda p, a: [torch.cumsum(a["x"], 0) * a["r"], torch.cumsum((a["x"] ** 2).flip(1), 1).flip(1) * a["r"]]),
    "shapes": (lambda: {"x": real(4, 3), "y": real(4, 3)}, shapes),
    "lookup": (lambda: {"ids": whole(9, 6), "r": real(9, 5)}, lambda p, a: [p("E")[a["ids"]] * a["r"]], {"V": 6}),
    "chosen": (lambda: {"logits": real(7, 4), "y": whole(7, 4), "r": real(7)},
               lambda p, a: [F.cross_entropy(a["logits"], a["y"], reduction="none") * a["r"]]),
    "attend": (lambda: {"x": real(7, 4), "r": real(7, 4)}, lambda p, a: [attention(a["x"], a["x"], a["x"]) * a["r"]]),
    "self": (lambda: {"x": real(7, 4), "r": real(7, 4)},
             lambda p, a: [attention(*(p.project(a["x"], s) for s in ("query", "key", "value"))) * a["r"]]),
    "cross": (lambda: {"x": real(7, 4), "y": real(5, 6), "r": real(7, 4)},
              lambda p, a: [attention(p.project(a["x"], "query"), p.project(a["y"], "key"), p.project(a["y"], "value")) * a["r"]]),
    "many": (lambda: {"x": real(70, 12), "r": real(70, 12)}, lambda p, a: [heads(p, a["x"], "multi_head") * a["r"]]),
    "causal": (lambda: {"x": real(300, 12), "r": real(300, 12)},
               lambda p, a: [heads(p, a["x"], "multi_head", mask=causal_mask(300)) * a["r"]]),
    "alibi": (lambda: {"x": real(90, 12), "r": real(90, 12)},
              lambda p, a: [heads(p, a["x"], "multi_head", score=alibi_score(90, 4, 3), mask=causal_mask(90)) * a["r"]]),
    "pooled": (lambda: {"x": real(7, 4), "r": real(4)},
               lambda p, a: [attention(p("q")[None], p.project(a["x"], "key"), a["x"])[0] * a["r"]]),
    "readers": (lambda: {"x": real(9, 4), "r": real(9, 4)}, readers),
    "gates": (lambda: {"x": real(5, 4), "r": real(5, 4)},
              lambda p, a: [(torch.softmax(p.linear(a["x"], "linear"), -1)[:, None, :]
                             * torch.stack([a["x"] * 2, torch.tanh(a["x"]), a["x"] ** 2], -1)).sum(-1) * a["r"]]),
    "look": (lambda: {"x": real(6, 4), "y": real(8, 4), "r": real(6, 4)}, look),
    "relative": (lambda: {"x": real(20, 6), "r": real(20, 3, 4)}, relative),
    "blind": (lambda: {"x": real(8, 4), "r": real(8, 4)},
              lambda p, a: [attention(a["x"], a["x"], a["x"], mask=causal_mask(8).tril(-2)) * a["r"]]),
    "programmed": (lambda: {"x": real(8, 4), "r": real(8, 4)}, programmed),
    "encoder": (lambda: {"x": real(11, 12), "r": real(11, 12)}, encoder),
    "decoder": (lambda: {"x": real(11, 12), "y": real(7, 5), "r": real(11, 12)}, decoder),
    **{f"recurrent of {n}": (lambda n=n: {"x": real(n, 4), "r": real(n, 5)}, recurrent) for n in (1, 2, 17)},
    **{f"delta of {n}": (lambda n=n: {"q": real(n, 3, 3), "k": F.normalize(real(n, 3, 3), dim=-1), "v": real(n, 3, 4), "b": real(n, 3), "r": real(n, 3, 4)}, delta)
       for n in (0, 1, 2, 30)},
    "retained": (lambda: {"q": real(21, 3, 3), "k": real(21, 3, 3), "v": real(21, 3, 4), "b": real(3), "r": real(21, 3, 4)}, retained),
    **{f"moved of {n}": (lambda n=n: {"start": real(3, 4), "k": real(n, 3), "v": real(n, 4), "A": real(3, 3), "r": real(n, 4)}, moved) for n in (0, 1, 2, 16)},
    "nested": (lambda: {"x": real(9, 4), "r": real(9, 4)}, nested),
    **{f"windows of {n}": (lambda n=n: {"x": real(n, 4), "r": real(n, 3)}, windows) for n in (1, 2, 7, 12)},
    **{f"pools of {n}": (lambda n=n: {"x": real(n, 4), "r": real(n, 4)}, pools) for n in (1, 2, 7, 20)},
    "gated_unit": (lambda: {"x": real(6, 4), "r": real(6, 4)},
                   lambda p, a: [p.project(F.silu(p.project(a["x"], "gate")) * p.project(a["x"], "up"), "swiglu.project") * a["r"]]),
}


def aqc_run(aqc, program, folder, name, arguments, params, defines, precision="f64"):
    files = {key: os.path.join(folder, key + ".safetensors") for key in ("in", "out", "params")}
    safetensors.save(files["in"], arguments)
    command = [aqc, "run", os.path.join(HERE, program), "--fn", name, "--in", files["in"], "--out", files["out"], "--precision", precision, "--grad"]
    for dim, value in defines.items():
        command += ["-D", f"{dim}={value}"]
    if params is None:
        command += ["--save-params"]
    else:
        safetensors.save(files["params"], params)
        command += ["--params", files["params"]]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"aqc run exits with {done.returncode}: {done.stderr.strip()}")
    return safetensors.load(files["out"])


def difference(what, ours, theirs, tolerance):
    """The largest difference, relative to the largest number; complains when it is too large."""
    if tuple(ours.shape) != tuple(theirs.shape):
        raise RuntimeError(f"{what} is {list(ours.shape)}, in PyTorch {list(theirs.shape)}")
    if theirs.numel() == 0:
        return 0.0
    worst = ((ours.double() - theirs).abs().max() / max(1.0, theirs.abs().max().item())).item()
    if not worst <= tolerance:
        raise RuntimeError(f"{what} differs by {worst:.3g}")
    return worst


def drawn(aqc, program, folder, name, arguments, defines=None):
    """Random numbers for every parameter that the function makes."""
    made = aqc_run(aqc, program, folder, name, arguments, None, defines or {})
    return {key[len("param."):]: 0.5 * torch.randn_like(value) for key, value in made.items() if key.startswith("param.")}


def compare(aqc, program, folder, name, arguments, reference, params, defines=None):
    ours = {precision: aqc_run(aqc, program, folder, name, arguments, params, defines or {}, precision) for precision in TOLERANCE}
    for tensor in [*params.values(), *arguments.values()]:
        tensor.grad = None
        if tensor.dtype == torch.float64:
            tensor.requires_grad_()
    theirs = reference(Parameters(params), arguments)
    sum(out.sum() for out in theirs).backward()
    expected = {"out" if len(theirs) == 1 else f"out.{n}": out.detach() for n, out in enumerate(theirs)}
    for key, tensor in [*params.items(), *arguments.items()]:
        if tensor.dtype == torch.float64:
            expected[f"grad.{key}"] = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
    return {precision: max(difference(f"{key} in {precision}", ours[precision][key], value, tolerance) for key, value in expected.items())
            for precision, tolerance in TOLERANCE.items()}


def report(program, cases):
    """Runs the cases of one program, those named on the command line or all, and speaks TAP."""
    aqc, only, failed = sys.argv[1], sys.argv[2:], 0
    torch.manual_seed(1)
    chosen = [name for name in cases if not only or name in only]
    with tempfile.TemporaryDirectory() as folder:
        for n, name in enumerate(chosen, 1):
            try:
                worst = cases[name](aqc, program, folder, name)
                print(f"ok {n} - {name} as in PyTorch # " + ", ".join(f"{key}: {value:.1g}" for key, value in worst.items()))
            except RuntimeError as wrong:
                failed += 1
                print(f"not ok {n} - {name} as in PyTorch")
                print("\n".join(f"# {line}" for line in str(wrong).splitlines()))
    print(f"1..{len(chosen)}")
    return 1 if failed else 0


def once(make, reference, defines=None):
    def run(aqc, program, folder, name):
        arguments, name = make(), name.split()[0]        # the function; a case may say more
        return compare(aqc, program, folder, name, arguments, reference, drawn(aqc, program, folder, name, arguments, defines), defines)
    return run


if __name__ == "__main__":
    sys.exit(report("functions.aq", {name: once(*case) for name, case in CASES.items()}))
