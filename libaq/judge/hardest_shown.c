/* hardest_shown.c: what is said of the rows with the highest loss: how a kind of output says it is a row of
 * one table. */
#include <stdio.h>
#include <string.h>

#include "libaq/judge/judge.h"
#include "libaq/shown/printable.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/io/data_internal.h"

/* One row that is to be shown. */
struct hard {
  const struct lib_judge *judge;
  uint32_t output;
  const struct rep_report *report;
  const struct lib_hard_row *row;
  struct io_tokens *tokens; /* of its text, of tags */
  struct rt_text *line;     /* what text says of it */
  aq_shown *s;
};

static const struct io_column *target_column(const struct hard *h) {
  const struct vm_module *m = h->judge->module;
  return &h->judge->schema->columns[vm_column_of(m, &m->input[m->output[h->output].target])];
}

/* The field by which a person knows a row: the first text that the model reads, or else its first column. -1:
 * there is none. */
static int telling_field(const struct io_schema *schema) {
  const struct io_column *found = NULL;
  for (int c = 0; c < schema->count; c++) {
    const struct io_column *column = &schema->columns[c];
    if (!column->required) continue;
    if (!found || (column->kind->tokens && !found->kind->tokens)) found = column;
  }
  return found ? found->field : -1;
}

/* A field of the row as it stands in the file; NULL: it was not kept. */
static const char *field_of(const struct hard *h, int field) {
  return lib_row_text(&h->row->texts, 0, field);
}

static const char *class_name(const struct hard *h, size_t k) { return h->report->classes[k].name; }

static void say_chance(const struct hard *h, const char *name, double probability) {
  printable_line(h->line, name);
  rt_text_printf(h->line, " %.3f", probability);
}

/* ---- one class, one number ---- */

static int show_class(const struct hard *h, struct rt_error *error) {
  const struct lib_hard_part *one = &h->row->one;
  (void)error;
  aq_shown_text(h->s, "expected", NULL, class_name(h, one->truth));
  aq_shown_text(h->s, "predicted", NULL, class_name(h, one->said));
  aq_shown_real(h->s, "probability", NULL, one->probability);
  aq_shown_real(h->s, "probability_of_expected", NULL, one->of_truth);
  say_chance(h, class_name(h, one->truth), one->of_truth);
  rt_text_puts(h->line, ", said ");
  say_chance(h, class_name(h, one->said), one->probability);
  return RT_OK;
}

static int show_number(const struct hard *h, struct rt_error *error) {
  char truth[SHOWN_EXACT_SIZE], said[SHOWN_EXACT_SIZE];
  (void)error;
  shown_short(truth, h->row->expected);
  shown_short(said, h->row->said);
  aq_shown_real(h->s, "expected", NULL, h->row->expected);
  aq_shown_real(h->s, "predicted", NULL, h->row->said);
  rt_text_printf(h->line, "%s, said %s", truth, said);
  return RT_OK;
}

/* Of an image, how far it is from what the row says. */
static int show_psnr(const struct hard *h, struct rt_error *error) {
  (void)error;
  aq_shown_real(h->s, "psnr", NULL, h->row->said);
  rt_text_printf(h->line, "psnr %.2f", h->row->said);
  return RT_OK;
}

/* ---- several parts ---- */

static void say_more(const struct hard *h) {
  if (h->row->wrong > h->row->parts) rt_text_printf(h->line, "; %zu more", h->row->wrong - h->row->parts);
}

static int show_labels(const struct hard *h, struct rt_error *error) {
  (void)error;
  aq_shown_list(h->s, "labels");
  for (size_t k = 0; k < h->row->parts; k++) {
    const struct lib_hard_part *part = &h->row->part[k];
    bool has = part->truth != SIZE_MAX;
    aq_shown_begin(h->s, NULL);
    aq_shown_text(h->s, "label", NULL, class_name(h, part->said));
    aq_shown_flag(h->s, "expected", NULL, has);
    aq_shown_real(h->s, "probability", NULL, part->probability);
    aq_shown_end(h->s);
    rt_text_puts(h->line, k ? "; " : "");
    rt_text_puts(h->line, has ? "missed " : "added ");
    say_chance(h, class_name(h, part->said), part->probability);
  }
  aq_shown_end(h->s);
  say_more(h);
  return RT_OK;
}

