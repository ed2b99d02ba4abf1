/* aq_base.h: what all parts of aq.h stand on: handles, statuses, messages, where memory comes from, how files
 * are read. A part of aq.h, which says what holds for all of them. */
#ifndef AQ_BASE_H
#define AQ_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Handles. */
typedef struct aq_program aq_program;   /* source text, parsed, names checked */
typedef struct aq_model aq_model;       /* a compiled program with its parameters */
typedef struct aq_trainer aq_trainer;   /* what makes a model of a program and data */
typedef struct aq_session aq_session;   /* what predicts with a model */
typedef struct aq_report aq_report;     /* how good a model's answers are */
typedef struct aq_function aq_function; /* a function on tensors */
typedef struct aq_vectors aq_vectors;   /* a vector for each row */
typedef struct aq_rows aq_rows;         /* rows in memory */
typedef struct aq_shown aq_shown;       /* what is shown, as a tree of facts */
typedef struct aq_externs aq_externs;   /* functions of the host */
typedef struct aq_pool aq_pool;         /* threads that handles share */
typedef struct aq_limits aq_limits;     /* what calls may take */

const char *aq_version(void); /* "0.1.0"; `pkg-config --modversion aq` says the same */
/* The version as a number that can be compared: major * 1000000 + minor * 1000 + patch. The one is that of
 * the header that a host was compiled with, the other that of the library that it runs with. */
#define AQ_VERSION_NUMBER 1000
int aq_version_number(void);

/* Statuses. The command aqc has them as exit codes. */
enum aq_status {
  AQ_OK = 0,
  AQ_NEGATIVE = 1,    /* the call worked, and the answer is no: the gradients do not agree */
  AQ_USAGE = 64,      /* an argument makes no sense */
  AQ_BAD_DATA = 65,   /* bad source, data or model file */
  AQ_NO_INPUT = 66,   /* a file is not there or cannot be read */
  AQ_NOT_FINITE = 70, /* the loss, a gradient, a parameter or an answer is no longer a number */
  AQ_NO_MEMORY = 71,
  AQ_CANNOT_CREATE = 73, /* a file cannot be created there */
  AQ_IO = 74,            /* reading or writing failed: a full disk, a reader that has gone */
  AQ_NOT_ALLOWED = 77,   /* native code without permission */
  AQ_INTERRUPTED = 130   /* the progress callback or aq_interrupt has stopped it, or limits are used up */
};

/* What went wrong, and where. Lines and columns count from 1; 0: it is about no line. No string is NULL. A
 * host that makes one, or a copy, sets size to sizeof(aq_message). */
typedef struct aq_message {
  size_t size;
  int code; /* enum aq_status */
  int line, column;
  const char *file, *text, *excerpt, *hint; /* excerpt: source lines with carets, several lines */
} aq_message;

/* A message as a person reads it:
 *
 *     m.aq:3:9: `y` has no value here
 *      3 |   x = y
 *        |       ^
 *     hint: did you mean `x`?
 *
 * It ends with a newline. Control characters are written out, as in \x1b. colour: with the escape sequences
 * of a terminal. */
enum aq_severity { AQ_ERROR, AQ_WARNING, AQ_REMARK };
int aq_message_format(const aq_message *message, enum aq_severity severity, bool colour, char **text);

/* Where the whole library gets its memory from. Call it before anything else; NULL restores malloc.
 * resize(context, NULL, n) allocates n bytes, resize(context, p, n) resizes, and resize(context, p, 0) frees
 * and returns NULL. When it returns NULL for a size above 0, the call that needed the memory fails with
 * AQ_NO_MEMORY. */
typedef void *aq_resize(void *context, void *block, size_t size);
void aq_set_allocator(aq_resize *resize, void *context);
/* The library reads JSON (what a model file says of itself, vocabularies, tables of objects) with jansson,
 * whose memory is malloc's unless the host calls this: from then on it is that of aq_set_allocator, and
 * counts for aq_limits. There is one jansson in a process. So a host that uses it too calls this before it
 * makes any value, or not at all. OpenBLAS, libffi and zlib (of tables that are packed) have their own. */
void aq_take_over_jansson(void);

/* There is one OpenBLAS in a process. aq has threads of its own, and computes best when OpenBLAS uses one and
 * the instructions of this processor, which it does not always find by itself. Where aq is the first to load
 * OpenBLAS, it sets it so. Where the host has it already, its settings are left as they are, and products
 * take as many threads as those say; unless the host calls this before anything else: then aq may change them
 * for the whole process. No other thread may use OpenBLAS meanwhile. The environment's OPENBLAS_CORETYPE
 * counts in any case. */
void aq_take_over_blas(void);

/* BF16: float, but for matrix products, which round both operands to bfloat16 and add in float. What is kept
 * is float. */
enum aq_precision { AQ_F32, AQ_F64, AQ_BF16 };
enum aq_bad_row { AQ_BAD_ROW_STOP, AQ_BAD_ROW_SKIP };

/* Whether the first line of a table is a header. AUTO: it is a header when it names every column that is
 * needed. When it names only some, or differs from the names in case alone, it is refused. Any other first
 * line is a row, and fields are told apart by their position; so is the first line of a stream with one field
 * to a line. YES: it is a header; when it names no column, it is left out, and fields go by position. NO: it
 * is a row. */
enum aq_header { AQ_HEADER_AUTO, AQ_HEADER_YES, AQ_HEADER_NO };
/* How tables are written. AUTO: by the file's name, .tsv, .csv, .jsonl (or .ndjson), .txt, each also .gz;
 * other names and streams are TSV. A .txt file is LINES, a field each, or FASTTEXT when the columns are a
 * text and a class or labels. JSONL: a JSON object a line, whose keys are the columns. */
enum aq_format {
  AQ_FORMAT_AUTO,
  AQ_FORMAT_TSV,
  AQ_FORMAT_CSV,
  AQ_FORMAT_LINES,
  AQ_FORMAT_JSONL,
  AQ_FORMAT_FASTTEXT
};

/* A column with texts that were longer than its limit, as in words[T <= 128]. They were cut there. */
typedef struct aq_cut {
  size_t size;
  const char *column, *unit, *one; /* unit: what the limit counts, "words"; one: one of them, "word" */
  int64_t limit;
  int64_t texts, tokens; /* how many texts were cut, and how many words (or characters, …) were cut off */
} aq_cut;

/* How data were read. It lives until the trainer, report or session reads again or is freed, and no longer
 * than the model. */
typedef struct aq_reading {
  size_t size;
  int64_t rows, skipped;           /* good rows, and bad ones that AQ_BAD_ROW_SKIP left out */
  const aq_message *first_skipped; /* why the first of those was bad; NULL: there was none */
  bool header;                     /* the first line was a header */
  size_t by_position; /* how many fields a row has, when they were told apart by position alone; else 0 */
  const aq_message *doubt; /* the first line may be a header, or files of a folder are no rows; NULL: none */
  const aq_message *odd_tags; /* training rows have steps between tags that no answer has; NULL: none */
  const aq_cut *const *cut;   /* [cut_count] */
  size_t cut_count;
  bool semicolons; /* they separate the fields of CSV */
} aq_reading;

#ifdef __cplusplus
}
#endif
#endif
