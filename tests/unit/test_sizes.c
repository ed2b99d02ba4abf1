/* test_sizes.c: a program that passes check runs on every row that the reader takes, and the reader refuses
 * none on which it would run. Random programs, over rows of random sizes: AQ_SIZE_PROGRAMS says how many,
 * AQ_SIZE_SEED runs one and prints it. */
#include "compiler/compile.h"
#include "runtime/threads.h"
#include "tests/unit/libaq_files.h"
#include "tests/unit/size_programs.h"
#include "vm/machine.h"

#include <stdlib.h>

enum { PROGRAMS = 250, SIZES = 40, ROWS = 8, MOST_SYMBOLS = 64 };

struct tally {
  int refused, ran, rows_met, rows_unmet, trained, judged;
  char why[2048];
};

static void note(struct tally *t, const char *what, const struct rt_error *e) {
  snprintf(t->why, sizeof t->why, "%s: %s:%d:%d: %s", what, e->file, e->line, e->column, e->text);
}

/* ---- on the machine ---- */

static struct vm_module *compile(const char *text, struct rt_error *error) {
  struct cc_program *program =
      cc_program_load(&(struct cc_source){.name = "size.aq", .text = text, .length = strlen(text)}, error);
  struct vm_module *module = program ? cc_compile_model(program, error) : NULL;
  cc_program_free(program);
  return module;
}

/* A size for each symbol: of a row by number, of the file in the table. */
static void draw(struct size_program *p, struct vm_module *m, int64_t *size) {
  for (size_t s = 0; s < m->dims.symbol_count; s++) {
    struct vm_symbol *symbol = &m->dims.symbol[s];
    if (symbol->kind == VM_BOUND) symbol->value = 1 + size_below(p, 6);
    int64_t most = symbol->limit > 0 && symbol->limit < 14 ? symbol->limit : 14;
    size[s] = symbol->kind == VM_RAGGED ? symbol->least + size_below(p, (int)(most - symbol->least) + 1) : -1;
  }
}

static bool all_met(const struct vm_module *m, const int64_t *size) {
  for (uint32_t r = 0; r < m->requirement_count; r++)
    if (vm_requirement_met(&m->dims, &m->requirement[r], size) != RT_OK) return false;
  return true;
}

/* Binds every function; what the rows were said to be must come true. */
static bool compare(struct size_program *p, struct vm_module *m, struct rt_pool *pool, struct tally *t) {
  static const char *const names[] = {"predict", "eval", "train", "attend"};
  bool fine = true;
  for (int k = 0; k < SIZES && fine; k++) {
    int64_t size[MOST_SYMBOLS];
    const int64_t *ragged[MOST_SYMBOLS];
    assert_true(m->dims.symbol_count < MOST_SYMBOLS);
    draw(p, m, size);
    for (size_t s = 0; s < m->dims.symbol_count; s++) ragged[s] = &size[s];
    bool met = all_met(m, size), failed = false;
    for (size_t f = 0; f < RT_COUNT(names) && fine; f++) {
      struct rt_error why = {0};
      struct vm_machine *machine = vm_machine_new(m, vm_module_function(m, names[f]), RT_F32, pool, &why);
      assert_non_null(machine);
      int status = vm_machine_bind(machine, 1, ragged, &why);
      vm_machine_free(machine);
      failed |= status != RT_OK;
      fine = !met || status == RT_OK;
      if (!fine) note(t, names[f], &why);
    }
    t->rows_met += met;
    t->rows_unmet += !met;
    if (!met && !failed) {
      fine = false;
      snprintf(t->why, sizeof t->why, "sizes are refused for which it runs:");
      for (size_t s = 0; s < m->dims.symbol_count; s++)
        snprintf(t->why + strlen(t->why), sizeof t->why - strlen(t->why), " %s = %lld",
                 m->dims.symbol[s].name, (long long)(size[s] >= 0 ? size[s] : m->dims.symbol[s].value));
    }
  }
  return fine;
}

/* ---- from files ---- */

static void write_words(struct size_program *p, struct rt_text *out) {
  for (int n = size_below(p, 3) ? size_below(p, 12) : size_below(p, 3), k = 0; k < n; k++)
    rt_text_printf(out, "%s%c", k ? " " : "", 'a' + size_below(p, 5));
}

