/* start.c: a look at a table, and a program to begin with. */
#include <string.h>

#include "grammar/ast.h"
#include "libaq/start/start.h"

/* The program in the standard layout, so that whoever writes a template need not count spaces. */
static int lay_out(const struct start *s, struct rt_text *program, struct rt_error *error) {
  struct rt_text raw = {0};
  s->template->write(s, &raw);
  int status = raw.failed ? rt_no_memory(error) : gr_format("model.aq", raw.data, raw.length, program, error);
  rt_text_free(&raw);
  return status;
}

static int begin(struct start *s, const aq_start_options *o, struct rt_text *program, struct rt_text *seen,
                 struct rt_error *error) {
  int status = io_look_at(s->path, lib_header(o->header), &s->look, error);
  if (status == RT_OK) status = start_columns(s, error);
  if (status == RT_OK) status = start_choose(s, o->target, o->as, error);
  if (status != RT_OK) return status;
  start_seen(s, seen);
  return lay_out(s, program, error);
}

static _Thread_local aq_start_facts last; /* of size 0: there is none */

int aq_start(const char *table, const aq_start_options *options, char **program, char **seen,
             const aq_message **message) {
  struct lib_message *kept = lib_thread_message();
  struct rt_error *error = lib_begin(kept);
  struct start s = {.path = table};
  struct rt_text text = {0}, said = {0};
  aq_start_options o;
  if (program) *program = NULL;
  if (seen) *seen = NULL;
  last = (aq_start_facts){0};
  int status = table && program && seen
                   ? lib_take_options(LIB_START_OPTIONS, options, &o, error)
                   : rt_fail(error, RT_USAGE, "there is no table, or no place for a result");
  if (status == RT_OK) status = begin(&s, &o, &text, &said, error);
  if (status == RT_OK) status = lib_give_text(&text, program, error);
  if (status == RT_OK) status = lib_give_text(&said, seen, error);
  if (status == RT_OK) last = (aq_start_facts){sizeof last, s.template->name, start_skips(&s)};
  if (status != RT_OK) {
    rt_text_free(&text);
    rt_text_free(&said);
    if (program) *program = NULL;
  }
  rt_free(s.column);
  rt_arena_free(&s.arena);
  io_look_free(&s.look);
  if (message) *message = lib_view(kept);
  return status;
}

const aq_start_facts *aq_start_last(void) { return last.size ? &last : NULL; }
