/* new.c: aqc new. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/own_words.h"
#include "aqc/verb.h"

static const char example[] = "# Two heads read a text: one sees neighbours alone, one sees all of it. Their "
                              "weighted sum decides on the label.\n"
                              "dim D = 32  # width of a token; aqc train -D D=64 overrides it\n"
                              "\n"
                              "data {\n"
                              "  text:  words[T]\n"
                              "  label: class[C]\n"
                              "}\n"
                              "\n"
                              "head read(x: [T, D], act) -> [T, D] {\n"
                              "  query = linear(act(linear(x, D)), D)\n"
                              "  key   = linear(x, D)\n"
                              "  value = linear(x, D)\n"
                              "  score = s / sqrt(D)\n"
                              "  norm  = softmax\n"
                              "}\n"
                              "\n"
                              "model judge(text) -> label {\n"
                              "  x    = embed(text, D)\n"
                              "  near = read(x, relu) with { mask = abs(i - j) <= 2 }\n"
                              "  far  = read(x, tanh)\n"
                              "  return linear(mean(tanh(mix(near, far)), T), C)\n"
                              "}\n"
                              "\n"
                              "loss cross_entropy\n"
                              "train { optimizer = adamw(lr = 5e-3), batch = 8, epochs = 30 }\n";

static const char train_data[] = "text\tlabel\n"
                                 "The soup was hot and the bread was fresh.\tgood\n"
                                 "A warm welcome and a wonderful evening.\tgood\n"
                                 "Our waiter was friendly and quick.\tgood\n"
                                 "I would happily eat here every week.\tgood\n"
                                 "The fish was perfect.\tgood\n"
                                 "Great coffee, lovely cakes.\tgood\n"
                                 "We loved the garden and the music.\tgood\n"
                                 "The pasta was not bad at all, it was wonderful.\tgood\n"
                                 "Fresh, friendly, and fairly priced.\tgood\n"
                                 "Everything we ordered was delicious.\tgood\n"
                                 "A lovely place with a great view.\tgood\n"
                                 "The best lunch we had all year.\tgood\n"
                                 "The soup was cold and the bread was stale.\tbad\n"
                                 "A rude welcome and a dreadful evening.\tbad\n"
                                 "Our waiter was slow and unfriendly.\tbad\n"
                                 "I would not eat here again.\tbad\n"
                                 "The fish was raw.\tbad\n"
                                 "Bitter coffee, dry cakes.\tbad\n"
                                 "We hated the noise and the smell.\tbad\n"
                                 "The pasta was not good at all, it was dreadful.\tbad\n"
                                 "Stale, noisy, and far too dear.\tbad\n"
                                 "Nothing we ordered was warm.\tbad\n"
                                 "A dirty place with a rude owner.\tbad\n"
                                 "The worst lunch we had all year.\tbad\n";

static const char valid_data[] = "text\tlabel\n"
                                 "The bread was fresh and the coffee was great.\tgood\n"
                                 "A wonderful place, quick and friendly.\tgood\n"
                                 "We loved the fish.\tgood\n"
                                 "A delicious lunch with a lovely view.\tgood\n"
                                 "The coffee was cold and the waiter was rude.\tbad\n"
                                 "A dreadful place, slow and noisy.\tbad\n"
                                 "We hated the fish.\tbad\n"
                                 "A stale lunch with a bitter smell.\tbad\n";

static int create(const char *folder, const char *name, const char *text) {
  size_t size = strlen(folder) + strlen(name) + 2;
  char *path = malloc(size);
  if (!path) return message_no_memory();
  snprintf(path, size, "%s/%s", folder, name);
  int status = file_create(path, text);
  free(path);
  return status;
}

static void print_next(const char *folder) {
  printf("wrote %s/model.aq, train.tsv and valid.tsv; next:\n\n", folder);
  printf("  cd %s\n", folder);
  puts("  aqc train model.aq train.tsv --valid valid.tsv");
  puts("  echo 'The cakes were lovely.' | aqc predict model.aqm --proba");
  puts("  aqc attend model.aqm 'The soup was not good.'");
}

static int make_folder(const char *folder) {
  if (mkdir(folder, 0777) == 0) return AQ_OK;
  return message_fail(AQ_CANNOT_CREATE, errno == EEXIST ? "give a name that is not taken" : NULL,
                      "cannot create the folder %s: %s", folder, strerror(errno));
}

/* ---- for a table ---- */

