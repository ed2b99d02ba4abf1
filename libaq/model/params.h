/* params.h: what the files about parameters share: params.c, params_start.c, params_load.c, and
 * tensor_words.c for their messages. */
#ifndef AQ_LIBAQ_PARAMS_H
#define AQ_LIBAQ_PARAMS_H

#include "libaq/internal.h"

/* Loads parameters of one module. Set how; free it at the end. */
struct lib_loader {
  const struct lib_beginning *how;
  struct lib_loaded counts;
  char *path; /* of the file that is open, or NULL */
  struct io_tensors *file;
  struct aq_model *model; /* the same, when it is a model file */
  bool borrowed;          /* the model is of how->from */
  const char *param;      /* that is being loaded, for messages */
  struct lib_used {
    struct rt_map tensor; /* names of those that were found, in the arena */
    struct rt_arena arena;
    char **file; /* that were opened, but for models */
    size_t files, capacity;
  } used;
};
/* Fills parameter p from a tensor of a file. The row of a word that the file does not have begins as without
 * load. */
int lib_params_load(struct lib_params *params, uint32_t p, const struct vm_init *init,
                    struct lib_loader *loader, struct rt_error *error);
void lib_loader_free(struct lib_loader *loader); /* closes the file */
void lib_loader_end(struct lib_loader *loader);  /* and forgets what was used */
/* Counts the tensors of all files but models that no parameter began with. */
void lib_loader_unused(const struct lib_loader *loader, struct lib_loaded *counts);
/* Puts a name behind the others of a list, as far as there is room. */
void lib_note_name(char *list, size_t size, const char *name);
/* Opens the file, unless it is the one that is open (params_files.c). */
int lib_loader_open(struct lib_loader *loader, const char *path, struct rt_error *error);
/* Fills the rows of a table of words from a file of text with a line for each word (params_vectors.c). */
int lib_vectors_load(struct lib_params *params, uint32_t p, const struct vm_init *init,
                     struct lib_loader *loader, struct rt_error *error);
/* What an axis stands for; vocab NULL: just numbers. */
struct lib_words {
  const struct io_vocab *vocab;
  const struct io_kind *kind;
};
struct lib_words lib_words_of(const struct vm_module *module, const struct io_schema *schema, vm_dim dim);
/* Opens the file, or of several shards the one, that has the tensor that init names. */
int lib_loader_find(struct lib_loader *loader, const struct vm_init *init, const struct io_tensor **tensor,
                    struct rt_error *error);
/* The file that holds a tensor: path, or one of several that an index beside it lists (params_shards.c). The
 * caller frees *file. */
int lib_shard_find(const char *path, const char *tensor, char **file, struct rt_error *error);
/* The names that a pattern stands for (tensor_names.c): "(bert.|)LayerNorm.(weight|gamma)" is one of four
 * names. They are in the arena; *count is at least 1. RT_NO_MEMORY or RT_USAGE: there are too many. */
int lib_tensor_names(const char *pattern, struct rt_arena *arena, const char ***names, size_t *count,
                     struct rt_error *error);

enum { LIB_PANELS = 64 << 20 };
/* Keeps those as panels too that predicting multiplies by, up to LIB_PANELS bytes of them, for each member of
 * an ensemble. Threads that share the parameters may ask at the same time; what is there already stays. */
int lib_params_panels(struct lib_params *params, const struct vm_module *module, struct rt_error *error);
void lib_params_drop_panels(struct lib_params *params); /* nobody uses them */

/* How many numbers parameter p has, and its shape. -1, and an error: a size is not known. */
int64_t lib_param_elements(const struct vm_module *module, uint32_t p, int64_t shape[RT_MAX_RANK],
                           struct rt_error *error);
/* Fills parameter p by an initialiser other than load. */
int lib_params_start(struct lib_params *params, const struct lib_beginning *how, uint32_t p,
                     const struct vm_init *init, struct rt_error *error);
/* Fills parameter p as if it had no initialiser, for what the file does not have. */
int lib_params_begin(struct lib_params *params, const struct lib_beginning *how, uint32_t p,
                     struct rt_error *error);
void lib_params_put(struct lib_params *params, uint32_t p, int64_t at, double value);
/* Hints at the names in the file that are most like the wanted one, which is not there. */
void lib_hint_tensors(const struct io_tensors *file, const char *wanted, struct rt_error *error);
/* Says that number `at` of the tensor is not finite, or too large for the precision: "w[2, 0] is NaN". */
int lib_params_not_finite(const struct lib_params *params, const struct vm_init *init,
                          const struct io_tensor *t, int64_t at, double value, struct rt_error *error);
/* "[2, 3]" */
void lib_put_shape(struct rt_text *out, int rank, const int64_t *shape);

#endif
