/* hardest.c: the rows with the highest loss, kept while a file is judged. */
#include <math.h>
#include <string.h>

#include "libaq/internal.h"

/* Kinds of which a row is wrong in several parts. */
enum { IN_PARTS = REP_LABELS | REP_OF_TAGS | REP_NEXT };

static int make_room(struct lib_hardest *list, size_t most, bool parts) {
  list->most = most;
  list->item = rt_zalloc(most + 1, sizeof *list->item);
  list->room = parts ? rt_zalloc(most + 1, LIB_HARD_PARTS * sizeof *list->room) : NULL;
  return list->item && (list->room || !parts) ? RT_OK : RT_NO_MEMORY;
}

int lib_hardest_init(struct lib_judge *judge, int64_t most, struct rt_error *error) {
  judge->hardest = rt_zalloc(judge->module->output_count + 1u, sizeof *judge->hardest);
  if (!judge->hardest) return rt_no_memory(error);
  for (uint32_t o = 0; o < judge->module->output_count; o++)
    if (make_room(&judge->hardest[o], (size_t)most, judge->report[o].kind & IN_PARTS) != RT_OK)
      return rt_no_memory(error);
  return RT_OK;
}

void lib_hardest_free(struct lib_judge *judge) {
  for (uint32_t o = 0; judge->hardest && o < judge->module->output_count; o++) {
    rt_free(judge->hardest[o].item);
    rt_free(judge->hardest[o].room);
  }
  rt_free(judge->hardest);
}

/* Of equal losses the first row stands first. The row that falls out leaves its room for parts. */
static void keep(struct lib_hardest *list, struct lib_hard_row row) {
  size_t at = list->count < list->most ? list->count : list->most;
  while (at > 0
         && (list->item[at - 1].loss < row.loss
             || (list->item[at - 1].loss == row.loss && list->item[at - 1].row > row.row)))
    at--;
  if (at == list->most) return;
  struct lib_hard_part *room = NULL;
  if (list->room)
    room = list->count < list->most ? list->room + list->count * LIB_HARD_PARTS
                                    : list->item[list->most - 1].part;
  size_t end = list->count < list->most ? list->count++ : list->most - 1;
  memmove(list->item + at + 1, list->item + at, (end - at) * sizeof *list->item);
  if (room && row.parts) memcpy(room, row.part, row.parts * sizeof *room);
  row.part = room;
  list->item[at] = row;
}

static double surprise(double p) { return -log(p > 1e-300 ? p : 1e-300); }

static size_t likeliest(const double *p, size_t count) {
  size_t best = 0;
  for (size_t k = 1; k < count; k++) best = p[k] > p[best] ? k : best;
  return best;
}

void lib_hardest_class(struct lib_judge *judge, uint32_t o, int64_t row, const double *p, int64_t columns,
                       size_t truth) {
  if (!judge->hardest) return;
  size_t best = likeliest(p, (size_t)columns);
  double of_truth = truth < (size_t)columns ? p[truth] : 0;
  keep(&judge->hardest[o],
       (struct lib_hard_row){
           .row = row,
           .loss = surprise(of_truth),
           .one = {.truth = truth, .said = best, .probability = p[best], .of_truth = of_truth}});
}

void lib_hardest_number(struct lib_judge *judge, uint32_t o, int64_t row, double truth, double said) {
  if (!judge->hardest) return;
  bool chance = judge->report[o].kind == REP_CHANCE;
  double loss = chance ? truth * surprise(said) + (1 - truth) * surprise(1 - said) : fabs(truth - said);
  keep(&judge->hardest[o],
       (struct lib_hard_row){.row = row, .loss = loss, .expected = truth, .number = said});
}

static void add_part(struct lib_hard_row *row, struct lib_hard_part part) {
  if (row->parts < LIB_HARD_PARTS) row->part[row->parts++] = part;
  row->wrong++;
}

