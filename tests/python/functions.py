"""functions.py: examples/python/aq.py against NumPy: values to 1e-12 in double, gradients against differences of
values, wrong uses as exceptions with aq's message, models. Prints TAP. Its argument is a folder for files."""

import os
import struct
import sys
import zlib

import numpy as np

import aq

work = sys.argv[1]
random = np.random.default_rng(7)
count, failed = 0, 0


def case(function):
    """Runs a case at once, and prints its line."""
    global count, failed
    count += 1
    try:
        function()
        print(f"ok {count} - {function.__doc__}")
    except Exception as exception:  # the next case is run all the same
        failed += 1
        print(f"not ok {count} - {function.__doc__}")
        print("\n".join(f"# {line}" for line in f"{type(exception).__name__}: {exception}".splitlines()))
    return function


def near(got, want, tolerance=1e-12):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"the shape is {got.shape}, not {want.shape}"
    worst = np.max(np.abs(got - want) / np.maximum(1, np.abs(want)), initial=0)
    assert worst <= tolerance, f"off by {worst}"


def refused(call, *parts):
    try:
        call()
    except aq.Error as error:
        for part in parts:
            assert part in str(error), f"{str(error)!r} has no {part!r}"
        return error
    raise AssertionError("nothing was refused")


def differences(f, arguments, k, step=1e-6):
    """Central differences of the sum of the results for argument k."""
    total = lambda: sum(np.sum(value) for value in np.atleast_1d(f(*arguments)))
    x = arguments[k]
    found = np.empty_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + step
        above = total()
        x[at] = kept - step
        found[at] = (above - total()) / (2 * step)
        x[at] = kept
    return found


attention = """
fn attend(q: [T, D], k: [S, D], v: [S, E]) -> [T, E] {
  return softmax(q @ k' / sqrt(D), S) @ v
}
"""


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@case
def _():
    """a formula in double is NumPy's to 1e-12"""
    f = aq.function("fn f(x: [T, D], w: [D]) -> [T] = sum(tanh(x) * w, D)")
    for rows, width in ((32, 64), (1, 1), (7, 3), (32, 64)):
        x, w = random.normal(size=(rows, width)), random.normal(size=width)
        near(f(x, w), np.tanh(x) @ w)


@case
def _():
    """attention is NumPy's, and its gradients are those of differences"""
    f = aq.function(attention, gradients=True)
    q, k, v = (random.normal(size=s) for s in ((5, 4), (6, 4), (6, 3)))
    value, gradient = f.gradients(q, k, v)
    near(value, softmax(q @ k.T / 2) @ v)
    assert list(gradient) == ["q", "k", "v"]
    for n, name in enumerate("qkv"):
        near(gradient[name], differences(f, [q, k, v], n), 1e-7)


@case
def _():
    """single precision is asked for, and several results are a tuple"""
    f = aq.function("fn f(x: [T]) { return x + 1, sum(x) }", precision="f32")
    x = random.normal(size=9).astype(np.float32)
    more, total = f(x)
    assert more.dtype == np.float32
    near(more, x + np.float32(1))
    near(total, x.sum(), 1e-6)
    refused(lambda: f(x.astype(np.float64)), "x is needed as float32, and given as float64")


@case
def _():
    """arrays are read where they are, and results can be looked at without a copy"""
    f = aq.function("fn f(x: [T, D]) { return x, 2 * x }")
    x = random.normal(size=(4, 3))
    same, twice = f(x, copy=False)
    assert np.shares_memory(same, x)
    kept = f(x)[1]
    x += 1
    f(x)
    near(twice, 2 * x)
    near(kept, 2 * (x - 1))
    near(f(x.T)[1], 2 * x.T)  # not contiguous: copied
    near(f(x[:, :2])[1], 2 * x[:, :2])
    near(f([[1, 2], [3, 4]])[1], [[2, 4], [6, 8]])


