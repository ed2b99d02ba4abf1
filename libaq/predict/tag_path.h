/* tag_path.h: the answer for the tags of a text: the best path through the scores of its words. */
#ifndef AQ_LIBAQ_TAG_PATH_H
#define AQ_LIBAQ_TAG_PATH_H

#include "libaq/judge/tag_names.h"

/* The tags of one output. Zero it, then call tag_answers_init. */
struct tag_answers {
  struct tag_rules rules;
  int32_t *path; /* the answers of the last texts, word behind word */
  size_t path_capacity;
  int32_t *back; /* [words, classes] which tag comes before */
  size_t back_capacity;
  double *room;
  size_t room_capacity;
};

/* The scores of some texts. Of a chain they are [words, classes, classes], those of each step from the tag of
 * the word before; else [words, classes]. */
struct tag_scores {
  double *score;
  const int64_t *first; /* [texts + 1] the word where each text begins */
  int64_t texts, classes;
  bool chain;
};

/* vocab: the tags; iob1: I-place may begin an entity. RT_NO_MEMORY. */
int tag_answers_init(struct tag_answers *answers, const struct io_vocab *vocab, bool iob1);
void tag_answers_free(struct tag_answers *answers);
/* Fills path. In it no tag follows one that it may not follow, unless nothing else is possible; of these
 * paths it has the highest sum of scores. Scores of a chain become [words, classes] probabilities of each tag
 * over all paths. Others are left as they are. RT_NO_MEMORY. */
int tag_answers_read(struct tag_answers *answers, const struct tag_scores *scores);

#endif
