/* read_program.c: a program from its text: parsed with what it imports, and its names looked up. */
#include "compiler/compile.h"

struct cc_program *cc_program_read(const struct cc_source *source) {
  struct cc_program *program = cc_program_parse(source);
  if (!program) return NULL;
  int status = program->main ? cc_check_names(program) : RT_OK;
  cc_make_choices(program);
  cc_diagnostics_sort(&program->diagnostics);
  if (status == RT_OK && !program->diagnostics.failed) return program;
  cc_program_free(program);
  return NULL;
}

struct cc_program *cc_program_load(const struct cc_source *source, struct rt_error *error) {
  struct cc_program *program = cc_program_read(source);
  const struct rt_error *first = program ? cc_first_error(&program->diagnostics) : NULL;
  if (!program) rt_no_memory(error);
  if (!first) return program;
  if (error) *error = *first;
  cc_program_free(program);
  return NULL;
}
