/* explain_heads.c: how each head is computed, why so, and what it costs. */
#include <inttypes.h>
#include <string.h>

#include "libaq/explain/explain.h"
#include "runtime/lanes.h"
#include "vm/scan_operands.h"
#include "vm/work.h"

/* ---- work ---- */

static double role_size(const struct attend_operand *operand, const struct rt_shape *shape, uint8_t role) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return (double)rt_size(shape, a, 0);
  return 1;
}

/* A block of tiles that begins with tile (i, j). */
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

/* A block that the mask hides or shows as a whole is not divided further. So the work grows with the edge of
 * the mask, not with the number of tiles. */
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

/* How many blocks are looked at; none of the others counts as skipped. */
static const int64_t MOST_BLOCKS = 1 << 20;

/* Counts the tiles that the mask hides as a whole. The kernels ask the same question of the same program. */
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
      if (head->plan || strcmp(x->module->head[h].name, x->module->head_name[instr->attr[0]]) != 0) continue;
      *head = (struct explain_head){.plan = plan, .flops = vm_machine_flops(machine, n)};
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

static const char *const lowerings[] = {"fused", "row-buffered", "blocks", "materialised"};

static int instructions(const struct lane_program *program) { return program ? program->instr_count : 0; }

static const struct attend_plan *gradient_plan(const struct explanation *x, const char *name) {
  const struct vm_function *f = vm_module_function(x->module, "train");
  for (uint32_t n = 0; f && n < f->instr_count; n++)
    if (f->instr[n].op == OP_attention_grad && !strcmp(x->module->head_name[f->instr[n].attr[0]], name))
      return &x->module->attend[f->instr[n].attr[0]];
  return NULL;
}

static void head_title(aq_shown *s, const struct vm_head *of, const struct attend_plan *plan) {
  const char *lowering = lowerings[of->lowering];
  if (of->lowering == VM_MATERIALISED)
    aq_shown_say(s, "%s: %s, all scores as a tensor, because %s", of->name, lowering, of->why);
  else if (of->lowering == VM_BLOCKS)
    aq_shown_say(s, "%s: %s, the scores of %d queries at a time as tensors, because %s", of->name, lowering,
                 SCAN_BLOCK, of->why);
  else if (of->lowering == VM_ROW_BUFFERED)
    aq_shown_say(s, "%s: %s, the scores of %d queries at a time kept, because %s", of->name, lowering,
                 ATTEND_QUERIES, of->why);
  else
    aq_shown_say(s, "%s: %s, %s, so that no matrix of scores is held", of->name, lowering,
                 plan && plan->softmax ? "softmax kept while passing over the keys"
                                       : "weights element by element");
}

static void show_rows(aq_shown *s, const struct attend_plan *plan, const struct attend_plan *gradient) {
  bool one = plan->row_count == 1;
  aq_shown_text(s, "weights", NULL, plan->softmax ? "softmax" : plan->row_count ? "rows" : "elementwise");
  aq_shown_whole(s, "rows", plan->row_count ? "rows" : NULL, plan->row_count);
  if (plan->row_count)
    aq_shown_say(s, "%d sum%s, maxim%s or threshold%s over the keys%s", plan->row_count, one ? "" : "s",
                 one ? "um" : "a", one ? "" : "s", gradient ? "" : ", forwards");
  if (gradient && gradient->row_count > plan->row_count)
    aq_shown_note(s, "", "%d with the gradient's", gradient->row_count);
}

/* How many instructions a slot has; behind: what text adds. */
static void show_slot(aq_shown *s, const char *name, const struct lane_program *program, const char *behind) {
  aq_shown_whole(s, name, program ? name : NULL, instructions(program));
  if (program) aq_shown_say(s, "%d instructions%s", instructions(program), behind);
}

static void show_tiles(aq_shown *s, const struct explain_head *head) {
  const double tile[] = {ATTEND_QUERIES, ATTEND_KEYS};
  aq_shown_numbers(s, "tile", tile, RT_COUNT(tile));
  aq_shown_whole(s, "tiles", "tiles", head->tiles);
  aq_shown_say(
      s, "%d queries by %d keys: %" PRId64 " for an example, of which %s%" PRId64 " (%.0f %%) are skipped",
      ATTEND_QUERIES, ATTEND_KEYS, head->tiles, head->at_least ? "at least " : "", head->skipped,
      head->tiles ? 100 * (double)head->skipped / (double)head->tiles : 0);
  aq_shown_whole(s, "skipped", NULL, head->skipped);
}

/* The work, and the memory that each worker needs beside operands and results. */
static int show_work(aq_shown *s, const struct explain_head *head, struct rt_error *error) {
  struct rt_text work = {0}, memory = {0};
  int64_t tiles = head->plan->row_count ? (head->keys + ATTEND_KEYS - 1) / ATTEND_KEYS : 1;
  double numbers = (double)ATTEND_ROW_TILES * ATTEND_QUERIES * ATTEND_KEYS * (double)tiles;
  shown_scaled(&work, head->flops, "flop");
  shown_scaled(&memory, numbers * sizeof(float), "B");
  bool failed = work.failed || memory.failed;
  shown_count(s, "flops", head->flops);
  if (!failed)
    aq_shown_note(s, "work", "%s for an example, as if nothing were masked; %s of tiles for each thread",
                  work.data, memory.data);
  rt_text_free(&work);
  rt_text_free(&memory);
  return failed ? rt_no_memory(error) : RT_OK;
}

enum { LABELS = 8 }; /* columns of "gradient" */

static int show_head(struct explanation *x, uint32_t h, struct rt_error *error) {
  const struct vm_head *of = &x->module->head[h];
  const struct attend_plan *plan = x->head[h].plan, *gradient = gradient_plan(x, of->name);
  aq_shown *s = x->shown;
  int status = RT_OK, backwards = gradient ? instructions(gradient->score_grad) : 0;
  aq_shown_begin(s, NULL);
  head_title(s, of, plan);
  shown_labels(s, LABELS);
  aq_shown_text(s, "name", NULL, of->name);
  aq_shown_text(s, "lowering", NULL, lowerings[of->lowering]);
  aq_shown_text(s, "why", NULL, of->why);
  if (plan) {
    show_rows(s, plan, gradient);
    show_slot(s, "score", plan->score, " for each pair of tokens");
    if (backwards) aq_shown_note(s, "gradient", "%d instructions, the score among them", backwards);
    show_slot(s, "mask", plan->mask, "; tiles that it hides as a whole are never computed");
    show_slot(s, "drop", plan->drop, ", in training");
    aq_shown_whole(s, "gradient", NULL, backwards);
    aq_shown_whole(s, "tensors", plan->extra_count ? "uses" : NULL, plan->extra_count);
    if (plan->extra_count)
      aq_shown_say(s, "%d tensor%s beside query, key and value", plan->extra_count,
                   plan->extra_count == 1 ? "" : "s");
    show_tiles(s, &x->head[h]);
    status = show_work(s, &x->head[h], error);
  }
  aq_shown_end(s);
  return status;
}

int explain_heads(struct explanation *x, struct rt_error *error) {
  int status = RT_OK;
  aq_shown_list(x->shown, "heads");
  aq_shown_say(x->shown, "heads");
  for (uint32_t h = 0; h < x->module->head_count && status == RT_OK; h++) status = show_head(x, h, error);
  if (!x->module->head_count) aq_shown_note(x->shown, NULL, "none");
  aq_shown_end(x->shown);
  return status;
}