static void write_rows(struct size_program *p, struct rt_text *out) {
  int width = 1 + size_below(p, 4), classes = 2 + size_below(p, 3);
  rt_text_printf(out, "text%s%s%s\n", p->two ? "\tmore" : "", p->vector ? "\tv" : "",
                 p->next ? "" : "\tlabel");
  for (int r = 0; r < ROWS; r++) {
    write_words(p, out);
    if (p->two) rt_text_puts(out, "\t");
    if (p->two) write_words(p, out);
    if (p->vector) rt_text_puts(out, "\t");
    for (int k = 0; k < width && p->vector; k++) rt_text_puts(out, k ? " 0.5" : "0.5");
    if (!p->next) rt_text_printf(out, "\tc%d", r < classes ? r : size_below(p, classes));
    rt_text_puts(out, "\n");
  }
}

/* Refused by the reader, or before any row because of what the whole file gives. */
static bool is_refusal(const aq_message *m) {
  return m->code == AQ_BAD_DATA
         && (strstr(m->text, "every row is bad") || strstr(m->text, "has no tokens")
             || strstr(m->text, "needs two or more") || strstr(m->text, "is needed: `")
             || strstr(m->text, "are needed: `") || strstr(m->text, "allowed: `")
             || strstr(m->text, "must hold: `"));
}

static bool evaluate(aq_model *model, const char *path, struct tally *t) {
  aq_eval_options options;
  aq_report *report;
  aq_eval_options_init(&options);
  options.threads = 1;
  options.bad_rows = AQ_BAD_ROW_SKIP;
  options.header = AQ_HEADER_YES;
  int status = aq_report_new(model, path, &options, &report);
  bool fine = !status || is_refusal(aq_report_message(report));
  if (!fine) snprintf(t->why, sizeof t->why, "eval: %s", aq_report_message(report)->text);
  t->judged += !status;
  aq_report_free(report);
  return fine;
}

static bool train(struct size_program *p, struct tally *t) {
  struct rt_text rows = {0};
  write_rows(p, &rows);
  const char *path = write_text("size.tsv", rows.data);
  aq_program *program = program_of(p->text.data);
  aq_train_options options;
  aq_trainer *trainer;
  aq_model *model = NULL;
  aq_train_options_init(&options);
  options.train = path;
  options.threads = 1;
  options.bad_rows = AQ_BAD_ROW_SKIP;
  options.header = AQ_HEADER_YES;
  int status = aq_trainer_new(program, &options, &trainer);
  if (!status) status = aq_trainer_run(trainer);
  bool fine = !status || is_refusal(aq_trainer_message(trainer));
  if (!fine) snprintf(t->why, sizeof t->why, "train: %s", aq_trainer_message(trainer)->text);
  t->trained += !status;
  if (!status && fine && aq_trainer_model(trainer, &model) == AQ_OK) fine = evaluate(model, path, t);
  aq_model_free(model);
  aq_trainer_free(trainer);
  aq_program_free(program);
  rt_text_free(&rows);
  return fine;
}

/* ---- the campaign ---- */

static bool check(struct size_program *p, struct rt_pool *pool, struct tally *t) {
  struct rt_error error = {0};
  struct vm_module *module = compile(p->text.data, &error);
  if (!module) { /* a mistake of the program, at its place */
    t->refused++;
    bool fine = error.code == RT_BAD_DATA && error.line > 0;
    note(t, "check", &error);
    if (getenv("AQ_SIZE_SEED")) print_message("%s\n", t->why);
    return fine;
  }
  t->ran++;
  bool fine = compare(p, module, pool, t);
  vm_module_free(module);
  return fine && train(p, t);
}

static void test_programs(void **state) {
  (void)state;
  const char *only = getenv("AQ_SIZE_SEED"), *many = getenv("AQ_SIZE_PROGRAMS");
  uint64_t first = only ? strtoull(only, NULL, 10) : 1, last = only   ? first
                                                               : many ? strtoull(many, NULL, 10)
                                                                      : PROGRAMS;
  struct rt_pool *pool = rt_pool_new(1, NULL);
  struct tally t = {0};
  int failed = 0;
  assert_non_null(pool);
  for (uint64_t seed = first; seed <= last; seed++) {
    struct size_program p;
    size_program_write(&p, seed);
    assert_false(p.text.failed);
    if (only) print_message("%s", p.text.data);
    if (!check(&p, pool, &t)) {
      print_message("AQ_SIZE_SEED=%llu: %s\n", (unsigned long long)seed, t.why);
      failed++;
    }
    rt_text_free(&p.text);
  }
  rt_pool_free(pool);
  print_message(
      "%d programs ran and %d were refused; %d rows met what they ask and %d did not; %d trainings, "
      "%d evaluations\n",
      t.ran, t.refused, t.rows_met, t.rows_unmet, t.trained, t.judged);
  assert_int_equal(failed, 0);
  assert_true(only || many || (t.ran > 100 && t.rows_met > 500 && t.rows_unmet > 500 && t.trained > 50));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
