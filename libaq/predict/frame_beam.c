/* frame_beam.c: prefix beam search. A beginning may end in a blank or in its last letter, because the same
 * letter again is a new one behind a blank and the old one behind itself. */
#include "libaq/predict/frame_beam.h"

#include <string.h>

#include "runtime/io/grow.h"

enum { NONE = -1, ROOT = 0 };

/* A beginning: that of the parent and a letter. */
struct beam_node {
  int32_t parent, letter, child, sibling; /* NONE: there is none */
  int32_t path;                           /* which of the paths it is */
};

struct beam_path {
  int32_t node;         /* of the path; of one that is made, of the path that it goes on from */
  int32_t letter;       /* that is new; NONE: the beginning stays as it is */
  double blank, spoken; /* the probability of all ways that end in a blank, and in the last letter */
};

void frame_beam_free(struct frame_beam *b) {
  rt_free(b->node);
  rt_free(b->path);
  rt_free(b->next);
  rt_free(b->taken);
  *b = (struct frame_beam){0};
}

static double all_of(const struct beam_path *p) { return p->blank + p->spoken; }

/* What a letter may go on from: all ways, or behind the same letter those that end in a blank. */
static double before(const struct frame_beam *b, const struct beam_path *p, int64_t letter) {
  return b->node[p->node].letter == letter ? p->blank : all_of(p);
}

/* Keeps it if it is among the best; of equal ones the first is better. */
static void offer(struct frame_beam *b, size_t width, struct beam_path one) {
  const double p = all_of(&one);
  if (!(p > 0) || (b->nexts == width && !(p > all_of(&b->next[width - 1])))) return;
  size_t k = b->nexts < width ? b->nexts++ : width - 1;
  for (; k > 0 && p > all_of(&b->next[k - 1]); k--) b->next[k] = b->next[k - 1];
  b->next[k] = one;
}

/* The beginning without a new letter, with what comes to it from the one that is a letter shorter. */
static struct beam_path stay(const struct frame_beam *b, const struct beam_path *p, const double *q,
                             int64_t blank) {
  const struct beam_node *node = &b->node[p->node];
  struct beam_path one = {p->node, NONE, all_of(p) * q[blank], 0};
  if (p->node == ROOT) return one;
  one.spoken = p->spoken * q[node->letter];
  const int32_t shorter = b->node[node->parent].path;
  if (shorter != NONE) one.spoken += before(b, &b->path[shorter], node->letter) * q[node->letter];
  return one;
}

/* One frame more; q: [blank + 1] its probabilities. */
static void offer_frame(struct frame_beam *b, const double *q, int64_t blank, size_t width) {
  b->nexts = 0;
  for (size_t k = 0; k < b->paths; k++) {
    const struct beam_path *p = &b->path[k];
    offer(b, width, stay(b, p, q, blank));
    /* What it becomes with a letter may be one of the paths already, which has this in `stay`. */
    for (int32_t c = b->node[p->node].child; c != NONE; c = b->node[c].sibling)
      b->taken[b->node[c].letter] = b->node[c].path != NONE;
    for (int32_t letter = 0; letter < blank; letter++)
      if (!b->taken[letter])
        offer(b, width, (struct beam_path){p->node, letter, 0, before(b, p, letter) * q[letter]});
    for (int32_t c = b->node[p->node].child; c != NONE; c = b->node[c].sibling)
      b->taken[b->node[c].letter] = false;
  }
}

static int add_node(struct frame_beam *b, int32_t parent, int32_t letter) {
  if (b->nodes >= INT32_MAX || IO_GROW(b->node, b->node_capacity, b->nodes + 1) != RT_OK) return RT_NO_MEMORY;
  const int32_t sibling = parent == NONE ? NONE : b->node[parent].child;
  if (parent != NONE) b->node[parent].child = (int32_t)b->nodes;
  b->node[b->nodes++] = (struct beam_node){parent, letter, NONE, sibling, NONE};
  return RT_OK;
}

/* The node of a beginning with a letter more, which is made when there is none; *node: that of the beginning.
 */
static int find_node(struct frame_beam *b, int32_t *node, int32_t letter) {
  for (int32_t c = b->node[*node].child; c != NONE; c = b->node[c].sibling)
    if (b->node[c].letter == letter) {
      *node = c;
      return RT_OK;
    }
  if (add_node(b, *node, letter) != RT_OK) return RT_NO_MEMORY;
  *node = (int32_t)b->nodes - 1;
  return RT_OK;
}

/* What was kept becomes the paths; the best of them counts 1, so that long texts do not vanish. */
static int take_frame(struct frame_beam *b) {
  const double best = b->nexts ? all_of(&b->next[0]) : 1;
  for (size_t k = 0; k < b->paths; k++) b->node[b->path[k].node].path = NONE;
  for (size_t k = 0; k < b->nexts; k++) {
    struct beam_path *p = &b->next[k];
    if (p->letter != NONE && find_node(b, &p->node, p->letter) != RT_OK) return RT_NO_MEMORY;
    b->node[p->node].path = (int32_t)k;
    p->blank /= best;
    p->spoken /= best;
    b->path[k] = *p;
  }
  b->paths = b->nexts;
  return RT_OK;
}

static void write_letters(struct frame_beam *b, int32_t *id) {
  size_t length = 0;
  const int32_t end = b->paths ? b->path[0].node : ROOT;
  for (int32_t n = end; n != ROOT; n = b->node[n].parent) length++;
  b->count = length;
  for (int32_t n = end; n != ROOT; n = b->node[n].parent) id[--length] = b->node[n].letter;
}

int frame_beam_read(struct frame_beam *b, const double *p, int64_t frames, int64_t classes, int64_t width,
                    int32_t *id) {
  const size_t most = (size_t)width;
  b->nodes = 0;
  if (IO_GROW(b->path, b->path_capacity, most) != RT_OK || IO_GROW(b->next, b->next_capacity, most) != RT_OK
      || IO_GROW(b->taken, b->taken_capacity, (size_t)classes) != RT_OK || add_node(b, NONE, NONE) != RT_OK)
    return RT_NO_MEMORY;
  memset(b->taken, 0, (size_t)classes * sizeof *b->taken);
  b->path[0] = (struct beam_path){ROOT, NONE, 1, 0};
  b->node[ROOT].path = 0;
  b->paths = 1;
  for (int64_t f = 0; f < frames && b->paths; f++) {
    offer_frame(b, p + f * classes, classes - 1, most);
    if (take_frame(b) != RT_OK) return RT_NO_MEMORY;
  }
  write_letters(b, id);
  return RT_OK;
}
