/* this_machine.c: what this machine gives aq, and what aq makes of it. */
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "runtime/blas.h"
#include "runtime/io/json.h"

struct finding {
  char processor[128];
  const char *isa;
  int cores;
  const struct rt_blas_info *blas;
};

/* The processor's name where the system tells it (Linux), else "". */
static void read_processor(char *name, size_t size) {
  char line[256];
  FILE *file = fopen("/proc/cpuinfo", "r");
  name[0] = 0;
  while (file && !name[0] && fgets(line, sizeof line, file)) {
    char *value = strncmp(line, "model name", 10) ? NULL : strchr(line, ':');
    if (!value) continue;
    value += strspn(value, ": \t");
    value[strcspn(value, "\n")] = 0;
    snprintf(name, size, "%s", value);
  }
  if (file) fclose(file);
}

static void add_string(struct rt_text *out, const char *key, const char *value) {
  rt_text_printf(out, "\"%s\":", key);
  io_json_string(out, value, strlen(value));
}

static void write_json(const struct finding *f, struct rt_text *out) {
  rt_text_puts(out, "{");
  add_string(out, "version", aq_version());
  rt_text_puts(out, ",");
  add_string(out, "processor", f->processor);
  rt_text_puts(out, ",");
  add_string(out, "instructions", f->isa);
  rt_text_printf(out, ",\"threads\":%d,\"blas\":{", f->cores);
  add_string(out, "library", f->blas->config);
  rt_text_puts(out, ",");
  add_string(out, "found", f->blas->found);
  rt_text_puts(out, ",");
  add_string(out, "chosen", f->blas->chosen);
  rt_text_puts(out, ",");
  add_string(out, "better", f->blas->best);
  rt_text_puts(out, ",");
  add_string(out, "reason", f->blas->reason);
  rt_text_printf(out, ",\"fits\":%s},\"limits\":{\"axes\":%d,\"axis\":%d}}",
                 f->blas->best[0] ? "false" : "true", RT_MAX_RANK, INT32_MAX);
}

static void write_text(const struct finding *f, struct rt_text *out) {
  rt_text_printf(out, "aq            %s\n", aq_version());
  if (f->processor[0]) rt_text_printf(out, "processor     %s\n", f->processor);
  rt_text_printf(out, "instructions  %s\n", f->isa);
  rt_text_printf(out, "threads       %d\n", f->cores);
  rt_text_printf(out, "BLAS          %s\n", f->blas->config);
  if (f->blas->chosen[0])
    rt_text_printf(out, "BLAS core     %s%s%s\n", f->blas->chosen,
                   strcmp(f->blas->found, f->blas->chosen) ? ", found as " : "",
                   strcmp(f->blas->found, f->blas->chosen) ? f->blas->found : "");
  rt_text_printf(out, "              %s\n", f->blas->reason);
  if (f->blas->best[0])
    rt_text_printf(out, "              OPENBLAS_CORETYPE=%s would be faster\n", f->blas->best);
  rt_text_printf(out, "limits        %d axes of at most %d\n", RT_MAX_RANK, INT32_MAX);
}

int aq_doctor(bool choose_blas_core, bool json, char **text, aq_message *message) {
  if (!text) return AQ_USAGE;
  static _Thread_local struct lib_message kept;
  struct rt_error *error = lib_begin(&kept);
  struct rt_text out = {0};
  struct finding f = {.isa = rt_isa_name(rt_best_isa()), .cores = rt_cores()};
  *text = NULL;
  int status = rt_blas_begin(1, choose_blas_core, error);
  if (!status) {
    f.blas = rt_blas_info();
    read_processor(f.processor, sizeof f.processor);
    (json ? write_json : write_text)(&f, &out);
    status = lib_give_text(&out, text, error);
  }
  if (message) *message = *lib_view(&kept);
  return status;
}
