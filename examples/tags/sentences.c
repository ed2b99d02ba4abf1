/* sentences.c: writes train.tsv, dev.tsv and test.tsv: sentences whose words are nouns here and verbs there,
 * and of which many are made up, so that their letters alone say what they are. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Words of more than one part: what they are, their place decides. */
static const char *const either[] = {"light", "watch", "book",  "play",  "paint",   "plant",
                                     "train", "cook",  "guard", "judge", "whistle", "answer"};
static const char *const noun[] = {"girl", "river", "baker", "garden", "king", "horse", "window", "soldier"};
static const char *const adjective[] = {"old", "quiet", "green", "clever", "tired", "open"};
static const char *const modal[] = {"can", "will", "must", "should"};
static const char *const adverb[] = {"slowly", "again", "today", "well"};
static const char *const first_name[] = {"Anna", "Peter", "Ruth", "Omar", "Lena", "Ivan"};

/* What is made up: two or three syllables, and an end that says what it is. */
static const char *const syllable[] = {"ba", "bel", "cor", "da",  "den", "fa",  "gar", "hol",
                                       "ka", "lim", "mar", "nor", "pel", "ra",  "sol", "tam",
                                       "ur", "val", "wen", "zo",  "tri", "plo", "gre", "sha"};
static const char *const noun_end[] = {"ness", "ment", "ity"};
static const char *const adjective_end[] = {"ful", "ous", "less"};
static const char *const verb_end[] = {"ize", "ify"};
static const char *const person_end[] = {"son", "sky", "ez"};
static const char *const place_end[] = {"ton", "ville", "burg"};
static const char *const place_begin[] = {"New", "Port", "Upper"};
#define COUNT(list) ((int)(sizeof list / sizeof *list))
#define PICK(list) list[draw(COUNT(list))]
#define MAKE_UP(end) make_up(PICK(end))

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 7;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

static char words[1024], tags[1024], names[1024];

static void add(char *list, const char *item) {
  if (list[0]) strcat(list, " ");
  strcat(list, item);
}

static void say_name(const char *word, const char *entity) {
  add(words, word);
  add(tags, "NAME");
  add(names, entity);
}

static void say(const char *word, const char *tag) {
  add(words, word);
  add(tags, tag);
  add(names, "O");
}

static void capital(char *word) {
  if (word[0] >= 'a' && word[0] <= 'z') word[0] = (char)(word[0] - 'a' + 'A');
}

static const char *make_up(const char *end) {
  static char word[64];
  word[0] = '\0';
  for (int k = 2 + draw(2); k > 0; k--) strcat(word, PICK(syllable));
  return strcat(word, end);
}

static const char *made_up_name(const char *end) {
  char *name = (char *)make_up(end);
  capital(name);
  return name;
}

static void person(void) {
  if (draw(2)) {
    say_name(PICK(first_name), "B-person");
    if (draw(2)) say_name(made_up_name(PICK(person_end)), "I-person");
  } else {
    say_name(made_up_name(PICK(person_end)), "B-person");
  }
}

static void place(void) {
  if (draw(3) == 0) {
    say_name(PICK(place_begin), "B-place");
    say_name(made_up_name(PICK(place_end)), "I-place");
  } else {
    say_name(made_up_name(PICK(place_end)), "B-place");
  }
}

static void noun_phrase(void) {
  if (draw(4) == 0) {
    if (draw(3))
      person();
    else
      place();
    return;
  }
  say(draw(2) ? "the" : "a", "DET");
  for (int k = draw(3); k > 0; k--) say(draw(2) ? PICK(adjective) : MAKE_UP(adjective_end), "ADJ");
  int which = draw(3);
  say(which == 0 ? PICK(either) : which == 1 ? PICK(noun) : MAKE_UP(noun_end), "NOUN");
}

static void verb_phrase(void) {
  if (draw(2)) say(PICK(modal), "MODAL");
  say(draw(3) ? PICK(either) : MAKE_UP(verb_end), "VERB");
  if (draw(3)) noun_phrase();
  if (draw(4) == 0) {
    say("in", "ADP");
    place();
  }
  if (draw(3) == 0) say(draw(2) ? PICK(adverb) : make_up("ly"), "ADV");
}

static int write_file(const char *folder, const char *file_name, int rows) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, file_name);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  fputs("text\ttags\tnames\n", file);
  for (int r = 0; r < rows; r++) {
    words[0] = tags[0] = names[0] = '\0';
    if (draw(6)) noun_phrase(); /* without one: an order */
    verb_phrase();
    if (draw(3) == 0) {
      say("and", "AND");
      verb_phrase();
    }
    say(".", "MARK");
    capital(words);
    fprintf(file, "%s\t%s\t%s\n", words, tags, names);
  }
  return fclose(file) ? (perror(path), 1) : 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: generate DIRECTORY\n", stderr), 64;
  return write_file(argv[1], "train.tsv", 1500) || write_file(argv[1], "dev.tsv", 300)
         || write_file(argv[1], "test.tsv", 300);
}
