/* byte_pairs_learn.c: which bytes to merge, learned from words (Sennrich et al. 2016).
 *
 * The pair that is seen most often is merged, in all words at once; of pairs seen equally often the one of
 * the lower ids. Each pair knows the words that it may be in, so that a merge looks at those alone, and a
 * heap has the pairs by how often they were seen. Its numbers may be old: they are compared when a pair is
 * taken out. */
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/grow.h"

enum {
  BYTES = 256,
  LONGEST_WORD = 256, /* bytes; longer ones are no words, and teach nothing */
  LEAST_SEEN = 2
};

struct pair {
  int32_t left, right;
  int64_t count;
  int32_t *word; /* [words] where it may be; some more than once */
  size_t words, capacity;
  int32_t touched; /* the last merge that made it more frequent */
  bool merged;     /* before; it came about again when other bytes were merged to one of its entries */
};

struct word {
  int64_t count;
  size_t at, length; /* its ids */
  int32_t seen;      /* the last merge that looked at it */
};

struct candidate {
  int64_t count;
  uint32_t pair;
};

struct learning {
  struct io_intern entries; /* texts by id */
  struct word *word;
  size_t words;
  int32_t *id; /* of all words */
  struct pair *pair;
  size_t pairs, pairs_capacity;
  uint32_t *slots; /* [slot_count] pair + 1 */
  size_t slot_count;
  struct candidate *heap;
  size_t heaped, heap_capacity;
  uint32_t *touched; /* pairs that the merge at hand makes more frequent */
  size_t touches, touched_capacity;
  int32_t merge; /* its number, from 1 on */
  struct io_merge_pair *merged;
  size_t merges, merges_capacity;
};

/* ---- the heap ---- */

static bool comes_first(const struct learning *l, struct candidate a, struct candidate b) {
  const struct pair *x = &l->pair[a.pair], *y = &l->pair[b.pair];
  if (a.count != b.count) return a.count > b.count;
  return x->left != y->left ? x->left < y->left : x->right < y->right;
}

static int push(struct learning *l, uint32_t pair) {
  struct candidate c = {l->pair[pair].count, pair};
  size_t at = l->heaped;
  if (c.count < LEAST_SEEN) return RT_OK;
  if (IO_GROW(l->heap, l->heap_capacity, l->heaped + 1) != RT_OK) return RT_NO_MEMORY;
  for (l->heaped++; at > 0 && comes_first(l, c, l->heap[(at - 1) / 2]); at = (at - 1) / 2)
    l->heap[at] = l->heap[(at - 1) / 2];
  l->heap[at] = c;
  return RT_OK;
}

static struct candidate pop(struct learning *l) {
  struct candidate best = l->heap[0], last = l->heap[--l->heaped];
  size_t at = 0, child;
  while ((child = 2 * at + 1) < l->heaped) {
    child += child + 1 < l->heaped && comes_first(l, l->heap[child + 1], l->heap[child]);
    if (!comes_first(l, l->heap[child], last)) break;
    l->heap[at] = l->heap[child];
    at = child;
  }
  l->heap[at] = last;
  return best;
}

/* ---- the pairs ---- */

static size_t slot_of(const struct learning *l, int32_t left, int32_t right) {
  uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
  size_t mask = l->slot_count - 1, slot = (size_t)(key * 0x9E3779B97F4A7C15u >> 32) & mask;
  for (; l->slots[slot]; slot = (slot + 1) & mask) {
    const struct pair *p = &l->pair[l->slots[slot] - 1];
    if (p->left == left && p->right == right) break;
  }
  return slot;
}

static int grow_slots(struct learning *l) {
  size_t count = l->slot_count ? l->slot_count * 2 : 1024;
  uint32_t *slots = rt_zalloc(count, sizeof *slots);
  if (!slots) return RT_NO_MEMORY;
  rt_free(l->slots);
  l->slots = slots;
  l->slot_count = count;
  for (size_t p = 0; p < l->pairs; p++)
    l->slots[slot_of(l, l->pair[p].left, l->pair[p].right)] = (uint32_t)p + 1;
  return RT_OK;
}

