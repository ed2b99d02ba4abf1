/* test_steps.c: training by the hand of a host: the learning rate changed on the way, the whole state as
 * bytes. */
#include "tests/unit/trainer_tasks.h"

/* ---- what the tests share ---- */

static void run(aq_trainer *trainer, int wanted) {
  int status = aq_trainer_run(trainer);
  if (status != wanted) fail_msg("%d: %s", status, aq_trainer_message(trainer)->text);
}

/* The bytes of the checkpoint and of the model: whatever differs between two trainings differs there. */
struct kept {
  char *state, *model;
  size_t state_length, model_length;
};

static struct kept keep(aq_trainer *trainer) {
  struct kept k;
  aq_model *model;
  assert_int_equal(aq_trainer_save_memory(trainer, &k.state, &k.state_length), AQ_OK);
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  assert_int_equal(aq_model_save_memory(model, &k.model, &k.model_length), AQ_OK);
  aq_model_free(model);
  return k;
}

static void drop(struct kept *k) {
  aq_text_free(k->state);
  aq_text_free(k->model);
}

static void assert_kept(const char *what, struct kept *a, struct kept *b, bool same) {
  bool is_same = a->model_length == b->model_length && !memcmp(a->model, b->model, a->model_length);
  if (is_same != same) fail_msg("%s: the models %s", what, same ? "differ" : "are the same");
  is_same = a->state_length == b->state_length && !memcmp(a->state, b->state, a->state_length);
  if (same && !is_same) fail_msg("%s: the checkpoints differ", what);
}

static void assert_refused(aq_trainer *trainer, int status, const char *text) {
  const aq_message *message = aq_trainer_message(trainer);
  assert_int_equal(message->code, status);
  if (!strstr(message->text, text)) fail_msg("\"%s\" says nothing of \"%s\"", message->text, text);
}

/* ---- the learning rate ---- */

static struct {
  aq_trainer *trainer;
  double rate[200]; /* of the last step of each epoch */
  int epochs, when; /* after epoch `when` */
  double then;      /* this rate is set */
  char *state;      /* and this saved */
  size_t length;
} host;

static bool change_rate(void *context, const aq_progress *p) {
  (void)context;
  if (p->event != AQ_EPOCH) return true;
  assert_true(p->epoch >= 1 && p->epoch < 200);
  host.rate[p->epoch] = p->learning_rate;
  if (host.when == p->epoch) {
    assert_int_equal(aq_trainer_set_learning_rate(host.trainer, host.then), AQ_OK);
    aq_text_free(host.state);
    assert_int_equal(aq_trainer_save_memory(host.trainer, &host.state, &host.length), AQ_OK);
    assert_int_equal(aq_trainer_run(host.trainer), AQ_USAGE); /* it is running */
  }
  return true;
}

/* As if the program had said it. */
static void a_rate_is_the_programs_own(void **state) {
  (void)state;
  const struct task constant = {.program =
                                    "dim D = 4\ndata { text: words[T], label: class[C] }\nmodel m(text) -> "
                                    "label { return linear(mean(embed(text, D), T), C) }\ntrain { "
                                    "optimizer = adamw(lr = 0.02), batch = 4, epochs = 3 }\n"};
  aq_train_options options = options_of(&tasks[0], NULL);
  options.learning_rate = 0.004;
  aq_trainer *said = trainer_of(constant.program, &options);
  run(said, AQ_OK);
  options.learning_rate = -1;
  aq_trainer *set = trainer_of(constant.program, &options);
  assert_int_equal(aq_trainer_set_learning_rate(set, 0.004), AQ_OK);
  run(set, AQ_OK);
  assert_true(aq_trainer_epoch(set, 2)->learning_rate == 0.004);
  assert_true(aq_trainer_epoch(set, 2)->loss == aq_trainer_epoch(said, 2)->loss);
  aq_trainer_free(said);
  aq_trainer_free(set);
}

