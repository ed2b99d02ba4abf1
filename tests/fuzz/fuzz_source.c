/* fuzz_source.c: a program of any text: parsed, its names looked up, every shape proven, laid out, and what
 * passes compiled to bytecode, which must be accepted again. */
#include <stdlib.h>
#include <string.h>

#include "libaq/aq.h"
#include "tests/fuzz/fuzz.h"

static void check(const char *text, size_t length) {
  const aq_program_options options = {.size = sizeof options, .no_imports = true};
  aq_program *program;
  aq_model *model = NULL;
  if (!aq_program_new("fuzz.aq", text, length, &options, &program) && !aq_program_check(program)
      && aq_program_has_model(program)) {
    if (!aq_model_compile(program, &model)) {
      char *listing = NULL;
      aq_model_explain(model, 64, true, &listing);
      aq_text_free(listing);
    }
  }
  aq_model_free(model);
  aq_program_free(program);
}

/* What is laid out is laid out: doing it again changes nothing. */
static void lay_out(const char *text, size_t length) {
  char *once = NULL, *twice = NULL;
  const aq_message *message;
  if (!aq_format("fuzz.aq", text, length, &once, &message)) {
    if (!aq_format("fuzz.aq", once, strlen(once), &twice, &message) && strcmp(once, twice)) abort();
  }
  aq_text_free(once);
  aq_text_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_limit_memory(256 << 20, 512 << 20);
  if (size > 1 << 16) return -1;
  check((const char *)data, size);
  lay_out((const char *)data, size);
  return 0;
}
