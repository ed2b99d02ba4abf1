/* reading.c: what was met in data beside good rows: bad rows, a first line that may be a header, texts that
 * are too long. */
#include <string.h>

#include "libaq/host_log.h"
#include "libaq/internal.h"

/* For each row that is predicted by itself: what is far larger than a row is not written anew. */
void lib_reading_clear(struct lib_reading *r) {
  rt_error_clear(&r->first.error);
  rt_error_clear(&r->doubt.error);
  rt_error_clear(&r->odd_tags.error);
  r->rows = r->skipped = 0;
  r->header = r->semicolons = false;
  r->by_position = r->cut_count = 0;
}

void lib_reading_free(struct lib_reading *r) {
  for (size_t k = 0; k < r->cut_made; k++) rt_free(r->cut[k]);
  rt_free(r->cut);
  *r = (struct lib_reading){0};
}

static void note_skipped(struct lib_reading *r, const struct rt_error *reason, int64_t count) {
  if (r->skipped == 0 && count > 0) r->first.error = *reason;
  r->skipped += count;
}

void lib_reading_skipped(struct lib_reading *r, const struct rt_error *reason, int64_t count) {
  note_skipped(r, reason, count);
  if (count > 0) lib_log(AQ_WARNING, reason);
  if (count > 1)
    lib_log_text(AQ_WARNING, reason->file, "%lld bad rows were skipped, the first in line %d",
                 (long long)count, reason->line);
}

void lib_reading_doubt(struct lib_reading *r, const char *file, const char *line) {
  struct rt_error *doubt = &r->doubt.error;
  if (!line || doubt->code) return;
  if (io_is_folder(file)) {
    rt_fail_in(doubt, RT_BAD_DATA, file, "left out: %.900s", line);
    lib_log(AQ_REMARK, doubt);
    return;
  }
  rt_fail_at(doubt, RT_BAD_DATA, (struct rt_place){file, 1, 0},
             "the first line (%.400s) looks like a header, but is taken for a row", line);
  rt_hint(doubt, "the option header = yes leaves it out; the option header = no says that it is a row");
  lib_log(AQ_WARNING, doubt);
}

void lib_reading_position(struct lib_reading *r, const char *file, size_t by_position) {
  r->by_position = by_position;
  if (by_position)
    lib_log_text(AQ_REMARK, file, "%s: its %zu fields%s go by their position",
                 r->header ? "the header names none of the columns" : "there is no header line", by_position,
                 r->semicolons ? ", with semicolons between them," : "");
}

/* The entry of a column; made when there is none yet. */
static aq_cut *cut_of(struct lib_reading *r, const struct io_column *column) {
  for (size_t k = 0; k < r->cut_count; k++)
    if (!strcmp(r->cut[k]->column, column->name)) return r->cut[k];
  if (r->cut_count == r->cut_made) {
    if (rt_grow((void **)&r->cut, &r->cut_capacity, r->cut_made + 1, sizeof *r->cut)) return NULL;
    if (!(r->cut[r->cut_made] = rt_alloc(sizeof(aq_cut)))) return NULL;
    r->cut_made++;
  }
  *r->cut[r->cut_count] = (aq_cut){.size = sizeof(aq_cut),
                                   .column = column->name,
                                   .unit = column->kind->more,
                                   .one = column->kind->one,
                                   .limit = column->max_length};
  lib_log_text(AQ_WARNING, NULL, "%s: there are texts of more than %lld %s, which are cut there",
               column->name, (long long)column->max_length, column->kind->more);
  return r->cut[r->cut_count++];
}

int lib_reading_cuts(struct lib_reading *r, const struct io_schema *schema, const struct io_dataset *data,
                     struct rt_error *error) {
  for (int c = 0; data->values && c < schema->count; c++) {
    const struct io_values *v = &data->values[c];
    if (v->cut_texts == 0 || schema->columns[c].kind->pairs) continue;
    aq_cut *cut = cut_of(r, &schema->columns[c]);
    if (!cut) return rt_no_memory(error);
    cut->texts += v->cut_texts;
    cut->tokens += v->cut;
  }
  return RT_OK;
}

int lib_reading_add(struct lib_reading *r, const struct io_schema *schema, const struct io_dataset *data,
                    struct rt_error *error) {
  if (r->rows == 0) {
    r->header = data->header;
    r->semicolons = data->semicolons;
    lib_reading_position(r, data->name, data->by_position);
  }
  r->rows += data->rows;
  lib_reading_skipped(r, &data->first_skipped, data->skipped);
  lib_reading_doubt(r, data->name, data->doubt);
  return lib_reading_cuts(r, schema, data, error);
}

int lib_reading_join(struct lib_reading *r, const struct io_schema *schema, const struct lib_reading *other,
                     struct rt_error *error) {
  r->rows += other->rows;
  note_skipped(r, &other->first.error, other->skipped); /* both were told when they were read */
  for (size_t k = 0; k < other->cut_count; k++) {
    int c = io_schema_find(schema, other->cut[k]->column);
    aq_cut *cut = c >= 0 ? cut_of(r, &schema->columns[c]) : NULL;
    if (c >= 0 && !cut) return rt_no_memory(error);
    if (c < 0) continue;
    cut->texts += other->cut[k]->texts;
    cut->tokens += other->cut[k]->tokens;
  }
  return RT_OK;
}

static const aq_message *if_any(struct lib_message *message) {
  return message->error.code ? lib_view(message) : NULL;
}

const aq_reading *lib_reading_view(const struct lib_reading *r) {
  struct lib_reading *own = (struct lib_reading *)r;
  if (!r) return NULL;
  own->view = (aq_reading){.size = sizeof own->view,
                           .rows = r->rows,
                           .skipped = r->skipped,
                           .first_skipped = if_any(&own->first),
                           .header = r->header,
                           .by_position = r->by_position,
                           .doubt = if_any(&own->doubt),
                           .odd_tags = if_any(&own->odd_tags),
                           .cut = (const aq_cut *const *)r->cut,
                           .cut_count = r->cut_count,
                           .semicolons = r->semicolons};
  return &own->view;
}
