/* requirement_words.h: what a program asks of sizes (vm/requirement.h), in the words of its columns. */
#ifndef AQ_LIBAQ_REQUIREMENT_WORDS_H
#define AQ_LIBAQ_REQUIREMENT_WORDS_H

#include "libaq/internal.h"

/* "each text needs at least 3 words" */
void lib_requirement_words(const struct vm_module *module, const struct vm_requirement *r,
                           struct rt_text *out);
/* "`x[2]`, line 8", or with the file: "`x[2]`, first.aq:8:10" */
void lib_requirement_place(const struct vm_requirement *r, bool with_file, struct rt_text *out);
/* Fails with RT_BAD_DATA: what there is, what is needed, and where the program asks for it, whose line is
 * shown. size: of ragged symbols by number; NULL where nothing is ragged. */
int lib_requirement_fail(const struct vm_module *module, const struct vm_requirement *r, const int64_t *size,
                         struct rt_error *error);
/* Fails unless all is met that depends on no row: when sizes that the data gives have become known. */
int lib_requirements_bound(const struct vm_module *module, struct rt_error *error);
/* Changes sizes until all is met: size[] by symbol number of those that belong to rows (NULL: none is known),
 * and the values of the open symbols, which a file would give (open may be NULL). RT_BAD_DATA: none found. */
int lib_sizes_fit(struct vm_module *module, int64_t *size, const bool *open, struct rt_error *error);
/* The first column that it is about, or NULL. */
const struct vm_input *lib_requirement_input(const struct vm_module *module, const struct vm_requirement *r);
/* All of them in words, in the arena: [module->requirement_count]. */
int lib_requirements_list(const struct vm_module *module, struct rt_arena *arena, const char ***words,
                          struct rt_error *error);

/* For accessors: puts the place of r (NULL: none) into *place, unless that is NULL, and gives words. */
const char *lib_requirement_view(const struct vm_requirement *r, aq_message *place, const char *words);

#endif
