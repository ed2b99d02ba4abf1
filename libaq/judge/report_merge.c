/* report_merge.c: the rows of two reports together. They may be of models that know other classes, as those
 * of a cross-validation do: classes go by their names. */
#include <string.h>

#include "libaq/judge/report.h"

/* What is added, and which class of the result each of its classes is. */
struct part {
  const struct rep_report *from;
  size_t *index; /* [from->class_count] */
};

static size_t known(const struct rep_report *r) {
  return r->model_classes ? r->model_classes : r->class_count;
}

/* Names the classes from..to-1 of a part in the result. */
static int name_classes(struct rep_report *r, const struct part *part, size_t from, size_t to,
                        struct rt_error *e) {
  int status = RT_OK;
  for (size_t k = from; k < to && status == RT_OK; k++)
    status = rep_class(r, part->from->classes[k].name, &part->index[k], e);
  return status;
}

/* Those that a model has come first. */
static int name_all(struct rep_report *r, const struct part *part, struct rt_error *e) {
  int status = RT_OK;
  for (int p = 0; p < 2 && status == RT_OK; p++)
    status = name_classes(r, &part[p], 0, known(part[p].from), e);
  if (part[0].from->model_classes) rep_model_classes(r);
  for (int p = 0; p < 2 && status == RT_OK; p++)
    status = name_classes(r, &part[p], known(part[p].from), part[p].from->class_count, e);
  return status;
}

static void add_sum(struct rep_sum *to, const struct rep_sum *from) {
  rep_sum_add(to, from->sum);
  to->rest += from->rest;
}

static void add_counts(struct rep_report *r, const struct rep_report *from) {
  r->rows += from->rows;
  add_sum(&r->loss, &from->loss);
  r->loss_weight += from->loss_weight;
  add_sum(&r->log_loss, &from->log_loss);
  r->log_loss_rows += from->log_loss_rows;
  add_sum(&r->brier, &from->brier);
  add_sum(&r->psnr, &from->psnr);
  r->unanswered += from->unanswered;
  r->unanswered_unseen += from->unanswered_unseen;
  r->exact += from->exact;
  edits_add_all(&r->edits, &from->edits);
  r->texts += from->texts;
  r->negatives = from->negatives;
  r->found = from->found > r->found ? from->found : r->found;
  for (int b = 0; b < REP_BINS; b++) {
    r->bin[b].rows += from->bin[b].rows;
    r->bin[b].hits += from->bin[b].hits;
    add_sum(&r->bin[b].confidence, &from->bin[b].confidence);
  }
}

static void add_bleu(struct bleu *to, const struct bleu *from) {
  for (int n = 0; n < BLEU_ORDER; n++) {
    to->matches[n] += from->matches[n];
    to->written[n] += from->written[n];
  }
  to->words += from->words;
  to->right_words += from->right_words;
}

static void add_chrf(struct chrf *to, const struct chrf *from) {
  for (int n = 0; n < CHRF_ORDER; n++) {
    to->matches[n] += from->matches[n];
    to->written[n] += from->written[n];
    to->right[n] += from->right[n];
  }
}

static void add_classes(struct rep_report *r, const struct part *part) {
  const struct rep_report *from = part->from;
  for (size_t k = 0; k < from->class_count; k++) {
    struct rep_class *to = &r->classes[part->index[k]];
    to->hits += from->classes[k].hits;
    to->truths += from->classes[k].truths;
    to->predictions += from->classes[k].predictions;
    to->unseen += from->classes[k].unseen;
    for (size_t said = 0; r->confusion && from->confusion && said < from->class_count; said++)
      r->confusion[part->index[k] * r->confusion_side + part->index[said]] +=
          from->confusion[k * from->confusion_side + said];
  }
  for (size_t k = 0; k < from->entity_count; k++)
    for (size_t to = 0; to < r->entity_count; to++) {
      if (strcmp(r->entity[to].type, from->entity[k].type) != 0) continue;
      r->entity[to].hits += from->entity[k].hits;
      r->entity[to].truths += from->entity[k].truths;
      r->entity[to].predictions += from->entity[k].predictions;
    }
}

/* Scores for the ranking that AUC is. */
static int add_scored(struct rep_report *r, const struct rep_report *from, struct rt_error *e) {
  size_t count = r->scored_count + from->scored_count;
  if (!from->scored_count) return RT_OK;
  if (rt_grow((void **)&r->scored, &r->scored_capacity, count, sizeof *r->scored)) return rt_no_memory(e);
  memcpy(r->scored + r->scored_count, from->scored, from->scored_count * sizeof *r->scored);
  r->scored_count = count;
  return RT_OK;
}

