/* hardest.c: the rows with the highest loss, kept while a file is judged. */
#include <math.h>
#include <string.h>

#include "libaq/judge/judge.h"

/* Kinds of which a row is wrong in several parts. */
enum { IN_PARTS = REP_LABELS | REP_BOXES | REP_OF_TAGS | REP_NEXT };

int lib_hardest_init(struct lib_judge *judge, int64_t most, struct rt_error *error) {
  judge->hardest = rt_zalloc(judge->module->output_count + 1u, sizeof *judge->hardest);
  if (!judge->hardest) return rt_no_memory(error);
  for (uint32_t o = 0; o < judge->module->output_count; o++) judge->hardest[o].most = (size_t)most;
  return RT_OK;
}

void lib_hardest_free(struct lib_judge *judge) {
  for (uint32_t o = 0; judge->hardest && o < judge->module->output_count; o++) {
    struct lib_hardest *list = &judge->hardest[o];
    for (size_t k = 0; k < list->count; k++) {
      rt_free(list->item[k].part);
      rt_text_free(&list->item[k].written);
      lib_row_texts_free(&list->item[k].texts);
    }
    rt_free(list->item);
  }
  rt_free(judge->hardest);
}

struct lib_hard_place lib_hard_place(const struct lib_judge *judge, struct lib_batch batch, int64_t r) {
  return (struct lib_hard_place){batch.data, batch.row[r], judge->number[r]};
}

/* The room for a row: that of the one that falls out, or a new one. */
static int make_room(struct lib_hardest *list, bool parts, struct lib_hard_row *room) {
  if (list->count == list->most) {
    *room = list->item[--list->count];
    return RT_OK;
  }
  *room = (struct lib_hard_row){0};
  if (rt_grow((void **)&list->item, &list->capacity, list->count + 1, sizeof *list->item))
    return RT_NO_MEMORY;
  room->part = parts ? rt_zalloc(LIB_HARD_PARTS, sizeof *room->part) : NULL;
  return parts && !room->part ? RT_NO_MEMORY : RT_OK;
}

/* Of equal losses the first row stands first. Returns where the row is kept, to be given its texts; NULL: it
 * is not one of the hardest. */
static struct lib_hard_row *keep(struct lib_hardest *list, bool parts, struct lib_hard_row row) {
  size_t at = list->count;
  struct lib_hard_row room;
  while (at > 0
         && (list->item[at - 1].loss < row.loss
             || (list->item[at - 1].loss == row.loss && list->item[at - 1].number > row.number)))
    at--;
  if (at == list->most) return NULL;
  if (make_room(list, parts, &room) != RT_OK) {
    list->failed = true;
    return NULL;
  }
  memmove(list->item + at + 1, list->item + at, (list->count - at) * sizeof *list->item);
  if (row.parts) memcpy(room.part, row.part, row.parts * sizeof *row.part);
  row.part = room.part;
  row.texts = room.texts;
  row.written = room.written;
  list->item[at] = row;
  list->count++;
  return &list->item[at];
}

/* Returns the row if it is one of the hardest, else NULL. */
static struct lib_hard_row *keep_row(struct lib_judge *judge, uint32_t o, struct lib_hard_place at,
                                     struct lib_hard_row row) {
  struct lib_hardest *list = &judge->hardest[o];
  row.number = at.number;
  row.line = at.data->lines[at.row];
  struct lib_hard_row *kept = keep(list, judge->report[o].kind & IN_PARTS, row);
  if (!kept) return NULL;
  lib_row_texts_clear(&kept->texts);
  if (lib_row_texts_add(&kept->texts, at.data, at.row) != RT_OK) list->failed = true;
  return kept;
}

static double surprise(double p) { return -log(p > 1e-300 ? p : 1e-300); }

void lib_hardest_class(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, const double *p,
                       int64_t columns, size_t truth) {
  if (!judge->hardest) return;
  size_t best = (size_t)lib_likeliest(p, columns);
  double of_truth = truth < (size_t)columns ? p[truth] : 0;
  keep_row(judge, o, at,
           (struct lib_hard_row){
               .loss = surprise(of_truth),
               .one = {.truth = truth, .said = best, .probability = p[best], .of_truth = of_truth}});
}

void lib_hardest_number(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, double truth,
                        double said) {
  if (!judge->hardest) return;
  bool chance = judge->report[o].kind == REP_CHANCE;
  double loss = chance ? truth * surprise(said) + (1 - truth) * surprise(1 - said) : fabs(truth - said);
  keep_row(judge, o, at, (struct lib_hard_row){.loss = loss, .expected = truth, .said = said});
}

