/* shown_tree.h: what is shown, as a tree of facts. Code that knows the facts builds it once, with the
 * functions of aq.h and those below; shown_text.c, shown_json.c and shown_html.c write it, and know nothing
 * of what it is about. */
#ifndef AQ_LIBAQ_SHOWN_TREE_H
#define AQ_LIBAQ_SHOWN_TREE_H

#include "libaq/aq.h"
#include "runtime/base.h"

enum shown_kind {
  SHOWN_OBJECT,
  SHOWN_LIST,
  SHOWN_FLAG,
  SHOWN_WHOLE,
  SHOWN_REAL,
  SHOWN_COUNT, /* a whole number that may be beyond 64 bits */
  SHOWN_TEXT,  /* NULL: null in JSON, and nothing in text */
  SHOWN_NUMBERS,
  SHOWN_OTHER, /* all of another tree */
  /* JSON does not have these: */
  SHOWN_NOTE,
  SHOWN_TABLE, /* of rows and notes */
  SHOWN_ROW,   /* shows a node that stands elsewhere: a value; in a table, the members of an object */
  SHOWN_MAP,   /* a drawing of numbers (shown_map.h) */
  SHOWN_CURVE, /* lines over common places (shown_curve.h) */
  SHOWN_LOOK   /* weights over a picture (shown_look.h) */
};

/* A column of a table: the member of each row's object, and the heading. */
struct shown_column {
  const char *key, *heading;
};

/* Which forms for people have a node. */
enum shown_where { SHOWN_ANYWHERE, SHOWN_IN_TEXT, SHOWN_ON_PAGES };

struct shown_node {
  enum shown_kind kind;
  enum shown_where where;
  bool aside;        /* JSON does not have it, although its kind is one of JSON */
  bool spaced;       /* in JSON, a space after commas and colons */
  bool grid;         /* an object: labels are aligned on the right, and numbers below each other */
  int digits;        /* behind the point of a real number, in text */
  int width;         /* an object: its labels take at least so many columns */
  const char *key;   /* the name of a member */
  const char *label; /* in text; without a label and words the node is not in text */
  const char *says;  /* words that text has instead of the value; of an object or a list: its title */
  bool heading;      /* a note that a page shows as a heading */
  union {
    bool flag;
    int64_t whole;
    double real;
    const char *text;
    const double *number; /* [count] */
    const struct shown_node *of;
    const struct shown_column *column; /* [count] */
    const struct shown_map *map;
    const aq_curve *curve;
    const struct shown_look *look;
  };
  size_t count;
  struct shown_node *parent, *first, *last, *next;
};

struct aq_shown {
  struct rt_arena arena;
  struct shown_node root;
  struct shown_node *open, *latest;
  int digits;
  bool spaced;
  const char *title; /* of a page */
  int columns;       /* of the terminal that text is for; 0: none is known */
  bool colour;
  int failed; /* a status, which writing returns; RT_OK unless memory was short */
};

/* Digits behind the point of the real numbers that follow, in text. */
void shown_digits(aq_shown *s, int digits);
/* The open object aligns its labels on the right, in at least so many columns, and its numbers below each
 * other.
 */
void shown_grid(aq_shown *s, int width);
/* The labels of the open object take so many columns at least. */
void shown_labels(aq_shown *s, int width);
/* A whole number that may be beyond 64 bits, for JSON alone. */
void shown_count(aq_shown *s, const char *key, double value);
/* What was last opened or added, to be shown again by shown_row; NULL once memory was short. */
const struct shown_node *shown_latest(const aq_shown *s);
/* Writing will return this status. */
void shown_fail(aq_shown *s, int status);
/* Memory of the tree for so many items of a size, and for one more. NULL: there is none, and the tree has
 * failed. */
void *shown_room(aq_shown *s, size_t count, size_t size);
/* What was last added is a heading on a page. */
void shown_heading(aq_shown *s);
/* The object or list that is open; NULL once memory was short. */
const struct shown_node *shown_opened(const aq_shown *s);
/* JSON does not have what was last added. */
void shown_beside(aq_shown *s);
/* What was last opened or added is in this form alone, and in JSON as ever. */
void shown_only(aq_shown *s, enum shown_where where);
/* Only rows of a table show the open object; JSON does not have it. */
void shown_aside(aq_shown *s);
/* Rows follow until aq_shown_end. column: [count], must outlive the tree. */
void shown_table(aq_shown *s, const struct shown_column *column, size_t count);
void shown_row(aq_shown *s, const char *label, const struct shown_node *of);

/* The writers. A tree nests at most SHOWN_DEEPEST levels when they see it. */
enum { SHOWN_DEEPEST = 64 };
void shown_as_text(const aq_shown *s, struct rt_text *out);
void shown_as_json(const aq_shown *s, struct rt_text *out);
/* What of it is drawn over pictures. RT_USAGE: nothing, or too much for one. */
int shown_as_png(const aq_shown *s, struct rt_text *out);
void shown_as_html(const aq_shown *s, struct rt_text *out);
/* Text says this node by itself: it has a label and a value, or words. */
bool shown_is_said(const struct shown_node *node);
/* A value as text has it. */
void shown_value(const struct shown_node *node, struct rt_text *out);
/* The member of that name of an object, or NULL. */
const struct shown_node *shown_member(const struct shown_node *object, const char *key);
/* Writes, and frees the tree. */
int shown_finish(aq_shown *s, enum aq_form form, struct rt_text *out, struct rt_error *error);

/* The fewest digits that read back as the same double, with a point in every locale. */
enum { SHOWN_EXACT_SIZE = 32 };
void shown_exact(char out[SHOWN_EXACT_SIZE], double x);
/* Six digits at most: 0.001, 1e-05. */
void shown_short(char out[SHOWN_EXACT_SIZE], double x);
/* So many digits behind the point, which is a point. */
enum { SHOWN_FIXED_SIZE = 64 };
void shown_fixed(char out[SHOWN_FIXED_SIZE], double x, int digits);
/* 1.2 MB */
void shown_scaled(struct rt_text *out, double x, const char *unit);
/* A text of that length in one field of a line of data: newlines, tabs and carriage returns become \\n, \\t
 * and
 * \\r, and nothing else changes. For a person, see printable.h. */
void shown_escape(struct rt_text *out, const char *text, size_t length);

#endif
