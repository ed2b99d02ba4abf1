/* shown_json.c: a tree of facts as JSON (RFC 8259). */
#include <math.h>
#include <string.h>

#include "libaq/shown/shown_tree.h"
#include "runtime/io/json.h"
#include "runtime/io/utf8.h"

/* Bytes that are no UTF-8 become U+FFFD. */
static void write_string(const char *text, struct rt_text *out) {
  size_t length = strlen(text), good = io_utf8_check(text, length);
  struct rt_text mended = {0};
  if (good == length) {
    io_json_string(out, text, length);
    return;
  }
  for (; length; good = io_utf8_check(text, length)) {
    rt_text_add(&mended, text, good);
    if (good < length) rt_text_puts(&mended, "\xEF\xBF\xBD");
    good += good < length;
    text += good;
    length -= good;
  }
  out->failed |= mended.failed;
  if (!mended.failed) io_json_string(out, mended.data, mended.length);
  rt_text_free(&mended);
}

static void write_number(double x, struct rt_text *out) {
  char number[SHOWN_EXACT_SIZE] = "null";
  if (isfinite(x)) shown_exact(number, x);
  rt_text_puts(out, number);
}

/* A whole number as large as it may be. */
static void write_count(double x, struct rt_text *out) {
  if (isfinite(x))
    rt_text_printf(out, "%.0f", x);
  else
    rt_text_puts(out, "null");
}

static void write_numbers(const struct shown_node *node, struct rt_text *out) {
  rt_text_puts(out, "[");
  for (size_t k = 0; k < node->count; k++) {
    if (k) rt_text_puts(out, node->spaced ? ", " : ",");
    write_number(node->number[k], out);
  }
  rt_text_puts(out, "]");
}

static bool is_json(const struct shown_node *node) { return node->kind < SHOWN_NOTE && !node->aside; }

static void write_node(const struct shown_node *node, struct rt_text *out) {
  bool object = node->kind == SHOWN_OBJECT, first = true;
  switch (node->kind) {
    case SHOWN_FLAG: rt_text_puts(out, node->flag ? "true" : "false"); return;
    case SHOWN_WHOLE: rt_text_printf(out, "%lld", (long long)node->whole); return;
    case SHOWN_REAL: write_number(node->real, out); return;
    case SHOWN_COUNT: write_count(node->real, out); return;
    case SHOWN_NUMBERS: write_numbers(node, out); return;
    case SHOWN_OTHER: write_node(node->of, out); return;
    case SHOWN_TEXT:
      if (node->text)
        write_string(node->text, out);
      else
        rt_text_puts(out, "null");
      return;
    default: break;
  }
  rt_text_puts(out, object ? "{" : "[");
  for (const struct shown_node *child = node->first; child; child = child->next) {
    if (!is_json(child)) continue;
    if (!first) rt_text_puts(out, node->spaced ? ", " : ",");
    if (object) write_string(child->key ? child->key : "", out);
    if (object) rt_text_puts(out, node->spaced ? ": " : ":");
    write_node(child, out);
    first = false;
  }
  rt_text_puts(out, object ? "}" : "]");
}

void shown_as_json(const aq_shown *s, struct rt_text *out) { write_node(&s->root, out); }
