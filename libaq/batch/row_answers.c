/* row_answers.c: gives out what predict_rows.c has kept. */
#include "libaq/batch/row_answers.h"

#include <stdlib.h>

#include "libaq/predict/answer_images.h"
#include "runtime/io/grow.h"

void row_answers_free(struct row_answers *a) {
  if (!a) return;
  rt_free(a->place);
  rt_free(a->value);
  rt_free(a->tag);
  aq_vectors_free(a->vectors);
  rt_free(a->map);
  rt_free(a->wanted);
  rt_free(a->message);
  rt_free(a->order);
  rt_free(a->box);
  frame_text_free(&a->said);
  io_image_free(&a->points);
  rt_arena_free(&a->arena);
  rt_free(a);
}

static const struct row_answers *of(const aq_session *session) { return session ? session->answers : NULL; }

/* Where the scores of a row are; NULL: it has no answer. */
static const struct row_place *find(const struct row_answers *a, size_t row, size_t output) {
  if (!a || row >= a->rows || output >= a->outputs) return NULL;
  const struct row_place *place = &a->place[row * a->outputs + output];
  return place->there ? place : NULL;
}

static enum vm_target_form form_of(const aq_session *session, size_t output) {
  return vm_targets[session_target(session, (uint32_t)output)].form;
}

size_t aq_session_row_count(const aq_session *session) { return of(session) ? of(session)->rows : 0; }

const double *aq_session_row_scores(const aq_session *session, size_t row, size_t output, size_t *rows,
                                    size_t *columns) {
  const struct row_place *place = find(of(session), row, output);
  if (rows) *rows = place ? (size_t)place->rows : 0;
  if (columns) *columns = place ? (size_t)place->columns : 0;
  return place ? of(session)->value + place->value : NULL;
}

const int32_t *aq_session_row_tags(const aq_session *session, size_t row, size_t output, size_t *count) {
  const struct row_place *place = find(of(session), row, output);
  const bool tags = place && form_of(session, output) == VM_TAGS;
  if (count) *count = tags ? (size_t)place->rows : 0;
  return tags ? of(session)->tag + place->tag : NULL;
}

/* ---- classes by their probability ---- */

static int by_probability(const void *one, const void *other) {
  const aq_answer *a = one, *b = other;
  if (a->probability != b->probability) return a->probability < b->probability ? 1 : -1;
  return a->number < b->number ? -1 : a->number > b->number;
}

/* Has the output probabilities of classes or labels, one for each row? */
static bool has_classes(const aq_session *session, size_t output) {
  return vm_ranks_classes(&vm_targets[session_target(session, (uint32_t)output)]);
}

static int sort_classes(aq_session *session, const struct row_place *place, size_t row, size_t output) {
  struct row_answers *a = session->answers;
  const bool labels = form_of(session, output) == VM_LABELS;
  const double *p = a->value + place->value + (place->rows - 1) * place->columns;
  const size_t count = (size_t)place->columns;
  a->order_count = 0;
  if (IO_GROW(a->order, a->order_capacity, count) != RT_OK) return rt_no_memory(lib_begin(&session->message));
  for (size_t k = 0; k < count; k++)
    a->order[k] =
        (aq_answer){.size = sizeof(aq_answer),
                    .number = k,
                    .name = aq_model_class(session->model, output, k),
                    .probability = p[k],
                    .predicted = labels && p[k] > session_label_above(session, (uint32_t)output, (int64_t)k)};
  qsort(a->order, count, sizeof *a->order, by_probability);
  if (!labels && count) a->order[0].predicted = true;
  a->order_count = count;
  a->order_row = row;
  a->order_output = output;
  return RT_OK;
}

const aq_answer *aq_session_row_answer(aq_session *session, size_t row, size_t output, size_t place) {
  const struct row_place *at = find(of(session), row, output);
  if (!at || !has_classes(session, output) || at->rows == 0) return NULL;
  struct row_answers *a = session->answers;
  const bool sorted = a->order_count && a->order_row == row && a->order_output == output;
  if (!sorted && sort_classes(session, at, row, output) != RT_OK) return NULL;
  return place < a->order_count ? &a->order[place] : NULL;
}

