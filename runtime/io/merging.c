/* merging.c: merging pairs with a heap. */
#include "runtime/io/merging.h"

/* Two neighbours that can be merged. */
struct pair {
  int32_t rank;
  int64_t left;
  size_t size; /* of both when the pair was found: one of them has been merged since if it differs */
};
struct heap {
  struct pair *pair; /* the best one first */
  size_t count;
};

static bool comes_first(const struct pair *a, const struct pair *b) {
  return a->rank != b->rank ? a->rank < b->rank : a->left < b->left;
}

static void push(struct heap *h, struct pair pair) {
  size_t at = h->count++;
  for (; at > 0 && comes_first(&pair, &h->pair[(at - 1) / 2]); at = (at - 1) / 2)
    h->pair[at] = h->pair[(at - 1) / 2];
  h->pair[at] = pair;
}

static struct pair pop(struct heap *h) {
  struct pair best = h->pair[0], last = h->pair[--h->count];
  size_t at = 0, child;
  while ((child = 2 * at + 1) < h->count) {
    child += child + 1 < h->count && comes_first(&h->pair[child + 1], &h->pair[child]);
    if (!comes_first(&h->pair[child], &last)) break;
    h->pair[at] = h->pair[child];
    at = child;
  }
  h->pair[at] = last;
  return best;
}

/* Every part is pushed at most twice for each merge and once before, so that the heap has room. */
static void consider(const struct io_merging *m, struct heap *h, int64_t left) {
  if (left < 0 || m->part[left].behind < 0) return;
  const struct io_part *right = &m->part[m->part[left].behind];
  int32_t rank = m->rank(m->context, &m->part[left], right);
  if (rank >= 0) push(h, (struct pair){rank, left, m->part[left].size + right->size});
}

static void merge_all(struct io_merging *m, struct heap *h) {
  while (h->count > 0) {
    struct pair pair = pop(h);
    struct io_part *left = &m->part[pair.left];
    if (left->size == 0 || left->behind < 0 || left->size + m->part[left->behind].size != pair.size) continue;
    struct io_part *right = &m->part[left->behind];
    left->size = pair.size;
    left->id = m->made(m->context, pair.rank);
    left->behind = right->behind;
    right->size = 0;
    if (left->behind >= 0) m->part[left->behind].before = pair.left;
    consider(m, h, left->before);
    consider(m, h, pair.left);
  }
}

int io_merge(struct io_merging *m, size_t count) {
  struct heap h = {rt_zalloc(3 * count + 1, sizeof *h.pair), 0};
  if (!h.pair) return RT_NO_MEMORY;
  for (size_t k = 0; k < count; k++) consider(m, &h, (int64_t)k);
  merge_all(m, &h);
  rt_free(h.pair);
  return RT_OK;
}
