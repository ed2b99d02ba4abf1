/* tag_names.h: tags that mark entities, one tag for each word: B-place begins one, I-place goes on with it
 * (BIO); in BIOES, E-place is the last of several words and S-place a whole one. O stands outside. M is read
 * as I, L as E and U as S, as BMES and BILOU have them. */
#ifndef AQ_LIBAQ_TAG_NAMES_H
#define AQ_LIBAQ_TAG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/io/vocab.h"

enum tag_part { TAG_OUTSIDE, TAG_BEGIN, TAG_INSIDE, TAG_END, TAG_SINGLE };

/* A tag, taken apart. The type of what has none, O among them, is "". */
struct tag_name {
  enum tag_part part;
  const char *type; /* within the name */
};
/* What is no such tag is outside; false. */
bool tag_name_read(const char *name, struct tag_name *tag);

/* Do tags mark entities? All must be such names, and there are types, or at least B beside I or E. Zero it,
 * add every name, then ask. */
struct tag_census {
  bool other, typed, begins, goes_on;
};
void tag_census_add(struct tag_census *census, const char *name);
bool tag_census_marks(const struct tag_census *census);

/* Where entities begin and end, as conlleval counts them: I-place behind O or behind I-person begins one too.
 * E and S are read as seqeval reads them. */
bool tag_entity_ends(struct tag_name before, struct tag_name now);
bool tag_entity_begins(struct tag_name before, struct tag_name now);

/* Which tag may follow which, by the names of all that there are. */
struct tag_rules {
  struct tag_rule {
    enum tag_part part;
    int32_t type;
    bool begun; /* it needs a word of its entity before it */
    bool open;  /* its entity needs one more word */
  } * rule;     /* [count]; NULL: the names do not mark entities, and any may follow any */
};
enum { TAG_NONE = -1 }; /* before the first word, and behind the last */
/* Where a type has I-place and no B-place, I-place may begin entities; so it may of every type with `iob1`.
 * RT_NO_MEMORY. */
int tag_rules_init(struct tag_rules *rules, const struct io_vocab *vocab, bool iob1);
void tag_rules_free(struct tag_rules *rules);
bool tag_may_follow(const struct tag_rules *rules, int64_t before, int64_t now);
/* Does the tag begin an entity behind that one? */
bool tag_begins(const struct tag_rules *rules, int64_t before, int64_t now);

#endif
