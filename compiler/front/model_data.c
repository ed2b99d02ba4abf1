/* model_data.c: what a model takes of its data: columns as typed inputs, outputs as predictions of columns.
 */
#include "compiler/front/arguments.h"
#include "runtime/io/schema.h"
#include "vm/target.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* An output as the user wrote it: a column, next(column), ctc(column), or match(asked, column). */
struct written {
  const struct gr_node *name;  /* of the column */
  const struct gr_node *asked; /* NULL: it is no match */
  bool next, ctc;
};

static int read_output(struct cc_context *c, const struct gr_node *output, struct written *written) {
  static const struct cc_parameter of_column[] = {{"column", .takes = CC_TAKES_NAME}},
                                   of_two[] = {{"asked", .takes = CC_TAKES_NAME},
                                               {"found", .takes = CC_TAKES_NAME}};
  static const struct cc_callee next_takes = {"next", "argument", of_column, 1, .declared = NULL},
                                ctc_takes = {"ctc", "argument", of_column, 1, .declared = NULL},
                                match_takes = {"match", "argument", of_two, 2, .declared = NULL};
  struct cc_setting column[2];
  *written = (struct written){.name = output};
  if (output->kind != GR_CALL) return RT_OK;
  const struct gr_node *callee = output->child[0];
  bool match = callee->kind == GR_NAME && !strcmp(callee->text, "match");
  written->next = callee->kind == GR_NAME && !strcmp(callee->text, "next");
  written->ctc = callee->kind == GR_NAME && !strcmp(callee->text, "ctc");
  if (!match && !written->next && !written->ctc)
    return gr_fail(
        c->error, output->span,
        "an output is a column, next(COLUMN) for a model that predicts text, ctc(COLUMN) for one "
        "that reads it off frames, or match(COLUMN, COLUMN) for one that finds what goes with what");
  const struct cc_callee *takes = match ? &match_takes : written->ctc ? &ctc_takes : &next_takes;
  int status = cc_match_way(c, takes, output, column);
  written->asked = match ? column[0].arg : NULL;
  written->name = column[match].arg;
  return status;
}

static const char *field_of(const struct vm_input *input) {
  return input->column->source ? input->column->source : input->name;
}

/* The number of a column in the module, which gets it, and the one whose text it is made of, unless it is
 * there already. */
static uint32_t add_column(struct vm_module *m, const struct vm_input *declared, int which) {
  const struct io_column *column = declared[which].column;
  uint32_t k = 0;
  while (k < m->column_count && strcmp(m->column[k].name, column->name) != 0) k++;
  if (k < m->column_count) return k;
  m->column[m->column_count++] = *column;
  if (column->pair >= 0) m->column[k].pair = (int)add_column(m, declared, column->pair);
  return k;
}

/* The next input of the model, of a column that may have one already. */
static struct vm_input *add_input(struct vm_module *m, const struct vm_input *declared, int which) {
  struct vm_input *input = &m->input[m->input_count];
  uint32_t k = add_column(m, declared, which);
  *input = declared[which];
  input->column = &m->column[k];
  return input;
}

/* A model is not given what it predicts under another name. But of an image, a small or a grey one is made.
 */
static int check_apart(struct cc_context *c, const struct vm_input *input, const struct gr_node *data,
                       const struct vm_input *declared, const struct gr_node *param,
                       const struct gr_node *output) {
  for (int i = 0; i < data->count; i++)
    if (!strcmp(declared[i].name, output->text) && !declared[i].column->kind->answered
        && (!strcmp(field_of(&declared[i]), field_of(input))
            || (input->column->second && !strcmp(field_of(&declared[i]), input->column->second))))
      return gr_fail(
          c->error, param->span,
          "`%s` is made of the same text as `%s`, which the model predicts: it would show the answer",
          param->text, output->text);
  return RT_OK;
}

static int no_value(struct cc_context *c, struct gr_span span, const char *name) {
  return gr_fail(c->error, span,
                 "`%s` says what a row counts in the loss: a model neither reads nor predicts it", name);
}