/* Word k of the text that the tags belong to, as it was written; its number, where the text was not kept. */
static void show_word(const struct hard *h, const char *text, int64_t k) {
  struct rt_text word = {0};
  if (text && (size_t)k < h->tokens->count)
    rt_text_add(&word, text + h->tokens->items[k].start, h->tokens->items[k].length);
  else
    rt_text_printf(&word, "word %lld", (long long)k + 1);
  if (word.failed) {
    h->line->failed = true;
    return;
  }
  aq_shown_text(h->s, "word", NULL, word.data);
  printable_line(h->line, word.data);
  rt_text_free(&word);
}

static int show_tags(const struct hard *h, struct rt_error *error) {
  const int pair = target_column(h)->pair;
  const struct io_schema *schema = h->judge->schema;
  const char *text = pair < 0 ? NULL : field_of(h, schema->columns[pair].field);
  struct io_field fields[IO_MOST_TEXTS] = {{text, text ? strlen(text) : 0}};
  if (text && !schema->columns[pair].kind->tokens) text = NULL;
  int status = text ? schema->columns[pair].kind->tokens(schema, pair, fields, h->tokens, error) : RT_OK;
  aq_shown_list(h->s, "words");
  for (size_t k = 0; k < h->row->parts && status == RT_OK; k++) {
    const struct lib_hard_part *part = &h->row->part[k];
    rt_text_puts(h->line, k ? "; " : "");
    aq_shown_begin(h->s, NULL);
    show_word(h, text, part->place);
    aq_shown_whole(h->s, "place", NULL, part->place + 1);
    aq_shown_text(h->s, "expected", NULL, class_name(h, part->truth));
    aq_shown_text(h->s, "predicted", NULL, class_name(h, part->said));
    aq_shown_real(h->s, "probability", NULL, part->probability);
    aq_shown_real(h->s, "probability_of_expected", NULL, part->of_truth);
    aq_shown_end(h->s);
    rt_text_puts(h->line, ": ");
    say_chance(h, class_name(h, part->truth), part->of_truth);
    rt_text_puts(h->line, ", said ");
    say_chance(h, class_name(h, part->said), part->probability);
  }
  aq_shown_end(h->s);
  say_more(h);
  return status;
}

/* Adds a token of a text behind the one before it; -1: it is the first. */
static void spell(const struct hard *h, int64_t before, size_t id, struct rt_text *out) {
  const struct io_column *column = target_column(h);
  size_t length = 0, last_length = 0;
  const char *text = io_vocab_text(column->vocab, (int32_t)id, &length),
             *last = before < 0 ? NULL : io_vocab_text(column->vocab, (int32_t)before, &last_length);
  if (!text) return;
  if (column->kind->spell)
    column->kind->spell(out, last, last_length, text, length);
  else
    rt_text_add(out, text, length);
}

/* One token by itself, in quotes. */
static void show_token(const struct hard *h, const char *key, size_t id, double probability) {
  struct rt_text token = {0};
  rt_text_puts(&token, "");
  spell(h, -1, id, &token);
  if (!token.failed) {
    aq_shown_text(h->s, key, NULL, token.data);
    rt_text_puts(h->line, "\"");
    printable_line(h->line, token.data);
    rt_text_printf(h->line, "\" %.3f", probability);
  }
  h->line->failed |= token.failed;
  rt_text_free(&token);
}

static int show_next(const struct hard *h, struct rt_error *error) {
  const struct lib_hard_part *part = h->row->part, *worst = &part[h->row->parts - 1];
  struct rt_text before = {0};
  (void)error;
  rt_text_puts(&before, worst->place >= LIB_HARD_PARTS ? "… " : "");
  for (const struct lib_hard_part *at = part; at < worst; at++)
    spell(h, at == part ? -1 : (int64_t)at[-1].truth, at->truth, &before);
  h->line->failed |= before.failed;
  rt_text_printf(h->line, "%.3f; ", h->row->loss);
  aq_shown_whole(h->s, "place", NULL, worst->place + 1);
  if (!before.failed) {
    aq_shown_text(h->s, "before", NULL, before.data);
    printable_line(h->line, before.data);
    if (before.length) rt_text_puts(h->line, " ");
  }
  show_token(h, "expected", worst->truth, worst->of_truth);
  rt_text_puts(h->line, ", said ");
  show_token(h, "predicted", worst->said, worst->probability);
  aq_shown_real(h->s, "probability", NULL, worst->probability);
  aq_shown_real(h->s, "probability_of_expected", NULL, worst->of_truth);
  rt_text_free(&before);
  return RT_OK;
}

