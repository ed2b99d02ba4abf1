/* images.c: see images.h. */
#include "runtime/io/images.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/io/beside.h"
#include "runtime/io/grow.h"
#include "runtime/io/idx.h"
#include "runtime/io/vocab.h"

/* An idx file, which is read once as well, also when it is damaged: each of its rows asks for it. */
struct array_file {
  char *path;
  struct io_idx idx;
  struct rt_error *damage; /* NULL: there is none */
};

struct io_images {
  atomic_int owners;
  struct io_intern names;
  unsigned char **bytes; /* [names.count] NULL: it could not be read */
  size_t size;           /* of each */
  size_t capacity;
  struct array_file *array;
  size_t arrays, arrays_capacity;
};

int io_images_new(struct io_images **images, struct rt_error *error) {
  *images = rt_zalloc(1, sizeof **images);
  if (!*images) return rt_no_memory(error);
  (*images)->owners = 1;
  return RT_OK;
}

struct io_images *io_images_share(struct io_images *images) {
  if (images) atomic_fetch_add(&images->owners, 1);
  return images;
}

static void forget(struct io_images *images) {
  for (int32_t k = 0; k < images->names.count; k++) rt_free(images->bytes[k]);
  io_intern_free(&images->names);
}

void io_images_free(struct io_images *images) {
  if (!images || atomic_fetch_sub(&images->owners, 1) > 1) return;
  forget(images);
  for (size_t k = 0; k < images->arrays; k++) {
    io_idx_free(&images->array[k].idx);
    rt_free(images->array[k].path);
    rt_free(images->array[k].damage);
  }
  rt_free(images->array);
  rt_free(images->bytes);
  rt_free(images);
}

void io_images_clear(struct io_images **images) {
  if (!*images) return;
  if (atomic_load(&(*images)->owners) == 1) {
    forget(*images);
    return;
  }
  io_images_free(*images);
  *images = NULL;
}

int32_t io_images_find(const struct io_images *images, const struct io_field *name) {
  const int32_t number = io_intern_find(&images->names, name->text, name->length);
  return number >= 0 && images->bytes[number] ? number : -1;
}

int io_images_add(struct io_images *images, const struct io_field *name, struct io_image *image,
                  int32_t *number, struct rt_error *error) {
  const int32_t count = images->names.count;
  if (IO_GROW(images->bytes, images->capacity, (size_t)count + 1) != RT_OK) return rt_no_memory(error);
  int status = io_intern_add(&images->names, name->text, name->length, number, error);
  if (status != RT_OK) return status;
  images->size = io_image_size(image);
  images->bytes[*number] = image->bytes;
  image->bytes = NULL;
  return RT_OK;
}

const unsigned char *io_images_bytes(const struct io_images *images, int32_t number) {
  return images->bytes[number];
}

/* Adds a copy of an image. */
static int copy_image(struct io_images *images, const struct io_images *from, int32_t which,
                      int32_t *number) {
  struct io_field name;
  name.text = io_intern_text(&from->names, which, &name.length);
  *number = io_images_find(images, &name);
  if (*number >= 0) return RT_OK;
  struct io_image image = {1, (int32_t)from->size, 1, NULL};
  if (io_image_room(&image) != RT_OK) return RT_NO_MEMORY;
  memcpy(image.bytes, from->bytes[which], from->size);
  int status = io_images_add(images, &name, &image, number, NULL);
  io_image_free(&image);
  return status;
}

/* Takes all of them for itself. They keep their numbers. */
static int leave_others(struct io_images **images) {
  struct io_images *own, *shared = *images;
  int32_t number;
  if (atomic_load(&shared->owners) == 1) return RT_OK;
  int status = io_images_new(&own, NULL);
  for (int32_t k = 0; k < shared->names.count && status == RT_OK; k++)
    status = copy_image(own, shared, k, &number);
  if (status != RT_OK) {
    io_images_free(own);
    return status;
  }
  io_images_free(shared);
  *images = own;
  return RT_OK;
}

int io_images_append(struct io_images **images, struct io_images *from, int32_t *number, int64_t count) {
  if (!*images) *images = io_images_share(from);
  if (*images == from) return RT_OK;
  int status = leave_others(images);
  for (int64_t k = 0; k < count && status == RT_OK; k++)
    status = copy_image(*images, from, number[k], &number[k]);
  return status;
}

