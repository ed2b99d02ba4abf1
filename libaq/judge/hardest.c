/* hardest.c: the rows with the highest loss, kept while a file is judged. */
#include <math.h>
#include <string.h>

#include "libaq/internal.h"
#include "libaq/shown/printable.h"
#include "libaq/shown/shown_tree.h"

int lib_hardest_init(struct lib_judge *judge, int64_t most, struct rt_error *error) {
  judge->hardest = rt_zalloc(judge->module->output_count + 1u, sizeof *judge->hardest);
  if (!judge->hardest) return rt_no_memory(error);
  for (uint32_t o = 0; o < judge->module->output_count; o++) {
    judge->hardest[o].most = (size_t)most;
    judge->hardest[o].item = rt_zalloc((size_t)most + 1, sizeof *judge->hardest[o].item);
    if (!judge->hardest[o].item) return rt_no_memory(error);
  }
  return RT_OK;
}

void lib_hardest_free(struct lib_judge *judge) {
  for (uint32_t o = 0; judge->hardest && o < judge->module->output_count; o++)
    rt_free(judge->hardest[o].item);
  rt_free(judge->hardest);
}

/* Of equal losses the first row stands first. */
static void keep(struct lib_hardest *list, struct lib_hard_row row) {
  size_t at = list->count < list->most ? list->count : list->most;
  while (at > 0
         && (list->item[at - 1].loss < row.loss
             || (list->item[at - 1].loss == row.loss && list->item[at - 1].row > row.row)))
    at--;
  if (at == list->most) return;
  size_t end = list->count < list->most ? list->count++ : list->most - 1;
  memmove(list->item + at + 1, list->item + at, (end - at) * sizeof *list->item);
  list->item[at] = row;
}

static double surprise(double p) { return -log(p > 1e-300 ? p : 1e-300); }

void lib_hardest_class(struct lib_judge *judge, uint32_t o, int64_t row, const double *p, int64_t columns,
                       size_t truth) {
  size_t best = 0;
  if (!judge->hardest) return;
  for (size_t k = 1; k < (size_t)columns; k++) best = p[k] > p[best] ? k : best;
  double of_truth = truth < (size_t)columns ? p[truth] : 0;
  keep(&judge->hardest[o], (struct lib_hard_row){.row = row,
                                                 .loss = surprise(of_truth),
                                                 .truth = truth,
                                                 .said = best,
                                                 .probability = p[best],
                                                 .of_truth = of_truth});
}

void lib_hardest_number(struct lib_judge *judge, uint32_t o, int64_t row, double truth, double said) {
  if (!judge->hardest) return;
  bool chance = judge->report[o].kind == REP_CHANCE;
  double loss = chance ? truth * surprise(said) + (1 - truth) * surprise(1 - said) : fabs(truth - said);
  keep(&judge->hardest[o],
       (struct lib_hard_row){.row = row, .loss = loss, .expected = truth, .number = said});
}

/* ---- what is said ---- */

static void show_class(const struct rep_report *r, const struct lib_hard_row *row, aq_shown *s,
                       struct rt_text *line) {
  const char *truth = r->classes[row->truth].name, *said = r->classes[row->said].name;
  aq_shown_text(s, "expected", NULL, truth);
  aq_shown_text(s, "predicted", NULL, said);
  aq_shown_real(s, "probability", NULL, row->probability);
  aq_shown_real(s, "probability_of_expected", NULL, row->of_truth);
  aq_shown_real(s, "loss", NULL, row->loss);
  printable_line(line, truth);
  rt_text_printf(line, " %.3f, said ", row->of_truth);
  printable_line(line, said);
  rt_text_printf(line, " %.3f", row->probability);
}

static void show_number(const struct lib_hard_row *row, aq_shown *s, struct rt_text *line) {
  char truth[SHOWN_EXACT_SIZE], said[SHOWN_EXACT_SIZE];
  shown_short(truth, row->expected);
  shown_short(said, row->number);
  aq_shown_real(s, "expected", NULL, row->expected);
  aq_shown_real(s, "predicted", NULL, row->number);
  aq_shown_real(s, "loss", NULL, row->loss);
  rt_text_printf(line, "%s, said %s", truth, said);
}

static void show_row(const struct lib_judge *judge, const struct io_dataset *data, uint32_t o,
                     const struct lib_hard_row *row, aq_shown *s) {
  const struct rep_report *r = &judge->report[o];
  struct rt_text line = {0};
  const char *text = NULL;
  for (int c = 0; c < data->columns; c++)
    if (data->values[c].keeps && data->values[c].present) text = io_values_field(&data->values[c], row->row);
  aq_shown_begin(s, NULL);
  aq_shown_whole(s, "line", NULL, data->lines[row->row]);
  rt_text_printf(&line, "line %lld: ", (long long)data->lines[row->row]);
  if (r->kind == REP_CLASS)
    show_class(r, row, s, &line);
  else
    show_number(row, s, &line);
  if (text) aq_shown_text(s, "text", NULL, text);
  if (text) rt_text_puts(&line, ": ");
  if (text) printable_line(&line, text);
  if (line.failed)
    shown_fail(s, RT_NO_MEMORY);
  else
    aq_shown_note(s, NULL, "%s", line.data);
  rt_text_free(&line);
  aq_shown_end(s);
}

void lib_hardest_show(const struct lib_judge *judge, const struct io_dataset *data, uint32_t o, aq_shown *s) {
  const struct lib_hardest *list = &judge->hardest[o];
  if (!list->count) return;
  aq_shown_list(s, "hardest");
  aq_shown_say(s, "hardest rows: what the row says and its probability, what the model says");
  for (size_t k = 0; k < list->count; k++) show_row(judge, data, o, &list->item[k], s);
  aq_shown_end(s);
}