/* The column of weights is read wherever there is a loss. */
static int model_weight(struct cc_context *c, const struct gr_node *data, const struct vm_input *declared) {
  struct vm_module *m = c->module;
  int found = -1;
  for (int k = 0; k < data->count; k++) {
    if (!declared[k].column->kind->weighs) continue;
    if (found >= 0)
      return gr_fail(c->error, data->child[k]->span, "a row has one weight, and `%s` is one already",
                     declared[found].name);
    found = k;
  }
  if (found < 0) return RT_OK;
  add_input(m, declared, found)->is_target = true;
  m->input_count++;
  return RT_OK;
}

static int model_inputs(struct cc_context *c, const struct gr_node *model, const struct gr_node *data,
                        const struct vm_input *declared) {
  struct vm_module *m = c->module;
  const struct gr_node *params = model->child[0], *outputs = model->child[1];
  for (int p = 0; p < params->count; p++) {
    const struct gr_node *param = params->child[p], *type = param->count > 0 ? param->child[0] : NULL;
    const struct gr_node *column = cc_find_column(c, data, param->text, param->name_span);
    if (!column) return c->error->code;
    int which = 0, status;
    while (data->child[which] != column) which++;
    if (declared[which].column->kind->weighs) return no_value(c, param->name_span, param->text);
    struct vm_input *input = add_input(m, declared, which);
    for (int o = 0; o < outputs->count; o++) {
      struct written out;
      if ((status = read_output(c, outputs->child[o], &out))) return status;
      if (out.asked) continue; /* it is given both */
      if (strcmp(out.name->text, param->text) != 0) {
        if (!(status = check_apart(c, input, data, declared, param, out.name))) continue;
        return status;
      }
      if (!out.next)
        return gr_fail(c->error, out.name->span,
                       "`%s` is what the model is given; it cannot be what it predicts", out.name->text);
      input->shifted = true;
    }
    const struct cc_wanted wanted = {type, column, c->scope, "this column", param->span};
    if (type && (status = cc_match_type(c, &wanted, &input->type))) return status;
    struct cc_value value = {
        .kind = CC_TENSOR,
        .id = ir_add(cc_in_model(c, param->span),
                     (struct ir_op){OP_input, .attr = {m->input_count++}, .type = &input->type})};
    if (!value.id) return c->error->code;
    c->model->node[value.id].name = input->name;
    if ((status = cc_bind(c, c->scope, param->text, value, param->name_span, NULL))) return status;
  }
  return RT_OK;
}

/* A match is of two columns that the model is given. */
static int check_match(struct cc_context *c, const struct gr_node *model, const struct written *out) {
  const struct gr_node *params = model->child[0], *name[] = {out->asked, out->name};
  if (!strcmp(out->asked->text, out->name->text))
    return gr_fail(c->error, out->name->span, "match is of two columns, and these are one");
  for (int k = 0; k < 2; k++) {
    int p = 0;
    while (p < params->count && strcmp(params->child[p]->text, name[k]->text) != 0) p++;
    if (p < params->count) continue;
    gr_fail(c->error, name[k]->span, "match is of two columns that the model is given, and `%s` is not given",
            name[k]->text);
    rt_hint(c->error, "model %s(%s, %s) -> match(%s, %s)", model->text, name[0]->text, name[1]->text,
            name[0]->text, name[1]->text);
    return c->error->code;
  }
  return RT_OK;
}

/* What the loss of a match gets of a row is which rows have the same. */
static void make_matched(struct vm_input *input) {
  input->type = (struct vm_type){.dtype = RT_REAL, .batched = 1, .of = VM_NO_DIM};
  input->vocabulary = input->length = -1;
  input->matched = true;
}

/* A target of something larger than the row, such as an image. */
static int check_given(struct cc_context *c, const struct io_column *column, const struct gr_node *name) {
  const struct io_kind *kind = column->kind;
  if (!kind->answered)
    return gr_fail(c->error, name->span, "`%s` is of kind `%s`, which a model cannot predict yet", name->text,
                   kind->name);
  const char *changed = kind->answered->changed(&column->set);
  if (!changed) return RT_OK;
  gr_fail(c->error, name->span,
          "`%s` changes what a model is given while it learns, and `%s` is what it predicts", changed,
          name->text);
  rt_hint(c->error, "leave it out of `%s`, which is changed as the first %s that the model is given",
          name->text, kind->name);
  return c->error->code;
}

