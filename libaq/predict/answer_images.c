/* answer_images.c: see answer_images.h. */
#include "libaq/predict/answer_images.h"

#include <math.h>

static bool is_image(const struct aq_session *s, uint32_t output) {
  return vm_targets[session_target(s, output)].form == VM_IMAGE;
}

static uint32_t count_images(const struct aq_session *s) {
  uint32_t count = 0;
  for (uint32_t o = 0; o < s->model->module->output_count; o++) count += is_image(s, o);
  return count;
}

bool answers_images(const struct aq_session *s) { return count_images(s) > 0; }

int answer_image(const struct aq_session *s, uint32_t output, const double *scores, struct io_image *image) {
  const int64_t *size = session_column(s, output)->size;
  *image = (struct io_image){(int32_t)size[0], (int32_t)size[1], (int)size[2], NULL};
  if (io_image_room(image) != RT_OK) return RT_NO_MEMORY;
  const size_t count = io_image_size(image);
  for (size_t k = 0; k < count; k++)
    image->bytes[k] = (unsigned char)lround(255 * fmin(fmax(scores[k], 0), 1));
  return RT_OK;
}

/* ---- files ---- */

/* Several outputs have a folder each within the one that was named. */
static int begin_within(struct answer_files *files, const struct aq_session *s, uint32_t o, const char *path,
                        struct rt_error *error) {
  struct drawn_files folder;
  int status = drawn_files_begin(&folder, path, error);
  drawn_files_free(&folder);
  if (status != RT_OK) return status;
  if (folder.sheet) {
    rt_fail(error, RT_USAGE, "%.200s is one file, and the model predicts several images", path);
    rt_hint(error, "the name of a folder, in place of it, gets a folder for each");
    return RT_USAGE;
  }
  rt_text_printf(&files->path[o], "%s/%s", path, s->model->module->output[o].name);
  if (files->path[o].failed) return rt_no_memory(error);
  return drawn_files_begin(&files->of[o], files->path[o].data, error);
}

int answer_files_begin(struct answer_files *files, struct aq_session *s, const char *path,
                       struct rt_error *error) {
  const uint32_t images = count_images(s);
  int status = RT_OK;
  for (uint32_t o = 0; o < s->model->module->output_count; o++) s->scores[o].file.length = 0;
  if (!path) return RT_OK;
  *files = (struct answer_files){.count = s->model->module->output_count};
  files->of = rt_zalloc(files->count + 1u, sizeof *files->of);
  files->path = rt_zalloc(files->count + 1u, sizeof *files->path);
  if (!files->of || !files->path) return rt_no_memory(error);
  for (uint32_t o = 0; o < files->count && status == RT_OK; o++) {
    if (!is_image(s, o)) continue;
    status =
        images > 1 ? begin_within(files, s, o, path, error) : drawn_files_begin(&files->of[o], path, error);
  }
  return status;
}

static int add(struct drawn_files *files, struct session_scores *scores, const struct io_image *image,
               int64_t number, struct rt_error *error) {
  const aq_image drawn = {sizeof drawn, (size_t)image->height, (size_t)image->width, (size_t)image->channels,
                          image->bytes};
  scores->file.length = 0;
  return drawn_files_add(files, &drawn, number, &scores->file, error);
}

int answer_files_add(struct answer_files *files, struct aq_session *s, int64_t example, int64_t number,
                     struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t o = 0; o < files->count && status == RT_OK; o++) {
    struct session_scores *scores = &s->scores[o];
    struct io_image image;
    if (!files->of[o].path) continue;
    if (answer_image(s, o, scores->value + scores->first[example] * scores->columns, &image) != RT_OK)
      return rt_no_memory(error);
    status = add(&files->of[o], scores, &image, number, error);
    io_image_free(&image);
  }
  return status;
}

int answer_files_end(struct answer_files *files, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t o = 0; o < files->count && status == RT_OK; o++)
    status = drawn_files_end(&files->of[o], error);
  return status;
}

void answer_files_free(struct answer_files *files) {
  for (uint32_t o = 0; o < files->count; o++) {
    if (files->of) drawn_files_free(&files->of[o]);
    if (files->path) rt_text_free(&files->path[o]);
  }
  rt_free(files->of);
  rt_free(files->path);
  *files = (struct answer_files){0};
}
