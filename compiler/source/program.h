/* program.h: a program as loaded: its file, the files it imports, the standard library, and what each name
 * means at top level. */
#ifndef AQ_COMPILER_SOURCE_PROGRAM_H
#define AQ_COMPILER_SOURCE_PROGRAM_H

#include "compiler/source/diagnostics.h"
#include "compiler/source/stdlib.h"
#include "grammar/ast.h"
#include "runtime/map.h"

/* A definition at the top level of a file. */
struct cc_definition {
  const char *name;
  struct gr_node *node; /* GR_FN, GR_HEAD, GR_DIM, GR_CONST, GR_MODEL or GR_EXTERN; NULL: nothing has named it
                           yet, and so it was not parsed (library.c) */
  struct cc_unit *unit; /* the file it stands in */
  const struct cc_stdlib_item *item; /* of the library: where it stands */
  struct cc_definition *opened;      /* the one of the library that was parsed after it */
  /* names.c looks for circles: the definitions that this one names, and where the search is. */
  struct cc_use {
    const struct gr_node *where;
    struct cc_definition *to;
    bool by_settings; /* train { } names it */
    struct cc_use *next;
  } * uses, *followed;
  struct cc_definition *user; /* by whose use the search came here */
  struct cc_definition *next; /* in the order in which each comes after what it uses */
  enum { CC_UNVISITED, CC_OPEN, CC_DONE } visited;
  bool used;      /* something names it */
  bool reached;   /* by the model */
  bool chosen;    /* by the elaborator, where the program names nothing */
  bool kept;      /* cc_keep_program: a file of the user or the elaborator needs it */
  bool broken;    /* it has an error, or uses what has one */
  uint64_t known; /* a dim or const: the elaboration (cc_context.stamp) that knows its value */
  uint32_t size;  /* vm_dim */
  double number;  /* of a const */
};

/* One file. */
struct cc_unit {
  struct gr_file *file;                    /* NULL: a file of the library, whose parts are */
  const struct cc_file_text *library_file; /* of these */
  struct gr_source *library_source;        /* NULL: nothing of it was parsed */
  struct cc_part_file {
    struct gr_file *file;
    struct cc_part_file *next;
  } * part;
  const char *path; /* as found; imports are relative to it */
  const char *name; /* the same as seen from the folder of the main file, which is not said */
  bool is_stdlib;
  bool incomplete;  /* what an import defines is not known */
  bool data_broken; /* its data block has an error */
  struct cc_definition *definition;
  size_t definition_count, definition_capacity;
  struct rt_map definition_of;         /* name to index */
  struct rt_map lost;                  /* names in items that could not be read */
  struct gr_node *item[GR_EXTERN + 1]; /* the first item of each kind */
  struct cc_import {
    const char *as;
    const char *name; /* what the unit is called here; it may go by several names */
    struct cc_unit *unit;
    struct gr_node *node;
    bool used;
  } * import; /* as NULL: its names are in scope here */
  size_t import_count, import_capacity;
  /* While it is loaded: */
  bool is_loading;
  struct cc_unit *importer; /* that waits for it */
  int next_item;            /* to look at for imports */
  int depth;                /* of imports, from the main file */
};

#define CC_STDLIB "<stdlib>/" /* what the names of the library's files begin with */

/* What counts instead of what the program says, from a command line or a host. Of a dim or const the text is
 * `D = 64`, of a setting `train.lr = 0.1`; or, where name is "D" or "lr", the value alone. Messages call the
 * text by its origin: "-D". */
struct cc_assigned {
  const char *origin, *name, *text;
};
struct cc_assigned_list {
  const struct cc_assigned *item; /* not owned */
  int count;
  struct gr_file **file;  /* [count] as parsed; NULL: not yet, or not at all */
  struct gr_node **entry; /* [count] GR_ARG with its name; NULL: it is wrong */
  bool *used;             /* [count] where no definition of the file has the name */
};

/* A `choose(a, b)`. */
struct cc_choice {
  const char *name;         /* "read.score": of the definition and what the choice is bound to there */
  const char *brief;        /* "score" */
  const char *shown;        /* the brief one, unless something else is called so */
  const char **alternative; /* [count] the name that the program gives it, or how it is written */
  struct gr_node **value;   /* [count] */
  int count, chosen;        /* 0 unless program->define says another */
  struct gr_node *node;     /* GR_CHOICE while names are checked, then the value that counts */
  struct gr_span place;
  bool in_data, given; /* given: program->define says which */
};

