/* sizes_fit.c: finds sizes for which a program holds, near given ones. Used where there are no data, and
 * sizes are made up. */
#include "libaq/model/requirement_words.h"

enum { MOST_ROUNDS = 200, FARTHEST = 4096 };

/* A size that may be changed: of a row, or one that a file would give. */
static int64_t *place_of(struct vm_module *m, int64_t *size, const bool *open, uint32_t s) {
  if (m->dims.symbol[s].kind == VM_RAGGED) return size ? &size[s] : NULL;
  return open && open[s] ? &m->dims.symbol[s].value : NULL;
}

static bool allowed(const struct vm_symbol *symbol, int64_t n) {
  return n >= symbol->least && n >= 0 && (symbol->limit == 0 || n <= symbol->limit);
}

static bool met(const struct vm_module *m, const struct vm_requirement *r, const int64_t *size) {
  return vm_requirement_met(&m->dims, r, size) != RT_BAD_DATA;
}

/* Changes one size, by as little as is enough. */
static bool mend(struct vm_module *m, const struct vm_requirement *r, int64_t *size, const bool *open) {
  for (int64_t by = 1; by <= FARTHEST; by++)
    for (uint32_t s = 0; s < m->dims.symbol_count; s++) {
      int64_t *at = vm_dim_uses(&m->dims, r->dim, s) ? place_of(m, size, open, s) : NULL, was = at ? *at : 0;
      for (int sign = -1; at && sign <= 1; sign += 2) {
        if (!allowed(&m->dims.symbol[s], was + sign * by)) continue;
        *at = was + sign * by;
        if (met(m, r, size)) return true;
        *at = was;
      }
    }
  return false;
}

int lib_sizes_fit(struct vm_module *m, int64_t *size, const bool *open, struct rt_error *error) {
  for (uint32_t s = 0; s < m->dims.symbol_count; s++) {
    int64_t *at = place_of(m, size, open, s);
    const struct vm_symbol *symbol = &m->dims.symbol[s];
    if (at && *at < symbol->least) *at = symbol->least;
    if (at && symbol->limit > 0 && *at > symbol->limit) *at = symbol->limit;
  }
  for (int round = 0; round < MOST_ROUNDS; round++) {
    uint32_t r = 0;
    while (r < m->requirement_count && met(m, &m->requirement[r], size)) r++;
    if (r == m->requirement_count) return RT_OK;
    if (!mend(m, &m->requirement[r], size, open) || round + 1 == MOST_ROUNDS)
      return lib_requirement_fail(m, &m->requirement[r], size, error);
  }
  return RT_OK;
}
