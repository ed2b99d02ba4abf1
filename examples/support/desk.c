/* desk.c: makes the data of this example: desk DIRECTORY. The sentences are the project's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const things[] = {"card", "loan", "account", "invoice", "parcel", "password"};
static const char *const answers[6][4] = {
    {"We block a lost card at once: call 100.", "A new card comes within five days.",
     "A card costs nothing in the first year.", "Close a card in the settings."},
    {"Tell us at once and we pause the loan.", "You can ask for a loan online.",
     "The rate of a loan depends on its length.", "Pay a loan back early for free."},
    {"We restore an account within a day.", "Open an account with a passport.",
     "An account costs two euros a month.", "Write to us to close an account."},
    {"We send a lost invoice again by mail.", "Ask for an invoice in your orders.",
     "The price on an invoice includes tax.", "Mark an invoice as void in your orders."},
    {"We look for a lost parcel for two weeks.", "Order a parcel label on our page.",
     "A parcel costs four euros.", "Cancel a parcel before noon."},
    {"Reset a lost password with your mail.", "Choose a password of twelve letters.",
     "A password costs nothing.", "Delete a password in the settings."}};
static const char *const intents[] = {"lost", "get", "cost", "end"};
static const char *const asked[4][5] = {
    {"i lost my %s", "my %s is gone", "somebody stole my %s", "i cannot find my %s", "where is my %s"},
    {"how do i get a %s", "i need a new %s", "can i have a %s", "i want another %s", "please make me a %s"},
    {"what does a %s cost", "how much is a %s", "is a %s free", "the price of a %s please",
     "do i pay for a %s"},
    {"i want to close my %s", "please cancel my %s", "how do i end my %s", "i no longer want my %s",
     "stop my %s"}};
static const char *const before[] = {"", "hello ", "please help ", "sorry but ", "hi there ", "excuse me "};
static const char *const other[] = {
    "what is the weather like", "tell me a joke",         "who won the game", "play some music",
    "set an alarm for six",     "how tall is that tower", "what do cats eat", "read me the news",
    "turn off the light",       "book a table for two"};

static FILE *create(const char *folder, const char *name, const char *header) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  if (!file) {
    perror(path);
    exit(1);
  }
  fputs(header, file);
  return file;
}

/* Every sentence once: one in four beginnings of each goes to dev.tsv. */
static void questions(const char *folder) {
  FILE *file[2] = {create(folder, "train.tsv", "text\tintent\tanswer\n"),
                   create(folder, "dev.tsv", "text\tintent\tanswer\n")};
  for (int t = 0; t < 6; t++)
    for (int i = 0; i < 4; i++)
      for (int a = 0; a < 5; a++)
        for (int b = 0; b < 6; b++) {
          FILE *to = file[(t + i + a + b) % 4 == 0];
          fputs(before[b], to);
          fprintf(to, asked[i][a], things[t]);
          fprintf(to, "\t%s\t%s\n", intents[i], answers[t][i]);
        }
  for (int k = 0; k < 10; k++)
    for (int b = 0; b < 2; b++) fprintf(file[1], "%s%s\toos\t-\n", before[b], other[k]);
  fclose(file[0]);
  fclose(file[1]);
}

static void stored(const char *folder) {
  FILE *file = create(folder, "answers.tsv", "answer\n");
  for (int t = 0; t < 6; t++)
    for (int i = 0; i < 4; i++) fprintf(file, "%s\n", answers[t][i]);
  fclose(file);
}

/* What the customer wants stands in an earlier turn of the customer; the agent's words name other things. */
static void dialogues(const char *folder, const char *name, int first, int count) {
  FILE *file = create(folder, name, "user\tagent\tlast\tintent\n");
  for (int k = first; k < first + count; k++) {
    int thing = k % 6, intent = k / 6 % 4, way = k / 24 % 5, said = (k / 7 + 1 + intent) % 4;
    fprintf(file, "%s", before[k % 6]);
    fprintf(file, asked[intent][way], things[thing]);
    fprintf(file, "\tyou are not the first, many say ");
    fprintf(file, asked[said][(way + 1) % 5], things[(thing + 1) % 6]);
    fprintf(file, "\tyes that %s\t%s\n", things[thing], intents[intent]);
  }
  fclose(file);
}

int main(int count, char **argument) {
  if (count != 2) {
    fprintf(stderr, "usage: desk DIRECTORY\n");
    return 1;
  }
  questions(argument[1]);
  stored(argument[1]);
  dialogues(argument[1], "turns-train.tsv", 0, 360);
  dialogues(argument[1], "turns-dev.tsv", 360, 120);
  return 0;
}
