/* test_host_stack.c: a thread with 64 KiB of stack can do all that a host does; what is nested too deep for
 * it is an error and no crash. */
#include "tests/unit/libaq_files.h"

#include <pthread.h>

#include "tests/unit/sanitized.h"

#if SANITIZED || !defined __OPTIMIZE__
enum { STACK = 1024 * 1024 }; /* frames are several times as large there */
#else
enum { STACK = 64 * 1024 };
#endif

static void in_little_stack(void *(*work)(void *), void *context) {
  pthread_attr_t attributes;
  pthread_t thread;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attributes, work, context), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
}

/* ---- a host's day ---- */

static int drop_line(void *context, const char *text, size_t length) {
  (void)text;
  *(size_t *)context += length;
  return 0;
}

struct day {
  const char *program, *data; /* name of a file */
  bool writes;                /* texts */
  const char *failed;         /* what did not work; NULL: all did */
  char message[1024];
};

/* The message is asked for after the call. */
#define WENT(day, call, what, message) (status = (call), went(day, status, what, message))
static bool went(struct day *day, int status, const char *what, const aq_message *message) {
  if (status == AQ_OK) return true;
  day->failed = what;
  snprintf(day->message, sizeof day->message, "%s (%s)", message ? message->text : "", what);
  return false;
}

static bool train(struct day *day, char **bytes, size_t *length) {
  int status;
  aq_program *program;
  aq_train_options options;
  aq_trainer *trainer = NULL;
  aq_model *model = NULL;
  char *table = NULL;
  bool fine = WENT(day, aq_program_new("day.aq", day->program, strlen(day->program), NULL, &program), "parse",
                   aq_program_message(program));
  fine = fine && WENT(day, aq_program_check(program), "check", aq_program_message(program));
  fine = fine
         && WENT(day, aq_program_gradcheck(program, 1, 1e-3, NULL, &table), "gradcheck",
                 aq_program_message(program));
  aq_text_free(table);
  aq_train_options_init(&options);
  options.train = options.valid = path_of(day->data);
  options.epochs = 2;
  fine = fine && WENT(day, aq_trainer_new(program, &options, &trainer), "train", aq_trainer_message(trainer));
  fine = fine && WENT(day, aq_trainer_run(trainer), "run", aq_trainer_message(trainer));
  fine = fine && WENT(day, aq_trainer_model(trainer, &model), "model", aq_trainer_message(trainer));
  fine = fine && WENT(day, aq_model_save_memory(model, bytes, length), "save", aq_model_message(model));
  aq_model_free(model);
  aq_trainer_free(trainer);
  aq_program_free(program);
  return fine;
}

static bool report(struct day *day, aq_model *model) {
  int status;
  aq_eval_options options;
  aq_report *made;
  aq_shown *shown = NULL;
  char *page = NULL;
  aq_eval_options_init(&options);
  options.errors = 3;
  options.calibration = options.attention = !day->writes;
  bool fine =
      WENT(day, aq_report_new(model, path_of(day->data), &options, &made), "report", aq_report_message(made));
  fine = fine && aq_report_text(made) && aq_report_json(made);
  fine = fine && WENT(day, aq_report_shown(made, &shown), "shown", NULL);
  fine = fine && WENT(day, aq_shown_write(shown, AQ_HTML, &page), "page", NULL);
  aq_text_free(page);
  aq_shown_free(shown);
  aq_report_free(made);
  return fine;
}

static bool answer(struct day *day, aq_session *session) {
  int status;
  aq_predict_options predict;
  aq_generate_options generate;
  size_t written = 0;
  aq_predict_options_init(&predict);
  aq_generate_options_init(&generate);
  predict.path = generate.path = path_of(day->data);
  predict.write = generate.write = drop_line;
  predict.context = generate.context = &written;
  predict.json = generate.json = true;
  generate.length = 4;
  return day->writes ? WENT(day, aq_session_generate_stream(session, &generate), "generate",
                            aq_session_message(session))
                     : WENT(day, aq_session_predict_stream(session, &predict), "predict",
                            aq_session_message(session));
}

static int count_hits(void *context, size_t query, const size_t *row, const double *score, size_t count) {
  (void)query, (void)row, (void)score;
  *(size_t *)context += count;
  return 0;
}

