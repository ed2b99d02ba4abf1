/* tag_path.c: the best path by dynamic programming (Viterbi 1967), and what all paths together say of each
 * tag (forward-backward: Baum et al. 1970).
 *
 * Of a chain, score[t, a, b] is what tag b of word t is worth when word t - 1 has tag a. Before the first
 * word there is no tag: there the mean over a counts, so that a model which gives all a the same score need
 * not know about it. */
#include "libaq/predict/tag_path.h"

#include <math.h>
#include <string.h>

/* The scores of one text. */
struct text {
  const double *score;
  int64_t words, classes;
  bool chain;
};

static double step_score(const struct text *x, int64_t t, int64_t before, int64_t now) {
  int64_t n = x->classes;
  return x->chain ? x->score[(t * n + before) * n + now] : x->score[t * n + now];
}

static double first_score(const struct text *x, int64_t now) {
  double sum = 0;
  if (!x->chain) return x->score[now];
  for (int64_t a = 0; a < x->classes; a++) sum += step_score(x, 0, a, now);
  return sum / (double)x->classes;
}

/* ---- the best path ---- */

/* A path so far. */
struct worth {
  double score;
  double broken; /* so many steps of it should not be */
};

static bool is_better(struct worth a, struct worth b) {
  return a.broken < b.broken || (a.broken == b.broken && a.score > b.score);
}

static struct worth with_step(const struct tag_rules *rules, struct worth w, int64_t before, int64_t now,
                              double score) {
  return (struct worth){w.score + score, w.broken + !tag_may_follow(rules, before, now)};
}

/* The best way to each tag of word t, from those to the tags of word t - 1. */
static void step(const struct tag_rules *rules, const struct text *x, int64_t t, const struct worth *was,
                 struct worth *is, int32_t *back) {
  for (int64_t now = 0; now < x->classes; now++) {
    back[now] = 0;
    for (int64_t before = 0; before < x->classes; before++) {
      struct worth one = with_step(rules, was[before], before, now, step_score(x, t, before, now));
      if (before > 0 && !is_better(one, is[now])) continue;
      is[now] = one;
      back[now] = (int32_t)before;
    }
  }
}

static int64_t best_end(const struct tag_rules *rules, const struct worth *w, int64_t classes) {
  struct worth best = {0, 0};
  int64_t end = 0;
  for (int64_t c = 0; c < classes; c++) {
    struct worth one = with_step(rules, w[c], c, TAG_NONE, 0);
    if (c > 0 && !is_better(one, best)) continue;
    best = one;
    end = c;
  }
  return end;
}

/* room: [2 classes] */
static void find_path(const struct tag_rules *rules, const struct text *x, struct worth *room, int32_t *back,
                      int32_t *path) {
  struct worth *was = room, *is = room + x->classes, *other;
  for (int64_t c = 0; c < x->classes; c++)
    is[c] = with_step(rules, (struct worth){0, 0}, TAG_NONE, c, first_score(x, c));
  for (int64_t t = 1; t < x->words; t++) {
    other = was, was = is, is = other;
    step(rules, x, t, was, is, back + t * x->classes);
  }
  path[x->words - 1] = (int32_t)best_end(rules, is, x->classes);
  for (int64_t t = x->words - 1; t > 0; t--) path[t - 1] = back[t * x->classes + path[t]];
}

/* Scores that do not hang on the tag before: the best of each word, if that is a path that may be. */
static bool best_each(const struct tag_rules *rules, const struct text *x, int32_t *path) {
  int64_t before = TAG_NONE;
  bool fits = true;
  for (int64_t t = 0; t < x->words; t++) {
    const double *score = x->score + t * x->classes;
    int32_t best = 0;
    for (int32_t c = 1; c < x->classes; c++) best = score[c] > score[best] ? c : best;
    fits = fits && tag_may_follow(rules, before, best);
    before = path[t] = best;
  }
  return fits && tag_may_follow(rules, before, TAG_NONE);
}

/* ---- probabilities ---- */