static int show_match(const struct hard *h, struct rt_error *error) {
  const int field = target_column(h)->field;
  const char *right = field_of(h, field), *first = lib_row_text(&h->row->texts, 1, field);
  (void)error;
  aq_shown_whole(h->s, "place", NULL, (int64_t)h->row->loss);
  rt_text_printf(h->line, "place %.0f of %llu", h->row->loss, (unsigned long long)h->report->found);
  if (!right || !first) return RT_OK;
  aq_shown_text(h->s, "expected", NULL, right);
  aq_shown_text(h->s, "first", NULL, first);
  rt_text_puts(h->line, ": ");
  printable_line(h->line, right);
  rt_text_puts(h->line, "; first ");
  printable_line(h->line, first);
  return RT_OK;
}

/* ---- texts that frames spell ---- */

static void say_quoted(const struct hard *h, const char *text) {
  rt_text_puts(h->line, "\"");
  printable_line(h->line, text);
  rt_text_puts(h->line, "\"");
}

static int show_text(const struct hard *h, struct rt_error *error) {
  const char *right = field_of(h, target_column(h)->field), *written = h->row->written.data;
  (void)error;
  if (!written) written = "";
  aq_shown_whole(h->s, "edits", NULL, (int64_t)h->row->loss);
  aq_shown_text(h->s, "predicted", NULL, written);
  rt_text_printf(h->line, "%.0f; ", h->row->loss);
  if (right) {
    aq_shown_text(h->s, "expected", NULL, right);
    say_quoted(h, right);
    rt_text_puts(h->line, ", ");
  }
  rt_text_puts(h->line, "said ");
  say_quoted(h, written);
  return RT_OK;
}

/* ---- the kinds ---- */

static const struct shown_column
    of_class[] = {{"expected", "expected"},
                  {"probability_of_expected", "with"},
                  {"predicted", "answered"},
                  {"probability", "with"},
                  {"text", "text"}},
    of_number[] = {{"expected", "expected"}, {"predicted", "answered"}, {"text", "text"}},
    of_image[] = {{"psnr", "psnr"}, {"text", "text"}},
    of_parts[] = {{"said", "what is wrong"}, {"text", "text"}},
    of_next[] = {{"loss", "loss"},          {"before", "behind"},
                 {"expected", "came"},      {"probability_of_expected", "with"},
                 {"predicted", "expected"}, {"probability", "with"}},
    of_text[] = {{"edits", "edits"}, {"expected", "expected"}, {"predicted", "answered"}, {"text", "text"}},
    of_match[] = {{"place", "place"}, {"text", "asked"}, {"expected", "right"}, {"first", "stands first"}};

static const struct hard_kind {
  unsigned kinds; /* enum rep_kind bits */
  const char *says;
  int (*show)(const struct hard *h, struct rt_error *error);
  const struct shown_column *column; /* [columns] of the table of a page */
  size_t columns;
} hard_kinds[] = {
    {REP_CLASS, "hardest rows: what the row says and its probability, what the model says", show_class,
     of_class, RT_COUNT(of_class)},
    {REP_OF_TAGS,
     "hardest rows: the words that are wrong, their tag and its probability, what the model says", show_tags,
     of_parts, RT_COUNT(of_parts)},
    {REP_LABELS, "hardest rows: the labels that are missed or added, and their probability", show_labels,
     of_parts, RT_COUNT(of_parts)},
    {REP_BOXES, "hardest rows: what is missed, boxes that are added, and the probability of their class",
     show_labels, of_parts, RT_COUNT(of_parts)},
    {REP_FRAMES, "hardest rows: letters to change, what the row says, what the model says", show_text,
     of_text, RT_COUNT(of_text)},
    {REP_CHANCE | REP_NUMBER, "hardest rows: what the row says, what the model says", show_number, of_number,
     RT_COUNT(of_number)},
    {REP_IMAGE, "hardest rows: the psnr of the image", show_psnr, of_image, RT_COUNT(of_image)},
    {REP_NEXT, "hardest texts: the loss per token, and the token that was least expected", show_next, of_next,
     RT_COUNT(of_next)},
    {REP_MATCH, "hardest rows: the place of the right one, and what stands first", show_match, of_match,
     RT_COUNT(of_match)},
};

