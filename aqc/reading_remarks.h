/* reading_remarks.h: what a person should know about how data was read. */
#ifndef AQC_READING_REMARKS_H
#define AQC_READING_REMARKS_H

#include "aqc/options.h"

/* Says on stderr what was met: a first line that may be a header (also with --quiet), columns by position,
 * texts that were cut, rows that were skipped, and what stands for these in the output ("" for nothing). */
void reading_remark(const aq_reading *reading, const aq_model *model, const struct settings *settings,
                    const char *stand_in);
/* The same as members of the object that is open in a tree. */
void reading_facts(aq_shown *shown, const aq_reading *reading);

#endif
