/* row_check.c: asks about each row what its columns by themselves do not say: equal lengths, and
 * requirements. */
#include <stdio.h>

#include "libaq/model/requirement_words.h"

/* How many tokens of a row the model will see. */
static int64_t row_length(const struct lib_row_check *check, const struct io_dataset *data, uint32_t i,
                          int64_t row) {
  const struct vm_input *input = &check->module->input[i];
  const struct io_values *v = &data->values[check->column[i]];
  if (check->extends && input->shifted
      && lib_extends(&check->schema->columns[check->column[i]], io_row_length(v, row)))
    return io_row_length(v, row);
  return lib_row_length(input, v, row);
}

static bool has_length(const struct lib_row_check *check, const struct io_dataset *data, uint32_t i) {
  return check->module->input[i].length >= 0 && data->values[check->column[i]].present;
}

/* An input before `i` that has its length from the same symbol and is in the data; i: there is none. */
static uint32_t same_length(const struct lib_row_check *check, const struct io_dataset *data, uint32_t i) {
  for (uint32_t k = 0; k < i; k++)
    if (check->module->input[k].length == check->module->input[i].length && has_length(check, data, k))
      return k;
  return i;
}

static int unequal(const struct lib_row_check *check, uint32_t i, int64_t a, uint32_t k, int64_t b,
                   struct rt_error *error) {
  const struct vm_input *input = check->module->input;
  const struct io_kind *one = input[i].column->kind, *other = input[k].column->kind;
  rt_fail(error, RT_BAD_DATA, "the column %s has %lld %s here, but the column %s of length %s has %lld%s%s",
          input[i].name, (long long)a, a == 1 ? one->one : one->more, input[k].name,
          check->module->dims.symbol[input[i].length].name, (long long)b, one == other ? "" : " ",
          one == other ? ""
          : b == 1     ? other->one
                       : other->more);
  rt_hint(error,
          "columns that differ in length have lengths of different names, as in words[T] and words[U]");
  return RT_BAD_DATA;
}

static int check_lengths(const struct lib_row_check *check, const struct io_dataset *data, int64_t row,
                         int *column, struct rt_error *error) {
  for (uint32_t i = 0; i < check->module->input_count; i++) {
    uint32_t k = has_length(check, data, i) ? same_length(check, data, i) : i;
    if (k == i) continue;
    int64_t n = row_length(check, data, i, row), wanted = row_length(check, data, k, row);
    *column = check->column[i];
    if (n != wanted) return unequal(check, i, n, k, wanted, error);
  }
  return RT_OK;
}

/* check->size has the lengths of the row. */
static int check_requirements(const struct lib_row_check *check, int *column, struct rt_error *error) {
  const struct vm_module *m = check->module;
  for (uint32_t r = 0; r < m->requirement_count; r++) {
    if (vm_requirement_met(&m->dims, &m->requirement[r], check->size) != RT_BAD_DATA) continue;
    const struct vm_input *input = lib_requirement_input(m, &m->requirement[r]);
    *column = input ? check->column[input - m->input] : -1;
    return lib_requirement_fail(m, &m->requirement[r], check->size, error);
  }
  return RT_OK;
}

/* How many letters of a text are the same as the one before: between them blank must stand. */
static int64_t repeats(const struct io_values *v, int64_t row, int64_t count) {
  const int32_t *id = io_payload_ids(&v->of) + io_payload_begin(&v->of, row);
  int64_t same = 0;
  for (int64_t k = 1; k < count; k++) same += id[k] == id[k - 1];
  return same;
}

static int too_few_frames(const struct vm_input *input, int64_t letters, int64_t same, int64_t frames,
                          struct rt_error *error) {
  const struct io_kind *kind = input->column->kind;
  char twice[80] = "";
  if (same) snprintf(twice, sizeof twice, "%lld of them the same as the one before, ", (long long)same);
  rt_fail(error, RT_BAD_DATA, "\"%s\" has %lld %s here, %swhich takes %lld frames, and the model gives %lld",
          input->name, (long long)letters, letters == 1 ? kind->one : kind->more, twice,
          (long long)(letters + same), (long long)frames);
  rt_hint(error, "a frame spells one of them at most, and between two that are the same one must be blank");
  return RT_BAD_DATA;
}

/* Can the frames that a model gives of this row spell its text? */
static int check_frames(struct lib_row_check *check, const struct io_dataset *data, int64_t row, int *column,
                        struct rt_error *error) {
  const struct vm_module *m = check->module;
  const struct vm_function *predict = vm_module_function(m, "predict");
  for (uint32_t o = 0; o < m->output_count && predict; o++) {
    const uint32_t i = (uint32_t)m->output[o].target;
    const struct io_values *v = &data->values[check->column[i]];
    int64_t frames;
    if (!m->input[i].spelled || !v->present) continue;
    const int64_t letters = row_length(check, data, i, row), same = repeats(v, row, letters);
    const vm_dim dim = predict->value[predict->output[o]].type.dim[0];
    if (vm_dim_value(&m->dims, dim, check->size, &frames, NULL) || frames >= letters + same) continue;
    *column = check->column[i];
    return too_few_frames(&m->input[i], letters, same, frames, error);
  }
  return RT_OK;
}

static void take_lengths(struct lib_row_check *check, const struct io_dataset *data, int64_t row) {
  for (uint32_t i = 0; i < check->module->input_count; i++)
    if (has_length(check, data, i))
      check->size[check->module->input[i].length] = row_length(check, data, i, row);
}

static int check_row(void *context, const struct io_dataset *data, int64_t row, int *column,
                     struct rt_error *error) {
  struct lib_row_check *check = context;
  int status = lib_check_numbers(check, data, row, column, error);
  if (status == RT_OK) status = check_lengths(check, data, row, column, error);
  if (status != RT_OK) return status;
  take_lengths(check, data, row);
  status = check_frames(check, data, row, column, error);
  return status != RT_OK ? status : check_requirements(check, column, error);
}

/* Letters that become unknown when the vocabulary is learned may be the same as the one before then. */
static bool learns_letters(const struct vm_module *m) {
  for (uint32_t i = 0; i < m->input_count; i++)
    if (m->input[i].spelled) return true;
  return false;
}

bool lib_row_check_later(const struct lib_row_check *check) {
  const struct vm_module *m = check->module;
  if (learns_letters(m)) return true;
  for (uint32_t r = 0; r < m->requirement_count; r++)
    if (vm_requirement_is_ragged(&m->dims, &m->requirement[r])
        && vm_requirement_is_open(&m->dims, &m->requirement[r]))
      return true;
  return false;
}

int lib_row_check_init(struct lib_row_check *check, const struct vm_module *module,
                       const struct io_schema *schema, struct rt_error *error) {
  *check = (struct lib_row_check){.module = module, .schema = schema};
  check->hook = (struct io_row_check){check_row, check};
  check->column = rt_zalloc(module->input_count + 1u, sizeof *check->column);
  check->size = rt_zalloc(module->dims.symbol_count + 1, sizeof *check->size);
  if (!check->column || !check->size) return rt_no_memory(error);
  for (size_t k = 0; k < module->dims.symbol_count; k++) check->size[k] = -1;
  for (uint32_t i = 0; i < module->input_count; i++)
    check->column[i] = vm_column_of(module, &module->input[i]);
  return RT_OK;
}

void lib_row_check_free(struct lib_row_check *check) {
  rt_free(check->column);
  rt_free(check->size);
  *check = (struct lib_row_check){0};
}
