/* emit_vector.c: the function "vector" of a model that is asked for a vector of each row instead of its
 * answers: a value that the program gives a name to, the result of a function that it calls, or an output. */
#include "compiler/emit_model.h"

#include <string.h>

struct choice {
  struct cc_context *c;
  const struct cc_elaborated *e;
  const char *wanted; /* "": the one that there is */
  ir_id id;
  const char *name;
};

static bool is_vector(struct cc_context *c, ir_id id) {
  const struct vm_type *type = cc_type(c, id);
  return type->dtype == RT_REAL && type->batched && type->rank == 1
         && !vm_dim_is_ragged(&c->module->dims, type->dim[0]);
}

static bool is_output(const struct choice *k, ir_id id) {
  for (uint32_t o = 0; o < k->c->module->output_count; o++)
    if (k->e->output[o] == id) return true;
  return false;
}

/* The name as the model itself has it: "v" of "m.v". */
static const char *own_name(const struct cc_context *c, const char *path) {
  size_t length = strlen(c->module->name);
  return !strncmp(path, c->module->name, length) && path[length] == '.' ? path + length + 1 : path;
}

/* A vector that the model itself names, and is not bound to another value further on. */
static bool is_candidate(const struct choice *k, size_t n) {
  const struct cc_named *named = &k->c->named[n];
  if (!named->of_model || !is_vector(k->c, named->id) || is_output(k, named->id)) return false;
  for (size_t later = n + 1; later < k->e->named_count; later++) {
    const struct cc_named *other = &k->c->named[later];
    if (other->of_model && (other->id == named->id || !strcmp(other->name, named->name))) return false;
  }
  return true;
}

static bool is_answer(const struct choice *k, uint32_t o) {
  const struct vm_module *m = k->c->module;
  const struct vm_type *target = &m->input[m->output[o].target].type;
  return target->dtype == RT_REAL && target->rank == 1 && is_vector(k->c, k->e->output[o]);
}

/* Outputs that are vectors, and then what the model names. */
static void list_names(const struct choice *k, struct rt_text *to) {
  const struct vm_module *m = k->c->module;
  for (uint32_t o = 0; o < m->output_count; o++)
    if (is_answer(k, o)) rt_text_add(to, m->output[o].name, strlen(m->output[o].name) + 1);
  for (size_t n = 0; n < k->e->named_count; n++) {
    const char *name = own_name(k->c, k->c->named[n].name);
    if (is_candidate(k, n)) rt_text_add(to, name, strlen(name) + 1);
  }
}

/* Says which vectors the model names. */
static void hint_names(const struct choice *k) {
  struct rt_text names = {0};
  const char *name = NULL;
  for (size_t n = 0; n < k->e->named_count; n++)
    if (is_candidate(k, n)) {
      name = own_name(k->c, k->c->named[n].name);
      rt_text_printf(&names, "%s%s", names.length ? ", " : "", name);
    }
  if (names.data)
    rt_hint(k->c->error, "%s names the vectors %.300s, as in the option function = %.60s", k->c->module->name,
            names.data, name);
  else
    rt_hint(k->c->error, "name one in the model, as v in `v = mean(x, T)`");
  rt_text_free(&names);
}

static int take(struct choice *k, ir_id id, const char *name) {
  struct cc_context *c = k->c;
  k->id = id;
  k->name = name;
  if (is_vector(c, id)) return RT_OK;
  const struct vm_type *type = cc_type(c, id);
  rt_fail(c->error, RT_USAGE, "`%s` of the model %s is %s%s, which is no vector of real numbers for each row",
          name, c->module->name, cc_type_text(c, type), type->batched ? "" : " whatever the row");
  hint_names(k);
  return c->error->code;
}

/* An output whose target is a vector, or else the vector that the model names, if there is just one. */
static int take_only(struct choice *k) {
  struct vm_module *m = k->c->module;
  int outputs = 0, names = 0;
  ir_id id = 0;
  const char *name = NULL;
  for (uint32_t o = 0; o < m->output_count; o++) {
    if (!is_answer(k, o)) continue;
    outputs++;
    id = k->e->output[o];
    name = m->output[o].name;
  }
  for (size_t n = 0; n < k->e->named_count && !outputs; n++) {
    if (!is_candidate(k, n)) continue;
    names++;
    id = k->c->named[n].id;
    name = own_name(k->c, k->c->named[n].name);
  }
  if (outputs + names == 1) return take(k, id, name);
  if (outputs)
    rt_fail(k->c->error, RT_USAGE, "%s predicts %d vectors: say which by its name", m->name, outputs);
  else if (names)
    rt_fail(k->c->error, RT_USAGE, "%s names %d vectors: say which", m->name, names);
  else
    rt_fail(k->c->error, RT_USAGE, "%s predicts no vector, and names none", m->name);
  hint_names(k);
  return k->c->error->code;
}

static int unknown(struct choice *k) {
  struct rt_nearest nearest = {k->wanted, NULL, 0};
  const struct vm_module *m = k->c->module;
  for (size_t n = 0; n < k->e->named_count; n++)
    if (k->c->named[n].of_model || k->c->named[n].called)
      rt_nearest_consider(&nearest, own_name(k->c, k->c->named[n].name));
  rt_fail(k->c->error, RT_USAGE, "the model %s has no value and calls no function `%s`", m->name, k->wanted);
  if (nearest.best) rt_hint(k->c->error, "did you mean `%s`?", nearest.best);
  hint_names(k);
  return k->c->error->code;
}

/* A path that is bound, of which the last counts; an output; or a function that is called once. */
static int take_wanted(struct choice *k) {
  struct cc_context *c = k->c;
  ir_id called = 0;
  for (size_t n = k->e->named_count; n-- > 0;) {
    const struct cc_named *named = &c->named[n];
    if (!named->called && (!strcmp(named->name, k->wanted) || !strcmp(own_name(c, named->name), k->wanted)))
      return take(k, named->id, k->wanted);
  }
  for (uint32_t o = 0; o < c->module->output_count; o++)
    if (!strcmp(c->module->output[o].name, k->wanted)) return take(k, k->e->output[o], k->wanted);
  for (size_t n = 0; n < k->e->named_count; n++) {
    const struct cc_named *named = &c->named[n];
    if (!named->called || strcmp(named->name, k->wanted) != 0 || named->id == called) continue;
    if (called) {
      rt_fail(c->error, RT_USAGE, "the model %s calls `%s` several times: say which result by its name",
              c->module->name, k->wanted);
      hint_names(k);
      return c->error->code;
    }
    called = named->id;
  }
  return called ? take(k, called, k->wanted) : unknown(k);
}

int cc_emit_vector(struct cc_context *c, const struct cc_elaborated *e) {
  struct choice choice = {.c = c, .e = e, .wanted = c->program->vector};
  if (c->program->vectors) list_names(&choice, c->program->vectors);
  int status = *choice.wanted ? take_wanted(&choice) : take_only(&choice);
  struct ir_outputs outputs = {.count = 1, .id = &choice.id, .name = &choice.name};
  if (status == RT_OK) status = ir_take_blocks(c->model, c->error);
  return status != RT_OK ? status : ir_emit(c->model, &outputs, "vector", c->module, c->error);
}