@case
def _():
    """whole numbers are 32 bits, and checked"""
    f = aq.function("fn f(table: [V, D], ids: [N] of V) = table[ids]")
    table = random.normal(size=(5, 2))
    near(f(table, [4, 0, 4]), table[[4, 0, 4]])
    refused(lambda: f(table, [5]), "ids holds 5", "below V = 5")
    refused(lambda: f(table, [2**40]), "ids has a whole number that 32 bits cannot hold")
    refused(lambda: f(table, [0.5]), "ids is needed as whole numbers, and given as float64")


@case
def _():
    """wrong shapes are exceptions with aq's message"""
    f = aq.function("dim D = 4\nfn f(x: [T, D], w: [T]) = sum(x * w)\n")
    x, w = np.ones((3, 4)), np.ones(3)
    error = refused(lambda: f(np.ones(3), w), "x is [T, D] in the program, but the tensor is [3]")
    assert error.code == 64
    refused(lambda: f(np.ones((3, 5)), w), "axis 2 of x is D = 4 in the program, but the tensor is [3, 5]")
    refused(lambda: f(x, np.ones(2)), "T cannot be both 3, by x, and 2, by axis 1 of w")
    refused(lambda: f(x), "the arguments are x, w, and 1 are given")
    near(f(x, w), 12)


@case
def _():
    """programs that are wrong say where"""
    error = refused(lambda: aq.function("fn f(x: [T]) = x + y\n"), "program:1:", "`y`", "^")
    assert (error.code, error.line) == (65, 1)
    refused(lambda: aq.function("fn f(x: [T]) = x\n", "g"), "no fn or head `g`")
    refused(lambda: aq.function(os.path.join(work, "none.aq")), "none.aq")
    refused(lambda: aq.function("fn f(x: [T]) = x\n").gradients(np.ones(2)), "compiled without gradients")


@case
def _():
    """sizes are defined from outside"""
    f = aq.function("dim D = 4\nfn f(x: [T, D]) = sum(x) / D\n", define={"D": 2})
    near(f(np.ones((3, 2))), 3)


@case
def _():
    """a batch of examples of several lengths, as a list or packed"""
    options = {"gradients": True, "batch": True, "ragged": ["T"], "shared": ["w"]}
    f = aq.function("fn f(x: [T, D], w: [D]) -> [T] = sum(tanh(x) * w, D)", **options)
    texts, w = [random.normal(size=(n, 3)) for n in (2, 5, 1)], random.normal(size=3)
    value, gradient = f.gradients(texts, w)
    assert [len(v) for v in value] == [2, 5, 1]
    for text, v, g in zip(texts, value, gradient["x"]):
        near(v, np.tanh(text) @ w)
        near(g, (1 - np.tanh(text) ** 2) * w)
    near(gradient["w"], np.tanh(np.concatenate(texts)).sum(0))
    packed = aq.Packed(np.concatenate(texts), [0, 2, 7, 8])
    for one, other in zip(f(packed, w), value):
        near(one, other)
    refused(lambda: f(aq.Packed(np.ones((8, 3)), [0, 9, 8]), w), "offsets of axis 1 of x fall")
    refused(lambda: f([np.ones((2, 3)), np.ones((2, 4))], w), "axis 2 of x, which is [T, D], is 3 in one example")


@case
def _():
    """a batch of examples of one size has the examples first"""
    f = aq.function("fn f(x: [D], y: [D]) = sum(x * y)", batch=True)
    x, y = random.normal(size=(6, 4)), random.normal(size=(6, 4))
    near(f(x, y), (x * y).sum(1))
    refused(lambda: f(x, y[:5]), "other numbers of examples: x 6, y 5")


