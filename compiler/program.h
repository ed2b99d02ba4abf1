/* program.h: a program as loaded: its file, the files it imports, the standard library, and what each name
 * means at top level. */
#ifndef AQ_COMPILER_PROGRAM_H
#define AQ_COMPILER_PROGRAM_H

#include "grammar/ast.h"

/* A definition at the top level of a file. */
struct cc_definition {
  const char *name;
  struct gr_node *node; /* GR_FN, GR_HEAD, GR_DIM, GR_MODEL or GR_EXTERN */
  struct cc_unit *unit; /* the file it stands in */
  /* names.c looks for circles: the definitions that this one names, and where the search is. */
  struct cc_use {
    const struct gr_node *where;
    struct cc_definition *to;
    struct cc_use *next;
  } * uses, *followed;
  struct cc_definition *user; /* by whose use the search came here */
  enum { CC_UNVISITED, CC_OPEN, CC_DONE } visited;
};

/* One file. */
struct cc_unit {
  struct gr_file *file;
  const char *path;           /* as found; imports are relative to it */
  bool is_stdlib, is_loading; /* is_loading: for the detection of circles */
  struct cc_definition *definition;
  size_t definition_count, definition_capacity;
  struct cc_import {
    const char *as;
    struct cc_unit *unit;
    struct gr_node *node;
  } * import; /* as NULL: its names are in scope here */
  size_t import_count, import_capacity;
};

#define CC_STDLIB "<stdlib>/" /* what the names of the library's files begin with */

/* -D NAME=VALUE */
struct cc_override {
  const char *name;
  int64_t value;
  bool used;
};

struct cc_program {
  struct cc_unit **unit; /* [0] is the main file; standard library files come last */
  size_t unit_count, unit_capacity;
  struct cc_unit *main;
  struct cc_override *override; /* not owned */
  int override_count;
  bool unfused; /* heads are computed as tensors, whether they need it or not */
  struct rt_arena arena;
};

/* How imports are read: fills *text (rt_alloc) or fails with the reason. A host without files may refuse. */
typedef int cc_reader(void *context, const char *path, char **text, size_t *length, struct rt_error *error);

/* Parses text and everything it imports, and checks all names (names.c). The result owns everything; NULL
 * with error filled on failure. */
struct cc_program *cc_program_load(const char *name, const char *text, size_t length, cc_reader *reader,
                                   void *context, struct cc_override *override, int override_count,
                                   struct rt_error *error);
void cc_program_free(struct cc_program *program);

/* A definition by name as seen from a unit: its own, then those of plain imports, then the standard
 * library's. NULL: none. */
struct cc_definition *cc_find(const struct cc_program *program, const struct cc_unit *unit, const char *name);
/* layers.block: by the name of an `import ... as`. */
const struct cc_unit *cc_find_import(const struct cc_unit *unit, const char *as);
/* The only item of a kind in a file (model, data, loss, train), or NULL. */
struct gr_node *cc_item(const struct cc_unit *unit, enum gr_kind kind);

/* The name in the list nearest to a misspelt one, or NULL when none is near. */
struct cc_nearest {
  const char *wanted, *best;
  int distance;
};
void cc_nearest_consider(struct cc_nearest *nearest, const char *candidate);

/* names.c: every name in the program means something: else the first that does not, with the nearest that
 * does. Also: names defined twice, functions that call themselves, slots that a head lacks or does not have.
 */
int cc_check_names(struct cc_program *program, struct rt_error *error);

#endif