static void add_part(struct lib_hard_row *row, struct lib_hard_part part) {
  if (row->parts < LIB_HARD_PARTS) row->part[row->parts++] = part;
  row->wrong++;
}

/* A label that training did not see is missed with no probability. */
void lib_hardest_labels(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, const double *p) {
  struct lib_hard_part part[LIB_HARD_PARTS];
  struct lib_hard_row hard = {.part = part};
  const struct rep_report *r = &judge->report[o];
  if (!judge->hardest) return;
  for (size_t k = 0; k < r->class_count; k++) {
    double of = k < r->model_classes ? p[k] : 0;
    bool has = r->label_mark[k], said = k < r->model_classes && rep_is_predicted(r, k, of);
    hard.loss += surprise(has ? of : 1 - of);
    if (has != said)
      add_part(&hard, (struct lib_hard_part){.truth = has ? k : SIZE_MAX, .said = k, .probability = of});
  }
  if (hard.wrong) keep_row(judge, o, at, hard);
}

void lib_hardest_boxes(struct lib_judge *judge, uint32_t o, struct lib_hard_place at,
                       const struct rep_image *image) {
  struct lib_hard_part part[LIB_HARD_PARTS];
  struct lib_hard_row hard = {.part = part};
  const struct rep_report *r = &judge->report[o];
  if (!judge->hardest) return;
  for (size_t k = 0; k < image->things; k++) {
    const struct rep_thing *thing = &image->thing[k];
    if (!rep_is_predicted(r, thing->class, thing->score))
      add_part(&hard, (struct lib_hard_part){
                          .truth = thing->class, .said = thing->class, .probability = thing->score});
  }
  for (size_t k = 0; k < image->boxes; k++) {
    const struct rep_box *box = &image->box[k];
    if (!box->right && rep_is_predicted(r, box->class, box->score))
      add_part(&hard,
               (struct lib_hard_part){.truth = SIZE_MAX, .said = box->class, .probability = box->score});
  }
  hard.loss = (double)hard.wrong;
  if (hard.wrong) keep_row(judge, o, at, hard);
}

void lib_hardest_frames(struct lib_judge *judge, uint32_t o, struct lib_hard_place at,
                        const struct rt_text *written, uint64_t edits) {
  if (!judge->hardest || !edits) return;
  struct lib_hard_row *kept = keep_row(judge, o, at, (struct lib_hard_row){.loss = (double)edits});
  if (!kept) return;
  kept->written.length = 0;
  rt_text_add(&kept->written, written->data, written->length);
  judge->hardest[o].failed |= kept->written.failed;
}

void lib_hardest_tags(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, const double *p,
                      int64_t answered) {
  struct lib_hard_part part[LIB_HARD_PARTS];
  struct lib_hard_row hard = {.part = part};
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
  if (hard.wrong) keep_row(judge, o, at, hard);
}

/* The loss of a text for each token, and the token that is least expected, behind those before it. */
static void hard_text(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, const double *p,
                      const int32_t *target, int64_t count) {
  struct lib_hard_part part[LIB_HARD_PARTS];
  struct lib_hard_row hard = {.part = part, .wrong = 1};
  size_t classes = (size_t)judge->hardest[o].classes;
  int64_t worst = 0;
  for (int64_t k = 0; k < count; k++) {
    double of = p[(size_t)k * classes + (size_t)target[k]];
    hard.loss += surprise(of) / (double)count;
    if (of < p[(size_t)worst * classes + (size_t)target[worst]]) worst = k;
  }
  for (int64_t k = worst < LIB_HARD_PARTS ? 0 : worst - LIB_HARD_PARTS + 1; k <= worst; k++) {
    const double *of = p + (size_t)k * classes;
    size_t best = (size_t)lib_likeliest(of, (int64_t)classes);
    part[hard.parts++] = (struct lib_hard_part){k, (size_t)target[k], best, of[best], of[target[k]]};
  }
  keep_row(judge, o, at, hard);
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
      hard_text(judge, o, lib_hard_place(judge, batch, e), judge->scratch + first * columns, target + first,
                end - first);
  }
}

void lib_hardest_match(struct lib_judge *judge, uint32_t o, const struct lib_hard_match *match) {
  struct lib_hardest *list = &judge->hardest[o];
  struct lib_hard_row row = {.number = match->number, .line = match->line, .loss = (double)match->place};
  struct lib_hard_row *kept = match->place < 2 ? NULL : keep(list, false, row);
  if (!kept) return;
  lib_row_texts_clear(&kept->texts);
  if (lib_row_texts_copy(&kept->texts, match->texts, match->row) != RT_OK
      || lib_row_texts_copy(&kept->texts, match->texts, match->first) != RT_OK)
    list->failed = true;
}