@case
def _():
    """parameters are the host's, and training is a loop of its own"""
    f = aq.function("fn error(x: [N, D], y: [N]) {\n  e = linear(x, 1)[.., 0] - y\n  return mean(e * e)\n}\n",
                    gradients=True)
    x = random.normal(size=(50, 3))
    y = x @ [1.0, -2, 0.5] + 3
    names = [p.name for p in f.parameters]
    assert [p.shape for p in f.parameters] == ["[D, 1]", "[1]"]
    refused(lambda: f.parameter(names[0]), "no value before the first call")
    own = {names[0]: np.zeros((3, 1)), names[1]: np.zeros(1)}
    for name, array in own.items():
        f.set_parameter(name, array)
    for _ in range(400):
        loss, gradient = f.gradients(x, y)
        for name, array in own.items():
            array -= 0.1 * gradient[name]
    near(own[names[0]][:, 0], [1, -2, 0.5], 1e-8)
    near(own[names[1]], [3], 1e-8)
    refused(lambda: f.set_parameter(names[0], np.zeros((2, 1))), "D = 3 in the program, but the tensor is [2, 1]")
    refused(lambda: f.set_parameter(names[0], [[1.0]]), "has to be a contiguous array of float64")
    refused(lambda: f.set_parameter("error.V", np.zeros(1)), "error has no parameter error.V")


@case
def _():
    """dropout drops in training alone, by the seed"""
    text, ones = "fn f(x: [N]) = dropout(x, 0.5)", np.ones(64)
    near(aq.function(text)(ones), ones)
    f = aq.function(text, training=True)
    first = f(ones)
    assert set(first) == {0.0, 2.0}
    near(f(ones), first)
    f.seed(9)
    assert np.any(f(ones) != first)


program = """
dim D = 8
data { text: words[T <= 12], label: class[C] }
head read(x: [T, D]) -> [T, D] {
  query = linear(x, D)
  key = linear(x, D)
  value = linear(x, D)
  score = s / sqrt(D)
}
model feeling(text) -> label {
  x = embed(text, D)
  return linear(mean(read(x), T), C)
}
loss cross_entropy
train { optimizer = adamw(lr = 3e-2), batch = 4, epochs = 30 }
"""
rows = [("good film", "positive"), ("bad film", "negative"), ("a good play", "positive"),
        ("a bad play", "negative"), ("good and fine", "positive"), ("bad and dull", "negative")]


