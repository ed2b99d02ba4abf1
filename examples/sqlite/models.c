/* models.c: models are loaded once for each connection. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "models.h"
SQLITE_EXTENSION_INIT3

enum { KEPT = 8 }; /* models that a connection keeps when no statement uses them */

char *message_text(const aq_message *message) {
  char *text = NULL, *copy;
  if (message->code == AQ_NO_MEMORY || aq_message_format(message, AQ_ERROR, false, &text)) return NULL;
  copy = sqlite3_mprintf("%.*s", (int)strlen(text) - 1, text); /* without the newline at its end */
  aq_text_free(text);
  return copy;
}

char *message_of_row(const aq_message *message) {
  int length = 0;
  aq_message copy = *message;
  copy.size = sizeof copy;
  sscanf(copy.text, "row %*d%*1[,:]%n", &length);      /* "row 2, column `age`: …", or "row 2: …" */
  if (length) copy.text += length + 1, copy.hint = ""; /* which is about files of rows */
  return message_text(&copy);
}

/* ---- one model ---- */

void model_release(void *released) {
  struct model *m = released;
  if (!m || --m->users) return;
  aq_session_free(m->session);
  aq_model_free(m->model);
  sqlite3_free(m->path);
  sqlite3_free(m->bytes);
  sqlite3_free(m->header);
  sqlite3_free(m->form);
  sqlite3_free(m->files);
  sqlite3_free(m);
}

int model_session(const struct model *model, aq_session **session) {
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1; /* SQLite runs a statement in one thread */
  options.header = AQ_HEADER_YES;
  options.format = AQ_FORMAT_CSV;
  return aq_session_new(model->model, &options, session);
}

bool form_ranks(enum form form) { return form == FORM_CLASS || form == FORM_LABELS || form == FORM_NEXT; }

bool model_ranks(const struct model *model) {
  for (size_t o = 0; o < model->outputs; o++)
    if (form_ranks(model->form[o])) return true;
  return false;
}

char *no_labels(const struct model *model) {
  return sqlite3_mprintf("the model predicts %s, of which there are no probabilities of labels",
                         aq_model_output_name(model->model, 0));
}

/* Texts that go on, and texts that match, are no columns to be predicted. Only the first have a likeliest. */
static enum form form_of_text(struct model *m) {
  struct stream nothing = {0};
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = stream_read;
  options.write = stream_write;
  options.context = &nothing;
  options.top = 1;
  return aq_session_predict_stream(m->session, &options) ? FORM_OTHER : FORM_NEXT;
}

static enum form form_of(struct model *m, size_t output) {
  static const struct {
    const char *kind;
    enum form form;
  } kinds[] = {{"class", FORM_CLASS}, {"labels", FORM_LABELS}, {"number", FORM_NUMBER}};
  const char *name = aq_model_output_name(m->model, output);
  for (size_t c = 0; c < aq_model_column_count(m->model); c++) {
    const aq_column *column = aq_model_column(m->model, c);
    if (!column->is_target || strcmp(column->name, name)) continue;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
      if (!strcmp(column->kind, kinds[k].kind)) return kinds[k].form;
    return FORM_OTHER;
  }
  return form_of_text(m);
}

/* aq_session_predict refuses every other number of texts. */
static size_t count_inputs(aq_session *session) {
  static const char *const empty[MOST_TEXTS];
  size_t count = 0;
  while (count < MOST_TEXTS && aq_session_predict(session, empty, NULL, count) == AQ_USAGE) count++;
  return count;
}

/* The fields that columns read, each once. Where a column reads two, only one of them is told. */
static void name_inputs(struct model *m) {
  sqlite3_str *header = sqlite3_str_new(NULL);
  size_t fields = 0;
  for (size_t c = 0; c < aq_model_column_count(m->model); c++) {
    const aq_column *column = aq_model_column(m->model, c);
    bool again = column->is_target;
    for (size_t before = 0; before < c && !again; before++) {
      const aq_column *other = aq_model_column(m->model, before);
      again = !other->is_target && !strcmp(other->field, column->field);
    }
    if (!again) sqlite3_str_appendf(header, fields++ ? ",\"%s\"" : "\"%s\"", column->field);
  }
  sqlite3_str_appendchar(header, 1, '\n');
  m->header = sqlite3_str_finish(header);
  if (fields == m->inputs) return;
  sqlite3_free(m->header);
  m->header = NULL;
}

static bool is_of_files(const aq_column *column) {
  static const char *const kinds[] = {"image", "pixels", "audio", "spectrum"};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (!strcmp(column->kind, kinds[k])) return true;
  return false;
}

