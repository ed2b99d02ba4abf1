/* attend.c: how much working memory a head needs. */
#include "runtime/attend.h"

#include "runtime/threads.h"

bool attend_scratch(const struct attend_plan *plan, int64_t keys, size_t number, size_t *bytes)
{
  size_t each = sizeof(struct attend_piece) + (size_t)ATTEND_ROW_TILES * ATTEND_KEYS * ATTEND_QUERIES * number;
  size_t fixed = RT_SCRATCH_BYTES + (size_t)ATTEND_ROW_REGISTERS * number;
  *bytes = RT_SCRATCH_BYTES;
  return !plan->row_count || (rt_mul(((size_t)keys + ATTEND_KEYS - 1) / ATTEND_KEYS, each, bytes) && rt_add(*bytes, fixed, bytes));
}