/* ---- reading ---- */

static int read_file(const char *path, int channels, struct io_image *image, struct rt_error *error) {
  char *bytes;
  size_t length;
  int status = io_read_ordinary(path, IO_IMAGE_BYTES, &bytes, &length, error);
  if (status == RT_OK) status = io_image_decode((const unsigned char *)bytes, length, channels, image, error);
  rt_free(bytes);
  return status;
}

/* The number behind the last # of a name; -1: there is none. */
static int64_t number_of(const struct io_field *name, size_t *path) {
  size_t at = name->length;
  int64_t number = 0;
  while (at > 0 && name->text[at - 1] >= '0' && name->text[at - 1] <= '9') at--;
  if (at == name->length || at < 2 || name->text[at - 1] != '#' || name->length - at > 9) return -1;
  for (size_t k = at; k < name->length; k++) number = number * 10 + (name->text[k] - '0');
  *path = at - 1;
  return number;
}

static int use_array(const struct array_file *file, const struct io_idx **idx, struct rt_error *error) {
  *idx = &file->idx;
  if (file->damage && error) *error = *file->damage;
  return file->damage ? file->damage->code : RT_OK;
}

static int read_damage(struct array_file *file, struct rt_error *error) {
  struct rt_error why = {0};
  const int status = io_idx_read(&file->idx, file->path, &why);
  if (status == RT_OK) return RT_OK;
  if (status == RT_BAD_DATA) {
    file->damage = rt_zalloc(1, sizeof *file->damage);
    if (!file->damage) return rt_no_memory(error);
    *file->damage = why;
    return RT_OK;
  }
  if (error) *error = why;
  return status;
}

static int open_array(struct io_images *images, char *path, const struct io_idx **idx,
                      struct rt_error *error) {
  for (size_t k = 0; k < images->arrays; k++)
    if (strcmp(images->array[k].path, path) == 0) {
      rt_free(path);
      return use_array(&images->array[k], idx, error);
    }
  struct array_file file = {.path = path};
  int status = IO_GROW(images->array, images->arrays_capacity, images->arrays + 1);
  if (status != RT_OK) rt_no_memory(error);
  if (status == RT_OK) status = read_damage(&file, error);
  if (status != RT_OK) {
    rt_free(path);
    return status;
  }
  images->array[images->arrays] = file;
  return use_array(&images->array[images->arrays++], idx, error);
}

/* Image number k of a file of them. */
static int read_array(const struct io_idx *idx, int64_t k, int channels, struct io_image *image,
                      struct rt_error *error) {
  if (idx->axes < 3)
    return rt_fail(error, RT_BAD_DATA, "it has no images: its arrays have %d axes", idx->axes);
  if (k >= idx->size[0])
    return rt_fail(error, RT_BAD_DATA, "it has %lld images, counted from 0", (long long)idx->size[0]);
  const int64_t given = idx->axes == 4 ? idx->size[3] : IO_GREY;
  int status = io_image_check(idx->size[1], idx->size[2], error);
  if (status == RT_OK && given != IO_GREY && given != IO_COLOUR)
    status = rt_fail(error, RT_BAD_DATA, "its images have %lld channels", (long long)given);
  if (status != RT_OK) return status;
  *image = (struct io_image){(int32_t)idx->size[1], (int32_t)idx->size[2], (int)given, NULL};
  if (io_image_room(image) != RT_OK) return rt_no_memory(error);
  memcpy(image->bytes, idx->bytes + (size_t)k * io_image_size(image), io_image_size(image));
  return io_image_convert(image, channels, error);
}

int io_images_read(struct io_images *images, const char *table, const struct io_field *name, int channels,
                   struct io_image *image, struct rt_error *error) {
  struct io_field file = *name;
  const struct io_idx *idx;
  char *path;
  const int64_t number = number_of(name, &file.length);
  *image = (struct io_image){0};
  int status = io_beside(table, &file, &path, error);
  if (status != RT_OK) return status;
  if (number < 0) {
    status = read_file(path, channels, image, error);
    rt_free(path);
  } else if (!(status = open_array(images, path, &idx, error)))
    status = read_array(idx, number, channels, image, error);
  if (status != RT_OK) io_image_free(image);
  return status;
}