def table():
    path = os.path.join(work, "rows.tsv")
    with open(path, "w") as file:
        file.write("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))
    return path


@case
def _():
    """training tells how it goes, and the model predicts, is saved and loaded"""
    told = []
    model = aq.train(program, table(), seed=3, threads=1, progress=told.append)
    epochs = [p for p in told if p.event == "epoch"]
    assert len(epochs) == 30 and epochs[-1].loss < epochs[0].loss
    texts = [text for text, _ in rows]
    assert model.predict(texts) == [label for _, label in rows]
    assert model.predict([{"text": 'good "film"\twith\nlines'}]) == ["positive"]
    p = model.probabilities(texts)
    assert p.shape == (6, 2) and model.outputs == ["label"] and model.fields == ["text"]
    near(p.sum(1), np.ones(6))
    said = [model.classes()[k] for k in p.argmax(1)]
    assert said == model.predict(texts)
    path = os.path.join(work, "feeling.aqm")
    model.save(path)
    for other in (aq.load(path), aq.load(model.to_bytes())):
        near(other.probabilities(texts), p, 0)


@case
def _():
    """rows in memory train as those of a file do"""
    texts = [text for text, _ in rows]
    options = {"seed": 3, "threads": 1, "epochs": 4}
    want = aq.train(program, table(), valid=table(), **options).probabilities(texts)
    columns = {"text": texts, "label": np.array([label for _, label in rows])}
    each = [{"text": text, "label": label} for text, label in rows]
    near(aq.train(program, columns, valid=each, **options).probabilities(texts), want, 0)
    refused(lambda: aq.train(program, {"text": texts, "label": ["positive"]}), "1 row", "label")
    refused(lambda: aq.train(program, [{"text": "good", "label": "positive"}, {"text": "bad"}]), "the same keys")
    refused(lambda: aq.train(program, [("good", "positive")]), "rows are dicts")
    refused(lambda: aq.train(program, []), "no column")


@case
def _():
    """rows have numbers of Python and of NumPy, vectors and matrices as arrays, and missing ones"""
    model = aq.train("""
data { age: number(missing = mean), place: vector[2], grid: matrix[2, 2], tags: labels[L], kind: class[C] }
model m(age, place, grid, tags) -> kind {
  return linear(age * place + sum(grid) - 3 * sum(tags), C)
}
train { epochs = 1 }
""", {"age": [1, np.nan, 3.5, None], "place": np.arange(8.0).reshape(4, 2), "grid": [np.eye(2)] * 4,
      "tags": [["red", "blue"], ["red"], [], ["blue"]], "kind": ["yes", "no", "yes", "no"]}, threads=1)
    row = {"age": 3, "place": [1, 0], "grid": [[1, 0], [0, 1]], "tags": ["blue"]}

    def same(**other):
        for f in (model.predict, model.answers, lambda rows: model.probabilities(rows).tolist()):
            assert f([{**row, **other}]) == f([row]), (f, other)

    for three in (np.float32(3), np.float64(3), np.int64(3), np.array(3), np.uint8(3), "3"):
        same(age=three)
    for place in (np.array([1, 0]), np.array([1.0, 0.0], dtype=np.float32), (np.int8(1), 0.0), [True, False],
                  np.array([True, False]), "1 0"):
        same(place=place)
    for grid in (np.eye(2), np.eye(2, dtype=bool), [np.array([1, 0]), (False, True)], "1 0; 0 1"):
        same(grid=grid)
    row["age"] = None
    same(age=float("nan"))
    same(age=np.float32("nan"))
    row["age"] = 1
    same(age=True)
    same(age=np.bool_(True))
    assert set(aq.train("data { x: number, up: class[C] }\nmodel m(x) -> up { return linear(expand(x, [1]), C) }",
                        {"x": [1, 2], "up": [True, False]}, epochs=1, threads=1).classes()) == {"True", "False"}
    refused(lambda: model.predict([{**row, "age": float("inf")}]), "is not a number")


@case
def _():
    """training stops when it is told to, and what its callback raises comes out"""
    told = []
    model = aq.train(program, table(), threads=1, progress=lambda p: told.append(p) or p.epoch < 3)
    assert told[-1].epoch == 3 and model.predict(["good"])[0] in ("positive", "negative")

    def fail(_):
        raise KeyError("mine")

    try:
        aq.train(program, table(), progress=fail)
    except KeyError as error:
        assert error.args == ("mine",)
    else:
        raise AssertionError("the exception is lost")


@case
def _():
    """maps of attention have names, weights and tokens"""
    maps = aq.train(program, table(), threads=1, epochs=1).attend("a good film")
    (name, seen), = maps.items()
    assert name == "feeling.read" and not seen.is_mixing
    assert seen.query == seen.key == ["a", "good", "film"] and seen.weight.shape == (1, 3, 3)
    near(seen.weight.sum(-1), np.ones((1, 3)), 1e-6)


@case
def _():
    """a function begins with the parameters of a model"""
    model = aq.train(program, table(), threads=1, epochs=1)
    text = "dim D = 8\nfn feeling(x: [T, D]) = linear(x, 2)\n"
    f = aq.function(text, parameters=model)
    f(np.ones((3, 8)))
    again = aq.function(text, parameters=aq.load(model.to_bytes()))
    again(np.ones((3, 8)))
    near(f.parameter("feeling.linear.W"), again.parameter("feeling.linear.W"), 0)
    other = aq.function(text)
    other(np.ones((3, 8)))
    assert np.any(f.parameter("feeling.linear.W") != other.parameter("feeling.linear.W"))
    wide = aq.function("fn feeling(x: [T, D]) = linear(x, 2)\n", parameters=model)
    refused(lambda: wide(np.ones((3, 5))), "feeling.linear.W is [5, 2] in the program, and [8, 2] in the model")
    none = aq.function("fn f(x: [T]) { w = param[] = 1\n return w * x }\n", parameters=model)
    refused(lambda: none(np.ones(3)), "no parameter of the program is in this model")


picture = """
data { picture: image[4, 4, 1], shade: class[C] }
head read(x: [P, W]) -> [W] { query = param[W] = normal(1); key = x; value = x }
model m(picture) -> shade { return linear(read(patches(picture, 2)), C) }
train { optimizer = adamw(lr = 0.1), batch = 2, epochs = 5 }
"""


def png(points):
    """The bytes of a PNG file of grey points."""
    def part(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", points.shape[1], points.shape[0], 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in points)
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(lines))
            + part(b"IEND", b""))