static const struct hard_kind *kind_of(enum rep_kind kind) {
  for (size_t k = 0; k < RT_COUNT(hard_kinds); k++)
    if (hard_kinds[k].kinds & kind) return &hard_kinds[k];
  return NULL;
}

static int show_row(struct hard *h, const struct hard_kind *kind, struct rt_error *error) {
  const char *text = field_of(h, telling_field(h->judge->schema));
  int64_t line = h->row->line;
  struct rt_text said = {0};
  h->line = &said;
  aq_shown_begin(h->s, NULL);
  aq_shown_whole(h->s, "line", NULL, line);
  int status = kind->show(h, error);
  if (kind->kinds != REP_IMAGE) aq_shown_real(h->s, "loss", NULL, h->row->loss);
  if (text) aq_shown_text(h->s, "text", NULL, text);
  if (!said.failed) aq_shown_text(h->s, "said", NULL, said.data ? said.data : "");
  shown_beside(h->s);
  if (text) rt_text_puts(&said, ": ");
  if (text) printable_line(&said, text);
  if (said.failed)
    shown_fail(h->s, RT_NO_MEMORY);
  else
    aq_shown_note(h->s, NULL, "line %lld: %s", (long long)line, said.data);
  shown_only(h->s, SHOWN_IN_TEXT);
  rt_text_free(&said);
  aq_shown_end(h->s);
  return status;
}

/* The same rows as a table, on pages. first: the object of the first row. */
static void show_table(const struct hard *h, const struct lib_hardest *list, const struct hard_kind *kind,
                       const struct shown_node *first) {
  char label[32];
  shown_table(h->s, kind->column, kind->columns);
  shown_only(h->s, SHOWN_ON_PAGES);
  for (size_t k = 0; k < list->count && first; k++, first = first->next) {
    snprintf(label, sizeof label, "line %lld", (long long)list->item[k].line);
    shown_row(h->s, label, first);
  }
  aq_shown_end(h->s);
}

/* first: the object of the first row, which has what is said of it. */
static int show_attention(const struct hard *h, const struct lib_hardest *list, struct aq_session *session,
                          const struct shown_node *first, struct rt_error *error) {
  int status = RT_OK;
  aq_shown_list(h->s, "attention");
  aq_shown_say(h->s, "where the model looks in the hardest rows");
  aq_shown_about(
      h->s, "The darker a word, the more weight a head gives it: relative to the largest of its line. Where "
            "every word has weights of its own, it is their mean.");
  for (size_t k = 0; k < list->count && first && status == RT_OK; k++, first = first->next) {
    const struct shown_node *said = shown_member(first, "said");
    struct lib_looked looked = {session, &list->item[k], said && said->text ? said->text : ""};
    status = lib_hardest_maps(h->judge, looked, h->s, error);
  }
  aq_shown_end(h->s);
  return status;
}

int lib_hardest_show(const struct lib_judge *judge, uint32_t o, struct aq_session *session, aq_shown *s,
                     struct rt_error *error) {
  const struct lib_hardest *list = &judge->hardest[o];
  const struct hard_kind *kind = kind_of(judge->report[o].kind);
  struct io_tokens tokens = {0};
  struct hard h = {.judge = judge, .output = o, .report = &judge->report[o], .tokens = &tokens, .s = s};
  int status = RT_OK;
  if (!list->count || !kind) return RT_OK;
  aq_shown_list(s, "hardest");
  aq_shown_say(s, "%s", kind->says);
  for (size_t k = 0; k < list->count && status == RT_OK; k++) {
    h.row = &list->item[k];
    status = show_row(&h, kind, error);
  }
  const struct shown_node *rows = shown_opened(s);
  show_table(&h, list, kind, rows ? rows->first : NULL);
  aq_shown_end(s);
  if (session && status == RT_OK)
    status = show_attention(&h, list, session, rows ? rows->first : NULL, error);
  io_tokens_free(&tokens);
  return status;
}