static void a_rate_counts_from_the_next_step_on(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], NULL);
  options.epochs = 4;
  options.progress = change_rate;
  aq_trainer *usual = host.trainer = trainer_of(tasks[0].program, &options);
  run(usual, AQ_OK);
  double before[5];
  memcpy(before, host.rate, sizeof before);
  host.when = 2;
  host.then = 0.001;
  host.trainer = trainer_of(tasks[0].program, &options);
  run(host.trainer, AQ_OK);
  assert_true(host.rate[1] == before[1] && host.rate[2] == before[2]);
  assert_true(host.rate[3] == 0.001 && host.rate[4] == 0.001 && before[4] != 0.001);
  assert_string_equal(aq_trainer_message(host.trainer)->text, "");
  assert_true(aq_trainer_epoch(usual, 1)->loss == aq_trainer_epoch(host.trainer, 1)->loss);
  assert_true(aq_trainer_epoch(usual, 2)->loss != aq_trainer_epoch(host.trainer, 2)->loss);

  /* The state of then goes on with that rate. */
  struct kept whole = keep(host.trainer);
  aq_trainer_free(host.trainer);
  host.when = 0;
  options.checkpoint = host.state;
  options.checkpoint_length = host.length;
  host.trainer = trainer_of(tasks[0].program, &options);
  run(host.trainer, AQ_OK);
  struct kept resumed = keep(host.trainer);
  assert_kept("a rate that was set", &whole, &resumed, true);
  assert_true(aq_trainer_facts(host.trainer)->steps == aq_trainer_facts(usual)->steps / 2);
  aq_trainer_free(host.trainer);

  /* The schedule counts again. */
  host.trainer = trainer_of(tasks[0].program, &options);
  assert_int_equal(aq_trainer_set_learning_rate(host.trainer, -7), AQ_OK);
  run(host.trainer, AQ_OK);
  assert_true(host.rate[3] == before[3] && host.rate[4] == before[4]);
  struct kept other = keep(host.trainer), plain = keep(usual);
  assert_kept("the schedule again", &plain, &other, true);
  drop(&whole), drop(&resumed), drop(&other), drop(&plain);
  aq_text_free(host.state);
  host.state = NULL;
  aq_trainer_free(host.trainer);
  aq_trainer_free(usual);
}

/* Parameters with a rate of their own keep the proportion. */
static void groups_keep_their_proportion(void **state) {
  (void)state;
  static const char groups[] =
      "dim D = 4\ndata { text: words[T], label: class[C] }\nmodel m(text) -> label {\n"
      "  v = mean(embed(text, D), T)\n  answer = linear(v, C)\n  return answer\n}\n"
      "train { optimizer = adamw(lr = %s), batch = 4, epochs = 3, groups = [group(\"m.answer.*\", lr = %s)] "
      "}\n";
  char first[600], second[600];
  snprintf(first, sizeof first, groups, "0.02", "0.04");
  snprintf(second, sizeof second, groups, "0.005", "0.01");
  aq_train_options options = options_of(&tasks[0], NULL);
  aq_trainer *set = trainer_of(first, &options), *said = trainer_of(second, &options);
  assert_int_equal(aq_trainer_set_learning_rate(set, 0.005), AQ_OK);
  run(set, AQ_OK);
  run(said, AQ_OK);
  assert_true(aq_trainer_epoch(set, 2)->loss == aq_trainer_epoch(said, 2)->loss);
  aq_trainer_free(set);
  aq_trainer_free(said);
}

static void no_rate(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], NULL);
  aq_trainer *trainer = trainer_of(tasks[0].program, &options);
  assert_int_equal(aq_trainer_set_learning_rate(trainer, (double)NAN), AQ_USAGE);
  assert_refused(trainer, AQ_USAGE, "learning rate");
  assert_int_equal(aq_trainer_set_learning_rate(trainer, (double)INFINITY), AQ_USAGE);
  assert_int_equal(aq_trainer_set_learning_rate(NULL, 1), AQ_USAGE);
  aq_trainer_free(trainer);
}

