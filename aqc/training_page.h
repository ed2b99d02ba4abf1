/* training_page.h: the page of `aqc train --report`: how a training went, and what its model answers. */
#ifndef AQC_TRAINING_PAGE_H
#define AQC_TRAINING_PAGE_H

#include "aqc/options.h"

struct training_page {
  const struct settings *settings;
  const char *save; /* where the model goes */
  aq_trainer *trainer;
  aq_model *model; /* NULL: training came to no end, and the page says why */
};

/* Writes it. AQ_OK, or a code after saying what is wrong. */
int training_page_write(const struct training_page *page);

#endif
