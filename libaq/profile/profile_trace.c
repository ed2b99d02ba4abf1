/* profile_trace.c: a profile piece by piece, as Chrome's Trace Event Format has it: complete events ("X")
 * with microseconds from the beginning. */
#include <string.h>

#include "libaq/profile/profile.h"
#include "runtime/io/json.h"

/* Rows of the picture. Tasks stand below what asked for them: each thread has a row for its tasks. */
enum { ROW_PARTS, ROW_OPS, ROW_TASKS };

static void begin_event(const struct aq_profile *p, struct rt_text *out, int row, int64_t from, int64_t to) {
  rt_text_printf(out, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":", row,
                 1e-3 * (double)(from - p->began), 1e-3 * (double)(to - from));
}

static void write_string(struct rt_text *out, const char *text) { io_json_string(out, text, strlen(text)); }

static void name_row(struct rt_text *out, int row, const char *name, int number) {
  rt_text_printf(out,
                 "%s\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s",
                 row ? "," : "", row, name);
  if (number >= 0) rt_text_printf(out, " %d", number);
  rt_text_puts(out, "\"}}");
}

static void write_op(const struct aq_profile *p, const struct vm_op_span *span, struct rt_text *out) {
  const struct profile_op *op = &p->op[span->instr];
  begin_event(p, out, ROW_OPS, span->from, span->to);
  write_string(out, op->op);
  rt_text_puts(out, ",\"args\":{\"value\":");
  write_string(out, op->value);
  rt_text_puts(out, ",\"file\":");
  write_string(out, op->file);
  rt_text_printf(out, ",\"line\":%u}}", (unsigned)op->line);
}

static void write_tasks(const struct aq_profile *p, struct rt_text *out) {
  const struct rt_pool_watch *watch = &p->vm.watch;
  int64_t count = atomic_load(&watch->span_count);
  if (count > watch->span_room) count = watch->span_room;
  for (int64_t k = 0; k < count; k++) {
    begin_event(p, out, ROW_TASKS + watch->span[k].worker, watch->span[k].from, watch->span[k].to);
    rt_text_puts(out, "\"task\"}");
  }
}

int aq_profile_trace(aq_profile *profile, char **json) {
  if (json) *json = NULL;
  if (!profile || !json) return AQ_USAGE;
  struct rt_error *error = lib_begin(&profile->message);
  struct rt_text out = {0};
  if (!profile->span_room) {
    rt_fail(error, RT_USAGE, "the profile was made to keep no single pieces of work");
    rt_hint(error, "aq_profile_new takes how many it keeps");
    return RT_USAGE;
  }
  rt_text_puts(&out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
  name_row(&out, ROW_PARTS, "parts", -1);
  name_row(&out, ROW_OPS, "ops", -1);
  for (int k = 0; k < profile->threads; k++) name_row(&out, ROW_TASKS + k, "tasks of thread", k);
  for (int64_t k = 0; k < profile->span_count; k++) {
    begin_event(profile, &out, ROW_PARTS, profile->span[k].from, profile->span[k].to);
    write_string(&out, profile_part_words(profile->span[k].part));
    rt_text_puts(&out, "}");
  }
  for (int64_t k = 0; k < profile->vm.span_count; k++) write_op(profile, &profile->vm.span[k], &out);
  write_tasks(profile, &out);
  rt_text_puts(&out, "\n]}\n");
  return lib_give_text(&out, json, error);
}
