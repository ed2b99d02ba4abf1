/* explain_heads.c: how each head is computed, why so, and what it costs. */
#include <inttypes.h>
#include <string.h>

#include "libaq/explain.h"
#include "runtime/io/json.h"
#include "runtime/lanes.h"

/* ---- work ---- */

static double role_size(const struct attend_operand *operand, const struct rt_shape *shape, uint8_t role) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return (double)rt_size(shape, a, 0);
  return 1;
}

/* A head's products, as if nothing were masked: s = q k and y = a v; backwards s again, then dv, da, dq, dk.
 */
double explain_attention_flops(const struct vm_module *module, const struct vm_machine *machine,
                               const struct vm_instr *instr, double examples) {
  const struct attend_plan *plan = &module->attend[instr->attr[0]];
  const struct rt_shape *query = vm_machine_value(machine, instr->in[0]).shape,
                        *key = vm_machine_value(machine, instr->in[1]).shape;
  bool weights = instr->op == OP_attention_weights;
  const struct rt_shape *value = weights ? key : vm_machine_value(machine, instr->in[2]).shape;
  double heads = role_size(&plan->query, query, ATTEND_H),
         values = weights ? 0 : role_size(&plan->value, value, ATTEND_FEATURE);
  double pairs = heads * role_size(&plan->query, query, ATTEND_I) * role_size(&plan->key, key, ATTEND_J),
         width = role_size(&plan->query, query, ATTEND_FEATURE);
  double each = instr->op == OP_attention_grad ? 3 * width + 2 * values : width + values;
  double lanes = plan->score ? plan->score->instr_count : 0;
  return examples * pairs * (2 * each + lanes);
}

/* A block of tiles, from tile (i, j) on. */
struct block {
  int64_t i, j, rows, columns;
};

static enum lane_truth truth_of(const struct explain_head *head, const struct block *b, int64_t h) {
  int64_t i = b->i * ATTEND_QUERIES, j = b->j * ATTEND_KEYS, rows = b->rows * ATTEND_QUERIES,
          columns = b->columns * ATTEND_KEYS;
  struct lane_ranges ranges = {i, rows < head->queries - i ? rows : head->queries - i,
                               j, columns < head->keys - j ? columns : head->keys - j,
                               h, 0};
  return lane_truth_over(head->plan->mask, &ranges);
}

/* What the mask hides or shows as a whole is not divided further, so that the work follows the edge of the
 * mask and not the number of tiles. */
static int64_t skipped_tiles(const struct explain_head *head, const struct block *b, int64_t h,
                             int64_t *left) {
  if (b->rows <= 0 || b->columns <= 0 || --*left < 0) return 0;
  enum lane_truth truth = truth_of(head, b, h);
  if (truth == LANE_FALSE) return b->rows * b->columns;
  if (truth == LANE_TRUE || (b->rows == 1 && b->columns == 1)) return 0;
  int64_t rows = (b->rows + 1) / 2, columns = (b->columns + 1) / 2, sum = 0;
  for (int part = 0; part < 4; part++) {
    const struct block quarter = {b->i + (part & 1 ? rows : 0), b->j + (part & 2 ? columns : 0),
                                  part & 1 ? b->rows - rows : rows,
                                  part & 2 ? b->columns - columns : columns};
    sum += skipped_tiles(head, &quarter, h, left);
  }
  return sum;
}

/* Blocks that are looked at; of what is left then, nothing counts as skipped. */
static const int64_t MOST_BLOCKS = 1 << 20;

/* Which tiles of scores does the mask hide as a whole? The kernels ask the same question of the same program.
 */
static void count_tiles(struct explain_head *head) {
  const struct block all = {0, 0, (head->queries + ATTEND_QUERIES - 1) / ATTEND_QUERIES,
                            (head->keys + ATTEND_KEYS - 1) / ATTEND_KEYS};
  int64_t left = MOST_BLOCKS;
  head->tiles = head->heads * all.rows * all.columns;
  for (int64_t h = 0; h < head->heads && head->plan->mask; h++)
    head->skipped += skipped_tiles(head, &all, h, &left);
  head->at_least = left < 0;
}

