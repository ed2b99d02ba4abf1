/* test_measure.c: the epoch that is best by a number of the host's own. */
#include "tests/unit/trainer_tasks.h"

/* What the host says of epochs, and what it has seen. */
static struct {
  double value[16];
  int calls, refuse_at; /* the call that is refused, from 1; 0: none */
  const char *valid;    /* measured as accuracy instead of value[]; NULL: not */
  aq_session *kept;     /* of the model of the first call */
  double kept_score;
  double told[16];
  bool best[16];
  char name[16];
} host;

static double score_of(aq_session *session) {
  const char *const field[] = {"good film"};
  assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_OK);
  return *aq_session_scores(session, 0, NULL, NULL);
}

static bool measure(void *context, aq_model *model, double *value) {
  assert_ptr_equal(context, &host);
  assert_true(isnan(*value));
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  if (++host.calls == host.refuse_at) return false;
  *value = host.value[host.calls];
  if (host.valid) {
    aq_report *report;
    assert_int_equal(aq_report_new(model, host.valid, &options, &report), AQ_OK);
    assert_int_equal(aq_report_metric(report, "accuracy", value), AQ_OK);
    aq_report_free(report);
  }
  if (host.kept && host.calls == 1) {
    assert_int_equal(aq_session_new(model, &options, &host.kept), AQ_OK);
    host.kept_score = score_of(host.kept);
  }
  return true;
}

static bool watch(void *context, const aq_progress *p) {
  assert_ptr_equal(context, &host);
  if (p->event != AQ_EPOCH) return true;
  host.told[p->epoch] = p->value;
  host.best[p->epoch] = p->best;
  snprintf(host.name, sizeof host.name, "%s", p->metric);
  return true;
}

static aq_train_options own_measure(const double *value, int count) {
  aq_train_options options = options_of(&tasks[0], NULL);
  memset(&host, 0, sizeof host);
  for (int k = 0; k < count; k++) host.value[k + 1] = value[k];
  options.valid = NULL;
  options.measure = measure;
  options.measured = "profit";
  options.progress = watch;
  options.context = &host;
  options.epochs = count;
  return options;
}

static aq_trainer *trained_with(const aq_train_options *options, int wanted) {
  aq_program *program = program_of(tasks[0].program);
  aq_trainer *trainer;
  int status = aq_trainer_new(program, options, &trainer);
  if (!status) status = aq_trainer_run(trainer);
  if (status != wanted) fail_msg("%d: %s", status, aq_trainer_message(trainer)->text);
  aq_program_free(program);
  return trainer;
}

static char *bytes_of(aq_trainer *trainer, size_t *length) {
  aq_model *model;
  char *bytes;
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  assert_int_equal(aq_model_save_memory(model, &bytes, length), AQ_OK);
  aq_model_free(model);
  return bytes;
}

static void the_best_by_it_is_kept(void **state) {
  (void)state;
  const double values[] = {1, 3, (double)NAN, 2};
  aq_train_options options = own_measure(values, 4);
  aq_trainer *trainer = trained_with(&options, AQ_OK);
  const aq_train_facts *facts = aq_trainer_facts(trainer);
  assert_int_equal(facts->best_epoch, 2);
  assert_int_equal(facts->epochs, 4);
  assert_true(host.calls == 4 && host.told[1] == 1 && host.told[2] == 3 && isnan(host.told[3]));
  assert_true(host.best[1] && host.best[2] && !host.best[3] && !host.best[4]);
  assert_string_equal(host.name, "profit");
  assert_true(aq_trainer_epoch(trainer, 1)->value == 3 && isnan(aq_trainer_epoch(trainer, 1)->valid_loss));

  aq_model *model;
  double value;
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  assert_string_equal(aq_model_metric(model, &value), "profit");
  assert_true(value == 3);
  aq_model_free(model);

  aq_shown *shown = aq_shown_new(false);
  char *text;
  aq_trainer_show(trainer, shown);
  assert_int_equal(aq_shown_write(shown, AQ_JSON, &text), AQ_OK);
  assert_non_null(strstr(text, "\"metric\":{\"epoch\":[1,2,3,4],\"value\":[1,3,null,2]}"));
  aq_text_free(text);
  assert_int_equal(aq_shown_write(shown, AQ_HTML, &text), AQ_OK);
  assert_non_null(strstr(text, "profit"));
  aq_text_free(text);
  aq_shown_free(shown);
  aq_trainer_free(trainer);
}

static void the_least_may_be_the_best(void **state) {
  (void)state;
  const double values[] = {2, 3, 1, 1};
  aq_train_options options = own_measure(values, 4);
  options.least_is_best = true;
  aq_trainer *trainer = trained_with(&options, AQ_OK);
  assert_int_equal(aq_trainer_facts(trainer)->best_epoch, 3);
  aq_trainer_free(trainer);
}

