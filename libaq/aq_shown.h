/* aq_shown.h: what is shown, as trees of facts: a part of aq.h, which includes it. */
#ifndef AQ_SHOWN_H
#define AQ_SHOWN_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#define AQ_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define AQ_FORMAT(text, first)
#endif

/* A report or an explanation is a tree of facts. It is built once, and written as text, as JSON or as a page
 * for a browser. A host can build such a tree, or add facts of its own to one that it gets:
 *
 *     aq_shown *s = aq_shown_new(false);         in text:             in JSON:
 *     aq_shown_whole(s, "rows", "rows", 8);      rows  8              {"rows":8,
 *     aq_shown_begin(s, "best");                                       "best":{
 *     aq_shown_real(s, "f1", "f1", 0.91);        f1    0.9100            "f1":0.91,
 *     aq_shown_whole(s, "epoch", NULL, 3);                               "epoch":3}}
 *     aq_shown_end(s);
 *     aq_shown_write(s, AQ_TEXT, &text);
 *
 * Additions cannot fail: once memory was short they do nothing, and aq_shown_write returns AQ_NO_MEMORY. They
 * accept a NULL tree, and aq_shown_write takes it for one that had no memory. Texts and numbers are copied.
 */
typedef aq_shown aq_shown;
enum aq_form { AQ_TEXT, AQ_JSON, AQ_HTML }; /* AQ_HTML: a whole page that needs nothing else */

/* A tree whose outermost object is open for members. spaced: JSON has a space after each comma and colon.
 * NULL: no memory. */
aq_shown *aq_shown_new(bool spaced);
void aq_shown_free(aq_shown *shown);
/* Adds a fact to the object or list that is open. In JSON it is a member called key; within a list key is
 * NULL. In text it is a line with the label and the value; without a label text does not have it. JSON has
 * null for a number that is not finite and for a text that is NULL. */
void aq_shown_text(aq_shown *shown, const char *key, const char *label, const char *value);
void aq_shown_whole(aq_shown *shown, const char *key, const char *label, int64_t value);
void aq_shown_real(aq_shown *shown, const char *key, const char *label, double value);
void aq_shown_flag(aq_shown *shown, const char *key, const char *label, bool value);
void aq_shown_numbers(aq_shown *shown, const char *key, const double *number,
                      size_t count); /* in JSON alone */
/* Adds a map of weights: one of aq_session_map, or the host's own. Text and pages draw it, with a cell for
 * each weight; JSON has an object with the members name, mixing, heads, rows, columns, queries, keys and
 * weight. Where queries or keys are places of a picture, text and pages draw the weights over it; JSON has
 * query_grids or key_grids, too: lists of column, rows, columns, and which query or key is at each place.
 * AQ_USAGE of aq_shown_write: a grid is none of its map. */
struct aq_map;
void aq_shown_map(aq_shown *shown, const char *key, const struct aq_map *map);
/* Lines over common places, such as losses over epochs. */
typedef struct aq_curve {
  size_t size;               /* sizeof(aq_curve) */
  const char *title, *about; /* about: a sentence that says how to read it; NULL: none */
  const char *key, *place;   /* what the places are: "epoch" in JSON, and as a person reads it */
  const double *at;          /* [count] the places, rising */
  size_t count;
  /* Of each line: what JSON calls it, "validation", and how a person reads it, "validation loss"; and its
   * [count] values, where one that is not finite is a gap. */
  const char *const *line_key, *const *line_name; /* [line_count] */
  const double *const *line_value;                /* [line_count] */
  size_t line_count;
  double marked; /* a place that is marked, and why: "kept". NaN: none */
  const char *mark;
} aq_curve;
/* Adds a curve. A page draws it, with every place up to 2,000 and then a part of them; text has a line of
 * blocks for each line; JSON has an object with an array for the places and for each line. Where numbers are
 * NULL that should be there, aq_shown_write returns AQ_USAGE. */
void aq_shown_curve(aq_shown *shown, const char *key, const aq_curve *curve);
/* Adds all of another tree. It is not copied, so it has to live as long as this one. */
void aq_shown_tree(aq_shown *shown, const char *key, const aq_shown *tree);
/* Opens an object or a list. What follows goes into it, until aq_shown_end. */
void aq_shown_begin(aq_shown *shown, const char *key);
void aq_shown_list(aq_shown *shown, const char *key);
void aq_shown_end(aq_shown *shown);
/* After a fact: text says this instead of the value. After the opening of an object or a list: this is its
 * title, and text indents what is in it. */
void aq_shown_say(aq_shown *shown, const char *format, ...) AQ_FORMAT(2, 3);
/* A line that JSON does not have; label may be NULL. */
void aq_shown_note(aq_shown *shown, const char *label, const char *format, ...) AQ_FORMAT(3, 4);
/* A sentence that pages alone have: it explains what stands above. */
void aq_shown_about(aq_shown *shown, const char *format, ...) AQ_FORMAT(2, 3);
/* The title of a page; text and JSON do not have it. */
void aq_shown_title(aq_shown *shown, const char *format, ...) AQ_FORMAT(2, 3);
/* Text will go to a terminal of so many columns, which shows colours or not. Without this call maps are drawn
 * for 80 columns and no colours. */
void aq_shown_terminal(aq_shown *shown, int columns, bool colour);
/* Writes the tree as it is so far; more can be added afterwards. AQ_USAGE: it nests more than 64 levels, or
 * stands within itself. */
int aq_shown_write(const aq_shown *shown, enum aq_form form, char **text);
/* The maps over pictures that the tree has, as the bytes of a PNG file, for aq_text_free: a row for a head,
 * with the picture, the mean of all that look, and each of them. AQ_USAGE: there are none, or too many. */
int aq_shown_png(const aq_shown *shown, char **bytes, size_t *length);

/* What aq finds on this machine, in that form: its version, the processor, its instruction set and
 * how many threads it runs, BLAS and whether its kernels fit the processor, the libraries that read images
 * and sounds, what runs native code, and how many axes a tensor has, of which size. *text is for
 * aq_text_free, *message as for aq_format. */
int aq_doctor(enum aq_form form, char **text, const aq_message **message);

#ifdef __cplusplus
}
#endif
#endif