/* A label that training did not see is missed with no probability. */
void lib_hardest_labels(struct lib_judge *judge, uint32_t o, int64_t row, const double *p) {
  struct lib_hard_part part[LIB_HARD_PARTS];
  struct lib_hard_row hard = {.row = row, .part = part};
  const struct rep_report *r = &judge->report[o];
  if (!judge->hardest) return;
  for (size_t k = 0; k < r->class_count; k++) {
    double of = k < r->model_classes ? p[k] : 0;
    bool has = r->label_mark[k], said = k < r->model_classes && rep_is_predicted(r, k, of);
    hard.loss += surprise(has ? of : 1 - of);
    if (has != said)
      add_part(&hard, (struct lib_hard_part){.truth = has ? k : SIZE_MAX, .said = k, .probability = of});
  }
  if (hard.wrong) keep(&judge->hardest[o], hard);
}

void lib_hardest_tags(struct lib_judge *judge, uint32_t o, int64_t row, const double *p, int64_t answered) {
  struct lib_hard_part part[LIB_HARD_PARTS];
  struct lib_hard_row hard = {.row = row, .part = part};
  const struct lib_judge_text *text = &judge->of_text;
  size_t classes = judge->report[o].model_classes;
  if (!judge->hardest) return;
  for (size_t k = 0; k < (size_t)answered && k < text->count; k++) {
    const double *of = p + k * classes;
    size_t truth = text->truth[k], said = text->said[k];
    double of_truth = truth < classes ? of[truth] : 0;
    hard.loss += surprise(of_truth);
    if (truth != said) add_part(&hard, (struct lib_hard_part){(int64_t)k, truth, said, of[said], of_truth});
  }
  if (hard.wrong) keep(&judge->hardest[o], hard);
}

/* The loss of a text for each token, and the token that is least expected, behind those before it. */
static void hard_text(struct lib_judge *judge, uint32_t o, int64_t row, const double *p,
                      const int32_t *target, int64_t count) {
  struct lib_hard_part part[LIB_HARD_PARTS];
  struct lib_hard_row hard = {.row = row, .part = part, .wrong = 1};
  size_t classes = (size_t)judge->hardest[o].classes;
  int64_t worst = 0;
  for (int64_t k = 0; k < count; k++) {
    double of = p[(size_t)k * classes + (size_t)target[k]];
    hard.loss += surprise(of) / (double)count;
    if (of < p[(size_t)worst * classes + (size_t)target[worst]]) worst = k;
  }
  for (int64_t k = worst < LIB_HARD_PARTS ? 0 : worst - LIB_HARD_PARTS + 1; k <= worst; k++) {
    const double *of = p + (size_t)k * classes;
    size_t best = likeliest(of, classes);
    part[hard.parts++] = (struct lib_hard_part){k, (size_t)target[k], best, of[best], of[target[k]]};
  }
  keep(&judge->hardest[o], hard);
}

void lib_hardest_next(struct lib_judge *judge, uint32_t o, struct lib_batch batch, const struct rt_tensor *t,
                      const int32_t *target) {
  int64_t rows, columns;
  if (!judge->hardest) return;
  lib_output_size(t, &rows, &columns);
  judge->hardest[o].classes = columns;
  for (int64_t e = 0; e < batch.count && columns > 0; e++) {
    int64_t first = rt_offset(t->shape, e) / columns,
            end = e + 1 < batch.count ? rt_offset(t->shape, e + 1) / columns : rows;
    if (end > first)
      hard_text(judge, o, batch.row[e], judge->scratch + first * columns, target + first, end - first);
  }
}

void lib_hardest_match(struct lib_judge *judge, uint32_t o, int64_t row, size_t place, int64_t first) {
  if (!judge->hardest || place < 2) return;
  keep(&judge->hardest[o], (struct lib_hard_row){.row = row, .loss = (double)place, .one = {.place = first}});
}
