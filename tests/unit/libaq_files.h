/* libaq_files.h: what the tests of <aq.h> share: programs, data and a small trained model. */
#ifndef AQ_TESTS_LIBAQ_FILES_H
#define AQ_TESTS_LIBAQ_FILES_H

#include <aq.h>

#include "tests/unit/io_files.h"

static const char reader_program[] = "dim D = 8\n"
                                     "data { text: words[T <= 12], label: class[C] }\n"
                                     "head read(x: [T, D]) -> [T, D] {\n"
                                     "  query = linear(x, D)\n  key = linear(x, D)\n  value = linear(x, D)\n"
                                     "  score = s / sqrt(D)\n  mask = abs(i - j) <= 1\n"
                                     "}\n"
                                     "model sentiment(text) -> label {\n"
                                     "  x = embed(text, D)\n"
                                     "  near = read(x)\n"
                                     "  far = read(x) with { mask = abs(i - j) <= 99 }\n"
                                     "  return linear(mean(tanh(mix(near, far)), T), C)\n"
                                     "}\n"
                                     "loss cross_entropy\n"
                                     "train { optimizer = adamw(lr = 3e-2), batch = 4, epochs = 30 }\n";

static const char reader_data[] =
    "text\tlabel\n"
    "good film\tpositive\nbad film\tnegative\na good play\tpositive\na bad play\tnegative\n"
    "good and fine\tpositive\nbad and dull\tnegative\nfine\tpositive\ndull\tnegative\n";

static inline aq_program *program_of(const char *text) {
  aq_program *program;
  if (aq_program_new("test.aq", text, strlen(text), NULL, &program))
    fail_msg("%s\n%s", aq_program_message(program)->text, aq_program_message(program)->excerpt);
  return program;
}

static inline aq_model *trained(const char *text, const char *data_path) {
  aq_program *program = program_of(text);
  aq_train_options options;
  aq_trainer *trainer;
  aq_model *model = NULL;
  aq_train_options_init(&options);
  options.train = data_path;
  options.threads = 1;
  if (aq_trainer_new(program, &options, &trainer) || aq_trainer_run(trainer)
      || aq_trainer_model(trainer, &model))
    fail_msg("%s: %s", aq_trainer_message(trainer)->file, aq_trainer_message(trainer)->text);
  aq_trainer_free(trainer);
  aq_program_free(program);
  return model;
}

static inline aq_model *trained_reader(void) {
  return trained(reader_program, write_text("reader.tsv", reader_data));
}

/* Three heads of the width of bench/seed.aq: large enough for what is done with large matrices alone. */
static inline aq_model *trained_wide_reader(void) {
  static const char program[] =
      "dim D = 64\n"
      "data { text: words[T <= 128], label: class[C] }\n"
      "head read(x: [T, D], act) -> [T, D] {\n"
      "  query = project(act(linear(x, D)), D)\n  key = project(x, D)\n  value = project(x, D)\n"
      "  score = s / sqrt(D)\n"
      "}\n"
      "model seed(text) -> label {\n"
      "  x = embed(text, D)\n"
      "  return linear(mean(mix(read(x, relu), read(x, tanh), read(x, tanh)), T), C)\n"
      "}\n"
      "loss cross_entropy\n"
      "train { optimizer = adamw(lr = 1e-3), epochs = 1 }\n";
  return trained(program, write_text("reader.tsv", reader_data));
}

/* The small model that all tests of a file ask. */
static aq_model *reader;

static inline int make_reader(void **state) {
  if (make_directory(state)) return -1;
  reader = trained_reader();
  return 0;
}

static inline int drop_reader(void **state) {
  aq_model_free(reader);
  return remove_directory(state);
}

static inline aq_session *session_of(aq_model *model, const aq_eval_options *options) {
  aq_session *session;
  if (aq_session_new(model, options, &session)) fail_msg("%s", aq_session_message(session)->text);
  return session;
}

/* Checks code, place and a part of the text of a message. */
static inline void assert_message(const aq_message *message, int code, int line, const char *text) {
  if (message->code != code || message->line != line || !strstr(message->text, text))
    fail_msg("%d at %s:%d: \"%s\" instead of %d at %d: \"%s\"", message->code, message->file, message->line,
             message->text, code, line, text);
}

/* A host that reads from a text and collects what is written. */
struct host {
  const char *input;
  size_t at, piece; /* bytes handed out at once; 0: all */
  char output[8192];
  size_t length;
  int refuse; /* what write returns */
};

static inline ptrdiff_t host_read(void *context, char *buffer, size_t size) {
  struct host *host = context;
  size_t left = strlen(host->input) - host->at, n = host->piece && host->piece < left ? host->piece : left;
  if (n > size) n = size;
  memcpy(buffer, host->input + host->at, n);
  host->at += n;
  return (ptrdiff_t)n;
}

static inline int host_write(void *context, const char *text, size_t length) {
  struct host *host = context;
  assert_true(host->length + length < sizeof host->output);
  memcpy(host->output + host->length, text, length);
  host->length += length;
  host->output[host->length] = 0;
  return host->refuse;
}

#endif
