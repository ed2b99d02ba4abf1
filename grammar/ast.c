/* ast.c: builds the tree that ast.h describes, and parses whole files. */
#include "grammar/parse.h"
#include "grammar/parser.h"

#include <math.h>
#include <string.h>

/* A node and the height of the tree below it, which only this file needs. */
struct made {
  struct gr_node node;
  int height;
};

static void *no_memory(struct gr_parser *parser) {
  rt_no_memory(parser->error);
  return NULL;
}

/* ---- lists ---- */

static struct gr_list *list_new(struct gr_parser *parser) {
  struct gr_list *list = rt_arena_alloc(parser->arena, sizeof *list);
  return list ? list : no_memory(parser);
}

struct gr_list *gr_list_insert(struct gr_parser *parser, struct gr_list *list, int at, struct gr_node *node) {
  if (list->count == list->capacity) {
    int capacity = list->capacity > 0 ? 2 * list->capacity : 4;
    struct gr_node **item = rt_arena_alloc(parser->arena, (size_t)capacity * sizeof *item);
    if (!item) return no_memory(parser);
    if (list->count > 0) memcpy(item, list->item, (size_t)list->count * sizeof *item);
    list->item = item;
    list->capacity = capacity;
  }
  memmove(list->item + at + 1, list->item + at, (size_t)(list->count - at) * sizeof *list->item);
  list->item[at] = node;
  list->count++;
  return list;
}

struct gr_list *gr_list_add(struct gr_parser *parser, struct gr_list *list, struct gr_node *node) {
  return gr_list_insert(parser, list, list->count, node);
}

struct gr_list *gr_list_join(struct gr_parser *parser, struct gr_list *list, const struct gr_list *more) {
  for (int k = 0; k < more->count; k++)
    if (!gr_list_add(parser, list, more->item[k])) return NULL;
  return list;
}

static struct gr_list *list_of(struct gr_parser *parser, int count, va_list nodes) {
  struct gr_list *list = list_new(parser);
  for (int k = 0; k < count && list; k++) list = gr_list_add(parser, list, va_arg(nodes, struct gr_node *));
  return list;
}

struct gr_list *gr_list_of(struct gr_parser *parser, int count, ...) {
  va_list nodes;
  va_start(nodes, count);
  struct gr_list *list = list_of(parser, count, nodes);
  va_end(nodes);
  return list;
}

/* ---- nodes ---- */

const char *gr_kind_name(enum gr_kind kind) {
  static const char *const names[] = {
#define X(name) #name,
      GR_KINDS(X)
#undef X
  };
  return (size_t)kind < RT_COUNT(names) ? names[kind] : "?";
}

/* The kinds that nest within their own kind; the others add a bounded number of levels between two of these.
 */
static bool is_level(enum gr_kind kind) { return kind >= GR_NAME || kind == GR_FOR || kind == GR_IF; }

struct gr_node *gr_seq(struct gr_parser *parser, enum gr_kind kind, struct gr_span span,
                       const struct gr_list *list) {
  struct made *made = rt_arena_alloc(parser->arena, sizeof *made);
  if (!made) return no_memory(parser);
  made->node = (struct gr_node){.kind = kind, .span = span, .name_span = span};
  if (list) {
    made->node.count = list->count;
    made->node.child = list->item;
  }
  for (int k = 0; k < made->node.count; k++) {
    const struct made *child = (const struct made *)made->node.child[k];
    if (child && child->height > made->height) made->height = child->height;
  }
  made->height += is_level(kind) && kind != GR_ARG && kind != GR_WITH && kind != GR_SLOT;
  if (made->height > GR_DEPTH) {
    gr_too_deep(parser, span);
    return NULL;
  }
  return &made->node;
}

struct gr_node *gr_node(struct gr_parser *parser, enum gr_kind kind, struct gr_span span, int count, ...) {
  va_list nodes;
  va_start(nodes, count);
  struct gr_list *list = list_of(parser, count, nodes);
  va_end(nodes);
  return list ? gr_seq(parser, kind, span, list) : NULL;
}

struct gr_node *gr_named(struct gr_node *node, const char *text, struct gr_span name_span) {
  if (!node) return NULL;
  node->text = text;
  node->name_span = name_span;
  return node;
}

struct gr_node *gr_leaf(struct gr_parser *parser, enum gr_kind kind, struct gr_span span, const char *text) {
  return gr_named(gr_seq(parser, kind, span, NULL), text, span);
}

struct gr_node *gr_slot(struct gr_parser *parser, struct gr_span span, struct gr_list *names,
                        struct gr_node *value) {
  const struct gr_node *slot = names->item[names->count - 1];
  names->item[names->count - 1] = value;
  return gr_named(gr_seq(parser, GR_SLOT, span, names), slot->text, slot->span);
}

struct gr_node *gr_binary(struct gr_parser *parser, const char *op, struct gr_node *left,
                          struct gr_node *right) {
  struct gr_span span = gr_span_join(left->span, right->span);
  return gr_named(gr_node(parser, GR_BINARY, span, 2, left, right), op, span);
}

struct gr_node *gr_chain(struct gr_parser *parser, struct gr_node *left, const char *op,
                         struct gr_node *right) {
  const struct gr_node *last = strcmp(left->text, "and") == 0 ? left->child[1] : left;
  struct gr_node *comparison = gr_binary(parser, op, last->child[1], right);
  return comparison ? gr_binary(parser, "and", left, comparison) : NULL;
}

