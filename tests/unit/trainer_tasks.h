/* trainer_tasks.h: small trainings of every kind, and what the tests of the trainer do with them. */
#ifndef AQ_TESTS_TRAINER_TASKS_H
#define AQ_TESTS_TRAINER_TASKS_H

#include "tests/unit/libaq_files.h"

#include <math.h>
#include <time.h>

/* A program with its training data, and validation data in the same form. */
struct task {
  const char *name, *program, *train_name, *train, *valid_name, *valid;
};

#define READER_ROWS                                                                                          \
  "text\tlabel\ngood film\tpositive\nbad film\tnegative\na good play\tpositive\na bad play\tnegative\n"      \
  "\tnegative\nbad and dull\tnegative\nfine\tpositive\ndull\tnegative\nfine fine good\tpositive\nthe "       \
  "film\tnegative\n"                                                                                         \
  "good and fine and good and fine and good and fine and good and fine and good\tpositive\n"
#define PLAIN_TEXT                                                                                           \
  "the cat sat on the mat. the dog sat on the log. the cat saw the dog and the dog saw the cat on the "      \
  "mat.\n"

static const struct task tasks[] = {
    /* Dropout, a declining schedule, clipping, and a table whose rows catch up, and so does their average. */
    {"class",
     "dim D = 8\ndata { text: words[T <= 12], label: class[C] }\n"
     "model m(text) -> label {\n  x = dropout(embed(text, D), 0.3)\n  z = self_attention(layernorm(x))\n"
     "  return linear(mean(tanh(z), T), C)\n}\nloss cross_entropy\n"
     "train { optimizer = adamw(lr = 2e-2), schedule = cosine(warmup = 30%), clip = 1.0, average = 0.9, "
     "batch "
     "= 4, epochs = 3 }\n",
     "class.tsv", READER_ROWS, "class-valid.tsv",
     "text\tlabel\ngood play\tpositive\nbad\tnegative\nunheard words\tnegative\n\tpositive\n"},
    /* The table is read by ids and as a whole. */
    {"tied",
     "dim D = 6\ndata { text: words[T, V] }\n"
     "model m(text) -> next(text) {\n  E = param[V, D] = normal(0.3)\n  x = E[text]\n  y = "
     "dropout(tanh(linear(x, D)), 0.2) + mean(E, V)\n  return linear(y, V)\n}\n"
     "loss cross_entropy\ntrain { optimizer = sgd(lr = 0.5, momentum = 0.9, weight_decay = 0.1), schedule = "
     "linear, average = 0.5, batch = 2, epochs = 3 }\n",
     "tied.tsv",
     "text\none two three\nthree two one\n\none one\ntwo three one two three one two three one two three "
     "one\nthree\n",
     "tied-valid.tsv", "text\none two\ntwo one\n"},
    {"chars",
     "dim D = 8\ndata { text: chars[T <= 10, V] }\n"
     "model m(text) -> next(text) {\n  x = position(embed(text, D), 16)\n  z = self_attention(x) with { mask "
     "= j <= i }\n  return linear(z, V)\n}\n"
     "train { optimizer = adamw(lr = 2e-2), batch = 4, epochs = 3 }\n",
     "chars.txt", PLAIN_TEXT, "chars-valid.txt", "the dog sat on the cat.\n"},
    {"tags",
     "dim D = 8\ndata { text: words[T <= 6], tags: tags[T, C] }\n"
     "model m(text) -> tags { return linear(self_attention(embed(text, D)), C) }\n"
     "train { optimizer = adamw(lr = 2e-2), batch = 3, epochs = 3 }\n",
     "tags.tsv", "text\ttags\na b c\tX Y Z\nb\tY\n\t\nc c c c c c c c\tZ Z Z Z Z Z Z Z\na a\tX X\n",
     "tags-valid.tsv", "text\ttags\nc b a\tZ Y X\n"},
    {"numbers",
     "dim D = 4\ndata { at: vector[N], wish: vector[M], price: number, kind: class[C] }\n"
     "model m(at) -> wish, price, kind {\n  unused = param[D, D] = normal\n  h = tanh(linear(at, D))\n  "
     "return linear(h, M), sum(linear(h, 1)), linear(h, C)\n}\n"
     "loss squared_error(wish) + 0.5 * absolute_error(price) + cross_entropy(kind)\ntrain { optimizer = "
     "adamw(lr = 2e-2), batch = 100, epochs = 3 }\n",
     "numbers.csv", "at,wish,price,kind\n1 2,0.5 1 2,3,x\n2 1,1 0 0,4.5,y\n-1 0.5,0 0 1,-2,x\n",
     "numbers-valid.csv", "at,wish,price,kind\n1 1,0 1 0,2,y\n"},
    {"chance",
     "data { q: vector[N], yes: number }\nmodel m(q) -> yes { return sum(q * param[N]) }\n"
     "loss binary_cross_entropy\ntrain { optimizer = adamw(lr = 0.1), batch = 2, epochs = 3 }\n",
     "chance.tsv", "q\tyes\n1 0\t1\n0 1\t0\n1 1\t1\n0 0\t0\n0 2\t0\n", "chance-valid.tsv",
     "q\tyes\n2 0\t1\n0 3\t0\n"},
};
enum { TASKS = sizeof tasks / sizeof *tasks };

