/* source.c: source texts and the excerpts that show a place in them. */
#include "grammar/source.h"

#include <stdio.h>
#include <string.h>

enum {
  LARGEST_SOURCE = 1 << 28, /* bytes; keeps every offset within uint32_t with room to spare */
  VIEW_WIDTH = 88,          /* columns of source that an excerpt shows of one line */
  VIEW_LEAD = 48,           /* of a clipped line: columns kept to the left of the underline */
  TAB = 4
};

/* The length of the code point at p (limit - p bytes are readable), 0 when it is not UTF-8 (RFC 3629, table
 * 3-7 of Unicode). */
static int code_point(const unsigned char *p, const unsigned char *limit, uint32_t *value) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  int length = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
  if (length == 0 || limit - p < length) return 0;
  uint32_t v = length == 1 ? p[0] : p[0] & (0x7Fu >> length);
  for (int k = 1; k < length; k++) {
    if ((p[k] & 0xC0) != 0x80) return 0;
    v = v << 6 | (p[k] & 0x3Fu);
  }
  if (v < least[length] || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000)) return 0;
  *value = v;
  return length;
}

/* Columns that a terminal gives to a code point: East Asian wide and emoji 2, combining marks 0 (Unicode UAX
 * 11, coarsely). */
static int columns_of(uint32_t c) {
  static const struct {
    uint32_t from, to;
    int columns;
  } ranges[] = {
      {0x0300, 0x036F, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0}, {0x2E80, 0xA4CF, 2},
      {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},   {0xFE00, 0xFE0F, 0}, {0xFE30, 0xFE6F, 2},
      {0xFEFF, 0xFEFF, 0},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1F64F, 2},
      {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
  };
  for (size_t k = 0; k < RT_COUNT(ranges); k++)
    if (c >= ranges[k].from && c <= ranges[k].to) return ranges[k].columns;
  return 1;
}

static bool is_bom(const char *text, size_t length) {
  return length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
}

static int check_text(const char *name, const char *text, size_t length, struct rt_error *error) {
  if (length > LARGEST_SOURCE)
    return rt_fail_in(error, RT_BAD_DATA, name, "the source is larger than 256 MiB");
  const unsigned char *p = (const unsigned char *)text, *limit = p + length;
  if (is_bom(text, length)) p += 3;
  for (int line = 1, column = 1; p < limit; column++) {
    uint32_t c;
    int size = code_point(p, limit, &c);
    if (size == 0) {
      rt_fail_at(error, RT_BAD_DATA, (struct rt_place){name, line, column},
                 "the byte 0x%02X is not UTF-8 text", p[0]);
      rt_hint(error, "save the file with the encoding UTF-8");
      return RT_BAD_DATA;
    }
    if (c == 0) {
      rt_fail_at(error, RT_BAD_DATA, (struct rt_place){name, line, column},
                 "there is a NUL byte in the source");
      rt_hint(error, "is this a program? It looks like a binary file");
      return RT_BAD_DATA;
    }
    if (c == '\n') line++, column = 0;
    p += size;
  }
  return RT_OK;
}

static int find_lines(struct gr_source *source) {
  uint32_t count = 1;
  for (size_t k = 0; k < source->length; k++) count += source->text[k] == '\n';
  source->line_start = rt_zalloc(count, sizeof *source->line_start);
  if (!source->line_start) return RT_NO_MEMORY;
  source->line_count = count;
  uint32_t line = 1;
  for (size_t k = 0; k < source->length; k++)
    if (source->text[k] == '\n') source->line_start[line++] = (uint32_t)k + 1;
  return RT_OK;
}

struct gr_source *gr_source_new(const char *name, const char *text, size_t length, struct rt_error *error) {
  if (check_text(name, text, length, error) != RT_OK) return NULL;
  struct gr_source *source = rt_zalloc(1, sizeof *source);
  if (source) {
    source->name = rt_strdup(name);
    source->text = rt_strndup(text, length);
    source->length = length;
  }
  if (!source || !source->name || !source->text || find_lines(source) != RT_OK) {
    gr_source_free(source);
    rt_no_memory(error);
    return NULL;
  }
  return source;
}

void gr_source_free(struct gr_source *source) {
  if (!source) return;
  rt_free(source->name);
  rt_free(source->text);
  rt_free(source->line_start);
  rt_free(source);
}

struct gr_span gr_span_join(struct gr_span a, struct gr_span b) {
  if (!a.source) return b;
  if (!b.source || a.source != b.source) return a;
  if (b.begin < a.begin) a.begin = b.begin;
  if (b.end > a.end) a.end = b.end;
  return a;
}

