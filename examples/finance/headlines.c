/* headlines.c: writes train.tsv, dev.tsv, test.tsv and stream.txt: headlines about companies, each with what
 * it is about and how good it is for the company. stream.txt has no labels; from line 401 on, bad news about
 * jobs is frequent in it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NEGATIVE, NEUTRAL, POSITIVE, SENTIMENTS };
enum { DEALS, EARNINGS, JOBS, PRODUCTS, TOPICS };
static const char *const sentiment_name[] = {"negative", "neutral", "positive"};
static const char *const topic_name[] = {"deals", "earnings", "jobs", "products"};

static const char *const company[] = {"Halden Oy",   "Norvik",      "Castell Group", "Brightwater", "Ostara",
                                      "Lumen Works", "Petrel Line", "Ardmore",       "Kestrel",     "Tavira"};
static const char *const quarter[] = {"in the first quarter", "in the second quarter", "in the third quarter",
                                      "this year", "in the half year"};
static const char *const amount[] = {"EUR 4 million", "EUR 12 million", "USD 30 million", "EUR 95 million"};
static const char *const place[] = {"in Turku", "in Lyon", "in Porto", "in Gdansk", "at its main plant"};
static const char *const thing[] = {"pump", "paper machine", "ticket system", "battery", "loader"};

/* # company, @ quarter, $ amount, ^ place, * thing. The same verb is good news of one noun and bad news of
 * another, so that single words do not decide. */
static const char *const template[TOPICS][SENTIMENTS][4] = {
    [DEALS] = {{"# loses its largest order , worth $", "# fails to win the order of $",
                "# cancels the agreement of $ , and pays a fine",
                "# 's partner withdraws from the deal of $"},
               {"# and its partner go on with talks about $", "# will publish the terms of the deal of $",
                "# signs the usual yearly agreement", "# names a new adviser for its deals"},
               {"# wins an order worth $", "# and a partner agree on deliveries of $",
                "# avoids a fine , and keeps the agreement of $",
                "# doubles its order book with a deal of $"}},
    [EARNINGS] = {{"# : profit fell to $ @", "# : losses rose to $ @", "# : sales sank and costs rose @",
                   "# lowers its forecast , as profit fell short"},
                  {"# : sales of $ @ , as a year before", "# will report its profit on Friday",
                   "# : profit of $ @ , unchanged", "# changes the day of its report"},
                  {"# : profit rose to $ @", "# : losses fell to $ @", "# : sales rose and costs sank @",
                   "# raises its forecast , as profit rose"}},
    [JOBS] = {{"# cuts 200 jobs ^", "# closes its office ^ , and staff must go", "# lays off staff ^",
               "strike of the staff ^ stops #"},
              {"# names a new head of staff", "# and its staff begin yearly talks ^",
               "# moves 20 jobs to another office ^", "# has 400 staff ^ , as before"},
              {"# hires 200 people ^", "# keeps all jobs ^ after all", "strike ^ ends , and # raises wages",
               "# opens an office ^ with 60 new jobs"}},
    [PRODUCTS] = {{"# recalls its * after a fault", "# stops work on the new *",
                   "customers complain about the * of #", "fault delays the * of # @"},
                  {"# shows its * at a fair @", "# will describe its new * on Friday",
                   "# gives its * another name", "# describes how its * is made"},
                  {"# 's new * wins a prize", "customers praise the * of #",
                   "# mends the fault of its * early", "# brings out its * before time @"}}};

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 11;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}
#define PICK(list) list[draw((int)(sizeof list / sizeof *list))]

static void headline(int topic, int sentiment, FILE *file) {
  for (const char *c = template[topic][sentiment][draw(4)]; *c; c++) {
    const char *text = *c == '#'   ? PICK(company)
                       : *c == '@' ? PICK(quarter)
                       : *c == '$' ? PICK(amount)
                       : *c == '^' ? PICK(place)
                       : *c == '*' ? PICK(thing)
                                   : NULL;
    if (text)
      fputs(text, file);
    else
      fputc(*c, file);
  }
}

static int write_file(const char *folder, const char *name, int rows, int labels) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  if (labels) fputs("text\tsentiment\ttopic\n", file);
  for (int r = 0; r < rows; r++) {
    int topic = draw(TOPICS), sentiment = draw(SENTIMENTS);
    if (!labels && topic == JOBS && sentiment == NEGATIVE && r < 400)
      sentiment = draw(3) ? NEUTRAL : NEGATIVE;
    if (!labels && topic == JOBS && r >= 400) sentiment = draw(5) ? NEGATIVE : NEUTRAL;
    headline(topic, sentiment, file);
    if (labels) fprintf(file, "\t%s\t%s", sentiment_name[sentiment], topic_name[topic]);
    fputc('\n', file);
  }
  return fclose(file) != 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: headlines DIRECTORY\n"), 2;
  return write_file(argv[1], "train.tsv", 1500, 1) || write_file(argv[1], "dev.tsv", 300, 1)
         || write_file(argv[1], "test.tsv", 300, 1) || write_file(argv[1], "stream.txt", 600, 0);
}
