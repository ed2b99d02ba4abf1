/* model_words.c: the names of a model's classes, and its requirements in words. They are made once, so that a
 * model that never changes can hand them out in any thread. */
#include "libaq/model/requirement_words.h"

const struct io_vocab *lib_model_vocab(const struct aq_model *model, const struct vm_input *input) {
  return model->schema.columns[vm_column_of(model->module, input)].vocab;
}

/* Copies with a NUL at the end; NULL: there is no memory. */
static const char **class_names(struct aq_model *model, const struct io_vocab *vocab) {
  size_t count = vocab ? (size_t)vocab->count : 0;
  const char **name = rt_arena_alloc(&model->arena, (count + 1) * sizeof *name);
  for (size_t k = 0; name && k < count; k++) {
    size_t length;
    const char *text = io_vocab_text(vocab, (int32_t)k, &length);
    name[k] = rt_arena_strndup(&model->arena, text, length);
    if (!name[k]) return NULL;
  }
  return name;
}

int lib_model_words(struct aq_model *model, struct rt_error *error) {
  const struct vm_module *m = model->module;
  model->class_text = rt_arena_alloc(&model->arena, (m->output_count + 1) * sizeof *model->class_text);
  if (!model->class_text) return rt_no_memory(error);
  for (uint32_t o = 0; o < m->output_count; o++) {
    model->class_text[o] = class_names(model, lib_model_vocab(model, &m->input[m->output[o].target]));
    if (!model->class_text[o]) return rt_no_memory(error);
  }
  return lib_requirements_list(m, &model->arena, &model->requirement, error);
}