/* Vectors, the nearest of them, and where the heads look. */
static bool look(struct day *day, aq_session *session) {
  int status;
  aq_embed_options embed;
  aq_search_options search;
  aq_vectors *vectors = NULL;
  size_t found = 0;
  const char *text = "good film";
  aq_embed_options_init(&embed);
  aq_search_options_init(&search);
  embed.name = "v";
  embed.path = path_of(day->data);
  search.found = count_hits;
  search.context = &found;
  bool fine = WENT(day, aq_session_embed(session, &embed, &vectors), "embed", aq_session_message(session));
  fine =
      fine && WENT(day, aq_vectors_search(vectors, vectors, &search), "search", aq_vectors_message(vectors));
  fine = fine && WENT(day, aq_session_attend(session, &text, NULL, 1), "attend", aq_session_message(session));
  aq_vectors_free(vectors);
  return fine;
}

static void *live(void *given) {
  struct day *day = given;
  int status;
  char *bytes = NULL, *text = NULL;
  size_t length = 0;
  aq_model *model = NULL;
  aq_session *session = NULL;
  bool fine = train(day, &bytes, &length);
  fine =
      fine && WENT(day, aq_model_load_memory("day", bytes, length, &model), "load", aq_model_message(model));
  fine = fine && WENT(day, aq_session_new(model, NULL, &session), "session", aq_session_message(session));
  fine = fine && answer(day, session) && report(day, model) && (day->writes || look(day, session));
  fine = fine && WENT(day, aq_model_explain(model, 20, AQ_HTML, &text), "explain", aq_model_message(model));
  aq_session_free(session);
  aq_model_free(model);
  aq_text_free(text);
  aq_text_free(bytes);
  return NULL;
}

static void spend_day(const char *program, const char *data, bool writes) {
  struct day day = {.program = program, .data = data, .writes = writes};
  in_little_stack(live, &day);
  if (day.failed) fail_msg("%s: %s", day.failed, day.message);
}

/* Wide enough for all kernels of attention. */
static void test_classes(void **state) {
  (void)state;
  spend_day("dim D = 64\n"
            "data { text: words[T <= 12], label: class[C] }\n"
            "model sentiment(text) -> label {\n"
            "  x = embed(text, D)\n"
            "  v = mean(tanh(mix(self_attention(x), self_attention(x))), T)\n"
            "  return linear(v, C)\n"
            "}\n"
            "train { optimizer = adamw(lr = 3e-2), batch = 4, epochs = 30 }\n",
            "reader.tsv", false);
}

/* A program for a table, and one in the canonical layout. */
static void *begin(void *given) {
  struct day *day = given;
  int status;
  const aq_message *message;
  char *program = NULL, *seen = NULL, *laid_out = NULL, *about = NULL;
  bool fine = WENT(day, aq_start(path_of(day->data), NULL, &program, &seen, &message), "start", message);
  fine =
      fine && WENT(day, aq_format("m.aq", program, strlen(program), &laid_out, &message), "format", message);
  fine = fine && WENT(day, aq_describe("softmax", &about, &message), "describe", message);
  aq_text_free(about);
  aq_text_free(laid_out);
  aq_text_free(program);
  aq_text_free(seen);
  return NULL;
}

static void test_beginning(void **state) {
  (void)state;
  struct day day = {.data = "reader.tsv"};
  in_little_stack(begin, &day);
  if (day.failed) fail_msg("%s: %s", day.failed, day.message);
}

/* Heads over heads, scans, several outputs, a loss of its own. */
static void test_many_parts(void **state) {
  (void)state;
  write_text("parts.tsv", "text\ttags\tstars\n"
                          "good film\tA B\t4\na bad play\tA B B\t1.5\nfine\tA\t3\ndull and long\tB A B\t2\n");
  spend_day("dim D = 8, H = 2\n"
            "data { text: words[T <= 20], tags: tags[T, C], stars: number }\n"
            "head[H] wide(x: [T, D]) -> [T, D/H] {\n"
            "  query = linear(x, D/H)\n"
            "  key = linear(x, D/H)\n"
            "  value = linear(x, D/H)\n"
            "  score = s / sqrt(D/H) - abs(i - j) / 10\n"
            "  mask = j <= i + 3\n"
            "  norm = entmax(1.5)\n"
            "}\n"
            "model m(text) -> tags, stars {\n"
            "  x = embed(text, D)\n"
            "  x = rmsnorm(x + linear(reshape(wide(x), [T, D]), D))\n"
            "  h = gru(x, D)\n"
            "  v = mean(h, T)\n"
            "  return linear(h, C), linear(v, 1)[0]\n"
            "}\n"
            "loss cross_entropy(tags) + 0.1 * squared_error(stars)\n"
            "train { optimizer = adamw(lr = 1e-2), batch = 2, epochs = 2 }\n",
            "parts.tsv", false);
}

