#!/bin/sh
# compare-sklearn.sh: the report is scikit-learn's, byte for byte, on random labels; its other metrics agree
# to 1e-12. Takes the program built from tests/unit/report_host.c from REPORT_HOST, or builds it. Exit code
# 77: skipped.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON3:-/usr/bin/python3}
if ! "$python" -c 'import sklearn' 2>/dev/null; then
  echo "skipped: $python has no scikit-learn (Debian: python3-sklearn)"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
host=${REPORT_HOST:-}
if [ -z "$host" ]; then
  host=$work/report_host
  ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -I"$top" -o "$host" "$top/tests/unit/report_host.c" "$top/libaq/judge/report.c" \
    "$top/libaq/judge/metrics.c" "$top/libaq/judge/report_text.c" "$top/runtime/base.c" -lm
fi
"$python" -W ignore - "$host" <<'PY'
import json, math, re, subprocess, sys
import numpy as np
from sklearn import metrics as m

host, rng, compared = sys.argv[1], np.random.default_rng(7), 0

def run(lines, *arguments):
    text = "".join(line + "\n" for line in lines)
    done = subprocess.run([host, *arguments], input=text.encode(), capture_output=True)
    if done.returncode:
        sys.exit(f"report_host {arguments}: {done.stderr.decode()}")
    return done.stdout.decode()

def same(what, ours, theirs):
    global compared
    compared += 1
    if isinstance(ours, str):
        if ours != theirs:
            sys.exit(f"{what} differs:\n--- ours\n{ours}--- scikit-learn\n{theirs}")
    elif ours is None or not math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-14):
        sys.exit(f"{what}: {ours!r}, scikit-learn {theirs!r}")

def random_labels():
    """Few and many rows and classes, skewed, some classes never true or never predicted."""
    classes = int(rng.choice([1, 2, 3, 5, 8, 20, 77, 150]))
    rows = int(rng.choice([1, 2, 7, 16, 40, 100, 320, 1000]))
    style = rng.integers(3)
    names = [("c%d", "émotion %d", "a rather long class name %d")[style] % k for k in range(classes)]
    weights = rng.dirichlet(np.full(classes, 0.7))
    truth = rng.choice(classes, rows, p=weights)
    right = rng.random(rows) < rng.random()
    predicted = np.where(right, truth, rng.choice(classes, rows, p=rng.dirichlet(np.full(classes, 0.7))))
    return [names[k] for k in truth], [names[k] for k in predicted]

def compare_averages(truth, predicted, report):
    same("accuracy", report["accuracy"], m.accuracy_score(truth, predicted))
    for average in ("micro", "macro", "weighted"):
        p, r, f, _ = m.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        ours = report["averages"][average]
        for name, value in (("precision", p), ("recall", r), ("f1", f)):
            same(f"{average} {name}", ours[name], value)
    names = [c["name"] for c in report["classes"]]
    same("confusion", str(report["confusion"]), str(m.confusion_matrix(truth, predicted, labels=names).tolist()))

for _ in range(200):
    truth, predicted = random_labels()
    lines = [f"{t}\t{p}" for t, p in zip(truth, predicted)]
    for digits in (2, 4):
        theirs = m.classification_report(truth, predicted, digits=digits, zero_division=0)
        if all(t != p for t, p in zip(truth, predicted)):
            # Without a single hit scikit-learn 1.2 counts support in floats and prints 7 as 7.0.
            theirs = re.sub(r"  (\d+)\.0$", r"    \1", theirs, flags=re.M)
        same(f"report of {len(lines)} rows, {digits} digits", run(lines, "table", str(digits)), theirs)
    compare_averages(truth, predicted, json.loads(run(lines, "json")))

for classes in (2, 3, 6):
    for _ in range(10):
        rows = int(rng.integers(20, 300))
        truth = np.concatenate([np.arange(classes), rng.integers(0, classes, rows)])
        proba = rng.dirichlet(np.ones(classes), len(truth))
        proba = np.round(proba, 2) if rng.random() < 0.5 else proba      # ties and zeros
        proba /= proba.sum(axis=1, keepdims=True)
        predicted = proba.argmax(axis=1)
        lines = ["\t".join([f"k{t}", f"k{p}", *map(repr, map(float, row))])
                 for t, p, row in zip(truth, predicted, proba)]
        report = json.loads(run(lines, "json", "2", *[f"k{k}" for k in range(classes)]))
        same("log loss", report["log_loss"], m.log_loss(truth, proba))
        if classes == 2:
            same("auc", report["auc"], m.roc_auc_score(truth, proba[:, 1]))

for _ in range(30):
    rows = int(rng.integers(2, 400))
    truth = np.concatenate([[0, 1], rng.integers(0, 2, rows)])
    proba = np.clip(0.3 * truth + 0.7 * rng.random(len(truth)), 0, 1)
    proba = np.round(proba, int(rng.integers(1, 3))) if rng.random() < 0.6 else proba
    report = json.loads(run([f"{t}\t{float(p)!r}" for t, p in zip(truth, proba)], "chance"))
    same("auc", report["auc"], m.roc_auc_score(truth, proba))
    same("log loss", report["log_loss"], m.log_loss(truth, proba))
    same("brier", report["brier"], m.brier_score_loss(truth, proba))
    same("accuracy at 0.5", report["accuracy"], m.accuracy_score(truth, proba > 0.5))

for _ in range(30):
    rows, width = int(rng.integers(2, 300)), int(rng.integers(1, 5))
    truth = rng.normal(rng.normal() * 1e3, 1, (rows, width))
    predicted = truth + rng.normal(0, rng.random() * 2, (rows, width))
    row = lambda v: " ".join(repr(float(x)) for x in v)
    report = json.loads(run([f"{row(t)}\t{row(p)}" for t, p in zip(truth, predicted)], "numbers"))
    same("rmse", report["rmse"], m.mean_squared_error(truth, predicted, squared=False))
    same("mae", report["mae"], m.mean_absolute_error(truth, predicted))
    # R² subtracts nearly equal numbers, which costs digits on either side.
    if abs(report["r2"] - m.r2_score(truth, predicted)) > 1e-9:
        sys.exit(f"r2: {report['r2']}, scikit-learn {m.r2_score(truth, predicted)}")

print(f"{compared} comparisons with scikit-learn agree")
PY