static int model_targets(struct cc_context *c, const struct gr_node *model, const struct gr_node *data,
                         const struct vm_input *declared) {
  struct vm_module *m = c->module;
  const struct gr_node *outputs = model->child[1];
  for (int o = 0; o < outputs->count; o++) {
    struct written out;
    int which = 0, status = read_output(c, outputs->child[o], &out);
    if (status == RT_OK && out.asked) status = check_match(c, model, &out);
    const struct gr_node *name = out.name,
                         *column = status != RT_OK ? NULL : cc_find_column(c, data, name->text, name->span);
    if (!column) return c->error->code;
    while (data->child[which] != column) which++;
    for (int k = 0; k < o; k++)
      if (!strcmp(m->output[k].name, name->text))
        return gr_fail(c->error, name->span, "`%s` is predicted twice", name->text);
    if (declared[which].column->kind->weighs) return no_value(c, name->span, name->text);
    if (declared[which].column->set.missing && !out.asked)
      return gr_fail(
          c->error, name->span,
          "`%s` is what the model predicts: a row without it cannot be learned from, so that nothing "
          "may stand in its place",
          name->text);
    if (declared[which].column->kind->give && !out.asked
        && (status = check_given(c, declared[which].column, name)))
      return status;
    if (out.next && !declared[which].column->kind->continues)
      return gr_fail(c->error, name->span,
                     "next() predicts text: a column of words, chars or bytes; or an image: pixels");
    if (out.ctc && (!declared[which].column->kind->continues || declared[which].column->kind->files))
      return gr_fail(c->error, name->span, "ctc() spells a text: a column of words, chars or bytes");
    struct vm_input *input = add_input(m, declared, which);
    input->is_target = true;
    input->spelled = out.ctc;
    input->shifted = out.next;
    if (out.asked) make_matched(input);
    m->output[o] = (struct vm_output){.name = input->name, .target = (int32_t)m->input_count++};
  }
  m->output_count = (uint32_t)outputs->count;
  return RT_OK;
}

/* Declares the data's dims in sight and binds the model's arguments. c->scope is the model's. */
int cc_data(struct cc_context *c, const struct gr_node *model) {
  struct vm_module *m = c->module;
  const struct gr_node *data = cc_item(c->unit, GR_DATA);
  if (!data) {
    gr_fail(c->error, model->name_span, "a model needs to know its data");
    rt_hint(c->error, "say what the file holds, for example: data { text: words[T], label: class[C] }");
    return c->error->code;
  }
  size_t columns = (size_t)data->count + 1, outputs = (size_t)model->child[1]->count + 1,
         inputs = (size_t)model->child[0]->count + outputs + 1;
  struct vm_input *declared = rt_arena_alloc(&c->model->arena, columns * sizeof *declared);
  m->column = rt_arena_alloc(&m->arena, 2 * inputs * sizeof *m->column); /* each may be made of another */
  m->input = rt_arena_alloc(&m->arena, inputs * sizeof *m->input);
  m->output = rt_arena_alloc(&m->arena, outputs * sizeof *m->output);
  if (!declared || !m->column || !m->input || !m->output) return cc_out_of_memory(c);
  int status = cc_declare_columns(c, data, declared);
  if (status == RT_OK) status = cc_share_vocabularies(c, data, declared);
  if (status == RT_OK) status = model_inputs(c, model, data, declared);
  if (status == RT_OK) status = model_targets(c, model, data, declared);
  if (status == RT_OK) status = model_weight(c, data, declared);
  return status != RT_OK ? status : cc_check_next(c, model->child[1]);
}

int cc_data_alone(struct cc_context *c) {
  const struct gr_node *data = cc_item(c->unit, GR_DATA);
  struct vm_input *declared =
      data ? rt_arena_alloc(&c->model->arena, ((size_t)data->count + 1) * sizeof *declared) : NULL;
  if (!data) return RT_OK;
  return declared ? cc_declare_columns(c, data, declared) : cc_out_of_memory(c);
}

/* ---- outputs ---- */

/* What the model must return for a target: one score per class or next token, or the number or vector itself.
 */
static struct vm_type wanted_type(const struct vm_input *target) {
  struct vm_type t = target->type;
  if (t.dtype == RT_INT) t.dim[t.rank++] = t.of;
  t.dtype = RT_REAL;
  t.of = VM_NO_DIM;
  return t;
}