static void test_writing(void **state) {
  (void)state;
  write_text("pairs.tsv", "question\tanswer\nhow are you\tfine thanks\nwho is it\tit is me\nwhy not\twell\n");
  spend_day("dim D = 8\n"
            "data { question: words[S <= 12, Q], answer: words[T <= 12, V] }\n"
            "head look(x: [T, D], y: [S, D]) -> [T, D] {\n"
            "  query = linear(x, D)\n  key = linear(y, D)\n  value = linear(y, D)\n  score = s / sqrt(D)\n"
            "}\n"
            "model m(question, answer) -> next(answer) {\n"
            "  y = self_attention(embed(question, D))\n"
            "  x = embed(answer, D)\n"
            "  x = x + self_attention(x) with { mask = j <= i and j > i - 4 }\n"
            "  return linear(x + look(x, y), V)\n"
            "}\n"
            "train { optimizer = adamw(lr = 1e-2), batch = 2, epochs = 2 }\n",
            "pairs.tsv", true);
}

/* ---- functions ---- */

static void *compute(void *given) {
  struct day *day = given;
  int status;
  const float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const int64_t size[] = {3, 4};
  const aq_tensor argument = {.data = x, .rank = 2, .size = size};
  aq_program *program;
  aq_function *function = NULL;
  aq_function_options options;
  aq_function_options_init(&options);
  options.gradients = true;
  bool fine = WENT(day, aq_program_new("f.aq", day->program, strlen(day->program), NULL, &program), "parse",
                   aq_program_message(program));
  fine =
      fine && WENT(day, aq_function_new(program, &options, &function), "new", aq_function_message(function));
  fine = fine && WENT(day, aq_function_run(function, &argument, 1, 0), "run", aq_function_message(function));
  aq_function_free(function);
  aq_program_free(program);
  return NULL;
}

static void test_functions(void **state) {
  (void)state;
  struct day day = {.program = "head f(x: [T, D]) -> [T, D] {\n"
                               "  query = x\n  key = x\n  value = x\n"
                               "  score = tanh(s) * exp(-abs(i - j)) + sin(i)\n  norm = sparsemax\n"
                               "}\n"};
  in_little_stack(compute, &day);
  if (day.failed) fail_msg("%s: %s", day.failed, day.message);
}

/* ---- too deep ---- */

static void *check(void *given) {
  struct day *day = given;
  aq_program *program;
  int status = aq_program_new("deep.aq", day->program, strlen(day->program), NULL, &program);
  status = status ? status : aq_program_check(program);
  went(day, status, status == AQ_NO_MEMORY ? "refused" : "another error", aq_program_message(program));
  aq_program_free(program);
  return NULL;
}

/* fn f(x) = open open … x close close … */
static void nest(const char *open, const char *close, int times) {
  struct rt_text text = {0};
  struct day day = {0};
  rt_text_puts(&text, "fn f(x: [N]) -> [N] = ");
  for (int k = 0; k < times; k++) rt_text_puts(&text, open);
  rt_text_puts(&text, "x");
  for (int k = 0; k < times; k++) rt_text_puts(&text, close);
  rt_text_puts(&text, "\n");
  day.program = text.data;
  in_little_stack(check, &day);
  const bool much = STACK > 64 * 1024;
  if (times < 20 ? day.failed != NULL : !much && (!day.failed || strcmp(day.failed, "refused") != 0))
    fail_msg("%d times %s: %s: %s", times, open, day.failed ? day.failed : "no error", day.message);
  if (day.failed) assert_non_null(strstr(day.message, "stack of this thread"));
  rt_text_free(&text);
}

static void test_too_deep(void **state) {
  (void)state;
  nest("relu(", ")", 15);
  nest("relu(", ")", 98);
  nest("- ", "", 15);
  nest("- ", "", 190);
  nest("x + ", "", 190);
  nest("1^", "", 190);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_classes), cmocka_unit_test(test_beginning), cmocka_unit_test(test_many_parts),
      cmocka_unit_test(test_writing), cmocka_unit_test(test_functions), cmocka_unit_test(test_too_deep),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
