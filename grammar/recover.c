/* recover.c: what follows a syntax error, and the stack that a deep program needs. See parse.h. */
#include <string.h>

#include "grammar/parse.h"
#include "grammar/parser.h"

bool gr_must_stop(const struct gr_parser *parser) { return parser->error->code == RT_NO_MEMORY; }

int gr_too_deep(struct gr_parser *parser, struct gr_span span) {
  span.end = span.begin + 1;
  gr_fail(parser->error, span, "the program is nested more than %d levels deep here", GR_DEPTH);
  rt_hint(parser->error,
          "give parts of it names, each on a line of its own; of a + b + ... every operator is a level");
  return RT_BAD_DATA;
}

bool gr_begins_item(int token) { return token >= GR_T_IMPORT && token <= GR_T_EXTERN && token != GR_T_AS; }

int gr_note_name(struct gr_parser *parser, struct gr_names *names, const char *name) {
  if (rt_grow((void **)&names->name, &names->capacity, names->count + 1, sizeof *names->name))
    return rt_no_memory(parser->error);
  names->name[names->count++] = name;
  return RT_OK;
}

/* Only a word in the first column begins an item: what is indented stands within something. */
bool gr_resumes_at(const struct gr_parser *parser, struct gr_token token) {
  uint32_t begin = token.span.begin;
  return gr_begins_item(token.kind) && (begin == 0 || parser->source->text[begin - 1] == '\n');
}

static bool keep_error(struct gr_parser *parser) {
  struct gr_file *file = parser->file;
  struct rt_error *kept = rt_arena_alloc(parser->arena, sizeof *kept);
  if (!kept
      || rt_grow((void **)&file->fault, &file->fault_capacity, file->fault_count + 1, sizeof *file->fault)) {
    rt_error_clear(parser->error);
    rt_no_memory(parser->error);
    return false;
  }
  *kept = *parser->error;
  file->fault[file->fault_count++] = kept;
  rt_error_clear(parser->error);
  return file->fault_count < GR_FAULTS;
}

/* When the token that did not fit begins the next item, the error belongs to the item before it. */
bool gr_recover(struct gr_parser *parser, int lookahead) {
  if (gr_must_stop(parser) || !keep_error(parser)) return false;
  bool at_next = parser->last.kind == lookahead && gr_resumes_at(parser, parser->last);
  struct gr_item *item = at_next ? &parser->item_before : &parser->item;
  for (size_t k = 0; k < item->names.count; k++)
    if (gr_note_name(parser, &parser->file->lost, item->names.name[k])) return false;
  parser->file->incomplete |= item->is_import;
  item->names.count = 0;
  parser->skipping = true;
  if (at_next) parser->held = lookahead;
  return true;
}

/* ---- the parser's stack ---- */

size_t gr_larger_stack(struct gr_parser *parser, size_t depth) {
  if (depth >= GR_STACK) gr_too_deep(parser, parser->last.span);
  return depth >= GR_STACK ? 0 : 2 * depth;
}

void *gr_move_stack(struct gr_parser *parser, void *stack, size_t used, size_t bytes) {
  void *larger = bytes ? rt_arena_alloc(parser->arena, bytes) : stack;
  if (!larger) rt_no_memory(parser->error);
  return larger && larger != stack ? memcpy(larger, stack, used) : stack;
}
