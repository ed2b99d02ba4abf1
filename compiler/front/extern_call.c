/* extern_call.c: a call of a native function. */
#include <math.h>
#include <string.h>

#include "compiler/front/arguments.h"
#include "vm/native_match.h"

struct calling {
  struct cc_context *c;
  const struct cc_definition *d;
  const struct cc_call_args *args;
  struct cc_scope *scope; /* what its sizes are bound to */
  uint32_t number;        /* in the module */
  const struct cc_value *value[VM_NATIVE_ARGS];
  struct gr_span span[VM_NATIVE_ARGS];
  ir_id id[VM_NATIVE_ARGS];
  bool batched;
};

static const struct vm_native *native_of(const struct calling *k) { return &k->c->module->native[k->number]; }

/* Which of the values is for which argument. */
static int match(struct calling *k) {
  struct cc_context *c = k->c;
  const struct gr_node *params = k->d->node->child[0];
  struct cc_parameter row[VM_NATIVE_ARGS];
  int *of;
  for (int p = 0; p < params->count; p++)
    row[p] = (struct cc_parameter){.name = params->child[p]->text, .node = params->child[p]};
  const struct cc_callee callee = {k->d->name, "argument", row, params->count, k->d->node, false};
  int status = cc_match_call(c, &callee, k->args, &of);
  for (int i = 0; i < k->args->count + k->args->named_count && status == RT_OK; i++) {
    bool named = i >= k->args->count;
    k->value[of[i]] = named ? &k->args->named[i - k->args->count] : &k->args->value[i];
    k->span[of[i]] = named ? k->args->named_span[i - k->args->count] : k->args->span[i];
  }
  return status;
}

static int refuse(struct calling *k, int p, const char *wanted) {
  struct cc_context *c = k->c;
  gr_fail(c->error, k->span[p], "`%s` of `%s` is %s, and this is %s", k->d->node->child[0]->child[p]->text,
          k->d->name, wanted, cc_describe(c, k->value[p]));
  gr_note(c->error, k->d->node->child[0]->child[p]->span, "declared here");
  return c->error->code;
}

/* Inside head[H], what each head has one of. */
static int refuse_heads(struct calling *k, int p) {
  struct cc_context *c = k->c;
  gr_fail(c->error, k->span[p], "`%s` is not called for each head: call it outside of head[%s]", k->d->name,
          cc_dim_text(c, c->head_dim));
  rt_hint(c->error, "one that is declared with numbers alone is applied element by element, for heads too");
  return c->error->code;
}

static int take_tensor(struct calling *k, int p) {
  struct cc_context *c = k->c;
  const struct gr_node *param = k->d->node->child[0]->child[p];
  int status = cc_to_tensor(c, k->value[p], k->span[p], &k->id[p]);
  if (status != RT_OK) return status;
  const struct vm_type *type = cc_type(c, k->id[p]);
  const char *what = rt_arena_printf(&c->model->arena, "`%s` of `%s`", param->text, k->d->name);
  const struct cc_wanted wanted = {param->child[0], param, k->scope, what, k->span[p]};
  if (!what) return cc_out_of_memory(c);
  if (cc_is_lifted(c, type)) return refuse_heads(k, p);
  return cc_match_type(c, &wanted, type);
}

/* What float holds exactly. */
static bool is_whole(struct cc_context *c, const struct cc_value *v) {
  double number;
  return v->kind == CC_DIM
         || (v->kind == CC_NUMBER && cc_to_number(c, v, &number) && number == floor(number)
             && fabs(number) <= 1 << 24);
}

static int take_number(struct calling *k, int p) {
  struct cc_context *c = k->c;
  bool whole = native_of(k)->parsed->arg[p].type.kind == VM_NATIVE_WHOLE;
  if (whole && !is_whole(c, k->value[p]))
    return refuse(k, p, "a whole number that is known when the program is compiled, at most 16777216");
  int status = cc_to_real(c, k->value[p], k->span[p], &k->id[p]);
  if (status != RT_OK) return status;
  return cc_type(c, k->id[p])->rank == 0 ? RT_OK : refuse(k, p, "a single number");
}