static int add_ranks(struct rep_report *r, const struct rep_report *from, struct rt_error *e) {
  if (from->rank_count > r->rank_count) {
    if (rt_grow((void **)&r->ranked, &r->rank_capacity, from->rank_count, sizeof *r->ranked))
      return rt_no_memory(e);
    memset(r->ranked + r->rank_count, 0, (from->rank_count - r->rank_count) * sizeof *r->ranked);
    r->rank_count = from->rank_count;
  }
  for (size_t k = 0; k < from->rank_count; k++) r->ranked[k] += from->ranked[k];
  r->ranked_rows += from->ranked_rows;
  return RT_OK;
}

/* Running means and squared deviations of two parts (Chan, Golub, LeVeque 1979). before: rows so far. */
static int add_columns(struct rep_report *r, const struct rep_report *from, double before,
                       struct rt_error *e) {
  const double rows = (double)from->rows;
  if (!from->columns) return RT_OK;
  if (!r->columns && !(r->columns = rt_zalloc(from->column_count, sizeof *r->columns)))
    return rt_no_memory(e);
  r->column_count = from->column_count;
  for (size_t c = 0; c < from->column_count; c++) {
    struct rep_column *to = &r->columns[c];
    const struct rep_column *of = &from->columns[c];
    double delta = of->mean - to->mean, all = before + rows;
    to->deviation += of->deviation + delta * delta * before * rows / all;
    to->mean += delta * rows / all;
    add_sum(&to->squares, &of->squares);
    add_sum(&to->absolutes, &of->absolutes);
  }
  return RT_OK;
}

/* Scores of labels: those that the model of a row does not have are marked. */
static int add_label_scores(struct rep_report *r, const struct part *part, struct rt_error *e) {
  const struct rep_report *from = part->from;
  size_t wide = known(r), narrow = known(from), rows = narrow ? from->label_scores / narrow : 0;
  size_t count = r->label_scores + rows * wide;
  r->scores_dropped |= from->scores_dropped || count > REP_SCORES_MAX;
  if (r->scores_dropped || !rows) return RT_OK;
  if (rt_grow((void **)&r->label_score, &r->score_capacity, count, sizeof *r->label_score))
    return rt_no_memory(e);
  float *to = r->label_score + r->label_scores;
  for (size_t k = 0; k < rows * wide; k++) to[k] = NAN;
  for (size_t row = 0; row < rows; row++)
    for (size_t k = 0; k < narrow; k++) to[row * wide + part->index[k]] = from->label_score[row * narrow + k];
  r->label_scores = count;
  return RT_OK;
}

/* The label is that of the first part, which stays; the other part may be freed. */
static int add_scope(struct rep_report *r, const struct rep_report *from, struct rt_error *e) {
  struct rep_scope *s = &r->scope;
  if (!s->label) s->label = from->scope.label;
  if (!from->scope.count) return RT_OK;
  if (rt_grow((void **)&s->row, &s->capacity, s->count + from->scope.count, sizeof *s->row))
    return rt_no_memory(e);
  memcpy(s->row + s->count, from->scope.row, from->scope.count * sizeof *s->row);
  s->count += from->scope.count;
  return RT_OK;
}

static int add(struct rep_report *r, const struct part *part, struct rt_error *e) {
  const struct rep_report *from = part->from;
  double before = (double)r->rows;
  add_counts(r, from);
  add_bleu(&r->bleu, &from->bleu);
  add_bleu(&r->bleu_lower, &from->bleu_lower);
  add_chrf(&r->chrf, &from->chrf);
  add_classes(r, part);
  int status = add_scored(r, from, e);
  if (status == RT_OK) status = add_ranks(r, from, e);
  if (status == RT_OK) status = add_columns(r, from, before, e);
  if (status == RT_OK && r->kind == REP_LABELS) status = add_label_scores(r, part, e);
  if (status == RT_OK && r->kind == REP_BOXES) status = rep_merge_boxes(r, from, part->index, e);
  return status != RT_OK ? status : add_scope(r, from, e);
}

int rep_merge(struct rep_report *r, const struct rep_report *other, struct rt_error *e) {
  struct rep_report all;
  struct part part[2] = {{r, rt_zalloc(r->class_count + 1, sizeof(size_t))},
                         {other, rt_zalloc(other->class_count + 1, sizeof(size_t))}};
  int status = rep_init(&all, r->kind, e);
  if (status == RT_OK && (!part[0].index || !part[1].index)) status = rt_no_memory(e);
  if (status == RT_OK) status = name_all(&all, part, e);
  for (int p = 0; p < 2 && status == RT_OK; p++) status = add(&all, &part[p], e);
  rt_free(part[0].index);
  rt_free(part[1].index);
  rep_free(status == RT_OK ? r : &all);
  if (status == RT_OK) *r = all;
  return status;
}
