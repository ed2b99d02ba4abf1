/* online.c: learns from a stream of lines, each a topic and a text, and predicts each before it learns from
 * it.
 *
 *     ./online desk < stream.tsv
 *
 * It keeps what it is in desk.aqm, a model for anybody, desk.ckpt, the state of its training, and desk.count.
 * Where they are, it goes on from there: as if it had never stopped. */
#include <aq.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  FIRST = 64, /* lines that say which words and topics there are */
  BATCH = 8,  /* lines of a step */
  TOLD = 48,  /* lines after which a line is written */
  SAVED = 96, /* lines after which all is saved */
  LONGEST = 4096
};

static volatile sig_atomic_t stopped;
static void stop(int signal_number) {
  (void)signal_number;
  stopped = 1;
}

/* The lines of a step, each cut at its tab. */
struct lines {
  char text[FIRST][LONGEST];
  size_t count;
};

static struct learner {
  const char *name; /* "desk" */
  aq_trainer *trainer;
  aq_model *model; /* as it is now */
  aq_session *session;
  aq_rows *rows;
  long seen, right, lately; /* lines, those that were predicted; those since the last line was written */
  double loss;
} all;

/* ---- messages ---- */

static int fail(const aq_message *m) {
  char *text;
  if (aq_message_format(m, AQ_ERROR, false, &text)) return AQ_NO_MEMORY;
  fprintf(stderr, "online: %s", text);
  aq_text_free(text);
  return m->code;
}

static const char *path_of(const char *ending) {
  static char path[LONGEST];
  snprintf(path, sizeof path, "%s%s", all.name, ending);
  return path;
}

/* ---- lines ---- */

static char *text_of(char *line) { return line + strlen(line) + 1; }

static bool is_known(const char *topic) {
  for (size_t k = 0; all.model && k < aq_model_class_count(all.model, 0); k++)
    if (!strcmp(aq_model_class(all.model, 0, k), topic)) return true;
  return !all.model;
}

/* Reads up to `most` lines. One without a tab, or with a topic that the model does not know, is left out. */
static void read_lines(struct lines *lines, size_t most) {
  static long number;
  for (lines->count = 0; lines->count < most && !stopped;) {
    char *line = lines->text[lines->count];
    if (!fgets(line, LONGEST, stdin)) break;
    line[strcspn(line, "\r\n")] = 0;
    number++;
    char *tab = strchr(line, '\t');
    if (tab) *tab = 0;
    if (!tab)
      fprintf(stderr, "line %ld has no tab behind its topic, and is left out\n", number);
    else if (!is_known(line))
      fprintf(stderr, "line %ld is about `%s`, which was not among the first lines, and is left out\n",
              number, line);
    else
      lines->count++;
  }
}

static int fill_rows(const struct lines *lines, size_t begin, size_t end) {
  static const char *const name[] = {"topic", "text"};
  aq_rows_clear(all.rows);
  for (size_t k = begin; k < end; k++) {
    char *line = (char *)lines->text[k];
    const char *const field[] = {line, text_of(line)};
    if (aq_rows_add(all.rows, name, field, NULL, 2)) return fail(aq_rows_message(all.rows));
  }
  return AQ_OK;
}

/* ---- what is kept ---- */

/* The bytes of a file, with a NUL behind them; NULL: it cannot be read. */
static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *bytes = NULL;
  long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
  if (size >= 0 && (bytes = malloc((size_t)size + 1))) {
    rewind(file);
    *length = fread(bytes, 1, (size_t)size, file);
    bytes[*length] = 0;
  }
  if (file) fclose(file);
  return bytes;
}

/* Each file is the old one or the new one, whatever happens; the count says how far the state is. */
static int save(void) {
  const aq_message *message;
  char *bytes, count[64];
  size_t length;
  if (aq_model_save(all.model, path_of(".aqm"))) return fail(aq_model_message(all.model));
  if (aq_trainer_save_memory(all.trainer, &bytes, &length)) return fail(aq_trainer_message(all.trainer));
  int status = aq_save_file(path_of(".ckpt"), bytes, length, &message);
  aq_text_free(bytes);
  snprintf(count, sizeof count, "%ld %ld\n", all.seen, all.right);
  if (!status) status = aq_save_file(path_of(".count"), count, strlen(count), &message);
  return status ? fail(message) : AQ_OK;
}

/* ---- beginning ---- */

/* A trainer without rows: it knows words and topics from the model, and the host brings the rows. */
static int make_trainer(const char *checkpoint, size_t length) {
  aq_train_options options;
  aq_train_options_init(&options);
  options.from = all.model;
  options.checkpoint = checkpoint;
  options.checkpoint_length = length;
  options.threads = 1;
  return aq_trainer_new(NULL, &options, &all.trainer) ? fail(aq_trainer_message(all.trainer)) : AQ_OK;
}

