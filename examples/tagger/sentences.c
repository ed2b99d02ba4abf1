/* sentences.c: writes train.tsv, dev.tsv and test.tsv: sentences whose words are nouns here and verbs there.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Words of more than one part: what they are, their place decides. */
static const char *const either[] = {"light", "watch", "book",  "play",  "paint",   "plant",
                                     "train", "cook",  "guard", "judge", "whistle", "answer"};
static const char *const noun[] = {"girl", "river", "baker", "garden", "king", "horse", "window", "soldier"};
static const char *const adjective[] = {"old", "quiet", "green", "clever", "tired", "open"};
static const char *const modal[] = {"can", "will", "must", "should"};
static const char *const name[] = {"anna", "peter", "ruth", "omar"};
static const char *const adverb[] = {"slowly", "again", "today", "well"};
#define PICK(list) list[draw((int)(sizeof list / sizeof *list))]

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 7;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

static char words[1024], tags[1024];
static void say(const char *word, const char *tag) {
  const char *gap = words[0] ? " " : "";
  strcat(strcat(words, gap), word);
  strcat(strcat(tags, gap), tag);
}

static void noun_phrase(void) {
  if (draw(5) == 0) {
    say(PICK(name), "NAME");
    return;
  }
  say(draw(2) ? "the" : "a", "DET");
  for (int k = draw(3); k > 0; k--) say(PICK(adjective), "ADJ");
  say(draw(2) ? PICK(either) : PICK(noun), "NOUN");
}

static void verb_phrase(void) {
  if (draw(2)) say(PICK(modal), "MODAL");
  say(PICK(either), "VERB");
  if (draw(3)) noun_phrase();
  if (draw(3) == 0) say(PICK(adverb), "ADV");
}

static int write_file(const char *folder, const char *file_name, int rows) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, file_name);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  fputs("text\ttags\n", file);
  for (int r = 0; r < rows; r++) {
    words[0] = tags[0] = '\0';
    if (draw(6)) noun_phrase(); /* without one: an order */
    verb_phrase();
    if (draw(3) == 0) {
      say("and", "AND");
      verb_phrase();
    }
    fprintf(file, "%s\t%s\n", words, tags);
  }
  return fclose(file) ? (perror(path), 1) : 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: generate DIRECTORY\n", stderr), 64;
  return write_file(argv[1], "train.tsv", 1500) || write_file(argv[1], "dev.tsv", 300)
         || write_file(argv[1], "test.tsv", 300);
}