/* The result, whose sizes are those of arguments, or of the file. */
static int result_type(struct calling *k, struct vm_type *type) {
  struct cc_context *c = k->c;
  const struct gr_node *result = k->d->node->child[1];
  struct cc_scope *was = c->scope;
  *type = (struct vm_type){.dtype = RT_REAL, .of = VM_NO_DIM};
  c->scope = k->scope;
  int status = cc_shape(c, result->child[0], type);
  if (status == RT_OK && result->child[1]) {
    type->dtype = RT_INT;
    status = cc_dim(c, result->child[1], &type->of);
  }
  c->scope = was;
  type->batched = k->batched;
  bool ragged = type->of != VM_NO_DIM && vm_dim_is_ragged(&c->module->dims, type->of);
  for (int a = 0; a < type->rank; a++) ragged = ragged || vm_dim_is_ragged(&c->module->dims, type->dim[a]);
  if (status != RT_OK || type->batched || !ragged) return status;
  return gr_fail(c->error, k->args->node->span,
                 "the result of `%s` has another size for each row, but nothing that it is given does",
                 k->d->name);
}

static int call_with_tensors(struct calling *k, struct vm_type *type) {
  struct cc_context *c = k->c;
  int status = RT_OK;
  if (c->slot) {
    gr_fail(c->error, k->args->node->span, "`%s` takes tensors, and a slot computes with single numbers",
            k->d->name);
    rt_hint(c->error, "in slots externs of numbers alone can be called: extern fn f(x: number) -> number");
    return c->error->code;
  }
  for (int p = 0; p < native_of(k)->parsed->arg_count && status == RT_OK; p++) {
    uint8_t kind = native_of(k)->parsed->arg[p].type.kind;
    status = kind == VM_NATIVE_TENSOR || kind == VM_NATIVE_IDS ? take_tensor(k, p) : take_number(k, p);
    if (status == RT_OK) k->batched = k->batched || cc_type(c, k->id[p])->batched;
  }
  return status == RT_OK ? result_type(k, type) : status;
}

/* Element by element: all arguments get the shape that they have in common. */
static int call_with_numbers(struct calling *k, struct vm_type *type) {
  struct cc_context *c = k->c;
  struct ir_at at = cc_in_graph(c, k->args->node->span);
  const int count = native_of(k)->parsed->arg_count;
  ir_id widest = 0;
  for (int p = 0; p < count; p++) {
    int status = cc_to_real(c, k->value[p], k->span[p], &k->id[p]);
    if (status == RT_OK && widest) status = ir_broadcast(at, widest, k->id[p], type);
    if (status != RT_OK) return status;
    widest = widest ? ir_expand(at, widest, type) : k->id[p];
    if (!widest) return c->error->code;
  }
  *type = at.g->node[widest].type;
  for (int p = 0; p < count; p++)
    if (!(k->id[p] = ir_expand(at, k->id[p], type))) return c->error->code;
  return RT_OK;
}

int cc_extern_call(struct cc_context *c, const struct cc_definition *d, const struct cc_call_args *args,
                   struct cc_value *result) {
  struct cc_scope scope = {0};
  const struct cc_unit *was = c->unit;
  struct calling k = {.c = c, .d = d, .args = args, .scope = &scope};
  struct vm_type type;
  c->unit = d->unit;
  int status = cc_extern(c, d, &k.number);
  if (status == RT_OK) status = match(&k);
  if (status == RT_OK)
    status = native_of(&k)->parsed->each ? call_with_numbers(&k, &type) : call_with_tensors(&k, &type);
  c->unit = was;
  cc_scope_free(&scope);
  if (status != RT_OK) return status;
  ir_id id = ir_call_native(cc_in_graph(c, args->node->span),
                            (struct ir_native_call){k.number, native_of(&k)->parsed->arg_count, k.id, &type});
  if (!id) return c->error->code;
  if (!c->slot) c->model->node[id].called = args->node->span;
  *result = (struct cc_value){.kind = CC_TENSOR, .id = id};
  return RT_OK;
}
