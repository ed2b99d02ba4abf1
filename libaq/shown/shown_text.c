/* shown_text.c: writes a tree of facts for a person: titles, lines with labels, tables. */
#include "libaq/shown/printable.h"
#include "libaq/shown/shown_curve.h"
#include "libaq/shown/shown_look.h"
#include "libaq/shown/shown_map.h"

enum { INDENT = 2, CELL = 9, SCREEN = 80 };

struct layout {
  struct rt_text *out;
  int indent, width; /* of the lines, and of their labels */
  bool grid;
  int screen; /* columns of the terminal */
  bool colour;
};

static bool is_plain(const struct shown_node *node) {
  return (node->kind == SHOWN_OBJECT || node->kind == SHOWN_LIST) && !node->says && !node->grid;
}

/* How many columns the labels take: those of a node, and of the objects in it that have no title. */
static int label_width(const struct shown_node *node) {
  int width = node->width;
  for (const struct shown_node *child = node->first; child; child = child->next) {
    int more = child->label                                    ? printable_points(child->label)
               : is_plain(child) || child->kind == SHOWN_TABLE ? label_width(child)
                                                               : 0;
    width = more > width ? more : width;
  }
  return width;
}

static void write_children(const struct shown_node *node, const struct layout *layout);

static void write_label(const char *label, const struct layout *layout) {
  int space = layout->width - printable_points(label);
  if (layout->grid) rt_text_printf(layout->out, "%*s", space, "");
  printable_line(layout->out, label);
  if (!layout->grid) rt_text_printf(layout->out, "%*s", space, "");
  rt_text_puts(layout->out, layout->grid ? " " : "  ");
}

/* Writes the value in a column of the grid; NULL leaves it empty. */
static void write_cell(const struct shown_node *value, struct rt_text *out) {
  struct rt_text text = {0};
  if (value) shown_value(value, &text);
  rt_text_printf(out, " %*s", CELL, text.data ? text.data : "");
  out->failed |= text.failed;
  rt_text_free(&text);
}

static void write_table(const struct shown_node *table, const struct layout *layout) {
  struct rt_text *out = layout->out;
  rt_text_printf(out, "%*s ", layout->width, "");
  for (size_t c = 0; c < table->count; c++) rt_text_printf(out, " %*s", CELL, table->column[c].heading);
  rt_text_puts(out, "\n\n");
  for (const struct shown_node *row = table->first; row; row = row->next) {
    if (row->kind == SHOWN_ROW) {
      write_label(row->label, layout);
      for (size_t c = 0; c < table->count; c++) write_cell(shown_member(row->of, table->column[c].key), out);
    } else
      printable_lines(out, row->says);
    rt_text_puts(out, "\n");
  }
}

static void write_line(const struct shown_node *node, const struct layout *layout) {
  const struct shown_node *value = node->kind == SHOWN_ROW ? node->of : node;
  rt_text_printf(layout->out, "%*s", layout->indent, "");
  if (node->label) write_label(node->label, layout);
  if (node->says)
    printable_lines(layout->out, node->says);
  else if (layout->grid)
    write_cell(value, layout->out);
  else
    shown_value(value, layout->out);
  rt_text_puts(layout->out, "\n");
}

/* An empty line stands above a title, unless it is within something that has a title itself. */
static void write_section(const struct shown_node *node, const struct layout *layout) {
  struct layout inner = *layout;
  if (node->says) {
    if (layout->indent == 0 && layout->out->length) rt_text_puts(layout->out, "\n");
    rt_text_printf(layout->out, "%*s", layout->indent, "");
    printable_lines(layout->out, node->says);
    rt_text_puts(layout->out, "\n");
    inner.indent += INDENT;
  }
  if (node->says || node->grid) inner.width = label_width(node);
  inner.grid |= node->grid;
  write_children(node, &inner);
}

static void write_children(const struct shown_node *node, const struct layout *layout) {
  for (const struct shown_node *child = node->first; child; child = child->next) {
    if (child->where == SHOWN_ON_PAGES) continue;
    if (child->kind == SHOWN_OBJECT || child->kind == SHOWN_LIST)
      write_section(child, layout);
    else if (child->kind == SHOWN_OTHER)
      write_section(child->of, layout);
    else if (child->kind == SHOWN_TABLE)
      write_table(child, layout);
    else if (child->kind == SHOWN_MAP && !child->map->on_pages)
      shown_map_text(child->map, layout->screen, layout->colour, layout->out);
    else if (child->kind == SHOWN_LOOK)
      shown_look_text(child->look, layout->screen, layout->colour, layout->out);
    else if (child->kind == SHOWN_CURVE)
      shown_curve_text(child->curve, layout->screen, layout->out);
    else if (shown_is_said(child))
      write_line(child, layout);
  }
}

void shown_as_text(const aq_shown *s, struct rt_text *out) {
  struct layout layout = {out,      0, label_width(&s->root), s->root.grid, s->columns ? s->columns : SCREEN,
                          s->colour};
  write_children(&s->root, &layout);
}