static int list_templates(void) {
  const aq_template *found;
  for (size_t k = 0; (found = aq_template_at(k)); k++) printf("%-10s  %s\n", found->name, found->about);
  return AQ_OK;
}

/* A path as a shell takes it: in quotes, where it has more than the usual letters. */
static void print_path(const char *folder, const char *name) {
  static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  const bool plain = folder[0] && folder[strspn(folder, usual)] == '\0';
  if (!plain) putchar('\'');
  for (const char *p = folder; *p; p++)
    if (*p == '\'')
      fputs("'\\''", stdout);
    else
      putchar(*p);
  fputs(name, stdout);
  if (!plain) putchar('\'');
}

/* What the program answers with decides what is done with the model. */
static void print_use(const char *folder, const char *used) {
  const bool prompted = !strcmp(used, "generate"), writes = prompted || !strcmp(used, "translate");
  fputs(writes ? "  aqc generate " : "  aqc predict ", stdout);
  print_path(folder, "/model.aqm");
  puts(prompted ? " --prompt 'Once'" : " NEW_ROWS");
}

static void print_seen(const struct settings *settings, const char *seen, const aq_start_facts *facts) {
  const char *folder = settings->operand[0], *skip = facts->skips ? " --on-bad-row skip" : "";
  char *words = own_words(seen);
  printf("%s\nwrote %s/model.aq; next:\n\n  aqc train ", words ? words : seen, folder);
  free(words);
  print_path(folder, "/model.aq");
  putchar(' ');
  print_path(settings->data, "");
  printf(" --hold 10%%%s -o ", skip);
  print_path(folder, "/model.aqm");
  fputs("\n  aqc eval ", stdout);
  print_path(folder, "/model.aqm");
  printf(" OTHER_ROWS%s\n", skip);
  print_use(folder, facts->used);
}

/* The table is looked at first: a folder is made only when there is something to put into it. */
static int new_for_table(const struct settings *settings) {
  aq_start_options options;
  const aq_message *message;
  char *program, *seen;
  aq_start_options_init(&options);
  options.target = settings->target;
  options.as = settings->as;
  options.header = settings->header;
  if (aq_start(settings->data, &options, &program, &seen, &message)) return message_print(message);
  int status = make_folder(settings->operand[0]);
  if (status == AQ_OK) status = create(settings->operand[0], "model.aq", program);
  if (status == AQ_OK && !settings->quiet) print_seen(settings, seen, aq_start_last());
  aq_text_free(program);
  aq_text_free(seen);
  return status;
}

/* ---- with data of its own ---- */

static int new_with_data(const struct settings *settings) {
  const char *folder = settings->operand[0];
  int status = make_folder(folder);
  if (status == AQ_OK) status = create(folder, "model.aq", example);
  if (status == AQ_OK) status = create(folder, "train.tsv", train_data);
  if (status == AQ_OK) status = create(folder, "valid.tsv", valid_data);
  if (status == AQ_OK && !settings->quiet) print_next(folder);
  return status;
}

static int run_new(const struct settings *settings) {
  if (settings->list) return list_templates();
  if (settings->operand_count == 0)
    return message_fail(AQ_USAGE, "aqc new FOLDER --data TABLE; aqc new --list shows the templates",
                        "the name of a folder to create is missing");
  if (settings->data) return new_for_table(settings);
  if (settings->target || settings->as)
    return message_fail(AQ_USAGE, "give --data TABLE", "%s is about a table, and there is none",
                        settings->target ? "--target" : "--as");
  return new_with_data(settings);
}

static const struct option option_list[] = {
    OPTION(0, "data", TEXT, "TABLE", data, "look at this table, and write a program for it"),
    OPTION(0, "target", TEXT, "COLUMN", target,
           "the column to be predicted (default: the one that looks like it)"),
    OPTION(0, "as", TEXT, "TEMPLATE", as, "what to write (default: what fits the table)"),
    OPTION(0, "list", FLAG, NULL, list, "list the templates"),
    OPTION_SET_HEADER,
    OPTION_SET_QUIET,
    OPTION_END};

const struct verb verb_new = {"new",
                              "FOLDER",
                              0,
                              1,
                              "write a small program to begin with, for your table or with data of its own",
                              "Creates a folder with a small working model. With --data it looks at a table "
                              "and writes a program that is "
                              "good for it: it says what it saw, and asks nothing. Without, it also writes a "
                              "few rows to train the model "
                              "on, and a few to validate it with.",
                              option_list,
                              run_new};
