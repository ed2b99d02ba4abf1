/* drawn_files.c: see drawn_files.h. */
#include "libaq/predict/drawn_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libaq/internal.h"
#include "runtime/io/file.h"
#include "runtime/io/image.h"

enum { GAP = 2, GROUND = 128, LARGE = 64, MOST_BYTES = 1 << 26 }; /* points; grey; points; of a sheet */

static bool ends_in_png(const char *path) {
  const size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, ".png") == 0;
}

int drawn_files_begin(struct drawn_files *files, const char *path, struct rt_error *error) {
  char reason[256];
  *files = (struct drawn_files){.path = path};
  if (!path) return RT_OK;
  files->sheet = ends_in_png(path);
  if (files->sheet) return io_save_check(path, error);
  if (io_is_folder(path) || mkdir(path, 0777) == 0) return RT_OK;
  return rt_fail_in(error, RT_CANNOT_CREATE, path, "no folder of this name can be made: %s",
                    strerror_r(errno, reason, sizeof reason));
}

void drawn_files_free(struct drawn_files *files) { rt_text_free(&files->points); }

static int save(const struct io_image *image, const char *path, struct rt_error *error) {
  struct rt_text png = {0};
  int status = io_png_encode(image, &png, error);
  if (status == RT_OK) status = lib_save_file(path, png.data, png.length, error);
  rt_text_free(&png);
  return status;
}

static int32_t zoom_of(const aq_image *i) {
  const size_t longest = i->height > i->width ? i->height : i->width;
  return longest < LARGE ? (int32_t)(LARGE / longest) : 1;
}

static int add_to_sheet(struct drawn_files *files, const aq_image *image, struct rt_error *error) {
  const size_t bytes = image->height * image->width * image->channels, zoom = (size_t)zoom_of(image),
               on_sheet = (image->height * zoom + GAP) * (image->width * zoom + GAP) * image->channels;
  if (files->count == 0) files->first = *image;
  if (on_sheet > MOST_BYTES || (size_t)files->count >= MOST_BYTES / on_sheet) {
    rt_fail(error, RT_USAGE, "a sheet has room for %zu such images", (size_t)MOST_BYTES / on_sheet);
    rt_hint(error, "the name of a folder, in place of %s, gets a file for each", files->path);
    return RT_USAGE;
  }
  rt_text_add(&files->points, (const char *)image->bytes, bytes);
  files->count++;
  return files->points.failed ? rt_no_memory(error) : RT_OK;
}

/* A file of the folder is the folder's own: a link there, which may lead to an image that a row names, is
 * replaced, not followed. */
static int save_in_folder(const struct io_image *image, const char *path, struct rt_error *error) {
  struct stat found;
  char reason[256];
  if (lstat(path, &found) == 0 && S_ISLNK(found.st_mode) && unlink(path) != 0)
    return rt_fail_in(error, RT_CANNOT_CREATE, path, "cannot be replaced: %s",
                      strerror_r(errno, reason, sizeof reason));
  return save(image, path, error);
}

int drawn_files_add(struct drawn_files *files, const aq_image *image, int64_t number, struct rt_text *name,
                    struct rt_error *error) {
  struct io_image of = {(int32_t)image->height, (int32_t)image->width, (int)image->channels,
                        (unsigned char *)image->bytes};
  if (files->sheet)
    rt_text_puts(name, files->path);
  else
    rt_text_printf(name, "%s%s%lld.png", files->path, io_folder_slash(files->path), (long long)number);
  if (name->failed) return rt_no_memory(error);
  return files->sheet ? add_to_sheet(files, image, error) : save_in_folder(&of, name->data, error);
}

/* Image number k in its place, each point as a square of `zoom` by `zoom`. */
static void place(const struct drawn_files *files, int64_t k, int32_t across, int32_t zoom,
                  struct io_image *sheet) {
  const aq_image *i = &files->first;
  const unsigned char *from =
      (const unsigned char *)files->points.data + (size_t)k * i->height * i->width * i->channels;
  const size_t top = (size_t)(k / across) * (i->height * (size_t)zoom + GAP) + GAP,
               left = (size_t)(k % across) * (i->width * (size_t)zoom + GAP) + GAP;
  for (size_t y = 0; y < i->height * (size_t)zoom; y++)
    for (size_t x = 0; x < i->width * (size_t)zoom; x++)
      memcpy(sheet->bytes + ((top + y) * (size_t)sheet->width + left + x) * i->channels,
             from + (y / (size_t)zoom * i->width + x / (size_t)zoom) * i->channels, i->channels);
}

int drawn_files_end(struct drawn_files *files, struct rt_error *error) {
  const aq_image *i = &files->first;
  int32_t across = 1;
  if (!files->sheet || files->count == 0) return RT_OK;
  while ((int64_t)across * across < files->count) across++;
  const int32_t zoom = zoom_of(i);
  struct io_image sheet = {(int32_t)((files->count + across - 1) / across) * ((int32_t)i->height * zoom + GAP)
                               + GAP,
                           across * ((int32_t)i->width * zoom + GAP) + GAP, (int)i->channels, NULL};
  if (io_image_room(&sheet) != RT_OK) return rt_no_memory(error);
  memset(sheet.bytes, GROUND, io_image_size(&sheet));
  for (int64_t k = 0; k < files->count; k++) place(files, k, across, zoom, &sheet);
  int status = save(&sheet, files->path, error);
  io_image_free(&sheet);
  return status;
}
