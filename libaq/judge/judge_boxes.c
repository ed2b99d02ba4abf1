/* judge_boxes.c: boxes that a model finds in images, against those that the rows have. */
#include <string.h>

#include "libaq/judge/judge.h"
#include "runtime/io/boxes.h"

/* The boxes that a row has. An unknown class has a number of its own. */
static int read_things(struct rep_report *report, const struct io_values *v, int64_t row,
                       struct rep_image *image, struct rt_error *error) {
  const int64_t first = io_payload_begin(&v->of, row), count = io_row_length(v, row);
  image->thing = rt_zalloc((size_t)count + 1, sizeof *image->thing);
  if (!image->thing) return rt_no_memory(error);
  for (int64_t k = 0; k < count; k++) {
    const int32_t id = io_payload_ids(&v->of)[first + k];
    struct rep_thing *thing = &image->thing[k];
    memcpy(thing->at, io_payload_numbers(&v->beside) + (first + k) * IO_BOX_NUMBERS, sizeof thing->at);
    thing->class = (size_t)id;
    int status = id >= 0 ? RT_OK : lib_unseen_class(report, &v->unseen, id, &thing->class, error);
    if (status != RT_OK) return status;
  }
  image->things = (size_t)count;
  return RT_OK;
}

/* Each row of an answer is a box of the class that is likeliest, apart from the last one, "nothing". */
static int read_boxes(const double *answer, int64_t rows, int64_t columns, struct rep_image *image,
                      struct rt_error *error) {
  image->box = rt_zalloc((size_t)rows + 1, sizeof *image->box);
  if (!image->box) return rt_no_memory(error);
  for (int64_t r = 0; r < rows; r++, answer += columns) {
    struct rep_box *box = &image->box[r];
    const int64_t best = lib_likeliest_box(answer, columns);
    memcpy(box->at, answer, sizeof box->at);
    box->score = answer[best];
    box->class = (size_t)(best - IO_BOX_NUMBERS);
  }
  image->boxes = (size_t)rows;
  return RT_OK;
}

int lib_judge_boxes(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  const struct rt_tensor t = vm_machine_output(judge->machine, o);
  const struct io_values *v = &batch.data->values[judge->feed.column[judge->module->output[o].target]];
  int64_t rows, columns;
  int status = lib_judge_answers(judge, o, error);
  lib_output_size(&t, &rows, &columns);
  for (int64_t e = 0; e < batch.count && status == RT_OK; e++) {
    const int64_t first = rt_offset(t.shape, e), count = rt_extent(t.shape, 0, 1, e);
    struct rep_image image = {0};
    status = read_things(&judge->report[o], v, batch.row[e], &image, error);
    if (status == RT_OK) status = read_boxes(judge->scratch + first, count, columns, &image, error);
    if (status == RT_OK) status = rep_add_image(&judge->report[o], &image, error);
    if (status == RT_OK) lib_hardest_boxes(judge, o, lib_hard_place(judge, batch, e), &image);
    rt_free(image.thing);
    rt_free(image.box);
  }
  return status;
}