/* Patience counts, without validation data; and the program's metric does not. */
static void patience_waits_for_it(void **state) {
  (void)state;
  const double values[] = {1, 3, 2, 2, 9};
  aq_train_options options = own_measure(values, 5);
  const struct task impatient = {
      .program = "dim D = 4\ndata { text: words[T], label: class[C] }\nmodel m(text) -> label { return "
                 "linear(mean(embed(text, D), T), C) }\ntrain { batch = 4, patience = 2, metric = f1 }\n"};
  result.facts = (aq_train_facts){0};
  train_well(impatient.program, &options);
  assert_int_equal(result.facts.epochs, 4);
  assert_int_equal(result.facts.best_epoch, 2);
  assert_string_equal(host.name, "profit");
}

/* The model is that of the epoch: the host finds what aq finds. */
static void the_model_is_as_it_is_now(void **state) {
  (void)state;
  const double none[4] = {0};
  aq_train_options options = own_measure(none, 4);
  host.valid = data_of(tasks[0].valid_name, tasks[0].valid);
  aq_trainer *own = trained_with(&options, AQ_OK);
  options.valid = host.valid;
  options.measure = NULL;
  options.measured = NULL;
  options.metric = "accuracy";
  aq_trainer *usual = trained_with(&options, AQ_OK);
  for (size_t k = 0; k < 4; k++)
    assert_true(aq_trainer_epoch(own, k)->value == aq_trainer_epoch(usual, k)->value);
  aq_trainer_free(own);
  aq_trainer_free(usual);
}

/* A session that the host keeps goes on with the model of its epoch. */
static void a_kept_session_stays(void **state) {
  (void)state;
  const double values[] = {1, 2, 3};
  aq_train_options options = own_measure(values, 3);
  aq_session *wanted = (aq_session *)&host;
  host.kept = wanted;
  aq_trainer *trainer = trained_with(&options, AQ_OK);
  assert_true(host.kept != wanted);
  assert_true(score_of(host.kept) == host.kept_score);
  aq_trainer_free(trainer);
  assert_true(score_of(host.kept) == host.kept_score);
  aq_session_free(host.kept);
}

/* An epoch that could not be measured is measured again, also by another trainer. */
static void going_on_measures_again(void **state) {
  (void)state;
  const double values[] = {1, 3, 2}, again[] = {1, 0, 3, 2};
  size_t whole_length, length, state_length;
  char *bytes;
  aq_train_options options = own_measure(values, 3);
  aq_trainer *trainer = trained_with(&options, AQ_OK);
  char *whole = bytes_of(trainer, &whole_length);
  aq_trainer_free(trainer);
  for (int other = 0; other < 2; other++) {
    options = own_measure(again, 4);
    options.epochs = 3;
    host.refuse_at = 2;
    trainer = trained_with(&options, AQ_INTERRUPTED);
    assert_non_null(strstr(aq_trainer_message(trainer)->text, "profit was not measured after epoch 2"));
    if (other) {
      assert_int_equal(aq_trainer_save_memory(trainer, &bytes, &state_length), AQ_OK);
      options.checkpoint = bytes;
      options.checkpoint_length = state_length;
      aq_trainer_free(trainer);
      trainer = trained_with(&options, AQ_OK);
      aq_text_free(bytes);
    } else {
      assert_int_equal(aq_trainer_run(trainer), AQ_OK);
    }
    assert_int_equal(host.calls, 4);
    assert_int_equal(aq_trainer_facts(trainer)->best_epoch, 2);
    bytes = bytes_of(trainer, &length);
    assert_true(length == whole_length && !memcmp(bytes, whole, length));
    aq_text_free(bytes);
    aq_trainer_free(trainer);
  }
  aq_text_free(whole);
}

static void no_measure(void **state) {
  (void)state;
  const double values[] = {1};
  aq_train_options options = own_measure(values, 1);
  options.measured = NULL;
  refused(AQ_USAGE, "no name", tasks[0].program, &options);
  options.measured = "";
  refused(AQ_USAGE, "needs a name", tasks[0].program, &options);
  options.measured = "pro\nfit";
  refused(AQ_USAGE, "needs a name", tasks[0].program, &options);
  options.measured = "\xff";
  refused(AQ_USAGE, "needs a name", tasks[0].program, &options);
  options.measured = "profit";
  options.metric = "f1";
  refused(AQ_USAGE, "either f1 decides", tasks[0].program, &options);
  options.measure = NULL;
  options.metric = NULL;
  refused(AQ_USAGE, "no function", tasks[0].program, &options);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_by_it_is_kept),
      cmocka_unit_test(the_least_may_be_the_best),
      cmocka_unit_test(patience_waits_for_it),
      cmocka_unit_test(the_model_is_as_it_is_now),
      cmocka_unit_test(a_kept_session_stays),
      cmocka_unit_test(going_on_measures_again),
      cmocka_unit_test(no_measure),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
