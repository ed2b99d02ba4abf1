/* attend.c: how much working memory a head needs. */
#include "runtime/attend.h"

#include "runtime/threads.h"

bool attend_scratch(const struct attend_plan *plan, int64_t keys, size_t number, size_t *bytes)
{
  size_t blocks = plan->row_count ? ((size_t)keys + ATTEND_KEYS - 1) / ATTEND_KEYS : 0;
  size_t each = sizeof(struct attend_piece) + (size_t)ATTEND_ROW_TILES * ATTEND_KEYS * ATTEND_QUERIES * number;
  return rt_mul(blocks, each, bytes) && rt_add(*bytes, RT_SCRATCH_BYTES, bytes);
}