/* A pair is seen more often, or less often, in a word. */
static int change(struct learning *l, int32_t left, int32_t right, int32_t word, int64_t by) {
  if (l->pairs * 2 >= l->slot_count && grow_slots(l) != RT_OK) return RT_NO_MEMORY;
  size_t slot = slot_of(l, left, right);
  if (!l->slots[slot]) {
    if (IO_GROW(l->pair, l->pairs_capacity, l->pairs + 1) != RT_OK) return RT_NO_MEMORY;
    l->pair[l->pairs] = (struct pair){.left = left, .right = right};
    l->slots[slot] = (uint32_t)++l->pairs;
  }
  uint32_t number = l->slots[slot] - 1;
  struct pair *p = &l->pair[number];
  p->count += by;
  if (by < 0) return RT_OK;
  if (IO_GROW(p->word, p->capacity, p->words + 1) != RT_OK) return RT_NO_MEMORY;
  p->word[p->words++] = word;
  if (p->touched == l->merge) return RT_OK;
  p->touched = l->merge;
  if (IO_GROW(l->touched, l->touched_capacity, l->touches + 1) != RT_OK) return RT_NO_MEMORY;
  l->touched[l->touches++] = number;
  return RT_OK;
}

static int push_touched(struct learning *l) {
  int status = RT_OK;
  for (size_t k = 0; k < l->touches && status == RT_OK; k++) status = push(l, l->touched[k]);
  l->touches = 0;
  return status;
}

/* ---- merging ---- */

/* Merges a pair wherever a word has it, from left to right. */
static int merge_word(struct learning *l, int32_t number, struct io_merge_pair merge) {
  struct word *w = &l->word[number];
  int32_t *id = l->id + w->at;
  size_t kept = 0;
  int status = RT_OK;
  for (size_t k = 0; k < w->length && status == RT_OK; k++) {
    if (k + 1 == w->length || id[k] != merge.left || id[k + 1] != merge.right) {
      id[kept++] = id[k];
      continue;
    }
    if (kept > 0) {
      status = change(l, id[kept - 1], merge.left, number, -w->count);
      if (status == RT_OK) status = change(l, id[kept - 1], merge.made, number, w->count);
    }
    if (k + 2 < w->length && status == RT_OK) {
      status = change(l, merge.right, id[k + 2], number, -w->count);
      if (status == RT_OK) status = change(l, merge.made, id[k + 2], number, w->count);
    }
    id[kept++] = merge.made;
    k++;
  }
  w->length = kept;
  return status;
}

/* The id of a pair's bytes, which become an entry unless they are one already. */
static int entry_of(struct learning *l, const struct pair *p, int32_t *id, struct rt_error *error) {
  char bytes[2 * LONGEST_WORD];
  size_t left, right;
  const char *text = io_intern_text(&l->entries, p->left, &left);
  memcpy(bytes, text, left);
  text = io_intern_text(&l->entries, p->right, &right);
  memcpy(bytes + left, text, right);
  return io_intern_add(&l->entries, bytes, left + right, id, error);
}

