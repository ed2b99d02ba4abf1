/* judge_frames.c: compares the texts that frames spell with the right ones. */
#include "libaq/judge/judge.h"
#include "libaq/predict/frame_text.h"

#include <string.h>

/* In a right text: a letter that training did not see, which no answer has. */
static const char UNSEEN[] = "\xEF\xBF\xBD";

static int judge_text(struct lib_judge *judge, uint32_t o, struct lib_hard_place at,
                      const struct frame_text *said, struct rt_error *error) {
  const struct vm_module *m = judge->module;
  const int target = judge->feed.column[m->output[o].target];
  const struct io_column *column = &judge->schema->columns[target];
  const struct io_values *v = &at.data->values[target];
  const int32_t *id = io_payload_ids(&v->of) + io_payload_begin(&v->of, at.row);
  const int64_t count = io_row_length(v, at.row);
  const uint64_t before = judge->report[o].edits.letter_edits;
  const bool same =
      (int64_t)said->count == count && (!count || !memcmp(id, said->id, (size_t)count * sizeof *id));
  struct rt_text right = {0};
  rt_text_add(&right, "", 0);
  frame_text_spell(column, id, count, UNSEEN, &right);
  int status = right.failed ? rt_no_memory(error)
                            : rep_add_frames(&judge->report[o], said->text.data, right.data, same, error);
  rt_text_free(&right);
  if (status == RT_OK)
    lib_hardest_frames(judge, o, at, &said->text, judge->report[o].edits.letter_edits - before);
  return status;
}

int lib_judge_frames(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  const int32_t target = judge->module->output[o].target;
  const struct rt_tensor t = vm_machine_output(judge->machine, o);
  struct frame_text said = {.beam = judge->beam};
  int64_t rows, columns;
  lib_output_size(&t, &rows, &columns);
  int status = lib_judge_answers(judge, o, error);
  for (int64_t e = 0; e < batch.count && status == RT_OK && columns > 0; e++) {
    const int64_t first = rt_offset(t.shape, e) / columns,
                  end = e + 1 < batch.count ? rt_offset(t.shape, e + 1) / columns : rows;
    if (frame_text_read(&said, &judge->schema->columns[judge->feed.column[target]],
                        judge->scratch + first * columns, end - first, columns)
        != RT_OK)
      status = rt_no_memory(error);
    if (status == RT_OK) status = judge_text(judge, o, lib_hard_place(judge, batch, e), &said, error);
  }
  frame_text_free(&said);
  return status;
}