struct gr_node *gr_member(struct gr_parser *parser, struct gr_span span, struct gr_node *base,
                          const char *name, struct gr_span name_span) {
  if (strcmp(name, "T") != 0 || (parser->imports && base->kind == GR_NAME))
    return gr_named(gr_node(parser, GR_MEMBER, span, 1, base), name, name_span);
  gr_fail(parser->error, name_span, "a value has no member `T`");
  rt_hint(parser->error, "the transpose of W is written W'");
  return NULL;
}

struct gr_node *gr_number(struct gr_parser *parser, struct gr_span span, const char *text) {
  struct gr_node *node = gr_leaf(parser, GR_NUMBER, span, text);
  if (!node) return NULL;
  size_t length = strlen(text);
  bool percent = text[length - 1] == '%'; /* 10% is 10e-2 */
  const char *wrong = rt_number(text, length - percent, percent ? -2 : 0, &node->number);
  if (!wrong) return node;
  gr_fail(parser->error, span, "this number %s", wrong);
  if (isinf(node->number)) rt_hint(parser->error, "the largest number is about 1.8e308");
  return NULL;
}

struct gr_node *gr_number_type(struct gr_parser *parser, struct gr_span span, const char *word) {
  if (!strcmp(word, "number") || !strcmp(word, "whole")) {
    struct gr_node *shape = gr_seq(parser, GR_SHAPE, span, NULL);
    return shape ? gr_named(gr_node(parser, GR_TYPE, span, 2, shape, (struct gr_node *)NULL), word, span)
                 : NULL;
  }
  gr_fail(parser->error, span, "an extern has no argument or result of the kind `%s`", word);
  rt_hint(parser->error,
          "it is a shape, such as [T, D] or [T] of V, or `number`, or `whole`: a whole number");
  return NULL;
}

struct gr_node *gr_after(struct gr_parser *parser, struct gr_node *node, const char *wanted, const char *word,
                         struct gr_span span) {
  if (!node || !strcmp(word, wanted)) return node;
  gr_fail(parser->error, span, "expected `%s`, found `%s`", wanted, word);
  rt_hint(parser->error, GR_EXTERN_FORM);
  return NULL;
}

struct gr_node *gr_limit(struct gr_parser *parser, struct gr_span span, struct gr_node *left,
                         struct gr_node *right) {
  if (!left || !right) return NULL;
  if (left->kind == GR_NAME) return gr_node(parser, GR_LIMIT, span, 2, left, right);
  if (right->kind == GR_NAME) return gr_node(parser, GR_LIMIT, span, 3, right, (struct gr_node *)NULL, left);
  gr_fail(parser->error, span, "a limit is about an axis, which has a name: `T <= 128`, `1 <= T <= 128`");
  return NULL;
}

/* ---- files ---- */

/* first: a token that the parser is given before those of the text, or 0. */
static int parse_into(struct gr_file *file, struct gr_span text, int first, struct rt_error *error) {
  struct gr_parser *parser = rt_zalloc(1, sizeof *parser);
  if (!parser) return rt_no_memory(error);
  struct rt_error own = {0};
  parser->file = file;
  parser->arena = &file->arena;
  parser->held = first;
  parser->held_span = (struct gr_span){text.source, text.begin, text.begin};
  int status = gr_lexer_begin(parser, text, &own);
  if (status == RT_OK && gr_yyparse(parser) == 2) status = rt_no_memory(&own);
  file->incomplete |= !parser->root;
  if (status == RT_OK && !parser->root) parser->root = gr_seq(parser, GR_FILE, (struct gr_span){0}, NULL);
  if (own.code && !gr_must_stop(parser)) gr_recover(parser, 0);
  file->root = parser->root;
  gr_lexer_end(parser);
  rt_free(parser);
  if (own.code && error) *error = own;
  return own.code;
}

static struct gr_file *read_text(const char *name, const char *text, size_t length, bool is_setting,
                                 struct rt_error *error) {
  struct gr_file *file = rt_zalloc(1, sizeof *file);
  if (!file) {
    rt_no_memory(error);
    return NULL;
  }
  file->source = gr_source_new(name, text, length, error);
  if (file->source) file->source->typed = is_setting;
  if (file->source && parse_into(file, gr_whole(file->source), is_setting ? GR_T_SETTING : 0, error) == RT_OK)
    return file;
  gr_file_free(file);
  return NULL;
}

struct gr_file *gr_read_part(struct gr_span text, struct rt_error *error) {
  struct gr_file *file = rt_zalloc(1, sizeof *file);
  if (!file) {
    rt_no_memory(error);
    return NULL;
  }
  if (parse_into(file, text, 0, error) == RT_OK) return file;
  gr_file_free(file);
  return NULL;
}

struct gr_file *gr_read(const char *name, const char *text, size_t length, struct rt_error *error) {
  return read_text(name, text, length, false, error);
}

struct gr_file *gr_read_setting(const char *name, const char *text, struct rt_error *error) {
  return read_text(name, text, strlen(text), true, error);
}

struct gr_file *gr_parse(const char *name, const char *text, size_t length, struct rt_error *error) {
  struct gr_file *file = gr_read(name, text, length, error);
  if (!file || file->fault_count == 0) return file;
  if (error) *error = *file->fault[0];
  gr_file_free(file);
  return NULL;
}

void gr_file_free(struct gr_file *file) {
  if (!file) return;
  gr_source_free(file->source);
  rt_free(file->fault);
  rt_free(file->lost.name);
  rt_arena_free(&file->arena);
  rt_free(file);
}
