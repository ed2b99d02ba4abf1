/* report_boxes.c: how good boxes are: average precision, as COCO defines it (Lin et al. 2014; pycocotools).
 *
 * For each of ten least overlaps, 0.5 to 0.95, the boxes found in an image are taken by falling score, and
 * each gets the thing of its class that it overlaps most, unless another has it. The average precision of a
 * class is the mean of the precision at 101 recalls, where precision is the highest at that recall or a
 * higher one. */
#include <math.h>
#include <stdlib.h>

#include "libaq/judge/report.h"

enum { MOST_FOUND = 100, RECALLS = 101 };

static double area(const double *box) { return fmax(box[2] - box[0], 0) * fmax(box[3] - box[1], 0); }

double rep_overlap(const double *a, const double *b) {
  const double common[] = {fmax(a[0], b[0]), fmax(a[1], b[1]), fmin(a[2], b[2]), fmin(a[3], b[3])};
  const double both = area(common), all = area(a) + area(b) - both;
  return all > 0 ? both / all : 0;
}

/* ---- one image ---- */

static int by_score(const void *one, const void *other) {
  const struct rep_box *a = *(struct rep_box *const *)one, *b = *(struct rep_box *const *)other;
  if (a->score != b->score) return a->score < b->score ? 1 : -1;
  return a < b ? -1 : a > b;
}

/* The thing that a box gets when it must overlap by so much, or NULL. */
static struct rep_thing *thing_for(const struct rep_image *image, const struct rep_box *box, int level) {
  struct rep_thing *best = NULL;
  double most = REP_LEAST_OVERLAP(level);
  for (size_t t = 0; t < image->things; t++) {
    struct rep_thing *thing = &image->thing[t];
    if (thing->class != box->class || thing->taken >> level & 1) continue;
    const double overlap = rep_overlap(thing->at, box->at);
    if (overlap < most || (best && overlap == most)) continue;
    most = overlap;
    best = thing;
  }
  return best;
}

static int keep_found(struct rep_report *r, const struct rep_image *image, struct rep_box *box,
                      struct rt_error *e) {
  if (rt_grow((void **)&r->found_box, &r->found_capacity, r->found_boxes + 1, sizeof *r->found_box))
    return rt_no_memory(e);
  struct rep_found *found = &r->found_box[r->found_boxes];
  *found = (struct rep_found){.score = box->score, .class = (uint32_t)box->class};
  for (int level = 0; level < REP_OVERLAPS; level++) {
    struct rep_thing *thing = thing_for(image, box, level);
    if (!thing) continue;
    thing->taken |= (uint16_t)(1 << level);
    found->right |= (uint16_t)(1 << level);
    if (level > 0) continue;
    thing->score = box->score;
    box->right = true;
  }
  r->found_boxes++;
  if (!rep_is_predicted(r, box->class, box->score)) return RT_OK;
  r->classes[box->class].predictions++;
  r->classes[box->class].hits += found->right & 1;
  return RT_OK;
}

static int check_image(const struct rep_report *r, const struct rep_image *image, struct rt_error *e) {
  for (size_t k = 0; k < image->boxes; k++)
    for (int c = 0; c <= 4; c++)
      if (!isfinite(c < 4 ? image->box[k].at[c] : image->box[k].score))
        return rt_fail(e, RT_NOT_FINITE, "row %llu: a box is not of finite numbers",
                       (unsigned long long)r->rows + 1);
  return RT_OK;
}

int rep_add_image(struct rep_report *r, const struct rep_image *image, struct rt_error *e) {
  int status = check_image(r, image, e);
  struct rep_box **order = status == RT_OK ? rt_alloc((image->boxes + 1) * sizeof *order) : NULL;
  if (status != RT_OK || !order) return status != RT_OK ? status : rt_no_memory(e);
  for (size_t k = 0; k < image->boxes; k++) order[k] = &image->box[k];
  qsort(order, image->boxes, sizeof *order, by_score);
  for (size_t t = 0; t < image->things; t++) {
    r->classes[image->thing[t].class].truths++;
    r->classes[image->thing[t].class].unseen += rep_is_unseen(r, image->thing[t].class);
  }
  for (size_t k = 0; k < image->boxes && k < MOST_FOUND && status == RT_OK; k++)
    status = keep_found(r, image, order[k], e);
  rt_free(order);
  r->rows += status == RT_OK;
  return status;
}

/* ---- all images ---- */

/* By class, and each class by falling score; of equal ones the first found. */
static int by_class(const void *one, const void *other) {
  const struct rep_found *a = *(const struct rep_found *const *)one,
                         *b = *(const struct rep_found *const *)other;
  if (a->class != b->class) return a->class < b->class ? -1 : 1;
  if (a->score != b->score) return a->score < b->score ? 1 : -1;
  return a < b ? -1 : a > b;
}

/* precision: [count] scratch. */
static double average_precision(const struct rep_found *const *found, size_t count, uint64_t things,
                                int level, double *precision) {
  double sum = 0, best = 0;
  uint64_t right = 0;
  for (size_t k = 0; k < count; k++) {
    right += found[k]->right >> level & 1;
    precision[k] = (double)right / (double)(k + 1);
  }
  for (size_t k = count; k-- > 0;) precision[k] = best = fmax(best, precision[k]);
  right = 0;
  for (size_t k = 0, at = 0; at < RECALLS && k < count; k++) {
    right += found[k]->right >> level & 1;
    for (; at < RECALLS && (double)right / (double)things >= (double)at / (RECALLS - 1); at++)
      sum += precision[k];
  }
  return sum / RECALLS;
}

/* levels: of so many least overlaps, from the first on. NaN: there is no such thing, or no memory. */
static double mean_over(const struct rep_report *r, size_t class, bool all_classes, int levels) {
  const struct rep_found **found = rt_alloc((r->found_boxes + 1) * sizeof *found);
  double *precision = rt_alloc((r->found_boxes + 1) * sizeof *precision), sum = 0;
  size_t counted = 0, at = 0, end;
  if (found && precision) {
    for (size_t k = 0; k < r->found_boxes; k++) found[k] = &r->found_box[k];
    qsort(found, r->found_boxes, sizeof *found, by_class);
    for (size_t c = 0; c < r->class_count; c++, at = end) {
      for (end = at; end < r->found_boxes && found[end]->class == c; end++) {}
      if (!r->classes[c].truths || (!all_classes && c != class)) continue;
      for (int level = 0; level < levels; level++)
        sum += average_precision(found + at, end - at, r->classes[c].truths, level, precision) / levels;
      counted++;
    }
  }
  rt_free(found);
  rt_free(precision);
  return counted ? sum / (double)counted : NAN;
}

double rep_box_precision(const struct rep_report *r) { return mean_over(r, 0, true, 1); }
double rep_box_precision_range(const struct rep_report *r) { return mean_over(r, 0, true, REP_OVERLAPS); }
double rep_class_box_precision(const struct rep_report *r, size_t class, bool range) {
  return mean_over(r, class, false, range ? REP_OVERLAPS : 1);
}

int rep_merge_boxes(struct rep_report *r, const struct rep_report *from, const size_t *index,
                    struct rt_error *e) {
  const size_t count = r->found_boxes + from->found_boxes;
  if (rt_grow((void **)&r->found_box, &r->found_capacity, count + 1, sizeof *r->found_box))
    return rt_no_memory(e);
  for (size_t k = 0; k < from->found_boxes; k++) {
    r->found_box[r->found_boxes] = from->found_box[k];
    r->found_box[r->found_boxes++].class = (uint32_t)index[from->found_box[k].class];
  }
  return RT_OK;
}
