/* reading_remarks.h: says what a person should know about how data were read. */
#ifndef AQC_READING_REMARKS_H
#define AQC_READING_REMARKS_H

#include "aqc/options.h"

/* Says on stderr: a first line that may be a header (even with --quiet), columns that go by position, texts
 * that were cut, rows that were skipped, and stand_in: what the output has for those ("": nothing). */
void reading_remark(const aq_reading *reading, const aq_model *model, const struct settings *settings,
                    const char *stand_in);
/* Adds the same to the open object of a tree. */
void reading_facts(aq_shown *shown, const aq_reading *reading);

#endif
