/* configured.h: what a program takes from beside pretrained weights: the numbers and texts of config.json,
 * and where the files are that it names. */
#ifndef AQ_COMPILER_SOURCE_CONFIGURED_H
#define AQ_COMPILER_SOURCE_CONFIGURED_H

#include "compiler/source/program.h"

/* Where a file of load, vocab, merges or config is: in the folder of weights, when that has it or the
 * program's folder has not; else beside the file of the program that names it. NULL when there is no memory.
 */
const char *cc_found_file(struct cc_program *program, struct rt_arena *arena, const char *says,
                          const char *path);

/* Notes the path of a file that the program names, in cc_program.named; false: no memory. */
bool cc_note_file(struct cc_program *program, const char *path);

/* What was found of `key` ("hidden_size", or "rope_scaling.factor" within an object) in a JSON file. */
struct cc_configured {
  const struct json_t *value;  /* NULL: it is not there, or null */
  const struct json_t *beside; /* then: the object that lacks it; NULL: there is no file */
  bool is_null;                /* then: it is there, as null */
  const char *path;            /* the file, as messages call it */
};
/* Notes what was asked for, so that a model can keep it (cc_program.config.asked). */
int cc_config_find(struct cc_program *program, const char *says, const char *file, const char *key,
                   struct cc_configured *found, struct rt_error *error);
void cc_config_free(struct cc_config *config);

#endif