/* ---- boxes, texts ---- */

static int boxes_by_probability(const void *one, const void *other) {
  const aq_box *a = one, *b = other;
  return (a->probability < b->probability) - (a->probability > b->probability);
}

static int sort_boxes(aq_session *session, const struct row_place *at, size_t row, size_t output) {
  struct row_answers *a = session->answers;
  const size_t count = (size_t)at->rows;
  a->box_count = 0;
  if (IO_GROW(a->box, a->box_capacity, count) != RT_OK) return rt_no_memory(lib_begin(&session->message));
  for (size_t k = 0; k < count; k++)
    a->box[k] =
        session_box(session, (uint32_t)output, a->value + at->value + (int64_t)k * at->columns, at->columns);
  qsort(a->box, count, sizeof *a->box, boxes_by_probability);
  a->box_count = count;
  a->box_row = row;
  a->box_output = output;
  return RT_OK;
}

const aq_box *aq_session_row_box(aq_session *session, size_t row, size_t output, size_t place) {
  const struct row_place *at = find(of(session), row, output);
  if (!at || form_of(session, output) != VM_BOXES || at->rows == 0) return NULL;
  struct row_answers *a = session->answers;
  const bool sorted = a->box_count && a->box_row == row && a->box_output == output;
  if (!sorted && sort_boxes(session, at, row, output) != RT_OK) return NULL;
  return place < a->box_count ? &a->box[place] : NULL;
}

const char *aq_session_row_text(aq_session *session, size_t row, size_t output, double *log_probability) {
  const struct row_place *at = find(of(session), row, output);
  if (!at || form_of(session, output) != VM_FRAMES) return NULL;
  struct row_answers *a = session->answers;
  if (!a->has_said || a->said_row != row || a->said_output != output) {
    a->said.beam = session->options.beam;
    a->has_said = frame_text_read(&a->said, session_column(session, (uint32_t)output), a->value + at->value,
                                  at->rows, at->columns)
                  == RT_OK;
    a->said_row = row;
    a->said_output = output;
  }
  if (!a->has_said) rt_no_memory(lib_begin(&session->message));
  if (a->has_said && log_probability) *log_probability = a->said.log_probability;
  return a->has_said ? a->said.text.data : NULL;
}

const aq_image *aq_session_row_image(aq_session *session, size_t row, size_t output) {
  const struct row_place *at = find(of(session), row, output);
  if (!at || form_of(session, output) != VM_IMAGE) return NULL;
  struct row_answers *a = session->answers;
  io_image_free(&a->points);
  if (answer_image(session, (uint32_t)output, a->value + at->value, &a->points) != RT_OK) {
    rt_no_memory(lib_begin(&session->message));
    return NULL;
  }
  a->image = (aq_image){sizeof a->image, (size_t)a->points.height, (size_t)a->points.width,
                        (size_t)a->points.channels, a->points.bytes};
  return &a->image;
}

/* ---- vectors, maps, messages ---- */

const float *aq_session_row_vector(const aq_session *session, size_t row, size_t *width) {
  const struct row_answers *a = of(session);
  const bool there = a && a->vectors && find(a, row, 0);
  if (width) *width = there ? aq_vectors_width(a->vectors) : 0;
  return there ? aq_vectors_at(a->vectors, row) : NULL;
}

const aq_map *aq_session_row_map(const aq_session *session, size_t row, size_t map) {
  const struct row_answers *a = of(session);
  return a && row < a->rows && map < a->map_count ? a->map[row * a->map_count + map] : NULL;
}

const aq_message *aq_session_row_message(const aq_session *session, size_t row) {
  const struct row_answers *a = of(session);
  return a && row < a->rows ? a->message[row] : NULL;
}
