/* attend_plan.c: operands of heads. */
#include "runtime/attend_plan.h"

struct attend_operand attend_kept(const struct attend_operand *operand, int64_t axes) {
  struct attend_operand kept = {0};
  for (int a = 0; a < operand->rank; a++)
    if (axes >> a & 1) kept.role[kept.rank++] = operand->role[a];
  return kept;
}
