/* validate.c: learns from a stream of lines, each a topic and a text, and keeps the best that it has been.
 *
 *     ./validate best.aqm < stream.tsv
 *
 * One line of eight is held back. After each 48 lines, what it has become and the best that it has been are
 * measured on all lines that were held back so far. Where it was better before, twice running, it learns half
 * as fast. */
#include <aq.h>
#include <stdio.h>
#include <string.h>

enum { FIRST = 24, BATCH = 8, MEASURED = 48, LONGEST = 4096 };

static const char program_text[] =
    "dim D = 16\n"
    "data { text: words[T <= 32, V], topic: class[C] }\n"
    "model topics(text) -> topic { return linear(mean(embed(text, D), T), C) }\n"
    "train { optimizer = adamw(lr = 0.02), epochs = 1, batch = 8, seed = 1 }\n";

static struct learner {
  aq_program *program;
  aq_trainer *trainer;
  aq_rows *rows, *held; /* of a step, and those that were held back */
  aq_model *best;
  double rate;
  int worse; /* measures since the best one */
} all = {.rate = 0.02};

static int fail(const aq_message *m) {
  char *text;
  if (aq_message_format(m, AQ_ERROR, false, &text)) return AQ_NO_MEMORY;
  fprintf(stderr, "validate: %s", text);
  aq_text_free(text);
  return m->code;
}

/* ---- lines ---- */

static int add(aq_rows *rows, char *line) {
  static const char *const name[] = {"topic", "text"};
  line[strcspn(line, "\r\n")] = 0;
  char *tab = strchr(line, '\t');
  if (!tab) return AQ_OK; /* no row */
  *tab = 0;
  const char *const field[] = {line, tab + 1};
  return aq_rows_add(rows, name, field, NULL, 2) ? fail(aq_rows_message(rows)) : AQ_OK;
}

/* Reads the next lines. *count: how many there were. */
static int read_lines(int most, int *count) {
  static long number;
  char line[LONGEST];
  int status = AQ_OK;
  aq_rows_clear(all.rows);
  for (*count = 0; *count < most && status == AQ_OK && fgets(line, sizeof line, stdin); ++*count)
    status = add(number++ % 8 ? all.rows : all.held, line);
  return status;
}

/* ---- what it is ---- */

/* How many of the lines that were held back a model knows. */
static int accuracy_of(aq_model *model, double *accuracy) {
  aq_report *report;
  int status = aq_report_of_rows(model, all.held, NULL, &report);
  if (!status) status = aq_report_metric(report, "accuracy", accuracy);
  if (status) fail(aq_report_message(report));
  aq_report_free(report);
  return status;
}

/* The best one so far is measured again, since there are more lines now. The better one is kept. */
static int judge(aq_model **model, long lines) {
  double now, best = 0;
  int status = accuracy_of(*model, &now);
  if (!status && all.best) status = accuracy_of(all.best, &best);
  if (status) return status;
  printf("line %ld: %.3f of %zu\n", lines, now, aq_rows_count(all.held));
  if (!all.best || now >= best) {
    aq_model_free(all.best);
    all.best = *model;
    *model = NULL;
    all.worse = 0;
    return AQ_OK;
  }
  if (++all.worse % 2) return AQ_OK;
  all.rate /= 2;
  printf("line %ld: the learning rate is %g\n", lines, all.rate);
  return aq_trainer_set_learning_rate(all.trainer, all.rate) ? fail(aq_trainer_message(all.trainer)) : AQ_OK;
}

static int measure(long lines) {
  aq_model *model;
  int status = aq_trainer_model(all.trainer, &model) ? fail(aq_trainer_message(all.trainer)) : AQ_OK;
  if (!status) status = judge(&model, lines);
  aq_model_free(model);
  return status;
}

/* ---- learning ---- */

/* The first lines say which words and topics there are; a short training on them is where it begins. */
static int begin(void) {
  aq_train_options options;
  int count, status = read_lines(FIRST, &count);
  if (status) return status;
  aq_train_options_init(&options);
  options.rows = all.rows;
  status = aq_program_new("topics.aq", program_text, strlen(program_text), NULL, &all.program);
  if (status) return fail(aq_program_message(all.program));
  status = aq_trainer_new(all.program, &options, &all.trainer);
  if (!status) status = aq_trainer_run(all.trainer);
  if (!status) status = aq_trainer_set_learning_rate(all.trainer, all.rate);
  return status ? fail(aq_trainer_message(all.trainer)) : measure(count);
}

static int learn(void) {
  long lines = FIRST;
  int count = BATCH, status = begin();
  while (!status && count == BATCH) {
    status = read_lines(BATCH, &count);
    lines += count;
    if (!status && aq_rows_count(all.rows) && aq_trainer_step(all.trainer, all.rows, NULL))
      status = fail(aq_trainer_message(all.trainer));
    if (!status && lines % MEASURED < BATCH && count == BATCH) status = measure(lines);
  }
  return status;
}

int main(int argc, char **argv) {
  double best = 0;
  if (argc != 2) {
    fprintf(stderr, "usage: validate BEST.aqm < LINES\n");
    return AQ_USAGE;
  }
  int status = aq_rows_new(&all.rows);
  if (!status) status = aq_rows_new(&all.held);
  if (!status) status = learn();
  if (!status) status = accuracy_of(all.best, &best);
  if (!status) printf("best: %.3f\n", best);
  if (!status && aq_model_save(all.best, argv[1])) status = fail(aq_model_message(all.best));
  aq_model_free(all.best);
  aq_trainer_free(all.trainer);
  aq_program_free(all.program);
  aq_rows_free(all.held);
  aq_rows_free(all.rows);
  return status;
}
