#!/usr/bin/python3
"""tables.py [SEEDS]: what `aqc new` writes, unchanged, beside scikit-learn's models as they come, on tables of
numbers that scikit-learn has or makes. A quarter of the rows is kept for judging; aqc holds back a tenth of the
others for patience. One line a table: accuracy, or r2 where a number is predicted. AQC: the command."""
import csv
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

AQC = os.environ.get("AQC", "aqc")
AQC = os.path.abspath(AQC) if "/" in AQC else AQC


def saw(rows):
    """A number that jumps at four steps of the first column, and bends with three others; two are noise."""
    draw = np.random.default_rng(5)
    x = draw.normal(size=(rows, 6))
    teeth = np.floor(2 * x[:, 0]) % 2 * 2
    y = teeth + np.abs(x[:, 1]) * x[:, 2] + np.exp(x[:, 3] / 2) + 0.3 * draw.normal(size=rows)
    return x, y


LABELS = {
    "iris": datasets.load_iris(return_X_y=True),
    "wine": datasets.load_wine(return_X_y=True),
    "breast_cancer": datasets.load_breast_cancer(return_X_y=True),
    "digits": datasets.load_digits(return_X_y=True),
    "moons": datasets.make_moons(2000, noise=0.2, random_state=1),
    "hastie": datasets.make_hastie_10_2(4000, random_state=2),
    "classification": datasets.make_classification(4000, 40, n_informative=12, n_classes=5, random_state=2),
}
NUMBERS = {
    "diabetes": datasets.load_diabetes(return_X_y=True),
    "regression": datasets.make_regression(600, 30, n_informative=8, noise=20, random_state=2),
    "friedman1": datasets.make_friedman1(3000, noise=1, random_state=1),
    "friedman2": datasets.make_friedman2(2000, noise=30, random_state=1),
    "friedman3": datasets.make_friedman3(2000, noise=0.05, random_state=1),
    "saw": saw(5000),
}


def write(path, x, y):
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([f"x{k}" for k in range(x.shape[1])] + ["target"])
        rows.writerows([*map(repr, row), answer] for row, answer in zip(x.tolist(), y))


def aq(folder, seeds, field):
    run = lambda *words: subprocess.run([AQC, *words], cwd=folder, check=True, capture_output=True, text=True)
    run("new", "p", "--data", "train.csv", "--target", "target")
    found = []
    for seed in range(1, seeds + 1):
        run("train", "p/model.aq", "train.csv", "--hold", "10%", "--seed", str(seed), "--quiet", "-o", "m.aqm")
        judged = json.loads(run("eval", "m.aqm", "test.csv", "--json").stdout)
        found.append(judged["target"][field])
    return float(np.mean(found))


def compare(name, x, y, label, seeds):
    split = train_test_split(x, y, test_size=0.25, random_state=1)
    with tempfile.TemporaryDirectory() as folder:
        for part, k in (("train.csv", 0), ("test.csv", 1)):
            answers = [f"k{int(v)}" if label else repr(float(v)) for v in split[2 + k]]
            write(os.path.join(folder, part), split[k], answers)
        ours = aq(folder, seeds, "accuracy" if label else "r2")
    linear = LogisticRegression(max_iter=3000) if label else Ridge()
    forest = RandomForestClassifier if label else RandomForestRegressor
    boosting = HistGradientBoostingClassifier if label else HistGradientBoostingRegressor
    peers = [make_pipeline(StandardScaler(), linear), forest(random_state=0), boosting(random_state=0)]
    scores = [peer.fit(split[0], split[2]).score(split[1], split[3]) for peer in peers]
    print(f"{name:16}{len(split[0]):6}{ours:8.3f}" + "".join(f"{score:10.3f}" for score in scores), flush=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{'table':16}{'rows':>6}{'aq':>8}{'linear':>10}{'forest':>10}{'boosting':>10}")
    for kind, is_label in ((LABELS, True), (NUMBERS, False)):
        for name, (x, y) in kind.items():
            compare(name, x, y, is_label, count)
