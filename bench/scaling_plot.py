"""Draws the table that scaling.py prints: one log-log plot for each axis, aq as a line of its own beside
PyTorch's, and the exponent of the last half of each line, as the slope of a straight line through it.

    python3 bench/scaling_plot.py scaling.tsv > doc/scaling.svg"""
import math
import sys

width, height, gap, left, top = 250, 190, 70, 62, 34
colours = {"aq": "#1f6feb", "PyTorch": "#b35900"}
titles = {
    "length": "words in a text", "width": "width of a vector", "vocabulary": "words in the vocabulary",
    "classes": "classes", "rows": "rows of the table",
}


def read(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    plots = {}
    for axis, size, *numbers in lines[1:]:
        plots.setdefault(axis, []).append((float(size), [float(n) if n else None for n in numbers]))
    return plots


def series(points, column):
    return [(size, numbers[column]) for size, numbers in points if numbers[column]]


def exponent(line):
    """The slope in log-log of the second half of a line: what is beside the work counts little there."""
    tail = [(math.log(x), math.log(y)) for x, y in line[len(line) // 2 - 1:]]
    if len(tail) < 2:
        return None
    x = sum(p[0] for p in tail) / len(tail)
    y = sum(p[1] for p in tail) / len(tail)
    return sum((p[0] - x) * (p[1] - y) for p in tail) / sum((p[0] - x) ** 2 for p in tail)


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def text(x, y, words, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{words}</text>'


def power(k):
    return f'10<tspan dy="-4" font-size="8">{k}</tspan>'


def frame(x0, y0, place, xs, ys, title):
    out = [f'<rect x="{x0}" y="{y0}" width="{width}" height="{height}" fill="none" stroke="#999"/>',
           text(x0 + width / 2, y0 - 12, title, extra='font-weight="bold"')]
    for k in range(xs[0], xs[1] + 1):
        x, _ = place(10.0 ** k, 10.0 ** ys[0])
        out.append(f'<line x1="{x:.1f}" y1="{y0}" x2="{x:.1f}" y2="{y0 + height}" stroke="#ddd"/>')
        out.append(text(x, y0 + height + 15, power(k)))
    for k in range(ys[0], ys[1] + 1):
        _, y = place(10.0 ** xs[0], 10.0 ** k)
        out.append(f'<line x1="{x0}" y1="{y:.1f}" x2="{x0 + width}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(text(x0 - 6, y + 4, power(k), "end"))
    return out


def legend_corner(x0, y0, where):
    """Where words begin and on which side of that they stand: in the corner that points are farthest from."""
    corners = [(x0 + 8, y0 + 16, "start"), (x0 + width - 8, y0 + 16, "end"),
               (x0 + 8, y0 + height - 20, "start"), (x0 + width - 8, y0 + height - 20, "end")]
    return max(corners, key=lambda c: min(math.hypot(x - c[0], y - c[1]) for x, y in where))


def plot(x0, y0, title, lines):
    lines = {name: line for name, line in lines.items() if line}
    points = [p for line in lines.values() for p in line]
    xs, ys = decades([p[0] for p in points]), decades([p[1] for p in points])
    ys = (ys[0], max(ys[1], ys[0] + 1))

    def place(x, y):
        return (x0 + width * (math.log10(x) - xs[0]) / (xs[1] - xs[0]),
                y0 + height * (1 - (math.log10(y) - ys[0]) / (ys[1] - ys[0])))

    out = frame(x0, y0, place, xs, ys, title)
    x_words, y_words, side = legend_corner(x0, y0, [place(*p) for p in points])
    for k, (name, line) in enumerate(lines.items()):
        where = [place(*p) for p in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in where)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colours[name]}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colours[name]}"/>' for x, y in where]
        slope = exponent(line)
        words = name if slope is None else f"{name}: exponent {slope:.2f}"
        out.append(text(x_words, y_words + 14 * k, words, side, f'fill="{colours[name]}"'))
    return out


def main():
    plots = read(sys.argv[1])
    full = (left + 2 * width + gap + 20, len(plots) * (height + gap) + 20)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{full[0]}" height="{full[1]}" font-size="11" '
           'font-family="sans-serif" role="img" aria-label="How the time and the memory of training grow">',
           f'<rect width="{full[0]}" height="{full[1]}" fill="white"/>']
    for row, (axis, points) in enumerate(plots.items()):
        y0 = top + row * (height + gap)
        what = "seconds to read a row" if axis == "rows" else "seconds for an example"
        time = {"aq": series(points, 0), "PyTorch": series(points, 2)}
        memory = {"aq": series(points, 1), "PyTorch": series(points, 3)}
        out += plot(left, y0, f"{what} by {titles[axis]}", time)
        out += plot(left + width + gap, y0, f"MiB at the peak by {titles[axis]}", memory)
    print("\n".join(out + ["</svg>"]))


main()
