/* unused.c: warnings of names that nothing uses. A name that begins with `_` is meant so. */
#include <string.h>

#include "compiler/names/sight.h"
#include "compiler/source/program.h"
#include "runtime/columns/column.h"

/* These are used although nothing names them: aqc attend shows `weights` of a mixture of heads, and
 * `link` of a loss says what its predictions are. */
static bool is_exempt(const struct cc_definition *d, const struct cc_seen *seen) {
  if (seen->used || seen->name[0] == '_') return true;
  if (seen->kind == CC_SEEN_ARGUMENT) return d->node->kind == GR_FN && !strcmp(seen->name, "link");
  return seen->kind != CC_SEEN_BINDING || !strcmp(seen->name, "weights")
         || (d->node->kind == GR_HEAD && cc_is_slot(seen->name));
}

int cc_note_unused(struct cc_program *program, const struct cc_definition *d, const struct cc_sight *sight) {
  if (d->unit->is_stdlib) return RT_OK;
  for (size_t k = 0; k < sight->count; k++) {
    if (is_exempt(d, &sight->seen[k])) continue;
    if (rt_grow((void **)&program->unused, &program->unused_capacity, program->unused_count + 1,
                sizeof *program->unused))
      return RT_NO_MEMORY;
    program->unused[program->unused_count++] =
        (struct cc_unused){sight->seen[k].node, d, sight->seen[k].kind == CC_SEEN_ARGUMENT};
  }
  return RT_OK;
}

static void end_warning(struct rt_error *warning, const char *name) {
  rt_hint(warning, "remove it, or let its name begin with `_`: `_%s`", name);
  warning->code = RT_NEGATIVE;
}

static void report_local(struct cc_program *program, const struct cc_unused *unused) {
  const struct gr_node *node = unused->node;
  struct rt_error *warning = cc_report(&program->diagnostics, true);
  if (unused->is_argument)
    gr_fail(warning, node->name_span, "nothing uses the argument `%s` of `%s`", node->text,
            unused->definition->name);
  else
    gr_fail(warning, node->name_span, "nothing uses `%s`", node->text);
  end_warning(warning, node->text);
}

/* Marks what the model uses, directly or through others. Users come after what they use, so one walk
 * backwards is enough. */
static void mark_reached(struct cc_program *program) {
  for (struct cc_definition *d = cc_last_definition(program); d; d = d->user) {
    d->reached |= d->node->kind == GR_MODEL;
    for (const struct cc_use *use = d->uses; use && d->reached; use = use->next) use->to->reached = true;
  }
}

/* Of a file without a model: others may use its dims and functions. */
static void report_definitions(struct cc_program *program) {
  const struct cc_unit *main = program->main;
  if (!cc_item(main, GR_MODEL)) return;
  mark_reached(program);
  for (size_t i = 0; i < main->definition_count; i++) {
    const struct cc_definition *d = &main->definition[i];
    enum gr_kind kind = d->node->kind;
    bool unused =
        cc_is_value(d) ? !d->used : (kind == GR_FN || kind == GR_HEAD || kind == GR_EXTERN) && !d->reached;
    if (!unused || d->name[0] == '_') continue;
    struct rt_error *warning = cc_report(&program->diagnostics, true);
    if (cc_is_value(d))
      gr_fail(warning, d->node->name_span, "nothing uses the %s `%s`", kind == GR_DIM ? "dim" : "const",
              d->name);
    else
      gr_fail(warning, d->node->name_span, "the model does not use the %s `%s`",
              kind == GR_HEAD     ? "head"
              : kind == GR_EXTERN ? "extern"
                                  : "function",
              d->name);
    end_warning(warning, d->name);
  }
}

static void report_imports(struct cc_program *program) {
  for (size_t u = 0; u < program->unit_count; u++)
    for (size_t i = 0; i < program->unit[u]->import_count; i++) {
      const struct cc_import *import = &program->unit[u]->import[i];
      if (import->used) continue;
      struct rt_error *warning = cc_report(&program->diagnostics, true);
      gr_fail(warning, import->node->name_span, "nothing uses what is imported from \"%s\"",
              import->node->text);
      rt_hint(warning, "remove the import");
      warning->code = RT_NEGATIVE;
    }
}

/* ---- columns ---- */

static int mark_column(struct rt_map *used, const struct gr_node *name) {
  return name && name->kind == GR_NAME ? rt_map_put(used, name->text, 1) : RT_OK;
}

/* The columns that the model is given or predicts, and those that they are made of. */
static int used_columns(const struct cc_unit *main, struct rt_map *used) {
  const struct gr_node *model = cc_item(main, GR_MODEL), *data = cc_item(main, GR_DATA);
  const struct gr_node *params = model->child[0], *outputs = model->child[1];
  int status = RT_OK;
  for (int p = 0; p < params->count && status == RT_OK; p++)
    status = rt_map_put(used, params->child[p]->text, 1);
  for (int o = 0; o < outputs->count && status == RT_OK; o++) {
    const struct gr_node *output = outputs->child[o],
                         *of = output->kind == GR_CALL ? output->child[1]->child[0] : output;
    status = mark_column(used, of);
  }
  for (int i = 0; i < data->count; i++)
    for (int k = 2; k < data->child[i]->count && status == RT_OK; k++) {
      const struct gr_node *option = data->child[i]->child[k];
      if (option && option->text && !strcmp(option->text, "from") && rt_map_find(used, data->child[i]->text))
        status = mark_column(used, option->child[0]);
    }
  return status;
}

static int report_columns(struct cc_program *program) {
  const struct gr_node *data = cc_item(program->main, GR_DATA);
  struct rt_map used = {0};
  if (!data || !cc_item(program->main, GR_MODEL)) return RT_OK;
  int status = used_columns(program->main, &used);
  for (int i = 0; i < data->count && status == RT_OK; i++) {
    const struct gr_node *column = data->child[i];
    const struct io_kind *kind = io_kind_find(column->child[0]->text);
    if (rt_map_find(&used, column->text) || column->text[0] == '_' || (kind && kind->weighs)) continue;
    struct rt_error *warning = cc_report(&program->diagnostics, true);
    gr_fail(warning, column->name_span, "the model neither reads nor predicts the column `%s`", column->text);
    rt_hint(warning,
            "remove it from `data`: columns of the file that the program does not name are passed over");
    warning->code = RT_NEGATIVE;
  }
  rt_map_free(&used);
  return status;
}

static void report_loss(struct cc_program *program) {
  const struct gr_node *loss = cc_item(program->main, GR_LOSS);
  if (!loss || cc_item(program->main, GR_MODEL)) return;
  struct rt_error *warning = cc_report(&program->diagnostics, true);
  gr_fail(warning, loss->name_span,
          "nothing uses this loss, and so it is not looked at: the file has no model");
  rt_hint(warning, "what a model predicts has a loss: `model NAME(COLUMN, …) -> COLUMN { … }`");
  warning->code = RT_NEGATIVE;
}

int cc_report_unused(struct cc_program *program) {
  if (program->warned) return RT_OK;
  program->warned = true;
  for (size_t k = 0; k < program->unused_count; k++) report_local(program, &program->unused[k]);
  report_definitions(program);
  report_imports(program);
  report_loss(program);
  int status = report_columns(program);
  return program->diagnostics.failed ? RT_NO_MEMORY : status;
}
