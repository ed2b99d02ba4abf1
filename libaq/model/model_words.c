/* model_words.c: what a model tells of itself: its columns, heads and classes, its native functions, and its
 * requirements in words. They are made once, so that a model that never changes can hand them out in any
 * thread. */
#include <string.h>

#include "libaq/model/requirement_words.h"

const struct io_vocab *lib_model_vocab(const struct aq_model *model, const struct vm_input *input) {
  if (!model->schema.columns) return NULL; /* a model without data */
  return model->schema.columns[vm_column_of(model->module, input)].vocab;
}

/* The columns as declared. A text that is input and target at once has two inputs, but is one column.
 * Arguments of a function that was compiled by itself are none. */
static int list_columns(struct aq_model *model, struct rt_error *error) {
  const struct vm_module *m = model->module;
  model->column = rt_arena_alloc(&model->arena, (m->input_count + 1u) * sizeof *model->column);
  if (!model->column) return rt_no_memory(error);
  for (uint32_t i = 0; i < m->input_count; i++) {
    const struct vm_input *input = &m->input[i];
    if (!input->column || (input->is_target && (input->shifted || input->matched))) continue;
    const struct io_vocab *vocab = lib_model_vocab(model, input);
    const struct io_column *c = input->column;
    model->column[model->column_count++] = (aq_column){.size = sizeof(aq_column),
                                                       .name = c->name,
                                                       .kind = c->kind->name,
                                                       .field = c->source ? c->source : c->name,
                                                       .is_target = input->is_target,
                                                       .vocabulary = vocab ? vocab->count : 0};
  }
  return RT_OK;
}

static bool is_head(const struct vm_module *m, const char *name) {
  for (uint32_t h = 0; h < m->head_count; h++)
    if (strcmp(m->head[h].name, name) == 0) return true;
  return false;
}

/* What the function `attend` gives beside the outputs of the model. */
static int list_heads(struct aq_model *model, struct rt_error *error) {
  const struct vm_module *m = model->module;
  const struct vm_function *f = vm_module_function(m, "attend");
  if (!f || f->output_count <= m->output_count) return RT_OK;
  const uint32_t count = f->output_count - m->output_count;
  if (!(model->head = rt_arena_alloc(&model->arena, count * sizeof *model->head))) return rt_no_memory(error);
  for (uint32_t o = m->output_count; o < f->output_count; o++) {
    struct rt_text shape = {0};
    vm_type_print(&m->dims, &f->value[f->output[o]].type, &shape);
    const char *copy = shape.failed ? NULL : rt_arena_strndup(&model->arena, shape.data, shape.length);
    rt_text_free(&shape);
    if (!copy) return rt_no_memory(error);
    model->head[model->head_count++] = (aq_head){.size = sizeof(aq_head),
                                                 .name = f->output_name[o],
                                                 .is_mixing = !is_head(m, f->output_name[o]),
                                                 .shape = copy};
  }
  return RT_OK;
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
  int status = list_columns(model, error);
  if (status == RT_OK) status = list_heads(model, error);
  if (status == RT_OK)
    status = lib_list_natives(m, &model->arena, &model->native, &model->native_count, error);
  if (status == RT_OK) status = lib_requirements_list(m, &model->arena, &model->requirement, error);
  return status;
}
