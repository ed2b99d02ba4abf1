/* attend_plan.c: operands of heads, and how much working memory they need. */
#include "runtime/attend_plan.h"

#include "runtime/threads.h"

struct attend_operand attend_kept(const struct attend_operand *operand, int64_t axes) {
  struct attend_operand kept = {0};
  for (int a = 0; a < operand->rank; a++)
    if (axes >> a & 1) kept.role[kept.rank++] = operand->role[a];
  return kept;
}

bool attend_scratch(const struct attend_plan *plan, int64_t keys, size_t number, size_t *bytes) {
  size_t each =
      sizeof(struct attend_piece) + (size_t)ATTEND_ROW_TILES * ATTEND_KEYS * ATTEND_QUERIES * number;
  size_t fixed = RT_SCRATCH_BYTES + (size_t)ATTEND_ROW_REGISTERS * number;
  *bytes = RT_SCRATCH_BYTES;
  return !plan->row_count
         || (rt_mul(((size_t)keys + ATTEND_KEYS - 1) / ATTEND_KEYS, each, bytes)
             && rt_add(*bytes, fixed, bytes));
}