/* The index, from 0, of the line that holds a byte offset. */
static uint32_t line_of(const struct gr_source *source, uint32_t offset) {
  uint32_t low = 0, high = source->line_count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (source->line_start[middle] <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

void gr_span_place(struct gr_span span, int *line, int *column) {
  *line = *column = 0;
  if (!span.source) return;
  const struct gr_source *source = span.source;
  uint32_t index = line_of(source, span.begin), from = source->line_start[index];
  if (index == 0 && is_bom(source->text, source->length)) from = 3;
  int count = 1;
  for (uint32_t k = from; k < span.begin && k < source->length; k++)
    count += (source->text[k] & 0xC0) != 0x80;
  *line = (int)index + 1;
  *column = count;
}

/* One source line as it is shown. Columns are those of a terminal, from 0, after tabs are expanded and long
 * lines clipped. */
struct view {
  int number;
  char text[4 * VIEW_WIDTH];
  size_t length;
  int from, width; /* the underline */
  bool clipped;
};

/* What stands on the screen for the code point at p, drawn at column. */
struct glyph {
  const char *bytes;
  int size, columns, source_size;
};

static struct glyph glyph_at(const char *p, const char *limit, int column) {
  uint32_t c = 0;
  int size = code_point((const unsigned char *)p, (const unsigned char *)limit, &c);
  if (c == '\t') {
    int columns = TAB - column % TAB;
    return (struct glyph){"    ", columns, columns, 1};
  }
  if (size == 0 || c < 0x20 || c == 0x7F || (c >= 0x80 && c < 0xA0))
    return (struct glyph){"?", 1, 1, size > 0 ? size : 1};
  if (c == 0xFEFF) return (struct glyph){"", 0, 0, size};
  return (struct glyph){p, size, columns_of(c), size};
}

static void line_bounds(const struct gr_source *source, uint32_t index, const char **begin,
                        const char **end) {
  uint32_t from = source->line_start[index];
  uint32_t to = index + 1 < source->line_count ? source->line_start[index + 1] - 1 : (uint32_t)source->length;
  if (to > from && source->text[to - 1] == '\r') to--;
  *begin = source->text + from;
  *end = source->text + to;
}

/* Finds the columns of the span on its first line and the width of that whole line. */
static int measure(struct gr_span span, const char *begin, const char *end, int *from, int *to) {
  int column = 0;
  const char *span_begin = span.source->text + span.begin, *span_end = span.source->text + span.end;
  *from = *to = -1;
  for (const char *p = begin; p < end;) {
    struct glyph g = glyph_at(p, end, column);
    if (*from < 0 && p + g.source_size > span_begin) *from = column;
    if (*to < 0 && p >= span_end) *to = column;
    column += g.columns;
    p += g.source_size;
  }
  if (*from < 0) *from = column;
  if (*to < 0) *to = column;
  if (*to <= *from) *to = *from + 1;
  return column;
}

static void show(struct gr_span span, struct view *view) {
  const struct gr_source *source = span.source;
  uint32_t index = line_of(source, span.begin);
  const char *begin, *end;
  line_bounds(source, index, &begin, &end);
  int from, to, total = measure(span, begin, end, &from, &to), first = 0, last = total;
  *view = (struct view){.number = (int)index + 1};
  if (total > VIEW_WIDTH) {
    view->clipped = true;
    first = from > VIEW_LEAD ? from - VIEW_LEAD : 0;
    if (first > total - VIEW_WIDTH + 8) first = total - VIEW_WIDTH + 8;
    last = first + VIEW_WIDTH - 8;
    if (to > last) to = last;
  }
  int lead = first > 0 ? snprintf(view->text, sizeof view->text, "... ") : 0;
  view->length = (size_t)lead;
  int column = 0, drawn = -1;
  for (const char *p = begin; p < end;) {
    struct glyph g = glyph_at(p, end, column);
    bool inside = column >= first && column + g.columns <= last;
    if (inside && view->length + (size_t)g.size + 8 < sizeof view->text) {
      if (drawn < 0) drawn = column;
      memcpy(view->text + view->length, g.bytes, (size_t)g.size);
      view->length += (size_t)g.size;
    }
    column += g.columns;
    p += g.source_size;
  }
  if (drawn < 0) drawn = first;
  if (last < total)
    view->length += (size_t)snprintf(view->text + view->length, sizeof view->text - view->length, " ...");
  while (view->length > 0 && view->text[view->length - 1] == ' ') view->length--;
  view->text[view->length] = '\0';
  view->from = from - drawn + lead;
  view->width = to - from > 0 ? to - from : 1;
}

static int digits_of(int number) {
  int digits = 1;
  while (number >= 10) number /= 10, digits++;
  return digits;
}

/* The number before the gutter of an excerpt line, 0 when there is none. */
static int gutter_number(const char *line) {
  int number = 0;
  while (*line == ' ') line++;
  while (*line >= '0' && *line <= '9' && number < 100000000) number = number * 10 + (*line++ - '0');
  return number;
}

static const char *next_line(const char *line) {
  const char *newline = strchr(line, '\n');
  return newline ? newline + 1 : line + strlen(line);
}

/* Puts text before the byte at `at` of the excerpt; leaves the excerpt alone when it would not fit. */
static void insert(struct rt_error *error, size_t at, const char *text) {
  size_t length = strlen(error->excerpt), more = strlen(text);
  if (length + more >= sizeof error->excerpt) return;
  memmove(error->excerpt + at + more, error->excerpt + at, length - at + 1);
  memcpy(error->excerpt + at, text, more);
}

static int gutter_digits(const struct rt_error *error) {
  const char *bar = strchr(error->excerpt, '|');
  return bar ? (int)(bar - error->excerpt) - 2 : 0;
}

static void widen_gutter(struct rt_error *error, int digits) {
  static const char spaces[] = "          ";
  int missing = digits - gutter_digits(error);
  if (missing <= 0) return;
  const char *pad = spaces + sizeof spaces - 1 - missing;
  for (size_t at = 0; error->excerpt[at];) {
    insert(error, at, pad);
    at = (size_t)(next_line(error->excerpt + at) - error->excerpt);
  }
}

/* "   |      ^^^ label\n" */
static void format_underline(char *out, size_t size, const struct view *view, int digits, char mark,
                             const char *label) {
  char marks[VIEW_WIDTH + 1];
  int width = view->width < VIEW_WIDTH ? view->width : VIEW_WIDTH;
  memset(marks, mark, (size_t)width);
  marks[width] = '\0';
  snprintf(out, size, " %*s | %*s%s%s%s\n", digits, "", view->from, "", marks, *label ? " " : "", label);
}

static void format_source_line(char *out, size_t size, const struct view *view, int digits) {
  snprintf(out, size, " %*d |%s%s\n", digits, view->number, view->length > 0 ? " " : "", view->text);
}

/* The last newline of an excerpt is implied. */
static void trim(struct rt_error *error) {
  size_t length = strlen(error->excerpt);
  if (length > 0 && error->excerpt[length - 1] == '\n') error->excerpt[length - 1] = '\0';
}

static void untrim(struct rt_error *error) {
  size_t length = strlen(error->excerpt);
  if (length > 0 && length + 1 < sizeof error->excerpt) memcpy(error->excerpt + length, "\n", 2);
}

int gr_fail(struct rt_error *error, struct gr_span span, const char *format, ...) {
  char text[sizeof error->text];
  int code = span.source && span.source->typed ? RT_USAGE : RT_BAD_DATA;
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  if (!error) return code;
  if (error->code) return error->code;
  if (!span.source) return rt_fail(error, RT_BAD_DATA, "%s", text);
  int line, column;
  gr_span_place(span, &line, &column);
  rt_fail_at(error, code, (struct rt_place){span.source->name, line, column}, "%s", text);
  struct view view;
  show(span, &view);
  char shown[sizeof view.text + 32], underline[4 * VIEW_WIDTH];
  int digits = digits_of(view.number);
  format_source_line(shown, sizeof shown, &view, digits);
  format_underline(underline, sizeof underline, &view, digits, '^', "");
  snprintf(error->excerpt, sizeof error->excerpt, " %*s |\n%s%s", digits, "", shown, underline);
  trim(error);
  return code;
}

/* Is the error about this source? Texts from a command line all go by the name of their option. */
static bool is_about(const struct rt_error *error, const struct gr_source *source) {
  return error->excerpt[0] && strcmp(source->name, error->file) == 0
         && (!source->typed || strstr(error->excerpt, source->text));
}

/* Labels the underline of the error itself, when the note is about the same place. */
static bool label_error(struct rt_error *error, struct gr_span span, const char *label) {
  int line, column;
  gr_span_place(span, &line, &column);
  if (line != error->line || column != error->column || !is_about(error, span.source)) return false;
  const char *p = error->excerpt;
  while (*p && gutter_number(p) != line) p = next_line(p);
  p = next_line(p);
  const char *end = next_line(p);
  if (end > p && end[-1] == '\n') end--;
  if (end == p || end[-1] != '^') return false;
  char text[sizeof error->excerpt];
  snprintf(text, sizeof text, " %s", label);
  insert(error, (size_t)(end - error->excerpt), text);
  return true;
}

/* Where a line of the error's own file belongs in the excerpt: after the underlines of that line if it is
 * shown already (*shown = true), else between lines by its number. */
static size_t place_in_order(const struct rt_error *error, int number, bool *shown) {
  const char *p = next_line(error->excerpt);
  *shown = false;
  while (*p) {
    int here = gutter_number(p);
    if (strncmp(p, "  -->", 5) == 0 || here > number) break;
    p = next_line(p);
    while (*p == ' ' && gutter_number(p) == 0 && strncmp(p, "  -->", 5) != 0) p = next_line(p);
    if (here == number) {
      *shown = true;
      break;
    }
  }
  return (size_t)(p - error->excerpt);
}

void gr_note(struct rt_error *error, struct gr_span span, const char *format, ...) {
  if (!error || !error->code || !span.source) return;
  char label[512];
  va_list list;
  va_start(list, format);
  vsnprintf(label, sizeof label, format, list);
  va_end(list);
  if (label_error(error, span, label)) return;

  struct view view;
  show(span, &view);
  char underline[sizeof label + sizeof view.text], shown_line[sizeof view.text + 32];
  char block[sizeof underline + sizeof shown_line + sizeof error->file];
  bool same_file = is_about(error, span.source), shown = false;
  widen_gutter(error, digits_of(view.number));
  untrim(error);
  int digits = error->excerpt[0] ? gutter_digits(error) : digits_of(view.number);
  size_t at =
      same_file && !view.clipped ? place_in_order(error, view.number, &shown) : strlen(error->excerpt);
  format_underline(underline, sizeof underline, &view, digits, '-', label);
  format_source_line(shown_line, sizeof shown_line, &view, digits);
  if (same_file) {
    snprintf(block, sizeof block, "%s%s", shown ? "" : shown_line, underline);
  } else {
    int line, column;
    gr_span_place(span, &line, &column);
    snprintf(block, sizeof block, "  --> %.200s:%d:%d\n%s%s", span.source->name, line, column, shown_line,
             underline);
  }
  insert(error, at, block);
  trim(error);
}

/* Puts a line of the error's own file, with its underlines, where it belongs. */
static void merge_line(struct rt_error *error, const char *line, const char *end) {
  char block[sizeof error->excerpt];
  bool shown;
  untrim(error);
  size_t at = place_in_order(error, gutter_number(line), &shown);
  if (shown) line = next_line(line);
  snprintf(block, sizeof block, "%.*s", (int)(end - line), line);
  insert(error, at, block);
  trim(error);
}

void gr_raise(struct rt_error *error, struct gr_span span) {
  if (!error || !error->code || !span.source || !error->excerpt[0] || !strcmp(error->file, span.source->name))
    return;
  struct rt_error inner = *error;
  char own[sizeof inner.excerpt + sizeof inner.file + 32];
  rt_error_clear(error);
  gr_fail(error, span, "%s", inner.text);
  error->code = inner.code;
  memcpy(error->hint, inner.hint, sizeof error->hint);
  widen_gutter(error, gutter_digits(&inner));
  widen_gutter(&inner, gutter_digits(error));
  untrim(&inner);
  const char *blocks = strstr(inner.excerpt, "\n  -->");
  blocks = blocks ? blocks + 1 : inner.excerpt + strlen(inner.excerpt);
  const char *first = next_line(inner.excerpt);
  snprintf(own, sizeof own, "  --> %.200s:%d:%d\n%.*s", inner.file, inner.line, inner.column,
           (int)(blocks - first), first);
  for (char *line = own; *line; line += next_line(line) - line) /* its underline is that of a note now */
    for (char *p = line; gutter_number(line) == 0 && *p && *p != '\n'; p++)
      if (*p == '^') *p = '-';
  untrim(error);
  insert(error, strlen(error->excerpt), own);
  trim(error);
  /* Notes about the file that is now the error's own join its lines. */
  char head[256];
  int length = snprintf(head, sizeof head, "  --> %.200s:", span.source->name);
  while (*blocks) {
    const char *body = next_line(blocks), *end = body;
    while (*end && strncmp(end, "  -->", 5) != 0) end = next_line(end);
    if (strncmp(blocks, head, (size_t)length) == 0) merge_line(error, body, end);
    blocks = end;
  }
}
