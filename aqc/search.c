/* search.c: aqc search. */
#include <stdio.h>
#include <string.h>

#include "aqc/embed.h"
#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/output.h"
#include "aqc/texts.h"
#include "aqc/verb.h"

static int open_vectors(const char *path, aq_vectors **vectors) {
  if (aq_vectors_open(path, vectors) == AQ_OK) return AQ_OK;
  int status = *vectors ? message_print(aq_vectors_message(*vectors)) : message_no_memory();
  aq_vectors_free(*vectors);
  *vectors = NULL;
  return status;
}

/* With a point, whatever the locale. */
static void add_score(char *text, size_t size, double score) {
  snprintf(text, size, "%.6g", score);
  for (char *c = text; *c; c++)
    if (*c == ',') *c = '.';
}

struct found {
  const struct settings *settings;
  struct texts texts;
};

/* As a string of JSON. */
static int write_string(const char *text, size_t length) {
  char code[8];
  int failed = output_write(NULL, "\"", 1);
  for (size_t k = 0; k < length && !failed; k++) {
    unsigned char c = (unsigned char)text[k];
    if (c >= ' ' && c != '"' && c != '\\') {
      failed = output_write(NULL, text + k, 1);
      continue;
    }
    int size = c < ' ' ? snprintf(code, sizeof code, "\\u%04x", c) : snprintf(code, sizeof code, "\\%c", c);
    failed = output_write(NULL, code, (size_t)size);
  }
  return failed ? failed : output_write(NULL, "\"", 1);
}

/* The line of a row, behind the rest. */
static int write_text(const struct found *found, size_t row) {
  if (!found->texts.line) return 0;
  const struct text_line *line = &found->texts.line[row];
  if (found->settings->json)
    return output_write(NULL, ",\"text\":", 8) || write_string(line->text, line->length);
  return output_write(NULL, "\t", 1) || output_write(NULL, line->text, line->length);
}

static int write_hit(const struct found *found, size_t query, size_t row, double score, bool first) {
  char line[128], digits[40];
  bool json = found->settings->json;
  add_score(digits, sizeof digits, score);
  int length =
      json ? snprintf(line, sizeof line, "%s{\"row\":%zu,\"score\":%s", first ? "" : ",", row + 1, digits)
           : snprintf(line, sizeof line, "%zu\t%zu\t%s", query + 1, row + 1, digits);
  return output_write(NULL, line, (size_t)length) || write_text(found, row)
         || output_write(NULL, json ? "}" : "\n", 1);
}

/* Rows and queries count from 1, as lines of a file without a header do. */
static int write_hits(void *context, size_t query, const size_t *row, const double *score, size_t count) {
  const struct found *found = context;
  char line[64];
  int failed = 0;
  if (found->settings->json) {
    int length = snprintf(line, sizeof line, "{\"query\":%zu,\"found\":[", query + 1);
    failed = output_write(NULL, line, (size_t)length);
  }
  for (size_t k = 0; k < count && !failed; k++) failed = write_hit(found, query, row[k], score[k], k == 0);
  if (found->settings->json && !failed) failed = output_write(NULL, "]}\n", 3);
  return failed;
}

static int search(struct found *found, aq_vectors *index, const aq_vectors *queries) {
  const struct settings *settings = found->settings;
  aq_search_options options;
  aq_search_options_init(&options);
  if (settings->top > 0) options.top = settings->top;
  options.cosine = settings->cosine;
  options.threads = (int)settings->threads;
  options.found = write_hits;
  options.context = found;
  int status = aq_vectors_search(index, queries, &options);
  if (output_failed()) return AQ_IO;
  return status == AQ_OK ? AQ_OK : message_print(aq_vectors_message(index));
}

/* INDEX QUERIES, or MODEL.aqm INDEX TABLE. */
static int run_search(const struct settings *settings) {
  bool embeds = file_ends_with(settings->operand[0], ".aqm");
  aq_vectors *index = NULL, *queries = NULL;
  struct found found = {.settings = settings};
  const char *query = settings->operand_count > 1 + embeds ? settings->operand[1 + embeds] : "-";
  if (settings->operand_count > 2 && !embeds)
    return message_fail(AQ_USAGE, "aqc search INDEX QUERIES, or aqc search MODEL.aqm INDEX DATA.tsv",
                        "%s is one file too many: the first is no model", settings->operand[2]);
  if (embeds && settings->operand_count < 2)
    return message_fail(AQ_USAGE, "aqc search MODEL.aqm INDEX -", "there is no file of vectors to search in");
  if (!embeds && settings->function)
    return message_fail(AQ_USAGE, "aqc search MODEL.aqm INDEX DATA.tsv",
                        "--fn is a vector of a model, and there is no model");
  int status = open_vectors(settings->operand[embeds], &index);
  if (status == AQ_OK && settings->texts)
    status = texts_read(&found.texts, settings->texts, aq_vectors_count(index));
  if (status == AQ_OK)
    status = embeds ? embed_table(settings, query, &queries) : open_vectors(query, &queries);
  if (status == AQ_OK) status = search(&found, index, queries);
  texts_free(&found.texts);
  aq_vectors_free(index);
  aq_vectors_free(queries);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "top", COUNT, "K", top, "how many to find for each query (default: 1)"),
    OPTION(0, "cosine", FLAG, NULL, cosine, "divide each product by the lengths of both vectors"),
    OPTION(0, "texts", READS, "TABLE", texts,
           "write the row found, too: its line of the table that was embedded"),
    OPTION(0, "fn", TEXT, "NAME", function, "with a model: the vector of a query, as for aqc embed"),
    OPTION_SET_JSON,
    OPTION(0, "batch", COUNT, "N", batch, "with a model: examples to compute at once"),
    OPTION_SET_ROWS,
    OPTION_END};

const struct verb verb_search = {"search",
                                 "[MODEL.aqm] INDEX [QUERIES|-]",
                                 1,
                                 3,
                                 "find the vectors that are nearest to each query",
                                 "Multiplies each query with every vector of the index, and writes the rows "
                                 "with the largest products, the "
                                 "best first: number of the query, number of the row, score. Both count from "
                                 "1. INDEX and QUERIES are files "
                                 "of vectors, as aqc embed writes them. With a model, the queries are the "
                                 "rows of a table instead, of which "
                                 "the model makes vectors.",
                                 option_list,
                                 run_search};
