"""page.py PAGE: checks a page that aqc has written, and prints its outline: headings, drawings, tables.

A page needs no network and no script, its elements are closed, and what came from data is escaped."""
import html.parser
import re
import sys

# Elements that HTML lets end by themselves, and those that have no end.
LAX = {"html", "p", "tr", "th", "td", "thead", "tbody"}
VOID = {"meta"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.outline, self.text, self.heading = [], [], "", False
        self.points, self.rows, self.places = [], 0, 0

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        assert tag not in ("script", "link", "iframe", "img", "base", "object", "embed"), tag
        for name, value in attrs:
            assert not name.startswith("on") and name != "src", (tag, name)
            if name == "href":  # a picture of the page's own, or one that stands in it
                assert re.fullmatch(r"#p\d+|data:image/png;base64,[A-Za-z0-9+/]+=*", value), (tag, value)
                continue
            assert not re.search(r"(https?:)?//|javascript:|url\(", value or ""), (tag, value)
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "summary"):
            self.text, self.heading = "", True
        if tag == "rect":
            self.places += named["class"] == "heat"
        if tag == "svg" and named.get("class") == "plot":
            self.points = []
        if tag == "path" and named.get("class", "").startswith("curve") and "plot" in self.classes():
            self.points.append(len(re.findall("[ML]", named["d"])))
        if tag == "table":
            self.rows = 0
        if tag == "tr":
            self.rows += 1
        if tag not in VOID and tag not in LAX and not (tag == "path" or tag == "line"):
            self.open.append((tag, named.get("class", "")))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def classes(self):
        return [c for _, c in self.open]

    def handle_endtag(self, tag):
        if tag in LAX or tag in ("path", "line"):
            return
        assert self.open and self.open[-1][0] == tag, (tag, self.open)
        kind = self.open.pop()[1]
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "summary"):
            level = int(tag[1]) if tag[0] == "h" else 6
            self.outline.append("  " * (level - 1) + self.text.strip())
            self.heading = False
        if tag == "svg" and kind == "plot":
            self.outline.append("            drawn: " + ", ".join(f"{n} points" for n in self.points))
        if tag == "figure" and "looks" in " ".join(self.classes()):
            self.outline[-1] += f", {self.places} places"
            self.places = 0
        if tag == "table" and kind == "grid":
            self.outline.append(f"            a table of {self.rows - 1} rows")
        if tag == "table" and kind.startswith("map"):
            self.outline.append(f"            a map of {self.rows} rows")

    def handle_data(self, data):
        if self.heading:
            self.text += data
        assert not any(tag == "style" for tag, _ in self.open) or not re.search(r"https?:|@import|url\(", data)


page = Page()
with open(sys.argv[1], encoding="utf-8") as file:
    page.feed(file.read())
page.close()
assert not page.open, page.open
print("\n".join(page.outline))