/* Options keep their paths for longer than path_of does. */
static const char *kept(const char *path) {
  static char paths[64][400];
  int k = 0;
  while (paths[k][0] && strcmp(paths[k], path)) k++;
  assert_true(k < 63);
  return strcpy(paths[k], path);
}

static const char *file_of(const char *name) { return kept(path_of(name)); }
static const char *data_of(const char *name, const char *text) { return kept(write_text(name, text)); }

static aq_train_options options_of(const struct task *task, const char *save) {
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = data_of(task->train_name, task->train);
  options.valid = data_of(task->valid_name, task->valid);
  options.save = save ? file_of(save) : NULL;
  options.threads = 1;
  return options;
}

/* Trains; the facts, and the message when it fails. Returns the status. */
static struct {
  aq_train_facts facts;
  char file[256], text[1024], hint[512];
  int line;
} result;

static int train(const char *program_text, const aq_train_options *options) {
  aq_program *program = program_of(program_text);
  aq_trainer *trainer;
  int status = aq_trainer_new(program, options, &trainer);
  aq_program_free(program); /* the trainer needs it no more */
  if (!status) status = aq_trainer_run(trainer);
  const aq_message *message = aq_trainer_message(trainer);
  assert_int_equal(message->code, status);
  snprintf(result.file, sizeof result.file, "%s", message->file);
  snprintf(result.text, sizeof result.text, "%s", message->text);
  snprintf(result.hint, sizeof result.hint, "%s", message->hint);
  result.line = message->line;
  result.facts = *aq_trainer_facts(trainer);
  aq_trainer_free(trainer);
  return status;
}

static inline void train_well(const char *program_text, const aq_train_options *options) {
  if (train(program_text, options)) fail_msg("%s:%d: %s", result.file, result.line, result.text);
}

static inline void refused(int status, const char *text, const char *program_text,
                           const aq_train_options *options) {
  int found = train(program_text, options);
  if (found != status || !strstr(result.text, text))
    fail_msg("%d \"%s\" instead of %d \"%s\"", found, result.text, status, text);
}

static inline void assert_same_file(const char *task, const char *a, const char *b, bool same) {
  FILE *first = fopen(file_of(a), "rb"), *second = fopen(file_of(b), "rb");
  assert_non_null(first);
  assert_non_null(second);
  int x, y;
  do {
    x = getc(first);
    y = getc(second);
  } while (x == y && x != EOF);
  if ((x == y) != same) fail_msg("%s: %s and %s %s", task, a, b, same ? "differ" : "are the same");
  fclose(first);
  fclose(second);
}

/* text NULL: the program of the model that the options begin with. */
static inline aq_trainer *trainer_of(const char *text, const aq_train_options *options) {
  aq_program *program = text ? program_of(text) : NULL;
  aq_trainer *trainer;
  if (aq_trainer_new(program, options, &trainer))
    fail_msg("%s:%d: %s", aq_trainer_message(trainer)->file, aq_trainer_message(trainer)->line,
             aq_trainer_message(trainer)->text);
  aq_program_free(program);
  return trainer;
}

#endif