static int go_on(void) {
  size_t length;
  if (aq_model_load(path_of(".aqm"), &all.model)) return fail(aq_model_message(all.model));
  char *state = read_file(path_of(".ckpt"), &length), *count = read_file(path_of(".count"), &(size_t){0});
  int status = AQ_NO_INPUT;
  if (!state || !count || sscanf(count, "%ld %ld", &all.seen, &all.right) != 2)
    fprintf(stderr, "online: %s.aqm is there, but not all that belongs to it\n", all.name);
  else
    status = make_trainer(state, length);
  free(state);
  free(count);
  if (!status) printf("goes on behind line %ld\n", all.seen);
  return status;
}

/* The first lines teach words and topics, and nothing else. */
static int begin(const char *program_path, const struct lines *first) {
  aq_program *program;
  aq_trainer *teacher = NULL;
  aq_train_options options;
  aq_train_options_init(&options);
  options.rows = all.rows;
  options.threads = 1;
  int status = fill_rows(first, 0, first->count);
  if (status) return status;
  if ((status = aq_program_new(program_path, NULL, 0, NULL, &program)))
    fail(aq_program_message(program));
  else if ((status = aq_trainer_new(program, &options, &teacher))
           || (status = aq_trainer_model(teacher, &all.model)))
    fail(aq_trainer_message(teacher));
  aq_trainer_free(teacher);
  aq_program_free(program);
  return status ? status : make_trainer(NULL, 0);
}

/* ---- learning ---- */

static int predict(const char *text, const char **topic) {
  size_t best = 0, classes;
  if (aq_session_predict(all.session, &text, NULL, 1)) return fail(aq_session_message(all.session));
  const double *score = aq_session_scores(all.session, 0, NULL, &classes);
  for (size_t k = 1; k < classes; k++)
    if (score[k] > score[best]) best = k;
  *topic = aq_model_class(all.model, 0, best);
  return AQ_OK;
}

/* The model as it is now, and somebody who predicts with it. */
static int take_model(void) {
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  aq_session_free(all.session);
  aq_model_free(all.model);
  all.session = NULL;
  all.model = NULL;
  if (aq_trainer_model(all.trainer, &all.model)) return fail(aq_trainer_message(all.trainer));
  return aq_session_new(all.model, &options, &all.session) ? fail(aq_session_message(all.session)) : AQ_OK;
}

static void tell(void) {
  printf("line %ld: %.2f of the last %d lines right, %.2f of all, loss %.3f\n", all.seen,
         (double)all.lately / TOLD, TOLD, (double)all.right / (double)all.seen, all.loss);
  fflush(stdout);
  all.lately = 0;
}

static int learn(const struct lines *lines, size_t begin, size_t end) {
  int status = AQ_OK;
  for (size_t k = begin; k < end && !status; k++) {
    const char *topic = "";
    status = predict(text_of((char *)lines->text[k]), &topic);
    const bool right = !strcmp(topic, lines->text[k]);
    all.right += right;
    all.lately += right;
  }
  if (!status) status = fill_rows(lines, begin, end);
  if (!status && (status = aq_trainer_step(all.trainer, all.rows, &all.loss)))
    fail(aq_trainer_message(all.trainer));
  if (!status) status = take_model();
  const long before = all.seen;
  all.seen += (long)(end - begin);
  if (!status && all.seen / TOLD > before / TOLD) tell();
  return !status && all.seen / SAVED > before / SAVED ? save() : status;
}

static int run(const char *program_path) {
  static struct lines lines;
  FILE *there = fopen(path_of(".aqm"), "rb");
  int status = aq_rows_new(&all.rows);
  if (there) {
    fclose(there);
    if (!status) status = go_on();
  } else if (!status) {
    read_lines(&lines, FIRST);
    status = begin(program_path, &lines);
  }
  if (!status) status = take_model();
  do {
    for (size_t k = 0; k < lines.count && !status; k += BATCH)
      status = learn(&lines, k, k + BATCH < lines.count ? k + BATCH : lines.count);
    if (!status) read_lines(&lines, BATCH);
  } while (!status && lines.count);
  return status ? status : save();
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_handler = stop};
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: online NAME [PROGRAM.aq] < LINES\n");
    return AQ_USAGE;
  }
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  all.name = argv[1];
  int status = run(argc > 2 ? argv[2] : "online.aq");
  aq_rows_free(all.rows);
  aq_session_free(all.session);
  aq_model_free(all.model);
  aq_trainer_free(all.trainer);
  return status;
}
