/* test_many_images.c: images that take more than a store keeps are read again for each batch. */
#include "runtime/io/file.h"
#include "runtime/io/image.h"
#include "tests/unit/libaq_files.h"

enum {
  SIDE = 1024,
  FILES = 66,
  LAST = FILES + 1,
  EPOCHS = 2
}; /* 64 of them are kept; the line of the last */

static const char program_text[] = "data { image: image[H, W, C], label: class[K] }\n"
                                   "model m(image) -> label { return linear(mean(mean(image, C), W), K) }\n"
                                   "train { optimizer = adam(lr = 1e-2), batch = 8, epochs = 2 }\n";

static struct rt_text png_of(unsigned char level) {
  struct io_image image = {SIDE, SIDE, IO_GREY, NULL};
  struct rt_text file = {0};
  assert_int_equal(io_image_room(&image), RT_OK);
  memset(image.bytes, level, io_image_size(&image));
  assert_int_equal(io_png_encode(&image, &file, NULL), RT_OK);
  io_image_free(&image);
  return file;
}

static char table[4096];             /* its path */
static const char last[] = "65.png"; /* the last image that it names */

static bool can_read(void) {
  struct rt_text file = png_of(1);
  struct io_image image;
  const int status = io_image_decode((unsigned char *)file.data, file.length, IO_GREY, &image, NULL);
  io_image_free(&image);
  rt_text_free(&file);
  return status == RT_OK;
}

static void write_files(void) {
  struct rt_text rows = {0};
  rt_text_puts(&rows, "image\tlabel\n");
  for (int k = 0; k < FILES; k++) {
    char name[16];
    struct rt_text file = png_of((unsigned char)(k * 3));
    snprintf(name, sizeof name, "%d.png", k);
    write_bytes(name, file.data, file.length);
    rt_text_free(&file);
    rt_text_printf(&rows, "%s\t%d\n", name, k % 2);
  }
  snprintf(table, sizeof table, "%s", write_text("images.tsv", rows.data));
  rt_text_free(&rows);
}

static void set_up(aq_train_options *options) {
  aq_train_options_init(options);
  options->train = table;
}

static aq_trainer *trainer_of(const aq_train_options *options) {
  aq_program *program = program_of(program_text);
  aq_trainer *trainer;
  if (aq_trainer_new(program, options, &trainer)) fail_msg("%s", aq_trainer_message(trainer)->text);
  aq_program_free(program);
  return trainer;
}

/* The loss at the end of a training. */
static double loss_of(const aq_train_options *options) {
  aq_trainer *trainer = trainer_of(options);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  const double loss = aq_trainer_facts(trainer)->loss;
  aq_trainer_free(trainer);
  return loss;
}

/* Of rows to learn from, and of those that are judged: both are made ready ahead. */
static void any_number_of_threads_gives_the_same_bits(void **state) {
  (void)state;
  double loss[2];
  if (!can_read()) skip();
  write_files();
  for (int k = 0; k < 2; k++) {
    aq_train_options options;
    set_up(&options);
    options.valid = table;
    options.threads = k + 1;
    loss[k] = loss_of(&options);
  }
  assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
}

/* What a training of so many epochs in all has come to. */
static double loss_after(int64_t epochs, const char *save, bool resume) {
  aq_train_options options;
  set_up(&options);
  options.epochs = epochs;
  options.save = path_of(save);
  options.resume = resume;
  return loss_of(&options);
}

static void a_resumed_training_reads_them_again_too(void **state) {
  (void)state;
  if (!can_read()) skip();
  write_files();
  const double whole = loss_after(2, "whole.aqm", false);
  loss_after(1, "parts.aqm", false);
  const double parts = loss_after(2, "parts.aqm", true);
  assert_memory_equal(&whole, &parts, sizeof whole);
}

static bool cut_off(void *context, const aq_progress *p) {
  (void)context;
  struct rt_text file = png_of(9);
  if (p->event == AQ_EPOCH && p->epoch == 1) write_bytes(last, file.data, file.length / 2);
  rt_text_free(&file);
  return true;
}

static bool replace(void *context, const aq_progress *p) {
  (void)context;
  struct rt_text file = png_of(9);
  if (p->event == AQ_EPOCH && p->epoch == 1) write_bytes(last, file.data, file.length);
  rt_text_free(&file);
  return true;
}

static bool take_away(void *context, const aq_progress *p) {
  (void)context;
  if (p->event == AQ_EPOCH && p->epoch == 1) remove(path_of(last));
  return true;
}

static void a_file_that_changes_meanwhile_is_told_with_its_line(void **state) {
  (void)state;
  static const struct change {
    bool (*progress)(void *context, const aq_progress *progress);
    const char *text;
  } changes[] = {{cut_off, "damaged PNG"}, {replace, "another one than when"}, {take_away, "No such file"}};
  if (!can_read()) skip();
  for (size_t k = 0; k < RT_COUNT(changes); k++) {
    struct rt_text file = png_of(195);
    write_bytes(last, file.data, file.length);
    rt_text_free(&file);
    aq_train_options options;
    set_up(&options);
    options.threads = 1 + (int)k % 2;
    options.progress = changes[k].progress;
    aq_trainer *trainer = trainer_of(&options);
    assert_int_equal(aq_trainer_run(trainer), AQ_BAD_DATA);
    assert_message(aq_trainer_message(trainer), AQ_BAD_DATA, LAST, changes[k].text);
    assert_message(aq_trainer_message(trainer), AQ_BAD_DATA, LAST, "the image 65.png: ");
    aq_trainer_free(trainer);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
                                     cmocka_unit_test(a_resumed_training_reads_them_again_too),
                                     cmocka_unit_test(a_file_that_changes_meanwhile_is_told_with_its_line)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