int explain_count_heads(struct explanation *x, const struct vm_machine *machine, const struct vm_function *f,
                        struct rt_error *error) {
  x->head = rt_zalloc(x->module->head_count + 1u, sizeof *x->head);
  if (!x->head) return rt_no_memory(error);
  for (uint32_t n = 0; n < f->instr_count; n++) {
    const struct vm_instr *instr = &f->instr[n];
    if (instr->op != OP_attention) continue;
    const struct attend_plan *plan = &x->module->attend[instr->attr[0]];
    const struct rt_shape *query = vm_machine_value(machine, instr->in[0]).shape,
                          *key = vm_machine_value(machine, instr->in[1]).shape,
                          *out = vm_machine_value(machine, instr->out[0]).shape;
    for (uint32_t h = 0; h < x->module->head_count; h++) {
      struct explain_head *head = &x->head[h];
      if (head->plan || strcmp(x->module->head[h].name, x->module->head_name[instr->attr[0]])) continue;
      *head =
          (struct explain_head){.plan = plan, .flops = explain_attention_flops(x->module, machine, instr, 1)};
      head->queries = (int64_t)role_size(&plan->query, query, ATTEND_I);
      head->keys = (int64_t)role_size(&plan->key, key, ATTEND_J);
      head->heads = (int64_t)role_size(&plan->out, out, ATTEND_H);
      count_tiles(head);
      break;
    }
  }
  return RT_OK;
}

/* ---- words ---- */

static const char *const lowerings[] = {"fused", "row-buffered", "materialised"};

static int instructions(const struct lane_program *program) { return program ? program->instr_count : 0; }

static const struct attend_plan *gradient_plan(const struct explanation *x, const char *name) {
  const struct vm_function *f = vm_module_function(x->module, "train");
  for (uint32_t n = 0; f && n < f->instr_count; n++)
    if (f->instr[n].op == OP_attention_grad && !strcmp(x->module->head_name[f->instr[n].attr[0]], name))
      return &x->module->attend[f->instr[n].attr[0]];
  return NULL;
}

static void head_json(struct explanation *x, const struct vm_head *of, const struct explain_head *head,
                      const struct attend_plan *gradient) {
  const struct attend_plan *plan = head->plan;
  rt_text_puts(&x->out, "{\"name\":");
  io_json_string(&x->out, of->name, strlen(of->name));
  rt_text_printf(&x->out, ",\"lowering\":\"%s\",\"why\":", lowerings[of->lowering]);
  io_json_string(&x->out, of->why, strlen(of->why));
  if (plan)
    rt_text_printf(&x->out,
                   ",\"weights\":\"%s\",\"rows\":%d,\"score\":%d,\"mask\":%d,\"drop\":%d,\"gradient\":%d,"
                   "\"tensors\":%d,\"tile\":[%d,%d],\"tiles\":%" PRId64 ",\"skipped\":%" PRId64
                   ",\"flops\":%.0f",
                   plan->softmax     ? "softmax"
                   : plan->row_count ? "rows"
                                     : "elementwise",
                   plan->row_count, instructions(plan->score), instructions(plan->mask),
                   instructions(plan->drop), gradient ? instructions(gradient->score_grad) : 0,
                   plan->extra_count, ATTEND_QUERIES, ATTEND_KEYS, head->tiles, head->skipped, head->flops);
  rt_text_puts(&x->out, "}");
}

