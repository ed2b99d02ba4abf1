/* handles.c: what all handles share: messages, texts for the caller, and options translated for the layers
 * below. */
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "runtime/blas.h"
#include "runtime/io/json.h"
#include "runtime/limits.h"

const char *aq_version(void) { return PACKAGE_VERSION; }

int aq_version_number(void) { return AQ_VERSION_NUMBER; }

void aq_set_allocator(aq_resize *resize, void *context) { rt_set_allocator(resize, context); }

void aq_take_over_blas(void) { rt_blas_take_over(); }

void aq_take_over_jansson(void) { io_json_take_over(); }

void aq_text_free(char *text) { rt_free(text); }

const char *aq_nearer(const char *word, const char *best, const char *candidate) {
  struct rt_nearest nearest = {word, NULL, 0};
  if (word && best) rt_nearest_consider(&nearest, best);
  if (word && candidate) rt_nearest_consider(&nearest, candidate);
  return nearest.best;
}

aq_message lib_message_of(const struct rt_error *e) {
  return (aq_message){sizeof(aq_message), e->code, e->line, e->column, e->file, e->text, e->excerpt, e->hint};
}

const aq_message *lib_view(struct lib_message *m) {
  m->view = lib_message_of(&m->error);
  return &m->view;
}

struct lib_message *lib_thread_message(void) {
  static _Thread_local struct lib_message message;
  return &message;
}

void lib_name_file(struct rt_error *error, const char *path) {
  if (!error->file[0]) snprintf(error->file, sizeof error->file, "%s", path);
}

void lib_hint_place(const struct rt_error *from, struct rt_error *error) {
  if (from->line)
    rt_hint(error, "%s:%d:%d: %s", from->file, from->line, from->column, from->text);
  else
    rt_hint(error, "%s", from->text);
  if (!error->excerpt[0]) memcpy(error->excerpt, from->excerpt, sizeof error->excerpt);
}

int lib_give_text(struct rt_text *from, char **text, struct rt_error *error) {
  *text = from->failed ? NULL : from->data ? from->data : rt_strdup("");
  if (*text) return RT_OK;
  rt_text_free(from);
  return rt_no_memory(error);
}

enum rt_precision lib_precision(enum aq_precision precision) {
  return precision == AQ_F64 ? RT_F64 : precision == AQ_BF16 ? RT_BF16 : RT_F32;
}

enum io_header lib_header(enum aq_header header) {
  return header == AQ_HEADER_YES ? IO_HEADER_YES : header == AQ_HEADER_NO ? IO_HEADER_NO : IO_HEADER_AUTO;
}

double lib_seconds(void) { return 1e-9 * (double)rt_clock(); }

const aq_message *lib_nothing(void) {
  static const aq_message nothing = {sizeof nothing,
                                     AQ_USAGE,
                                     0,
                                     0,
                                     "",
                                     "nothing was handed over: NULL",
                                     "",
                                     "a call that has no memory for a handle leaves NULL in its place"};
  return &nothing;
}

int lib_no_place(struct rt_error *error) {
  return rt_fail(error, RT_USAGE, "there is no place for a result: it is NULL");
}

int lib_no_path(struct rt_error *error) { return rt_fail(error, RT_USAGE, "there is no path: it is NULL"); }
