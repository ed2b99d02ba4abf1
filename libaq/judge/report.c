/* report.c: collects from rows what the metrics need. */
#include "libaq/judge/report.h"

#include <float.h>
#include <math.h>
#include <string.h>

void rep_sum_add(struct rep_sum *sum, double x) {
  double next = sum->sum + x;
  sum->rest += fabs(sum->sum) >= fabs(x) ? (sum->sum - next) + x : (x - next) + sum->sum;
  sum->sum = next;
}

double rep_sum_value(const struct rep_sum *sum) {
  /* Once the sum is infinite, the error would be infinity minus infinity. */
  return isfinite(sum->sum) ? sum->sum + sum->rest : sum->sum;
}

const struct vm_target *rep_target(enum rep_kind kind) {
  int k = 0;
  while (k + 1 < VM_TARGETS && (unsigned)kind != 1u << k) k++;
  return &vm_targets[k];
}

int rep_init(struct rep_report *r, enum rep_kind kind, struct rt_error *e) {
  *r = (struct rep_report){.kind = kind};
  if (kind != REP_CHANCE) return RT_OK;
  size_t index;
  int status = rep_class(r, "0", &index, e);
  return status != RT_OK ? status : rep_class(r, "1", &index, e);
}

void rep_free(struct rep_report *r) {
  if (!r) return;
  for (size_t c = 0; c < r->class_count; c++) rt_free(r->classes[c].name);
  rt_free(r->classes);
  rt_free(r->order);
  rt_free(r->confusion);
  rt_free(r->scored);
  rt_free(r->label_score);
  rt_free(r->label_mark);
  rt_free(r->above);
  rt_free(r->found_box);
  rt_free(r->columns);
  rt_free(r->ranked);
  rt_free(r->scope.row);
  rep_free_entities(r);
  *r = (struct rep_report){.kind = r->kind};
}

void rep_reset(struct rep_report *r) {
  r->rows = r->log_loss_rows = r->unanswered = r->unanswered_unseen = 0;
  r->loss = r->log_loss = r->brier = r->psnr = (struct rep_sum){0, 0};
  memset(r->bin, 0, sizeof r->bin);
  r->loss_weight = 0;
  for (size_t c = 0; c < r->class_count; c++)
    r->classes[c].hits = r->classes[c].truths = r->classes[c].predictions = r->classes[c].unseen = 0;
  if (r->confusion) memset(r->confusion, 0, r->confusion_side * r->confusion_side * sizeof *r->confusion);
  r->scored_count = r->label_scores = r->found_boxes = 0;
  r->scores_dropped = false;
  rep_forget_entities(r);
  r->rank_count = r->ranked_rows = 0;
  r->scope.count = 0;
  rt_free(r->columns);
  r->columns = NULL;
  r->column_count = 0;
  r->texts = r->exact = 0;
  r->bleu = r->bleu_lower = (struct bleu){0};
  r->chrf = (struct chrf){0};
  r->edits = (struct edits){0};
}

/* Where name is in the sorted order, or belongs. Bytes of UTF-8 sort like code points, and scikit-learn sorts
 * names by code points. */