/* Which of the texts may be the bytes of a file. */
static int find_files(struct model *m) {
  m->files = sqlite3_malloc64(m->inputs + 1);
  if (!m->files) return AQ_NO_MEMORY;
  for (size_t k = 0; k < m->inputs; k++) {
    m->files[k] = false;
    for (size_t c = 0; c < aq_model_column_count(m->model); c++) {
      const aq_column *column = aq_model_column(m->model, c);
      m->files[k] |= !strcmp(column->field, aq_model_field(m->model, k)) && is_of_files(column);
    }
  }
  return AQ_OK;
}

const char *model_header(const struct model *model, size_t texts) {
  static const char places[] = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                               "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n";
  if (model->header && texts == model->inputs) return model->header;
  return places + sizeof places - 1 - 2 * texts; /* so many fields, none of which is the name of a column */
}

/* Loads what the path or the bytes say. 0, or a status with the reason. */
static int load(struct model *m, char **why) {
  int status = m->path ? aq_model_load(m->path, &m->model)
                       : aq_model_load_memory("the BLOB", m->bytes, (size_t)m->length, &m->model);
  if (status) {
    *why = message_text(aq_model_message(m->model));
    return status;
  }
  status = model_session(m, &m->session);
  if (status) *why = message_text(aq_session_message(m->session));
  m->outputs = aq_model_output_count(m->model);
  if (!status) m->form = sqlite3_malloc64((m->outputs + 1) * sizeof *m->form);
  if (!m->form) return status ? status : AQ_NO_MEMORY;
  for (size_t o = 0; o < m->outputs; o++) m->form[o] = form_of(m, o);
  m->inputs = count_inputs(m->session);
  name_inputs(m);
  return find_files(m);
}

/* ---- those of a connection ---- */

struct models *models_new(void) {
  struct models *models = sqlite3_malloc64(sizeof *models);
  if (models) *models = (struct models){.users = 1};
  return models;
}

void models_release(void *released) {
  struct models *models = released;
  if (--models->users) return;
  while (models->first) {
    struct model *m = models->first;
    models->first = m->next;
    model_release(m);
  }
  sqlite3_free(models);
}

static struct stamp stamp_of(const char *path) {
  struct stat s;
  if (stat(path, &s)) return (struct stamp){.size = -1};
  return (struct stamp){s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec, s.st_dev, s.st_ino};
}

static bool same_stamp(const struct stamp *a, const struct stamp *b) {
  return a->size == b->size && a->seconds == b->seconds && a->nanoseconds == b->nanoseconds
         && a->device == b->device && a->number == b->number;
}

static bool is_it(const struct model *m, const struct model *wanted) {
  if (!m->path != !wanted->path) return false;
  if (m->path) return !strcmp(m->path, wanted->path) && same_stamp(&m->stamp, &wanted->stamp);
  return m->length == wanted->length && !memcmp(m->bytes, wanted->bytes, (size_t)m->length);
}

/* Takes one out of the list. */
static struct model *unlink_model(struct models *models, const struct model *wanted) {
  for (struct model **at = &models->first; *at; at = &(*at)->next) {
    struct model *m = *at;
    if (!is_it(m, wanted)) continue;
    *at = m->next;
    return m;
  }
  return NULL;
}

static void drop_oldest(struct models *models) {
  struct model **at = &models->first;
  for (int k = 0; *at && k < KEPT; k++) at = &(*at)->next;
  while (*at) {
    struct model *m = *at;
    *at = m->next;
    model_release(m);
  }
}

/* A model that is not in the list yet. */
static struct model *new_model(const struct model *wanted, char **why) {
  struct model *m = sqlite3_malloc64(sizeof *m);
  if (!m) return NULL;
  *m = (struct model){.users = 1, .stamp = wanted->stamp, .length = wanted->length};
  if (wanted->path)
    m->path = sqlite3_mprintf("%s", wanted->path);
  else if ((m->bytes = sqlite3_malloc64((sqlite3_uint64)wanted->length + 1)))
    memcpy(m->bytes, wanted->bytes, (size_t)wanted->length);
  if ((m->path || m->bytes) && load(m, why) == AQ_OK) return m;
  model_release(m);
  return NULL;
}