static double log_sum(const double *x, int64_t n) {
  double most = -INFINITY, sum = 0;
  for (int64_t i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
  if (!isfinite(most)) return most;
  for (int64_t i = 0; i < n; i++) sum += exp(x[i] - most);
  return most + log(sum);
}

/* What the words up to each one have seen, as logarithms. p: [words, classes] */
static void go_forward(const struct text *x, double *p, double *terms) {
  const int64_t n = x->classes;
  for (int64_t b = 0; b < n; b++) p[b] = first_score(x, b);
  for (int64_t t = 1; t < x->words; t++)
    for (int64_t b = 0; b < n; b++) {
      for (int64_t a = 0; a < n; a++) terms[a] = p[(t - 1) * n + a] + step_score(x, t, a, b);
      p[t * n + b] = log_sum(terms, n);
    }
}

/* The same of the words behind word t - 1, from that of those behind word t. */
static void go_back(const struct text *x, int64_t t, const double *behind, double *next, double *terms) {
  for (int64_t a = 0; a < x->classes; a++) {
    for (int64_t b = 0; b < x->classes; b++) terms[b] = step_score(x, t, a, b) + behind[b];
    next[a] = log_sum(terms, x->classes);
  }
}

/* p: [words, classes]; room: [3 classes] */
static void find_chances(const struct text *x, double *p, double *room) {
  const int64_t n = x->classes;
  double *behind = room, *next = room + n, *terms = room + 2 * n, *other;
  go_forward(x, p, terms);
  const double all = log_sum(p + (x->words - 1) * n, n);
  for (int64_t c = 0; c < n; c++) behind[c] = 0;
  for (int64_t t = x->words - 1; t >= 0; t--) {
    for (int64_t b = 0; b < n; b++) p[t * n + b] = exp(p[t * n + b] + behind[b] - all);
    if (t == 0) break;
    go_back(x, t, behind, next, terms);
    other = behind, behind = next, next = other;
  }
}

/* ---- texts ---- */

int tag_answers_init(struct tag_answers *answers, const struct io_vocab *vocab, bool iob1) {
  return tag_rules_init(&answers->rules, vocab, iob1);
}

void tag_answers_free(struct tag_answers *answers) {
  tag_rules_free(&answers->rules);
  rt_free(answers->path);
  rt_free(answers->back);
  rt_free(answers->room);
  *answers = (struct tag_answers){0};
}

static int make_room(struct tag_answers *a, const struct tag_scores *s, int64_t longest) {
  size_t words = (size_t)s->first[s->texts] + 1, classes = (size_t)s->classes + 1, cells, room;
  if (!rt_mul((size_t)longest + 6, classes, &cells) || !rt_mul(cells, 2, &room)) return RT_NO_MEMORY;
  if (rt_grow((void **)&a->path, &a->path_capacity, words, sizeof *a->path)
      || rt_grow((void **)&a->back, &a->back_capacity, cells, sizeof *a->back)
      || rt_grow((void **)&a->room, &a->room_capacity, room, sizeof *a->room))
    return RT_NO_MEMORY;
  return RT_OK;
}

int tag_answers_read(struct tag_answers *answers, const struct tag_scores *s) {
  int64_t longest = 0, wide = s->chain ? s->classes * s->classes : s->classes;
  for (int64_t e = 0; e < s->texts; e++)
    if (s->first[e + 1] - s->first[e] > longest) longest = s->first[e + 1] - s->first[e];
  if (make_room(answers, s, longest) != RT_OK) return RT_NO_MEMORY;
  for (int64_t e = 0; e < s->texts && s->classes > 0; e++) {
    int64_t first = s->first[e];
    struct text x = {s->score + first * wide, s->first[e + 1] - first, s->classes, s->chain};
    int32_t *path = answers->path + first;
    if (x.words < 1) continue;
    if (s->chain || !best_each(&answers->rules, &x, path))
      find_path(&answers->rules, &x, (struct worth *)(void *)answers->room, answers->back, path);
    if (!s->chain) continue;
    double *chances = answers->room + 3 * s->classes;
    find_chances(&x, chances, answers->room);
    memcpy(s->score + first * s->classes, chances, (size_t)(x.words * s->classes) * sizeof *chances);
  }
  return RT_OK;
}