static void head_title(struct explanation *x, const struct vm_head *of, const struct attend_plan *plan) {
  rt_text_printf(&x->out, "  %s: %s, ", of->name, lowerings[of->lowering]);
  if (of->lowering == VM_MATERIALISED)
    rt_text_printf(&x->out, "all scores as a tensor, because %s\n", of->why);
  else if (of->lowering == VM_ROW_BUFFERED)
    rt_text_printf(&x->out, "the scores of %d queries at a time kept, because %s\n", ATTEND_QUERIES, of->why);
  else
    rt_text_puts(&x->out,
                 plan && plan->softmax
                     ? "softmax kept while passing over the keys, so that no matrix of scores is held\n"
                     : "weights element by element, so that no matrix of scores is held\n");
}

/* Memory beside operands and results, of one worker. */
static void head_memory(struct explanation *x, const struct explain_head *head) {
  double tiles = head->plan->row_count ? (double)((head->keys + ATTEND_KEYS - 1) / ATTEND_KEYS) : 1;
  rt_text_puts(&x->out, "    work      ");
  explain_scaled(&x->out, head->flops, "flop");
  rt_text_puts(&x->out, " for an example, as if nothing were masked; ");
  explain_scaled(&x->out, tiles * ATTEND_ROW_TILES * ATTEND_QUERIES * ATTEND_KEYS * sizeof(float), "B");
  rt_text_puts(&x->out, " of tiles for each thread\n");
}

static void head_text(struct explanation *x, const struct vm_head *of, const struct explain_head *head,
                      const struct attend_plan *gradient) {
  const struct attend_plan *plan = head->plan;
  head_title(x, of, plan);
  if (!plan) return;
  if (plan->row_count)
    rt_text_printf(&x->out, "    rows      %d sum%s, maxim%s or threshold%s over the keys%s\n",
                   plan->row_count, plan->row_count == 1 ? "" : "s", plan->row_count == 1 ? "um" : "a",
                   plan->row_count == 1 ? "" : "s", gradient ? "" : ", forwards");
  if (gradient && gradient->row_count > plan->row_count)
    rt_text_printf(&x->out, "              %d with the gradient's\n", gradient->row_count);
  if (plan->score)
    rt_text_printf(&x->out, "    score     %d instructions for each pair of tokens\n",
                   plan->score->instr_count);
  if (gradient && gradient->score_grad)
    rt_text_printf(&x->out, "    gradient  %d instructions, the score among them\n",
                   gradient->score_grad->instr_count);
  if (plan->mask)
    rt_text_printf(&x->out,
                   "    mask      %d instructions; tiles that it hides as a whole are never computed\n",
                   plan->mask->instr_count);
  if (plan->drop)
    rt_text_printf(&x->out, "    drop      %d instructions, in training\n", plan->drop->instr_count);
  if (plan->extra_count)
    rt_text_printf(&x->out, "    uses      %d tensor%s beside query, key and value\n", plan->extra_count,
                   plan->extra_count == 1 ? "" : "s");
  rt_text_printf(&x->out,
                 "    tiles     %d queries by %d keys: %" PRId64 " for an example, of which %s%" PRId64
                 " (%.0f %%) are skipped\n",
                 ATTEND_QUERIES, ATTEND_KEYS, head->tiles, head->at_least ? "at least " : "", head->skipped,
                 head->tiles ? 100 * (double)head->skipped / (double)head->tiles : 0);
  head_memory(x, head);
}

void explain_heads(struct explanation *x) {
  const struct vm_module *m = x->module;
  rt_text_puts(&x->out, x->json ? "\"heads\":[" : "\nheads\n");
  for (uint32_t h = 0; h < m->head_count; h++) {
    const struct attend_plan *gradient = gradient_plan(x, m->head[h].name);
    if (x->json && h) rt_text_puts(&x->out, ",");
    if (x->json)
      head_json(x, &m->head[h], &x->head[h], gradient);
    else
      head_text(x, &m->head[h], &x->head[h], gradient);
  }
  if (!m->head_count && !x->json) rt_text_puts(&x->out, "  none\n");
  if (x->json) rt_text_puts(&x->out, "],");
}
