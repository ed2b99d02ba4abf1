/* images.c: see images.h. */
#include "runtime/io/images.h"

#include <string.h>

#include "runtime/io/beside.h"
#include "runtime/io/grow.h"
#include "runtime/io/idx.h"
#include "runtime/io/memory.h"

/* An idx file, which is read once as well, also when it is damaged: each of its rows asks for it. Its images
 * are kept nowhere else. */
struct array_file {
  struct io_attached attached;
  char *path;
  struct io_idx idx;
  struct rt_error *damage; /* NULL: there is none */
};

/* What a store of images keeps beside them. */
struct arrays {
  struct io_attached attached;
  struct array_file **array;
  size_t count, capacity;
};

static void free_array(struct io_attached *attached) {
  struct array_file *file = (struct array_file *)attached;
  io_idx_free(&file->idx);
  rt_free(file->path);
  rt_free(file->damage);
  rt_free(file);
}

static void free_arrays(struct io_attached *attached) {
  struct arrays *arrays = (struct arrays *)attached;
  for (size_t k = 0; k < arrays->count; k++) io_attached_free(&arrays->array[k]->attached);
  rt_free(arrays->array);
  rt_free(arrays);
}

static struct arrays *arrays_of(struct io_store *store) {
  struct arrays *arrays = (struct arrays *)io_store_attached(store);
  if (arrays) return arrays;
  arrays = rt_zalloc(1, sizeof *arrays);
  if (!arrays) return NULL;
  arrays->attached.free = free_arrays;
  io_store_attach(store, &arrays->attached);
  return arrays;
}

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

static int use_array(struct array_file *file, struct array_file **array, struct rt_error *error) {
  *array = file;
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

/* Takes the path. */
static int new_array(char *path, struct array_file **file, struct rt_error *error) {
  *file = rt_zalloc(1, sizeof **file);
  if (!*file) {
    rt_free(path);
    return rt_no_memory(error);
  }
  (*file)->attached = (struct io_attached){.free = free_array, .owners = 1};
  (*file)->path = path;
  const int status = read_damage(*file, error);
  if (status != RT_OK) io_attached_free(&(*file)->attached);
  return status;
}

/* Takes the path. */
static int open_array(struct io_store *store, char *path, struct array_file **array, struct rt_error *error) {
  struct arrays *arrays = arrays_of(store);
  struct array_file *file;
  for (size_t k = 0; arrays && k < arrays->count; k++)
    if (strcmp(arrays->array[k]->path, path) == 0) {
      rt_free(path);
      return use_array(arrays->array[k], array, error);
    }
  if (!arrays || IO_GROW(arrays->array, arrays->capacity, arrays->count + 1) != RT_OK) {
    rt_free(path);
    return rt_no_memory(error);
  }
  const int status = new_array(path, &file, error);
  if (status != RT_OK) return status;
  arrays->array[arrays->count++] = file;
  return use_array(file, array, error);
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

static int find(const struct io_place *p, const struct io_field *name, struct io_stored *from,
                struct rt_error *error) {
  struct io_field file = *name;
  struct array_file *array = NULL;
  char *path;
  const int64_t number = number_of(name, &file.length);
  *from = (struct io_stored){.at = number};
  int status = io_beside(p, &file, &path, error);
  if (status != RT_OK) return status;
  if (number < 0) {
    from->path = path;
    return RT_OK;
  }
  if ((status = open_array(io_place_values(p)->store, path, &array, error))) return status;
  atomic_fetch_add(&array->attached.owners, 1);
  from->within = &array->attached;
  return RT_OK;
}

int io_images_decode(const struct io_stored *from, int channels, struct io_image *image,
                     struct rt_error *error) {
  *image = (struct io_image){0};
  const int status = from->within ? read_array(&((const struct array_file *)from->within)->idx, from->at,
                                               channels, image, error)
                                  : read_file(from->path, channels, image, error);
  if (status != RT_OK) io_image_free(image);
  return status;
}

/* An image that is decoded already. */
static int copy_points(const struct io_field *field, int channels, struct io_image *image,
                       struct rt_error *error) {
  struct io_memory_image sizes;
  memcpy(&sizes, field->text, sizeof sizes);
  *image = (struct io_image){sizes.height, sizes.width, sizes.channels, NULL};
  if (io_image_room(image) != RT_OK) return rt_no_memory(error);
  memcpy(image->bytes, field->text + sizeof sizes, io_image_size(image));
  return io_image_convert(image, channels, error);
}

static int decode_bytes(const struct io_field *file, int channels, struct io_image *image,
                        struct rt_error *error) {
  const int status = io_check_bytes(file, IO_IMAGE_BYTES, error);
  return status == RT_OK
             ? io_image_decode((const unsigned char *)file->text, file->length, channels, image, error)
             : status;
}

int io_images_read(const struct io_place *p, const struct io_field *field, int channels,
                   struct io_stored *from, struct io_image *image, struct rt_error *error) {
  *from = (struct io_stored){0};
  *image = (struct io_image){0};
  if (p->from)
    return p->from->given == IO_GIVEN_IMAGES ? copy_points(field, channels, image, error)
                                             : decode_bytes(field, channels, image, error);
  const int status = find(p, field, from, error);
  return status == RT_OK ? io_images_decode(from, channels, image, error) : status;
}