enum {
  CC_IMPORT_DEPTH = 100, /* files that import one another in a row */
  CC_FILES = 1000        /* of a program */
};

/* How imports are read: fills *text (rt_alloc) or fails with the reason. A host without files may refuse. */
typedef int cc_reader(void *context, const char *path, char **text, size_t *length, struct rt_error *error);

/* Where config("…") looks (configured.h). */
struct json_t;
struct cc_config {
  const char *folder; /* of weights, in the arena; NULL: the program's own */
  cc_reader *reader;
  void *context;
  struct json_t *kept;  /* all that there is to know, of a model that was made before; NULL: files are read */
  struct json_t *file;  /* path to what it says */
  struct json_t *asked; /* name to value; NULL: nothing was asked */
};

/* Fails, with words for the author, unless the metric can be measured of what the module predicts. */
struct vm_module;
typedef int cc_measure(const struct vm_module *module, const char *metric, struct rt_error *error);

struct cc_program {
  struct cc_unit **unit; /* [0] is the main file; standard library files come last */
  size_t unit_count, unit_capacity;
  struct cc_unit *main;
  struct cc_assigned_list define, set;
  struct cc_config config;
  const char **named; /* paths of the files that it names, which are read: of import, load, vocab, config */
  size_t named_count, named_capacity;
  cc_measure *measures;
  uint64_t elaborations; /* so far */
  bool unfused;          /* heads are computed as tensors, whether they need it or not */
  bool kept;             /* it comes from a model, and means what it did when the model was trained */
  const char *vector;    /* the value that the model is asked for in place of its answers: by its name, "" for
                            the only vector; NULL: none */
  struct rt_text *vectors; /* with it: gets the names that such values have, each with a NUL byte, whatever
                              comes of the one that is asked for; NULL: nobody wants them */
  struct cc_diagnostics diagnostics;
  struct cc_unused {
    const struct gr_node *node;
    const struct cc_definition *definition; /* in which it stands */
    bool is_argument;
  } * unused; /* bindings and arguments that nothing uses */
  size_t unused_count, unused_capacity;
  struct cc_replaced {
    const struct gr_node *node;
    const struct cc_replaced *next;
  } * replaced; /* expressions of the main file instead of which others are given: what they name is used */
  bool warned;  /* of these and of others */
  struct cc_choice *choice;
  size_t choice_count, choice_capacity;
  struct cc_definition *first;                      /* of all definitions, each after what it uses */
  struct rt_map library;                            /* name to definition of the standard library */
  struct cc_definition *first_opened, *last_opened; /* of its definitions those that were parsed */
  struct rt_map path;                               /* of the user's files, to index of unit */
  struct rt_arena arena;
};

/* A program's text, and how its imports are read (reader NULL: it may have none). */
struct cc_source {
  const char *name, *text;
  size_t length;
  cc_reader *reader;
  void *context;        /* of the reader */
  cc_measure *measures; /* NULL: any metric will do */
  const struct cc_assigned *define, *set;
  int define_count, set_count;
  const char *weights; /* the folder of pretrained weights; NULL: files are beside the program */
  const char *config;  /* a JSON object of what config("…") finds, and nothing else; NULL: files are read */
  /* Instead of the standard library that is baked in, unless NULL; ends with a name that is NULL. */
  const struct cc_file_text *library;
};
/* Parses the text and everything it imports. What is wrong is in the diagnostics. The result owns everything;
 * NULL when there was no memory. */
struct cc_program *cc_program_parse(const struct cc_source *source);
void cc_program_free(struct cc_program *program);

/* A definition by name as seen from a unit: its own, then those of plain imports, then the standard
 * library's, which is parsed now if it was not yet. NULL: none. */
struct cc_definition *cc_find(struct cc_program *program, const struct cc_unit *unit, const char *name);
/* library.c: the standard library, whose definitions are parsed when something names them. RT_OK or
 * RT_NO_MEMORY. */
int cc_add_library(struct cc_program *program, const struct cc_file_text *file);
struct cc_definition *cc_find_in_library(struct cc_program *program, const char *name); /* NULL: none */
bool cc_open(struct cc_program *program, struct cc_definition *definition);             /* false: no memory */
void cc_close_library(struct cc_unit *unit);
/* A definition of the file itself. */
struct cc_definition *cc_own_definition(const struct cc_unit *unit, const char *name);
/* Whether the name may be defined in what could not be read. */
bool cc_is_lost(const struct cc_unit *unit, const char *name);
/* Does this statement, or one within its blocks, bind the name? */
bool cc_binds(const struct gr_node *node, const char *name);
/* The function of the file whose body binds it; NULL: none. */
const struct cc_definition *cc_binder(const struct cc_unit *unit, const char *name);
/* layers.block: by the name of an `import ... as`. */
struct cc_import *cc_find_import(const struct cc_unit *unit, const char *as);
/* The only item of a kind in a file (model, data, loss, train), or NULL. */
struct gr_node *cc_item(const struct cc_unit *unit, enum gr_kind kind);

