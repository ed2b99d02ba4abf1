/* judge_images.c: compares the images that a model predicts with those that rows name. */
#include "libaq/judge/judge.h"
#include "runtime/io/fit.h"
#include "runtime/io/grow.h"

int lib_judge_images(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  const int32_t target = judge->module->output[o].target;
  const struct rt_tensor t = vm_machine_output(judge->machine, o);
  const int64_t count = batch.count ? t.shape->count / batch.count : 0;
  struct rep_report *report = &judge->report[o];
  int status = lib_judge_answers(judge, o, error);
  if (IO_GROW(judge->truth, judge->truth_capacity, (size_t)count + 1) != RT_OK) return rt_no_memory(error);
  for (int64_t e = 0; e < batch.count && status == RT_OK; e++) {
    double psnr;
    for (int64_t k = 0; k < count; k++)
      judge->truth[k] = lib_number_at(judge->feed.buffer[target], judge->feed.precision, e * count + k);
    io_fit_undo(&judge->schema->columns[judge->feed.column[target]], judge->truth, 0, count);
    status = rep_add_picture(report, judge->truth, judge->scratch + e * count, (size_t)count, &psnr, error);
    if (status == RT_OK) lib_hardest_number(judge, o, lib_hard_place(judge, batch, e), REP_MOST_PSNR, psnr);
  }
  return status;
}
