/* requirement_words.h: what a program asks of sizes (vm/requirement.h), in the words of its columns. */
#ifndef AQ_LIBAQ_REQUIREMENT_WORDS_H
#define AQ_LIBAQ_REQUIREMENT_WORDS_H

#include "libaq/internal.h"

/* "each text needs at least 3 words" */
void lib_requirement_words(const struct vm_module *module, const struct vm_requirement *r,
                           struct rt_text *out);
/* "`x[2]`, line 8", or with the file: "`x[2]`, first.aq:8:10" */
void lib_requirement_place(const struct vm_requirement *r, bool with_file, struct rt_text *out);
/* RT_BAD_DATA with what there is, what is needed, and the line of the program that asks for it. size: of the
 * ragged symbols, by number; NULL: nothing is ragged. */
int lib_requirement_fail(const struct vm_module *module, const struct vm_requirement *r, const int64_t *size,
                         struct rt_error *error);
/* Fails unless the requirements that depend on no row are met. Call it when the sizes of the data are known.
 */
int lib_requirements_bound(const struct vm_module *module, struct rt_error *error);
/* Changes sizes until all requirements are met: size[], of the symbols that belong to rows (NULL: there are
 * none), and the values of the symbols that are open, which a file would give (open may be NULL).
 * RT_BAD_DATA: no such sizes were found. */
int lib_sizes_fit(struct vm_module *module, int64_t *size, const bool *open, struct rt_error *error);
/* The first column that a requirement is about, or NULL. */
const struct vm_input *lib_requirement_input(const struct vm_module *module, const struct vm_requirement *r);
/* All requirements in words, [module->requirement_count], in the arena. */
int lib_requirements_list(const struct vm_module *module, struct rt_arena *arena, const char ***words,
                          struct rt_error *error);

/* For accessors: returns words, and gives the place of r (NULL: no place), unless place is NULL. It is the
 * thread's. */
const char *lib_requirement_view(const struct vm_requirement *r, const aq_message **place, const char *words);

#endif