/* put_given.c: program->define becomes the values of dims and consts of the main file, and program->set a
 * part of its train { }, as if they stood there instead of what does. What is wrong is reported. RT_OK or
 * RT_NO_MEMORY. */
int cc_put_given(struct cc_program *program);
void cc_assigned_free(struct cc_assigned_list *list);
/* The value that program->define gives a name, which is used now; or NULL. */
const struct gr_node *cc_defined(struct cc_program *program, const char *name);
/* Is the value a choose(…), and said one of its alternatives, by its name or as it is written? */
bool cc_is_alternative(struct cc_program *program, const struct gr_node *value, const struct gr_node *said);
/* choices.c: finds every choose(…), and which alternative counts; names are then checked in all of them. What
 * is wrong is reported. RT_OK or RT_NO_MEMORY. */
int cc_find_choices(struct cc_program *program);
/* Hints at the full names, where several choices have this brief one. */
bool cc_hint_choices(const struct cc_program *program, const char *name, struct rt_error *error);
/* Puts the alternatives that count in place of the choices. */
void cc_make_choices(struct cc_program *program);
/* A path that a program says, of an import, of load or of vocab, goes by the folder of the file that says it;
 * NULL when there is no memory. */
const char *cc_beside(struct rt_arena *arena, const char *says, const char *path);
/* A dim or a const: it has a value, and no body. */
bool cc_is_value(const struct cc_definition *definition);

/* names.c: every name in the program means something. What does not is reported, with the nearest name that
 * does; so are functions that call themselves, slots that a head lacks or does not have, and, as warnings,
 * names that nothing uses. RT_OK, whatever was reported, or RT_NO_MEMORY. */
int cc_check_names(struct cc_program *program);
/* slots.c: query, key and value, which every head has, then score, mask, norm and drop. */
enum cc_slot_number { CC_QUERY, CC_KEY, CC_VALUE, CC_SCORE, CC_MASK, CC_NORM, CC_DROP, CC_SLOTS };
extern const char *const cc_slot_names[CC_SLOTS];
int cc_slot_number(const char *name); /* -1: no slot has that name */
bool cc_is_slot(const char *name);
const char *cc_nearest_slot(const char *name); /* NULL: none is near */
/* unused.c: notes what nothing has used of the names in sight at the end of a definition. */
struct cc_sight;
int cc_note_unused(struct cc_program *program, const struct cc_definition *d, const struct cc_sight *sight);
/* Warns of that, and of definitions, columns and imports that nothing uses. Both return RT_OK or
 * RT_NO_MEMORY. */
int cc_report_unused(struct cc_program *program);
/* order.c: puts the definitions in the order in which each comes after what it uses, reports those that use
 * themselves, and marks as broken what uses what is broken. */
void cc_order_definitions(struct cc_program *program);
/* The last of them; `user` then leads from each to the one before it. */
struct cc_definition *cc_last_definition(struct cc_program *program);

/* keep_program.c: what of a program must be kept so that it can be compiled again without any other file, and
 * by an aq with another standard library: the main file, then all imports, then of each file of the library
 * the definitions that are used, on the lines where they stood. Called when the model has been compiled. */
typedef int cc_keeper(void *context, const struct cc_file_text *file, bool is_library);
int cc_keep_program(struct cc_program *program, cc_keeper *keep, void *context);
/* A number made from what the model, its data and its loss say. Settings of training, comments and layout
 * do not change it. */
uint64_t cc_program_digest(struct cc_program *program);

/* A function that is compiled by itself (cc_compile_function). */
struct cc_alone {
  const char *name; /* NULL: the last one */
  bool gradients;
  bool waves; /* these are of the sum of the sines of all results, which is the same for no function that has
                 a gradient: a sum of weights is 1 whatever the scores are */
  bool training; /* what is dropped or drawn in training is so here; else as in a prediction */
  /* Its arguments are one for each example of a batch, but for those called as in shared. Dims called as in
   * ragged, which the arguments give, are of a size that each example has of its own. */
  bool batch;
  const char *const *shared, *const *ragged;
  size_t shared_count, ragged_count;
};

#endif