/* Arguments in the wrong order are told: which of the others is the path of a model? */
static char *with_order(char *why, int count, sqlite3_value **argument) {
  for (int k = 1; k < count && why; k++) {
    const bool is_text = sqlite3_value_type(argument[k]) == SQLITE_TEXT;
    const char *path = is_text ? (const char *)sqlite3_value_text(argument[k]) : NULL;
    const size_t length = path ? strlen(path) : 0;
    if (length < 4 || strcmp(path + length - 4, ".aqm") || stamp_of(path).size < 0) continue;
    char *more = sqlite3_mprintf("%s\nhint: the model stands before the texts, and '%s' is one", why, path);
    sqlite3_free(why);
    return more;
  }
  return why;
}

static struct model *take(struct models *models, sqlite3_value *which, char **why) {
  struct model wanted = {0};
  *why = NULL;
  int type = sqlite3_value_type(which);
  if (type == SQLITE_TEXT) {
    wanted.path = (char *)sqlite3_value_text(which);
    if (!wanted.path) return NULL;
    if (strlen(wanted.path) != (size_t)sqlite3_value_bytes(which)) {
      *why = sqlite3_mprintf("the path of the model has a NUL in it, behind %s", wanted.path);
      return NULL;
    }
    wanted.stamp = stamp_of(wanted.path);
  } else if (type == SQLITE_BLOB) {
    wanted.bytes = (void *)sqlite3_value_blob(which);
    wanted.length = sqlite3_value_bytes(which);
    if (!wanted.bytes) wanted.bytes = ""; /* no bytes at all */
  } else {
    *why =
        sqlite3_mprintf("there is no model: the argument is %s\nhint: give the path of a model file, or its "
                        "bytes as a BLOB, as readfile('m.aqm') does",
                        type == SQLITE_NULL ? "NULL" : "a number");
    return NULL;
  }
  struct model *m = unlink_model(models, &wanted);
  if (!m) m = new_model(&wanted, why);
  if (!m) return NULL;
  m->next = models->first;
  models->first = m;
  m->users++;
  drop_oldest(models);
  return m;
}

struct model *models_take(struct models *models, int count, sqlite3_value **argument, char **why) {
  struct model *m = take(models, argument[0], why);
  if (!m) *why = with_order(*why, count, argument);
  return m;
}

/* ---- texts ---- */