static size_t find_class(const struct rep_report *r, const char *name, bool *found) {
  size_t low = 0, high = r->class_count;
  *found = false;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int sign = strcmp(name, r->classes[r->order[middle]].name);
    if (sign == 0) *found = true;
    if (sign <= 0)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* Makes the confusion matrix hold count classes, or drops it when it would be too large. */
static int grow_confusion(struct rep_report *r, size_t count, struct rt_error *e) {
  if (count <= r->confusion_side || r->kind & REP_SEVERAL)
    return RT_OK; /* labels do not exclude each other */
  if (count > REP_CONFUSION_MAX) {
    rt_free(r->confusion);
    r->confusion = NULL;
    return RT_OK;
  }
  size_t side = count < 8 ? 8 : 2 * count < REP_CONFUSION_MAX ? 2 * count : REP_CONFUSION_MAX;
  uint64_t *larger = rt_zalloc(side * side, sizeof *larger);
  if (!larger) return rt_no_memory(e);
  for (size_t row = 0; row < r->class_count; row++)
    memcpy(larger + row * side, r->confusion + row * r->confusion_side, r->class_count * sizeof *larger);
  rt_free(r->confusion);
  r->confusion = larger;
  r->confusion_side = side;
  return RT_OK;
}

int rep_class(struct rep_report *r, const char *name, size_t *index, struct rt_error *e) {
  bool found;
  size_t place = find_class(r, name, &found);
  if (found) {
    *index = r->order[place];
    return RT_OK;
  }
  size_t count = r->class_count;
  if (rt_grow((void **)&r->classes, &r->class_capacity, count + 1, sizeof *r->classes)
      || rt_grow((void **)&r->order, &r->order_capacity, count + 1, sizeof *r->order))
    return rt_no_memory(e);
  int status = grow_confusion(r, count + 1, e);
  if (status != RT_OK) return status;
  char *copy = rt_strdup(name);
  if (!copy) return rt_no_memory(e);
  r->classes[count] = (struct rep_class){.name = copy};
  if (r->kind & REP_OF_TAGS) status = rep_name_entity(r, &r->classes[count], e);
  if (status != RT_OK) {
    rt_free(copy);
    return status;
  }
  memmove(r->order + place + 1, r->order + place, (count - place) * sizeof *r->order);
  r->order[place] = count;
  r->class_count = count + 1;
  *index = count;
  return RT_OK;
}

void rep_model_classes(struct rep_report *r) { r->model_classes = r->class_count; }

uint64_t rep_unseen_rows(const struct rep_report *r) {
  uint64_t rows = 0;
  for (size_t c = 0; c < r->class_count; c++) rows += r->classes[c].unseen;
  return rows;
}

uint64_t rep_scored_rows(const struct rep_report *r) {
  if (r->kind & REP_SEVERAL) return r->rows; /* each is scored for the labels that the model has */
  return r->rows - rep_unseen_rows(r) - (r->unanswered - r->unanswered_unseen);
}

static double clip(double p) {
  return p < DBL_EPSILON ? DBL_EPSILON : p > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : p;
}

/* -ln of the probability of the truth. Probabilities are clipped away from 0 and 1 and divided by their sum,
 * as in scikit-learn's log_loss for doubles. */
static double row_log_loss(size_t truth, const double *proba, size_t proba_count) {
  double total = 0;
  for (size_t c = 0; c < proba_count; c++) total += clip(proba[c]);
  return -log(clip(truth < proba_count ? proba[truth] : 0) / total);
}

/* Keeps what metrics need of a row's probabilities. All that can fail comes first, so that a refused row
 * changes nothing. */
static int add_proba(struct rep_report *r, size_t truth, const double *proba, size_t proba_count,
                     struct rt_error *e) {
  for (size_t c = 0; c < proba_count; c++)
    if (!isfinite(proba[c]))
      return rt_fail(e, RT_NOT_FINITE, "row %llu: the probability of class '%s' is not a finite number",
                     (unsigned long long)r->rows + 1, c < r->class_count ? r->classes[c].name : "?");
  size_t known = r->model_classes ? r->model_classes : r->class_count;
  if (truth >= known) return RT_OK;
  if (known == 2 && proba_count == 2) {
    if (rt_grow((void **)&r->scored, &r->scored_capacity, r->scored_count + 1, sizeof *r->scored))
      return rt_no_memory(e);
    size_t positive = strcmp(r->classes[0].name, r->classes[1].name) < 0;
    r->scored[r->scored_count++] = rep_scored(proba[positive], truth == positive);
  }
  rep_sum_add(&r->log_loss, row_log_loss(truth, proba, proba_count));
  r->log_loss_rows++;
  return RT_OK;
}

static void add_confidence(struct rep_report *r, double confidence, bool right) {
  int bin = (int)(confidence * REP_BINS);
  struct rep_bin *of = &r->bin[bin < 0 ? 0 : bin >= REP_BINS ? REP_BINS - 1 : bin];
  of->rows++;
  of->hits += right;
  rep_sum_add(&of->confidence, confidence);
}

int rep_add_class(struct rep_report *r, size_t truth, size_t predicted, const double *proba,
                  size_t proba_count, struct rt_error *e) {
  if (truth >= r->class_count || predicted >= r->class_count)
    return rt_fail(e, RT_USAGE, "class %zu was never named: the report knows %zu classes",
                   truth >= r->class_count ? truth : predicted, r->class_count);
  int status = proba ? add_proba(r, truth, proba, proba_count, e) : RT_OK;
  if (status != RT_OK) return status;
  r->rows++;
  r->classes[truth].truths++;
  r->classes[truth].unseen += rep_is_unseen(r, truth);
  r->classes[predicted].predictions++;
  if (truth == predicted) r->classes[truth].hits++;
  if (proba && predicted < proba_count) add_confidence(r, proba[predicted], truth == predicted);
  if (r->confusion) r->confusion[truth * r->confusion_side + predicted]++;
  return RT_OK;
}

int rep_add_unanswered(struct rep_report *r, size_t truth, struct rt_error *e) {
  if (truth >= r->class_count)
    return rt_fail(e, RT_USAGE, "class %zu was never named: the report knows %zu classes", truth,
                   r->class_count);
  r->rows++;
  r->classes[truth].truths++;
  r->classes[truth].unseen += rep_is_unseen(r, truth);
  r->unanswered++;
  r->unanswered_unseen += rep_is_unseen(r, truth);
  return RT_OK;
}

int rep_add_chance(struct rep_report *r, double truth, double proba, struct rt_error *e) {
  if (!(truth >= 0 && truth <= 1))
    return rt_fail(e, RT_BAD_DATA, "row %llu: the target of a probability is from 0 to 1, and this one is %g",
                   (unsigned long long)r->rows + 1, truth);
  const double chances[] = {1 - proba, proba};
  int status = rep_add_class(r, truth > 0.5, proba > 0.5, chances, 2, e);
  if (status != RT_OK) return status;
  rep_sum_add(&r->brier, (truth - proba) * (truth - proba));
  /* A target of 0.7 is 1 with probability 0.7 and 0 with 0.3. rep_add_class has counted the likelier of the
   * two. */
  double other = truth > 0.5 ? 1 - truth : truth;
  if (other > 0)
    rep_sum_add(&r->log_loss,
                other * (row_log_loss(truth <= 0.5, chances, 2) - row_log_loss(truth > 0.5, chances, 2)));
  return RT_OK;
}

static int check_numbers(struct rep_report *r, const double *truth, const double *predicted, size_t width,
                         struct rt_error *e) {
  unsigned long long row = (unsigned long long)r->rows + 1;
  if (width == 0) return rt_fail(e, RT_USAGE, "row %llu holds no number", row);
  if (r->columns && width != r->column_count)
    return rt_fail(e, RT_USAGE, "row %llu holds %zu numbers, and the rows before it %zu", row, width,
                   r->column_count);
  for (size_t c = 0; c < width; c++)
    if (!isfinite(truth[c]) || !isfinite(predicted[c]))
      return rt_fail(e, RT_NOT_FINITE, "row %llu: the %s is not a finite number", row,
                     isfinite(truth[c]) ? "prediction" : "target");
  return RT_OK;
}

int rep_add_numbers(struct rep_report *r, const double *truth, const double *predicted, size_t width,
                    struct rt_error *e) {
  int status = check_numbers(r, truth, predicted, width, e);
  if (status != RT_OK) return status;
  if (!r->columns) {
    r->columns = rt_zalloc(width, sizeof *r->columns);
    if (!r->columns) return rt_no_memory(e);
    r->column_count = width;
  }
  r->rows++;
  for (size_t c = 0; c < width; c++) {
    struct rep_column *column = &r->columns[c];
    double delta = truth[c] - column->mean, error = truth[c] - predicted[c];
    column->mean += delta / (double)r->rows;
    column->deviation += delta * (truth[c] - column->mean);
    rep_sum_add(&column->squares, error * error);
    rep_sum_add(&column->absolutes, fabs(error));
  }
  return RT_OK;
}

static double in_unit(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

int rep_add_picture(struct rep_report *r, const double *truth, const double *predicted, size_t count,
                    double *psnr, struct rt_error *e) {
  double squares = 0, absolutes = 0;
  for (size_t k = 0; k < count; k++) {
    const double error = in_unit(truth[k]) - in_unit(predicted[k]);
    squares += error * error;
    absolutes += fabs(error);
  }
  *psnr = REP_MOST_PSNR;
  if (!count) return RT_OK;
  *psnr = fmin(*psnr, -10 * log10(squares / (double)count));
  if (!r->columns && !(r->columns = rt_zalloc(1, sizeof *r->columns))) return rt_no_memory(e);
  r->column_count = 1;
  r->rows++;
  rep_sum_add(&r->columns->squares, squares / (double)count);
  rep_sum_add(&r->columns->absolutes, absolutes / (double)count);
  rep_sum_add(&r->psnr, *psnr);
  return RT_OK;
}

int rep_add_next(struct rep_report *r, double nats, uint64_t tokens, struct rt_error *e) {
  if (!isfinite(nats))
    return rt_fail(e, RT_NOT_FINITE, "the loss after %llu tokens is not a finite number",
                   (unsigned long long)r->rows + tokens);
  rep_sum_add(&r->loss, nats);
  r->loss_weight += (double)tokens;
  r->rows += tokens;
  return RT_OK;
}

int rep_add_text(struct rep_report *r, const char *written, const char *right, bool same_tokens,
                 struct rt_error *e) {
  int status = bleu_add(&r->bleu, written, right, false, e);
  if (status == RT_OK) status = bleu_add(&r->bleu_lower, written, right, true, e);
  if (status == RT_OK) status = chrf_add(&r->chrf, written, right, e);
  if (status == RT_OK) status = edits_add(&r->edits, written, right, e);
  if (status != RT_OK) return status;
  r->texts++;
  r->exact += same_tokens;
  return RT_OK;
}

int rep_add_frames(struct rep_report *r, const char *written, const char *right, bool same_tokens,
                   struct rt_error *e) {
  int status = edits_add(&r->edits, written, right, e);
  if (status != RT_OK) return status;
  r->rows++;
  r->texts++;
  r->exact += same_tokens;
  return RT_OK;
}

void rep_add_loss(struct rep_report *r, double sum, double weight) {
  rep_sum_add(&r->loss, sum);
  r->loss_weight += weight;
}
