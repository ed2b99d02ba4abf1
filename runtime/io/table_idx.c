/* table_idx.c: images and labels in idx files as a table: a row for each image, whose fields are where it
 * stands, "train.idx.gz#3", and its label, a number. */
#include <string.h>

#include "runtime/io/grow.h"
#include "runtime/io/idx.h"
#include "runtime/io/table_internal.h"

struct io_arrays {
  char *path;
  const char *name; /* within the path */
  int64_t count, next;
  struct io_idx labels;      /* no axes: the columns do not need them, and they are not there */
  char image[300], label[8]; /* the fields of the row last read */
};

/* Labels are needed, or there. */
static int open_labels(struct io_arrays *a, bool needed, struct rt_error *error) {
  struct rt_error why = {0};
  char *path = io_idx_labels_of(a->path);
  if (!path) {
    if (!needed) return RT_OK;
    rt_fail_in(error, RT_NO_INPUT, a->path, "it is not known where its labels are");
    rt_hint(error, "a file of images has `images` in its name, and that of their labels has `labels` there: "
                   "train-images.idx.gz, train-labels.idx.gz");
    return RT_NO_INPUT;
  }
  int status = io_idx_read(&a->labels, path, &why);
  if (status == RT_NO_INPUT && !needed) status = RT_OK;
  if (status == RT_NO_INPUT)
    status = rt_fail_in(error, RT_NO_INPUT, a->path, "its labels are looked for in %s, which cannot be read",
                        path);
  else if (status != RT_OK && error && !error->code)
    *error = why;
  else if (a->labels.axes && (a->labels.axes != 1 || a->labels.size[0] != a->count))
    status = rt_fail_in(error, RT_BAD_DATA, path, "it has not one label for each of the %lld images of %s",
                        (long long)a->count, a->path);
  rt_free(path);
  return status;
}

int io_arrays_open(struct io_arrays **arrays, const char *path, bool labelled, struct rt_error *error) {
  struct io_arrays *a = *arrays = rt_zalloc(1, sizeof *a);
  struct io_idx head;
  if (!a || !(a->path = rt_strdup(path))) return rt_no_memory(error);
  const char *slash = strrchr(a->path, '/');
  a->name = slash ? slash + 1 : a->path;
  if (strlen(a->name) > sizeof a->image - 16)
    return rt_fail_in(error, RT_BAD_DATA, path, "its name is too long for a table of images");
  int status = io_idx_head(&head, path, error);
  if (status != RT_OK) return status;
  if (head.axes < 3)
    return rt_fail_in(error, RT_BAD_DATA, path, "it has no images: its arrays have %d axis%s", head.axes,
                      head.axes == 1 ? "" : "es");
  a->count = head.size[0];
  return open_labels(a, labelled, error);
}

const char *io_arrays_name(const struct io_arrays *arrays) { return arrays->path; }

void io_arrays_close(struct io_arrays *a) {
  if (!a) return;
  io_idx_free(&a->labels);
  rt_free(a->path);
  rt_free(a);
}

int io_table_image(struct io_table *t, int64_t *line, struct rt_error *error) {
  struct io_arrays *a = t->arrays;
  *line = 0;
  if (a->next == a->count) return RT_OK;
  t->field_count = (size_t)t->count;
  if (IO_GROW(t->fields, t->fields_capacity, t->field_count) != RT_OK) return rt_no_memory(error);
  snprintf(a->image, sizeof a->image, "%s#%lld", a->name, (long long)a->next);
  t->fields[t->files_field] = (struct io_field){a->image, strlen(a->image)};
  if (t->label_field >= 0) {
    t->fields[t->label_field] = (struct io_field){0};
    if (a->labels.axes) {
      snprintf(a->label, sizeof a->label, "%d", a->labels.bytes[a->next]);
      t->fields[t->label_field] = (struct io_field){a->label, strlen(a->label)};
    }
  }
  if (t->keeps) {
    t->kept.length = 0;
    rt_text_puts(&t->kept, a->image);
    if (t->kept.failed) return rt_no_memory(error);
  }
  *line = ++a->next;
  return RT_OK;
}
