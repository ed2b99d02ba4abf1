/* builtin_config.c: config("hidden_size"): what config.json says, as a value of the program; and refuse. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compiler/front/builtin.h"
#include "compiler/source/configured.h"
#include "runtime/io/json.h"

/* ---- a JSON value ---- */

/* The size of that name and number, which was asked for before; or a new one. */
static vm_dim size(struct cc_context *c, const char *key, int64_t number) {
  struct vm_dims *dims = &c->module->dims;
  for (uint32_t s = 0; s < dims->symbol_count; s++) {
    const struct vm_symbol *symbol = &dims->symbol[s];
    if (symbol->kind != VM_CONST || symbol->value != number || strcmp(symbol->name, key) != 0) continue;
    struct vm_factor factor = {s, 1};
    return vm_dim_of_terms(dims, &(struct vm_term){1, 1, 1, &factor}, 1);
  }
  return vm_dim_symbol(dims, key, VM_CONST, number);
}

/* A size is named by its key, so that shapes speak of it. */
static int number(struct cc_context *c, const char *key, double number, struct cc_value *result) {
  *result = (struct cc_value){.kind = CC_NUMBER, .number = number};
  if (!(number >= 0 && number <= INT32_MAX && number == floor(number))) return RT_OK;
  vm_dim dim = size(c, key, (int64_t)number);
  *result = (struct cc_value){.kind = CC_DIM, .dim = dim};
  return dim != VM_NO_DIM ? RT_OK : cc_out_of_memory(c);
}

static int text(struct cc_context *c, const char *said, const char *said_in, struct cc_value *result) {
  *result = (struct cc_value){
      .kind = CC_STRING, .text = rt_arena_strndup(&c->module->arena, said, strlen(said)), .said_in = said_in};
  return result->text ? RT_OK : cc_out_of_memory(c);
}

/* {"0": "bad", "1": "good"}, as id2label has them: the text "bad, good", which the option labels takes. */
static const char *labels(struct cc_context *c, const json_t *json) {
  struct rt_text list = {0};
  size_t count = json_object_size(json);
  for (size_t k = 0; k < count; k++) {
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", k);
    const char *label = json_string_value(json_object_get(json, digits));
    if (!label || strchr(label, ',')) {
      rt_text_free(&list);
      return NULL;
    }
    rt_text_printf(&list, "%s%s", k ? ", " : "", label);
  }
  return count ? cc_keep_text(c, &list, NULL) : NULL;
}

struct asked {
  const char *key, *said_in;
  const struct cc_configured *found;
  struct gr_span span;
};

/* A text of the object that would be two labels. */
static const char *with_comma(const json_t *json) {
  for (void *at = json_object_iter((json_t *)json); at; at = json_object_iter_next((json_t *)json, at)) {
    const char *text = json_string_value(json_object_iter_value(at));
    if (text && strchr(text, ',')) return text;
  }
  return NULL;
}

static int no_such_value(struct cc_context *c, const struct asked *asked) {
  const char *comma = with_comma(asked->found->value);
  gr_fail(c->error, asked->span, "%s: \"%s\" is neither a number nor a text nor a list of them",
          asked->found->path, asked->key);
  if (comma)
    rt_hint(c->error,
            "\"%.60s\" would be two labels: they are written with a comma between, labels = \"bad, good\"",
            comma);
  if (json_is_object(asked->found->value))
    rt_hint(c->error, "what is within an object is named behind a point: config(\"%s.NAME\")", asked->key);
  return c->error->code;
}

static int scalar(struct cc_context *c, const struct asked *asked, const json_t *json,
                  struct cc_value *result) {
  if (json_is_boolean(json)) {
    *result = (struct cc_value){.kind = CC_NUMBER, .number = json_is_true(json), .is_truth = true};
    return RT_OK;
  }
  if (json_is_number(json)) return number(c, asked->key, json_number_value(json), result);
  return json_is_string(json) ? text(c, json_string_value(json), asked->said_in, result)
                              : no_such_value(c, asked);
}

static int value_of(struct cc_context *c, const struct asked *asked, struct cc_value *result) {
  const json_t *json = asked->found->value;
  const char *all = json_is_object(json) ? labels(c, json) : NULL;
  if (all) return text(c, all, asked->said_in, result);
  if (!json_is_array(json)) return scalar(c, asked, json, result);
  const size_t count = json_array_size(json);
  int status = cc_spend(c, (int)(count < 1000000 ? count : 1000000));
  *result = (struct cc_value){.kind = CC_LIST, .item_count = (int)count};
  if (status == RT_OK
      && !(result->item = rt_arena_alloc(&c->model->arena, sizeof *result->item * (count + 1))))
    status = cc_out_of_memory(c);
  for (size_t k = 0; k < count && status == RT_OK; k++)
    status = scalar(c, asked, json_array_get(json, k), &result->item[k]);
  return status;
}

/* ---- what there is not ---- */

static int not_there(struct cc_context *c, const struct asked *asked) {
  const json_t *beside = asked->found->beside;
  struct rt_nearest nearest = {asked->key, NULL, 0};
  const char *key;
  json_t *value;
  if (!beside && !c->program->config.kept) {
    gr_fail(c->error, asked->span, "there is no file %s, which would say \"%s\"", asked->found->path,
            asked->key);
    rt_hint(c->error,
            "it is in the folder of the weights: the option weights = FOLDER, or the program's own folder; "
            "config(\"%s\", VALUE) needs none",
            asked->key);
    return c->error->code;
  }
  if (asked->found->is_null)
    gr_fail(c->error, asked->span, "%s says null of \"%s\"", asked->found->path, asked->key);
  else
    gr_fail(c->error, asked->span, "%s does not say \"%s\"", asked->found->path, asked->key);
  if (!asked->found->is_null)
    json_object_foreach((json_t *)beside, key, value) rt_nearest_consider(&nearest, key);
  if (nearest.best) rt_hint(c->error, "did you mean \"%s\"?", nearest.best);
  rt_hint(c->error, "config(\"%s\", VALUE) is VALUE for weights that do not say it", asked->key);
  return c->error->code;
}

int cc_run_config(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  (void)self;
  const char *key = args->value[0].text, *file = args->named[0].text;
  struct cc_configured found;
  int status = cc_config_find(c->program, c->unit->path, file ? file : "config.json", key, &found, c->error);
  if (status != RT_OK) return status;
  const struct asked asked = {key, c->unit->path, &found, args->span[0]};
  if (found.value) return value_of(c, &asked, result);
  if (args->count < 2) return not_there(c, &asked);
  *result = args->value[1];
  return RT_OK;
}

int cc_run_refuse(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  (void)self, (void)result;
  bool of_library = c->unit->is_stdlib && c->library_call.source;
  return gr_fail(c->error, of_library ? c->library_call : args->node->span, "%s", args->value[0].text);
}
