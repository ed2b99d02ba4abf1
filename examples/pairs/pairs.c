/* pairs.c: makes the data of this example: pairs DIRECTORY. The sentences are the project's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ways to ask the same; %s is the thing asked about. */
static const char *const ways[6][4] = {
    {"how do i repair a %s", "what is the way to fix a %s", "my %s is broken what can i do",
     "can i mend a %s myself"},
    {"where can i buy a %s", "which shop sells a %s", "i want to get a %s", "who has a %s for sale"},
    {"how much is a %s", "what does a %s cost", "the price of a %s", "is a %s expensive"},
    {"how do i clean a %s", "what removes dirt from a %s", "my %s is dirty", "can a %s be washed"},
    {"how old is a typical %s", "what is the age of a %s", "how many years does a %s last",
     "when does a %s wear out"},
    {"who invented the %s", "the inventor of the %s", "whose idea was the %s", "who made the first %s"}};
static const char *const things[] = {"bicycle", "kettle", "piano",  "lamp",
                                     "watch",   "boat",   "camera", "chair"};

static unsigned state = 7;
static unsigned draw(unsigned below) {
  state = state * 1103515245u + 12345u;
  return (state >> 16) % below;
}

static void write_pairs(const char *folder, const char *name, int count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  if (!file) {
    perror(path);
    exit(1);
  }
  fputs("one\tother\tsame\n", file);
  for (int k = 0; k < count; k++) {
    unsigned a = draw(6), thing = draw(8), first = draw(4), second = (first + 1 + draw(3)) % 4;
    unsigned b = k % 2 ? (a + 1 + draw(5)) % 6 : a; /* every second pair asks for something else */
    fprintf(file, ways[a][first], things[thing]);
    fputc('\t', file);
    fprintf(file, ways[b][second], things[thing]);
    fprintf(file, "\t%s\n", a == b ? "yes" : "no");
  }
  fclose(file);
}

int main(int count, char **argument) {
  if (count != 2) {
    fprintf(stderr, "usage: pairs DIRECTORY\n");
    return 1;
  }
  write_pairs(argument[1], "train.tsv", 1200);
  write_pairs(argument[1], "dev.tsv", 300);
  return 0;
}
