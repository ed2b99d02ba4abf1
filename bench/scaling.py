"""How training grows: examples per second and peak memory of bench/scaling.aq, and of the same work in
PyTorch, against the length of texts, the width of vectors, the vocabulary, the rows and the classes. One
thread each, in one run. Seconds are those of the processor, so that other work on the machine counts little.
Prints a table as TSV: axis, size, seconds per example and MiB of aq, the same of PyTorch; nothing where one
did not finish. Of rows it is what reading them takes. `scaling_plot.py` draws it.

    python3 bench/scaling.py [AXIS=SIZE,SIZE,…]… > scaling.tsv

AQC is the command (default: aqc), PYTHON a python3 with torch."""
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
aqc = os.environ.get("AQC", "aqc")
python = os.environ.get("PYTHON", "/usr/bin/python3")
usual = {"length": 20, "width": 64, "vocabulary": 10000, "classes": 2, "rows": 3200, "batch": 32}
axes = {
    "length": [32, 128, 512, 1024, 2048, 4096, 8192, 16384, 32768],
    "width": [32, 64, 128, 256, 512, 1024],
    "vocabulary": [1000, 10000, 100000, 1000000],
    "classes": [2, 10, 100, 1000, 10000],
    "rows": [1000, 10000, 100000, 1000000],
}
deadline = 300  # seconds that one command may take
room = 12 << 30  # bytes that it may have


def at(axis, size):
    """All sizes of a point. Few rows where one of them is much work."""
    sizes = {**usual, axis: size}
    if axis == "length":
        sizes["batch"] = max(1, 1024 // size)
        sizes["rows"] = max(2, min(3200, 60000000 // size**2))
    if axis == "width":
        sizes["rows"] = max(320, 3200 * 64 // size)
    if axis == "vocabulary":
        sizes["rows"] = max(3200, size // 50)
    if axis == "classes":
        sizes["rows"] = max(3200, size)
    return sizes


def write_table(folder, sizes):
    draw = random.Random(1)
    with open(os.path.join(folder, "vocab.txt"), "w") as file:
        file.write("".join(f"w{k}\n" for k in range(sizes["vocabulary"])))
    with open(os.path.join(folder, "rows.tsv"), "w") as file:
        file.write("text\tlabel\n")
        for row in range(sizes["rows"]):
            words = (f"w{draw.randrange(sizes['vocabulary'])}" for _ in range(sizes["length"]))
            file.write(" ".join(words) + f"\tc{row % sizes['classes']}\n")


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (room, room))


def measure(command, folder=None):
    """JSON that was printed, MiB at the peak, CPU seconds; None when it failed or took too long."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    begin = time.monotonic()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.DEVNULL, env=environment,
                                 preexec_fn=limit)
        while True:
            ended, status, used = os.wait4(child.pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() - begin > deadline:
                child.kill()
            time.sleep(0.02)
        child.returncode = status
        out.seek(0)
        text = out.read().decode()
    if status != 0:
        return None
    return json.loads(text), used.ru_maxrss / 1024, used.ru_utime + used.ru_stime


def measure_aq(axis, sizes):
    """MiB at the peak, and seconds for a row: of an epoch; where rows grow, of reading and saving alone."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(here, "scaling.aq"), folder)
        write_table(folder, sizes)
        command = [aqc, "train", "scaling.aq", "rows.tsv", "-D", f"D={sizes['width']}", "--batch",
                   str(sizes["batch"]), "--threads", "1", "--quiet", "--json", "--epochs"]
        read = measure([*command, "0"], folder)
        if axis == "rows":
            return read and (read[1], read[2] / sizes["rows"])
        trained = measure([*command, "1"], folder)
    return read and trained and (trained[1], (trained[2] - read[2]) / sizes["rows"])


def measure_torch(sizes):
    names = ("length", "width", "vocabulary", "classes", "batch")
    options = [word for name in names for word in ("--" + name, str(sizes[name]))]
    return measure([python, os.path.join(here, "scaling_torch.py"), *options])


def point_of_aq(axis, sizes):
    result = measure_aq(axis, sizes)
    return ["", ""] if result is None else [f"{result[1]:.4g}", f"{result[0]:.0f}"]


def point_of_torch(axis, sizes):
    result = None if axis == "rows" else measure_torch(sizes)
    if result is None:
        return ["", ""]
    answer, mib, _ = result
    return [f"{answer['seconds_per_example']:.4g}", f"{mib:.0f}"]


def main():
    asked = dict(word.split("=") for word in sys.argv[1:])
    print("axis\tsize\taq_seconds\taq_mib\ttorch_seconds\ttorch_mib")
    for axis, steps in axes.items():
        if asked and axis not in asked:
            continue
        for size in [int(word) for word in asked[axis].split(",")] if axis in asked else steps:
            sizes = at(axis, size)
            line = [axis, str(size), *point_of_aq(axis, sizes), *point_of_torch(axis, sizes)]
            print("\t".join(line), flush=True)


main()