/* Of boxes, the model returns as many as it may find, each with a score more: that of being nothing. */
static struct vm_type wanted_boxes(struct cc_context *c, const struct vm_input *target,
                                   const struct vm_type *found) {
  struct vm_type t = wanted_type(target);
  t.dim[1] = vm_dim_plus(&c->module->dims, t.dim[1], VM_ONE);
  if (found->rank == t.rank) t.dim[0] = found->dim[0];
  return t;
}

/* Are these scores of frames: [T, V + 1] for a text whose own length is another? */
static bool is_of_frames(struct cc_context *c, const struct vm_input *target, const struct vm_type *found) {
  return found->dtype == RT_REAL && found->rank == 2
         && found->dim[1] == vm_dim_plus(&c->module->dims, target->type.of, VM_ONE);
}

static int no_frames(struct cc_context *c, const struct vm_input *target, const struct vm_type *found,
                     struct gr_span span) {
  const char *letters = cc_dim_text(c, target->type.of);
  gr_fail(c->error, span,
          "to spell `%s` the model should return [T, %s + 1], with a T of its own, but it returns %s",
          target->name, letters, cc_type_text(c, found));
  rt_hint(c->error,
          "each frame has a score for each of the %s letters and, as the last one, for blank: "
          "linear(x, %s + 1)",
          letters, letters);
  return c->error->code;
}

/* Are these scores of steps, from the tag before: [T, C, C] where [T, C] would be scores of tags? */
static bool is_of_steps(const struct vm_input *target, const struct vm_type *found) {
  struct vm_type wanted = wanted_type(target);
  return vm_form_of(target) == VM_TAGS && found->dtype == RT_REAL && found->rank == 3
         && found->dim[0] == wanted.dim[0] && found->dim[1] == wanted.dim[1]
         && found->dim[2] == wanted.dim[1];
}

/* One answer is wanted for all positions of a text, and there is one for each, or the other way round. */
static void hint_positions(struct cc_context *c, const struct vm_type *wanted, const struct vm_type *found) {
  const bool many = found->rank == wanted->rank + 1;
  const struct vm_type *longer = many ? found : wanted, *shorter = many ? wanted : found;
  if (longer->rank != shorter->rank + 1 || !vm_dim_is_ragged(&c->module->dims, longer->dim[0])) return;
  for (int a = 0; a < shorter->rank; a++)
    if (shorter->dim[a] != longer->dim[a + 1]) return;
  const char *axis = cc_dim_text(c, longer->dim[0]);
  if (many)
    rt_hint(c->error, "this is one for each position along %s: mean(…, %s) makes one of them", axis, axis);
  else
    rt_hint(c->error, "one is wanted for each position along %s: leave that axis, do not take its mean",
            axis);
}

/* Two vectors of one size. They are kept for the loss, and together they are what the model gives: [2, D]. */
static int match_output(struct cc_context *c, const struct cc_value *result, const struct gr_node *written,
                        int o, ir_id *output) {
  struct ir_at at = cc_in_model(c, written->span);
  ir_id part[2];
  for (int k = 0; k < 2; k++) {
    int status = cc_to_tensor(c, &result[k], written->span, &part[k]);
    if (status != RT_OK) return status;
  }
  struct vm_type a = *cc_type(c, part[0]), b = *cc_type(c, part[1]);
  bool fits = a.dtype == RT_REAL && b.dtype == RT_REAL && a.rank == 1 && b.rank == 1 && a.dim[0] == b.dim[0]
              && !vm_dim_is_ragged(&c->module->dims, a.dim[0]);
  if (!fits) {
    gr_fail(c->error, written->span,
            "to match two columns the model should return a vector [D] for each, both of one size, but it "
            "returns %s and %s",
            cc_type_text(c, &a), cc_type_text(c, &b));
    if (a.rank == 1 && b.rank == 1) ir_hint_dims(c->model, a.dim[0], b.dim[0], c->error);
    return c->error->code;
  }
  struct vm_type row = {.dtype = RT_REAL, .batched = 1, .rank = 2, .of = VM_NO_DIM};
  row.dim[0] = VM_ONE;
  row.dim[1] = a.dim[0];
  a.batched = 1;
  for (int k = 0; k < 2; k++) {
    c->matched[o][k] = part[k] = ir_expand(at, part[k], &a);
    if (part[k]) part[k] = ir_reshape(at, part[k], &row);
    if (!part[k]) return c->error->code;
  }
  row.dim[0] = vm_dim_number(&c->module->dims, 2);
  *output = ir_add(at, (struct ir_op){OP_concat, 2, .arg = part, .attr = {0}, .type = &row});
  return *output ? RT_OK : c->error->code;
}

