/* text_metrics.h: how alike written texts and the right ones are, over a whole file. */
#ifndef AQ_LIBAQ_TEXT_METRICS_H
#define AQ_LIBAQ_TEXT_METRICS_H

#include "runtime/base.h"

enum { BLEU_ORDER = 4, CHRF_ORDER = 6 };

/* BLEU (Papineni et al. 2002) of all texts together, as sacrebleu 2 computes it unless told otherwise: one
 * right text for each, the tokens of mteval-v13a, case as it is, and a precision of 0 smoothed exponentially
 * (Chen and Cherry 2014, method 3). Start zeroed. */
struct bleu {
  uint64_t matches[BLEU_ORDER], written[BLEU_ORDER]; /* n-grams of the written texts, n = 1.. */
  uint64_t words, right_words;
};
/* lower: both in lower case first, as with sacrebleu's -lc. */
int bleu_add(struct bleu *bleu, const char *written, const char *right, bool lower, struct rt_error *error);
double bleu_value(const struct bleu *bleu); /* 0 to 100 */

/* chrF2 (Popović 2015), as sacrebleu 2 computes it unless told otherwise: n-grams of up to 6 characters,
 * white space left out, recall counting 4 times (beta 2). Start zeroed. */
struct chrf {
  uint64_t matches[CHRF_ORDER], written[CHRF_ORDER], right[CHRF_ORDER];
};
int chrf_add(struct chrf *chrf, const char *written, const char *right, struct rt_error *error);
double chrf_value(const struct chrf *chrf); /* 0 to 100 */

#endif