/* How many bytes the character has that begins here; 0: it is none. `left` bytes are there, at least one. */
static size_t character(const unsigned char *at, size_t left) {
  static const struct {
    unsigned char first, last, low, high; /* of the first byte, and of the second */
    size_t size;
  } kinds[] = {{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
               {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
               {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
  size_t k = 0;
  while (k<sizeof kinds / sizeof *kinds && * at> kinds[k].last) k++;
  if (k == sizeof kinds / sizeof *kinds || *at < kinds[k].first || kinds[k].size > left) return 0;
  if (kinds[k].size > 1 && (at[1] < kinds[k].low || at[1] > kinds[k].high)) return 0;
  for (size_t b = 2; b < kinds[k].size; b++)
    if (at[b] >> 6 != 2) return 0;
  return kinds[k].size;
}

/* SQLite takes any bytes for a text. NULL: it is one; else why not, for sqlite3_free. */
static char *no_text(const char *text, size_t length, int number) {
  const unsigned char *bytes = (const unsigned char *)text;
  for (size_t at = 0, size; at < length; at += size) {
    size = character(bytes + at, length - at);
    if (size) continue;
    if (bytes[at])
      return sqlite3_mprintf("byte 0x%02x (byte %lld of text %d) is not valid UTF-8", bytes[at],
                             (sqlite3_int64)at + 1, number);
    return sqlite3_mprintf("a NUL byte (byte %lld of text %d), where text should be", (sqlite3_int64)at + 1,
                           number);
  }
  return NULL;
}

static char *take_bytes(struct texts *texts, const struct model *model, sqlite3_value *value) {
  const size_t k = texts->count++;
  if (k >= model->inputs || !model->files[k])
    return sqlite3_mprintf("text %d is a BLOB\nhint: CAST(… AS TEXT) makes a text of it", (int)k + 1);
  texts->field[k] = sqlite3_value_blob(value);
  texts->length[k] = (size_t)sqlite3_value_bytes(value);
  texts->bytes = texts->file[k] = true;
  return NULL;
}

char *texts_take(struct texts *texts, const struct model *model, int count, sqlite3_value **value) {
  texts->count = 0;
  texts->missing = texts->bytes = false;
  if (count > MOST_TEXTS)
    return sqlite3_mprintf("%d texts, and at most %d can be handed over", count, MOST_TEXTS);
  for (int k = 0; k < count; k++) {
    int type = sqlite3_value_type(value[k]);
    if (type == SQLITE_BLOB) {
      char *why = take_bytes(texts, model, value[k]);
      if (why) return why;
      continue;
    }
    texts->missing |= type == SQLITE_NULL;
    texts->file[texts->count] = false;
    const char **field = &texts->field[texts->count];
    size_t *length = &texts->length[texts->count++];
    if (type == SQLITE_FLOAT) {
      sqlite3_snprintf(sizeof texts->number[k], texts->number[k], "%!.17g", sqlite3_value_double(value[k]));
      *field = texts->number[k];
      *length = strlen(texts->number[k]);
    } else {
      *field = (const char *)sqlite3_value_text(value[k]);
      *length = (size_t)sqlite3_value_bytes(value[k]);
      char *why = *field ? no_text(*field, *length, k + 1) : NULL;
      if (why) return why;
      if (!*field && type != SQLITE_NULL) return sqlite3_mprintf("text %d: there is no memory", k + 1);
    }
  }
  return NULL;
}

int texts_rows(const struct texts *t, const struct model *model, aq_rows **rows) {
  int status = aq_rows_new(rows);
  for (size_t k = 0; k < t->count && !status; k++) {
    const char *name = aq_model_field(model->model, k);
    const void *file = t->field[k];
    status = t->file[k] ? aq_rows_bytes(*rows, name, &file, &t->length[k], 1)
                        : aq_rows_texts(*rows, name, &t->field[k], &t->length[k], 1);
  }
  return status;
}

static int predict_bytes(const struct texts *texts, const struct model *model, aq_session *session,
                         const aq_batch_options *options) {
  aq_rows *rows;
  if (texts->count != model->inputs)
    return aq_session_predict(session, texts->field, texts->length, texts->count); /* says so */
  int status = texts_rows(texts, model, &rows);
  /* Without rows, for want of memory, the session says so. */
  int predicted = aq_session_predict_rows(session, status ? NULL : rows, options);
  aq_rows_free(rows);
  return status ? status : predicted;
}

int texts_predict(const struct texts *texts, const struct model *model, aq_session *session) {
  return texts->bytes ? predict_bytes(texts, model, session, NULL)
                      : aq_session_predict(session, texts->field, texts->length, texts->count);
}

int texts_attend(const struct texts *texts, const struct model *model, aq_session *session) {
  if (!texts->bytes) return aq_session_attend(session, texts->field, texts->length, texts->count);
  aq_batch_options options;
  aq_batch_options_init(&options);
  options.map_count = aq_model_head_count(model->model);
  const char **name = sqlite3_malloc64((options.map_count + 1) * sizeof *name);
  if (!name) return AQ_NO_MEMORY;
  for (size_t k = 0; k < options.map_count; k++) name[k] = aq_model_head(model->model, k)->name;
  options.map = name;
  int status = predict_bytes(texts, model, session, &options);
  sqlite3_free(name);
  return status;
}

const double *session_scores(aq_session *session, size_t output, size_t *rows, size_t *columns) {
  const double *p = aq_session_scores(session, output, rows, columns);
  return p ? p : aq_session_row_scores(session, 0, output, rows, columns);
}

const aq_map *session_map(aq_session *session, size_t map) {
  const aq_map *found = aq_session_map(session, map);
  return found ? found : aq_session_row_map(session, 0, map);
}

void texts_line(const struct texts *texts, sqlite3_str *table) {
  for (size_t k = 0; k < texts->count; k++) {
    const char *at = texts->field[k], *end = at + texts->length[k], *quote;
    sqlite3_str_appendall(table, k ? ",\"" : "\"");
    for (; (quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL); at = quote + 1) {
      sqlite3_str_append(table, at, (int)(quote - at));
      sqlite3_str_appendall(table, "\"\"");
    }
    sqlite3_str_append(table, at, (int)(end - at));
    sqlite3_str_appendchar(table, 1, '"');
  }
  sqlite3_str_appendchar(table, 1, '\n');
}

ptrdiff_t stream_read(void *context, char *buffer, size_t size) {
  struct stream *stream = context;
  if (size > stream->left) size = stream->left;
  if (size) memcpy(buffer, stream->from, size);
  stream->from += size;
  stream->left -= size;
  return (ptrdiff_t)size;
}

int stream_write(void *context, const char *text, size_t length) {
  struct stream *stream = context;
  if (stream->to) sqlite3_str_append(stream->to, text, (int)length);
  return stream->to && sqlite3_str_errcode(stream->to);
}
