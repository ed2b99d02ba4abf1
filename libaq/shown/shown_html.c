/* shown_html.c: writes a tree of facts as a page for a browser, which needs no other file. It has what text
 * has, with headings, tables that scroll in a narrow window, and colours for light and dark screens. */
#include <string.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_curve.h"
#include "libaq/shown/shown_look.h"
#include "libaq/shown/shown_map.h"

static const char head[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>\n"
    ":root { color-scheme: light dark; --page: #fff; --ink: #1d2025; --dim: #6a717c; --line: #d8dbe0;\n"
    "  --more: 20,70,170; --less: 170,30,30; --on: #fff; --s0: #1446aa; --s1: #c25a00; --s2: #00785a;\n"
    "  --s3: #7a3c9c }\n"
    "@media (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e4e6ea; --dim: #989fab;\n"
    "  --line: #3a3e46; --more: 120,175,255; --less: 255,130,120; --on: #0b0d11; --s0: #78afff;\n"
    "  --s1: #ffab52; --s2: #4fd1a5; --s3: #d2a2f0 } }\n"
    "body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem; max-width: 72rem;\n"
    "  color: var(--ink); background: var(--page) }\n"
    "h1 { font-size: 1.4rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }\n"
    "h3, h4, h5, h6 { font-size: 1rem; margin: 1rem 0 .3rem }\n"
    "p { margin: .5rem 0; white-space: pre-line } p.line { white-space: pre-wrap; margin: 0;\n"
    "  font-family: ui-monospace, monospace; font-size: .87rem; overflow-wrap: anywhere }\n"
    ".wide { overflow-x: auto }\n"
    "table { border-collapse: collapse; font-variant-numeric: tabular-nums }\n"
    "th { font-weight: normal; color: var(--dim); text-align: left; white-space: pre }\n"
    ".facts th { padding: 1px 1.5em 1px 0; vertical-align: top }\n"
    ".grid th, .grid td { padding: 2px .6em; text-align: right } .grid thead th { border-bottom: 1px solid "
    "var(--line) }\n"
    ".grid .t { text-align: left; overflow-wrap: break-word; max-width: 34em } .grid th, .grid td {\n"
    "  vertical-align: top }\n"
    ".grid td.t:last-child { min-width: min(24em, 70vw) }\n"
    ".grid .apart > * { border-top: 1px solid var(--line) }\n"
    ".map th { padding: 1px 6px; text-align: right; color: inherit; background: var(--page) }\n"
    ".map tbody th { position: sticky; left: 0; max-width: 40vw; overflow: hidden; text-overflow: ellipsis "
    "}\n"
    ".map thead th { vertical-align: bottom } .map .corner { color: var(--dim); font-size: 12px }\n"
    ".map thead th + th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: "
    "6px 1px;\n"
    "  vertical-align: top }\n"
    ".map td { min-width: 2.6em; height: 2em; text-align: center; font-size: 11px; border: 1px solid "
    "var(--page);\n"
    "  background: rgba(var(--more), var(--w)) }\n"
    ".map td.n { background: rgba(var(--less), var(--w)) } .map td.s { color: var(--on) }\n"
    ".map td.z { color: var(--dim) }\n"
    ".bars td { padding: 1px 6px; text-align: right } .bars td + td { width: 24rem; max-width: 50vw }\n"
    ".bars i { display: block; height: .9em; background: rgb(var(--more)) }\n"
    ".words { line-height: 1.9; overflow-wrap: anywhere } .words .dim { margin-right: .5em }\n"
    ".w { background: rgba(var(--more), var(--w)); padding: 2px 3px; border-radius: 3px }\n"
    ".w.n { background: rgba(var(--less), var(--w)) } .w.s { color: var(--on) }\n"
    "p.about { color: var(--dim); font-size: .87rem; max-width: 44rem }\n"
    "figure { display: inline-block; vertical-align: top; width: min(100%, 22rem); margin: .5rem 1.5rem "
    ".5rem "
    "0 }\n"
    "figure p { margin: .2rem 0 } .legend { font-size: .87rem } .legend span { white-space: nowrap;\n"
    "  margin-right: 1em } .legend svg { vertical-align: middle }\n"
    ".plot { width: 100%; height: auto; display: block } .plot text { font: 12px system-ui, sans-serif;\n"
    "  fill: var(--dim) } .rule { stroke: var(--line) } .axis { stroke: var(--dim) }\n"
    ".mark { stroke: var(--ink); stroke-dasharray: 1 3 }\n"
    ".curve { fill: none; stroke-width: 2; stroke-linejoin: round } .point { stroke-width: 1.5 }\n"
    ".s0 { stroke: var(--s0) } .s1 { stroke: var(--s1) } .s2 { stroke: var(--s2) } .s3 { stroke: var(--s3) "
    "}\n"
    ".curve.s1 { stroke-dasharray: 7 4 } .curve.s2 { stroke-dasharray: 2 3 }\n"
    ".curve.s3 { stroke-dasharray: 9 3 2 3 } .point.s0 { fill: var(--s0) } .point.s1 { fill: var(--page) }\n"
    ".point.s2 { fill: var(--s2) }\n"
    ".looks { display: flex; flex-wrap: wrap; gap: .8rem; margin: .5rem 0 1rem } .looks figure {\n"
    "  width: 8.5rem; margin: 0 } figcaption { font-size: .87rem; line-height: 1.3; overflow-wrap: anywhere "
    "}\n"
    ".looks svg { width: 100%; height: auto; display: block; border: 1px solid var(--line) }\n"
    ".mosaic { display: grid; gap: 3px; max-width: 44rem } .mosaic figure { width: auto }\n"
    ".sharp { image-rendering: pixelated } .under { filter: grayscale(1) contrast(.55) brightness(1.1) }\n"
    ".defs { position: absolute } .heat { fill: #e6371e } .own { fill: none;\n"
    "  stroke: #00a0ff; stroke-width: 3% }\n"
    ".large { image-rendering: pixelated; border: 1px solid var(--line) } .dim { color: var(--dim) }\n"
    "</style>\n";

/* Draws what shown_map_html.c has made a canvas. The page says it once, at its end. */
static const char script[] =
    "<script>\n"
    "for (const c of document.querySelectorAll('canvas.large')) {\n"
    "  const cells = Uint8Array.from(atob(c.dataset.cells), x => x.charCodeAt(0)), g = c.getContext('2d');\n"
    "  const style = getComputedStyle(document.documentElement), image = g.createImageData(c.width, "
    "c.height);\n"
    "  const colour = name => style.getPropertyValue(name).split(',').map(Number);\n"
    "  const more = colour('--more'), less = colour('--less');\n"
    "  cells.forEach((x, k) => image.data.set([...(x < 128 ? less : more),\n"
    "    x ? 255 * Math.abs(x - 128) / 127 : 90], 4 * k));\n"
    "  g.putImageData(image, 0, 0);\n"
    "  const rows = c.dataset.rows.split('\\n'), columns = c.dataset.columns.split('\\n');\n"
    "  c.onmousemove = e => {\n"
    "    const x = Math.min(c.width - 1, e.offsetX | 0), y = Math.min(c.height - 1, e.offsetY | 0);\n"
    "    const cell = cells[y * c.width + x], value = (cell - 128) / 127 * c.dataset.most;\n"
    "    c.title = rows[y] + ' / ' + columns[x] + ': ' + (cell ? value.toPrecision(2) : '?');\n"
    "  };\n"
    "}\n"
    "</script>\n";

/* ---- pieces ---- */

/* Writes a value as text has it. */
static void write_value(const struct shown_node *value, struct rt_text *out) {
  struct rt_text text = {0};
  if (value) shown_value(value, &text);
  out->failed |= text.failed;
  if (!text.failed && text.data) printable_html(out, text.data);
  rt_text_free(&text);
}

/* ---- layout ---- */

/* Where the writer is. */
struct page {
  struct rt_text *out;
  bool has_canvas;
  int level;     /* of headings: 1 under the title */
  bool in_facts; /* a table of labels and values is open */
  struct shown_pictures pictures;
};

static void close_facts(struct page *page) {
  if (page->in_facts) rt_text_puts(page->out, "</table></div>\n");
  page->in_facts = false;
}

static void write_heading(struct page *page, const char *text) {
  int level = page->level < 5 ? page->level + 1 : 6;
  rt_text_printf(page->out, "<h%d>", level);
  printable_html(page->out, text);
  rt_text_printf(page->out, "</h%d>\n", level);
}

static void write_fact(struct page *page, const struct shown_node *node) {
  if (!page->in_facts) rt_text_puts(page->out, "<div class=\"wide\"><table class=\"facts\">\n");
  page->in_facts = true;
  rt_text_puts(page->out, "<tr><th>");
  printable_html(page->out, node->label);
  rt_text_puts(page->out, "<td>");
  if (node->says)
    printable_html(page->out, node->says);
  else
    write_value(node->kind == SHOWN_ROW ? node->of : node, page->out);
  rt_text_puts(page->out, "\n");
}

/* Newlines around a line set it apart in text; a page does that by itself. */
static void write_line(struct page *page, const struct shown_node *node) {
  const char *text = node->says + strspn(node->says, "\n");
  if (!*text) return;
  if (node->heading) {
    write_heading(page, text);
    return;
  }
  rt_text_puts(page->out, node->where == SHOWN_ON_PAGES          ? "<p class=\"about\">"
                          : node->parent && node->parent->parent ? "<p class=\"line\">"
                                                                 : "<p>");
  printable_html(page->out, text);
  rt_text_puts(page->out, "</p>\n");
}

/* Does a column have texts, as far as its first row tells? */
static bool is_of_text(const struct shown_node *table, const char *key) {
  const struct shown_node *row = table->first;
  while (row && row->kind != SHOWN_ROW) row = row->next;
  const struct shown_node *value = row ? shown_member(row->of, key) : NULL;
  return value && value->kind == SHOWN_TEXT;
}

static void write_table(struct page *page, const struct shown_node *table) {
  struct rt_text *out = page->out;
  bool apart = false;
  rt_text_puts(out, "<div class=\"wide\"><table class=\"grid\">\n<thead><tr><th>");
  for (size_t c = 0; c < table->count; c++) {
    rt_text_puts(out, is_of_text(table, table->column[c].key) ? "<th class=\"t\">" : "<th>");
    printable_html(out, table->column[c].heading);
  }
  rt_text_puts(out, "\n<tbody>\n");
  for (const struct shown_node *row = table->first; row; row = row->next) {
    if (row->kind != SHOWN_ROW) { /* an empty line, in text */
      apart = true;
      continue;
    }
    rt_text_puts(out, apart ? "<tr class=\"apart\"><th>" : "<tr><th>");
    apart = false;
    printable_html(out, row->label);
    for (size_t c = 0; c < table->count; c++) {
      const struct shown_node *value = shown_member(row->of, table->column[c].key);
      rt_text_puts(out, value && value->kind == SHOWN_TEXT ? "<td class=\"t\">" : "<td>");
      write_value(value, out);
    }
    rt_text_puts(out, "\n");
  }
  rt_text_puts(out, "</table></div>\n");
}

static void write_children(struct page *page, const struct shown_node *node);

static void write_section(struct page *page, const struct shown_node *node) {
  if (!node->says) {
    write_children(page, node);
    return;
  }
  close_facts(page);
  write_heading(page, node->says);
  page->level++;
  write_children(page, node);
  close_facts(page);
  page->level--;
}

static void write_children(struct page *page, const struct shown_node *node) {
  for (const struct shown_node *child = node->first; child; child = child->next) {
    bool opens = child->kind == SHOWN_OBJECT || child->kind == SHOWN_LIST;
    if (child->where == SHOWN_IN_TEXT) continue;
    if (opens || child->kind == SHOWN_OTHER) {
      write_section(page, opens ? child : child->of);
      continue;
    }
    if (child->label && shown_is_said(child)) {
      write_fact(page, child);
      continue;
    }
    if (child->kind == SHOWN_TABLE || child->kind == SHOWN_MAP || child->kind == SHOWN_CURVE
        || child->kind == SHOWN_LOOK || child->says)
      close_facts(page);
    if (child->kind == SHOWN_TABLE)
      write_table(page, child);
    else if (child->kind == SHOWN_LOOK)
      shown_look_html(child->look, &page->pictures, page->out);
    else if (child->kind == SHOWN_CURVE)
      shown_curve_html(child->curve, page->out);
    else if (child->kind == SHOWN_MAP)
      page->has_canvas |= shown_map_html(child->map, page->out);
    else if (child->says)
      write_line(page, child);
  }
}

void shown_as_html(const aq_shown *s, struct rt_text *out) {
  struct page page = {.out = out, .level = 1};
  const char *title = s->title ? s->title : "aq";
  rt_text_puts(out, head);
  rt_text_puts(out, "<title>");
  printable_html(out, title);
  rt_text_puts(out, "</title>\n<h1>");
  printable_html(out, title);
  rt_text_puts(out, "</h1>\n");
  write_children(&page, &s->root);
  close_facts(&page);
  if (page.has_canvas) rt_text_puts(out, script);
}