/* How many values the model returns: of a match two. */
static int returned(const struct vm_module *m) {
  int count = (int)m->output_count;
  for (uint32_t o = 0; o < m->output_count; o++) count += m->input[m->output[o].target].matched;
  return count;
}

int cc_outputs(struct cc_context *c, const struct gr_node *model, const struct cc_results *results,
               ir_id *output) {
  const struct cc_value *result = results->value;
  struct vm_module *m = c->module;
  const struct gr_node *outputs = model->child[1];
  const int count = outputs->count, wanted_count = returned(m);
  if (results->count != wanted_count) {
    gr_fail(c->error, outputs->span, "the model promises %d %s%s but returns %d", wanted_count,
            wanted_count > count ? "value" : "output", wanted_count == 1 ? "" : "s", results->count);
    if (wanted_count > count) rt_hint(c->error, "for match(a, b) it returns two vectors, that of a first");
    return c->error->code;
  }
  for (int o = 0; o < count; o++, result++) {
    if (m->input[m->output[o].target].matched) {
      int matched = match_output(c, result++, outputs->child[o], o, &output[o]);
      if (matched != RT_OK) return matched;
      continue;
    }
    int status = cc_to_tensor(c, result, outputs->child[o]->span, &output[o]);
    if (status != RT_OK) return status;
    struct vm_type wanted = wanted_type(&m->input[m->output[o].target]), found = *cc_type(c, output[o]);
    const struct vm_input *target = &m->input[m->output[o].target];
    if (target->spelled && !is_of_frames(c, target, &found))
      return no_frames(c, target, &found, outputs->child[o]->span);
    if (target->spelled || is_of_steps(target, &found)) wanted = found;
    wanted.batched = 1;
    const bool boxes = vm_form_of(target) == VM_BOXES;
    if (boxes) wanted = wanted_boxes(c, target, &found);
    bool same = wanted.rank == found.rank && found.dtype == RT_REAL;
    for (int a = 0; same && a < wanted.rank; a++) same = wanted.dim[a] == found.dim[a];
    if (!same) {
      struct gr_span span = ir_shown(c->model, output[o]);
      gr_fail(c->error, outputs->child[o]->span,
              "to predict `%s` the model should return %s, but it returns %s", m->output[o].name,
              cc_type_text(c, &wanted), cc_type_text(c, &found));
      if (span.source == outputs->span.source) gr_note(c->error, span, "this is %s", cc_type_text(c, &found));
      bool classes = wanted.rank == found.rank && m->input[m->output[o].target].type.dtype == RT_INT
                     && wanted.dim[wanted.rank - 1] != found.dim[wanted.rank - 1];
      if (boxes)
        rt_hint(c->error, "for each thing that it may find, four edges, a score of each class and one of "
                          "nothing, as objects(…) of the library returns them");
      hint_positions(c, &wanted, &found);
      cc_hint_reduced(c, result);
      if (wanted.rank == 0 && found.rank == 1 && found.dim[0] == VM_ONE)
        rt_hint(c->error, "one number is []: take it out with [0], or sum(…)");
      if (!target->shifted && vm_form_of(target) == VM_TAGS && is_of_frames(c, target, &found))
        rt_hint(c->error, "with as many frames as the model likes, and blank as the last class: -> ctc(%s)",
                m->output[o].name);
      if (classes)
        rt_hint(c->error, "%s comes from the data, so that name is needed here",
                cc_dim_text(c, wanted.dim[wanted.rank - 1]));
      if (wanted.rank == found.rank && wanted.rank > 0)
        ir_hint_dims(c->model, wanted.dim[wanted.rank - 1], found.dim[wanted.rank - 1], c->error);
      return c->error->code;
    }
    if (!found.batched
        && !(output[o] = ir_expand(cc_in_model(c, outputs->child[o]->span), output[o], &wanted)))
      return c->error->code;
  }
  return RT_OK;
}
