/* params.h: what the files about parameters share: params.c, params_start.c, params_load.c, and
 * tensor_words.c for their messages. */
#ifndef AQ_LIBAQ_PARAMS_H
#define AQ_LIBAQ_PARAMS_H

#include "libaq/internal.h"

/* Loads the parameters of one module. Give it module, and schema, which may be NULL; free it at the end. */
struct lib_loader {
  const struct vm_module *module;
  const struct io_schema *schema; /* trained: what the words of its vocabularies are */
  uint64_t seed;
  struct lib_loaded counts;
  char *path; /* of the file that is open, or NULL */
  struct io_tensors *file;
  struct aq_model *model; /* the same, when it is a model file */
};
/* Fills parameter p, which keeps its values where a word of the vocabulary is not in the file. */
int lib_params_load(struct lib_params *params, uint32_t p, const int64_t *shape, struct lib_loader *loader,
                    struct rt_error *error);
void lib_loader_free(struct lib_loader *loader);

/* Its numbers, and its sizes in shape; -1, and an error, when one is not known. */
int64_t lib_param_elements(const struct vm_module *module, uint32_t p, int64_t shape[RT_MAX_RANK],
                           struct rt_error *error);
/* Fills parameter p as the initialiser says, which is not `load`. */
int lib_params_start(struct lib_params *params, const struct vm_module *module, uint32_t p,
                     const struct vm_init *init, uint64_t seed, struct rt_error *error);
/* Fills parameter p as one that has no initialiser: where the file has nothing for it, it stays so. */
int lib_params_begin(struct lib_params *params, const struct vm_module *module, uint32_t p, uint64_t seed,
                     struct rt_error *error);
void lib_params_put(struct lib_params *params, uint32_t p, int64_t at, double value);
/* Hints at the names in the file that are most like the one that is not there. */
void lib_hint_tensors(const struct io_tensors *file, const char *wanted, struct rt_error *error);
/* Number `at` of the tensor is none that the parameter could begin with. */
int lib_params_not_finite(const struct lib_params *params, const struct vm_init *init,
                          const struct io_tensor *t, int64_t at, double value, struct rt_error *error);
/* "[2, 3]" */
void lib_put_shape(struct rt_text *out, int rank, const int64_t *shape);

#endif