static int merge_pair(struct learning *l, uint32_t number, struct rt_error *error) {
  const struct pair p = l->pair[number];
  struct io_merge_pair merge = {p.left, p.right, 0};
  int status = entry_of(l, &p, &merge.made, error);
  if (status != RT_OK) return status;
  if (IO_GROW(l->merged, l->merges_capacity, l->merges + 1) != RT_OK) return rt_no_memory(error);
  if (!p.merged) l->merged[l->merges++] = merge;
  l->pair[number].merged = true;
  l->merge++;
  l->pair[number].word = NULL; /* p has them now */
  l->pair[number].words = l->pair[number].capacity = 0;
  for (size_t k = 0; k < p.words && status == RT_OK; k++) {
    struct word *w = &l->word[p.word[k]];
    if (w->seen == l->merge) continue;
    w->seen = l->merge;
    status = merge_word(l, p.word[k], merge);
  }
  rt_free(p.word);
  l->pair[number].count = 0;
  if (status == RT_OK) status = push_touched(l);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

/* ---- from the words on ---- */

static int take_words(struct learning *l, const struct io_counted *words, struct rt_error *error) {
  const struct io_intern *texts = words->texts;
  l->word = rt_zalloc((size_t)texts->count + 1, sizeof *l->word);
  l->id = rt_zalloc(texts->bytes_length + 1, sizeof *l->id);
  if (!l->word || !l->id) return rt_no_memory(error);
  size_t at = 0;
  for (int32_t n = 0; n < texts->count; n++) {
    size_t length;
    const char *text = io_intern_text(texts, n, &length);
    if (words->counts[n] == 0 || length > LONGEST_WORD) continue;
    l->word[l->words++] = (struct word){.count = words->counts[n], .at = at, .length = length};
    for (size_t k = 0; k < length; k++) l->id[at++] = (unsigned char)text[k];
  }
  return RT_OK;
}

static int count_pairs(struct learning *l, struct rt_error *error) {
  int status = RT_OK;
  l->merge = 1;
  for (size_t w = 0; w < l->words; w++) {
    const struct word *word = &l->word[w];
    for (size_t k = 0; k + 1 < word->length && status == RT_OK; k++)
      status = change(l, l->id[word->at + k], l->id[word->at + k + 1], (int32_t)w, word->count);
  }
  if (status == RT_OK) status = push_touched(l);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

static int learn(struct learning *l, int64_t size, struct rt_error *error) {
  int status = RT_OK;
  while (l->heaped > 0 && l->entries.count < size && status == RT_OK) {
    struct candidate best = pop(l);
    if (l->pair[best.pair].count == best.count)
      status = merge_pair(l, best.pair, error);
    else if (l->pair[best.pair].count
             < best.count) /* it became rarer; what became more frequent is there anew */
      status = push(l, best.pair) == RT_OK ? RT_OK : rt_no_memory(error);
  }
  return status;
}

static int add_bytes(struct learning *l, struct rt_error *error) {
  int status = RT_OK;
  for (int b = 0; b < BYTES && status == RT_OK; b++) {
    char byte = (char)b;
    int32_t id;
    status = io_intern_add(&l->entries, &byte, 1, &id, error);
  }
  return status;
}

static int make_vocab(struct io_vocab **vocab, struct learning *l, bool ends, struct rt_error *error) {
  int32_t mark = -1;
  int status =
      ends ? io_intern_add(&l->entries, IO_END_OF_TEXT, strlen(IO_END_OF_TEXT), &mark, error) : RT_OK;
  if (status == RT_OK)
    status = io_vocab_list_new(vocab, &l->entries, (struct io_list_marks){-1, mark, mark}, error);
  if (status != RT_OK) return status;
  (*vocab)->kind = IO_VOCAB_PAIRS;
  status = io_merges_new(*vocab, error);
  for (size_t k = 0; k < l->merges && status == RT_OK; k++)
    status = io_merges_add(*vocab, l->merged[k].left, l->merged[k].right, error);
  return status;
}

int io_byte_pairs_learn(struct io_vocab **vocab, const struct io_counted *words, int64_t size, bool ends,
                        struct rt_error *error) {
  struct learning l = {0};
  *vocab = NULL;
  int status = add_bytes(&l, error);
  if (status == RT_OK) status = take_words(&l, words, error);
  if (status == RT_OK) status = count_pairs(&l, error);
  if (status == RT_OK) status = learn(&l, size - (ends ? 1 : 0), error);
  if (status == RT_OK) status = make_vocab(vocab, &l, ends, error);
  if (status != RT_OK) {
    io_vocab_free(*vocab);
    *vocab = NULL;
  }
  for (size_t p = 0; p < l.pairs; p++) rt_free(l.pair[p].word);
  io_intern_free(&l.entries);
  rt_free(l.word);
  rt_free(l.id);
  rt_free(l.pair);
  rt_free(l.slots);
  rt_free(l.heap);
  rt_free(l.touched);
  rt_free(l.merged);
  return status;
}