/* ---- the state as bytes ---- */

static bool stop_at_once(void *context, const aq_progress *progress) {
  (void)context;
  return progress->event != AQ_STEP;
}

/* Stopped after every step, and gone on from bytes in another trainer. */
static void bytes_go_on(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++) {
    aq_train_options options = options_of(&tasks[k], NULL);
    aq_trainer *whole = trainer_of(tasks[k].program, &options);
    run(whole, AQ_OK);
    struct kept all = keep(whole), part = {0};
    int64_t steps = 0;
    options.progress = stop_at_once;
    for (int status = AQ_INTERRUPTED; status == AQ_INTERRUPTED;) {
      aq_trainer *trainer = trainer_of(tasks[k].program, &options);
      drop(&part);
      status = aq_trainer_run(trainer);
      assert_true(status == AQ_OK || status == AQ_INTERRUPTED);
      steps += aq_trainer_facts(trainer)->steps;
      part = keep(trainer);
      options.checkpoint = part.state;
      options.checkpoint_length = part.state_length;
      aq_trainer_free(trainer);
    }
    assert_int_equal(steps, aq_trainer_facts(whole)->steps);
    assert_kept(tasks[k].name, &all, &part, true);
    drop(&all), drop(&part);
    aq_trainer_free(whole);
  }
}

/* A file has the same bytes. */
static void bytes_are_those_of_the_file(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], "steps.aqm");
  aq_trainer *trainer = trainer_of(tasks[0].program, &options);
  run(trainer, AQ_OK);
  struct kept kept = keep(trainer);
  write_bytes("memory.ckpt", kept.state, kept.state_length);
  write_bytes("memory.aqm", kept.model, kept.model_length);
  assert_same_file("class", "memory.ckpt", "steps.aqm.ckpt", true);
  assert_same_file("class", "memory.aqm", "steps.aqm", true);
  drop(&kept);
  aq_trainer_free(trainer);
}

static void bytes_that_do_not_fit(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], NULL);
  aq_trainer *trainer = trainer_of(tasks[0].program, &options);
  char *bytes;
  size_t length;
  assert_int_equal(aq_trainer_save_memory(trainer, NULL, &length), AQ_USAGE);
  assert_int_equal(aq_trainer_save_memory(trainer, &bytes, NULL), AQ_USAGE);
  assert_int_equal(aq_trainer_save_memory(NULL, &bytes, &length), AQ_USAGE);
  assert_int_equal(aq_trainer_save_memory(trainer, &bytes, &length), AQ_OK);
  aq_trainer_free(trainer);
  options.checkpoint = bytes;
  options.checkpoint_length = length;
  options.batch = 2;
  refused(AQ_BAD_DATA, "batch 4 there, batch 2 here", tasks[0].program, &options);
  assert_string_equal(result.file, "the checkpoint in memory");
  options.batch = -1;
  options.checkpoint_length = length - 1;
  refused(AQ_BAD_DATA, "", tasks[0].program, &options);
  options.checkpoint_length = 0;
  refused(AQ_BAD_DATA, "", tasks[0].program, &options);
  options.checkpoint_length = length;
  bytes[length - 1] ^= 1;
  refused(AQ_BAD_DATA, "checksum", tasks[0].program, &options);
  options.resume = true;
  options.save = file_of("steps.aqm");
  refused(AQ_USAGE, "not both", tasks[0].program, &options);
  aq_text_free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_rate_is_the_programs_own),
      cmocka_unit_test(a_rate_counts_from_the_next_step_on),
      cmocka_unit_test(groups_keep_their_proportion),
      cmocka_unit_test(no_rate),
      cmocka_unit_test(bytes_go_on),
      cmocka_unit_test(bytes_are_those_of_the_file),
      cmocka_unit_test(bytes_that_do_not_fit),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