@case
def _():
    """images are bytes of files, or arrays; sounds are arrays with their rate"""
    points = [np.arange(16, dtype=np.uint8).reshape(4, 4), 255 - np.arange(16, dtype=np.uint8).reshape(4, 4)]
    images, table = [aq.Image(p) for p in points], {"shade": ["dark", "light"]}
    model = aq.train(picture, {**table, "picture": images}, threads=1)
    want = model.probabilities(images)
    assert want[0, 0] != want[1, 0]
    assert model.predict([{"picture": image} for image in images]) == model.predict(images)
    (seen,) = model.attend(images[0]).values()
    assert seen.name == "m.read" and np.array_equal(seen.key_grids[0].picture[..., 0], points[0])
    colour = np.repeat(points[0][..., None], 3, axis=2)
    near(model.probabilities([aq.Image(colour)]), want[:1], 0)
    refused(lambda: aq.Image(np.zeros((4, 4))), "an array of uint8")
    refused(lambda: model.predict([images[0], "a.png"]), "one value is aq.Image")
    refused(lambda: model.predict([images[0], None]), "a row is a text")
    refused(lambda: model.predict([{"picture": images[0]}, {"picture": None}]), "row 2, column `picture`")
    refused(lambda: model.predict([b"GIF89a"]), "row 1, column `picture`: it is a GIF")
    try:
        files = model.probabilities([png(p) for p in points])
    except aq.Error as error:
        assert "built without libpng" in str(error)
    else:
        near(files, want, 0)
        near(aq.train(picture, {**table, "picture": map(png, points)}, threads=1).probabilities(images), want, 0)
    heard = ("data { heard: audio[T], loud: number }\n"
             "model m(heard) -> loud { return param[] * mean(heard * heard, T) }\ntrain { epochs = 1 }\n")
    tone = np.sin(np.arange(400) / 9)
    sounds = aq.train(heard, {"heard": [aq.Sound(tone, 16000), aq.Sound(tone / 9, 16000)], "loud": [1, 0]})
    both = np.stack([tone * 1.5, tone / 2], axis=1)
    near(sounds.probabilities([aq.Sound(both, 16000)]), sounds.probabilities([aq.Sound(tone, 16000)]), 1e-6)


@case
def _():
    """models that are none, and rows that do not fit, are refused"""
    refused(lambda: aq.load(b"nothing"), "model")
    refused(lambda: aq.load(os.path.join(work, "none.aqm")), "none.aqm")
    refused(lambda: aq.train(program, os.path.join(work, "none.tsv")), "none.tsv")
    model = aq.train(program, table(), threads=1, epochs=1)
    refused(lambda: model.predict([{"words": "good"}]), "a row has no text")
    refused(lambda: model.predict(["good"], "topic"), "no output topic", "hint: ")
    refused(lambda: model.predict("good"), "rows are a list", "[row]")
    refused(lambda: model.probabilities({"text": "good"}), "rows are a list", "[row]")
    refused(lambda: aq.train(program, table(), epochs=2 ** 70), "epochs is a whole number")
    refused(lambda: aq.train(program, table(), batch=-1), "batch is a whole number")
    refused(lambda: aq.train(program, table(), threads=2 ** 40), "threads is a whole number")
    refused(lambda: model.save(os.path.join(work, "none", "m.aqm")), "m.aqm")


print(f"1..{count}")
sys.exit(failed > 0)
