/* shop.c: writes texts.tsv, many sentences without labels (twice: what is read, and what it is once nothing
 * is hidden), and train.tsv, dev.tsv and test.tsv, a few with labels: the counter of a shop that sells what a
 * sentence asks for. No word that is sold in one of these three is sold in another, so that how the sentences
 * without labels use a word is all that says what it is.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { COUNTERS = 6, GOODS = 20, TALK = 7 };

/* W is one of the goods, P a person, D a time, L a place. Some of what is said is said of other goods, too.
 */
static const struct counter {
  const char *name, *goods[GOODS], *talk[TALK];
} counters[COUNTERS] = {
    {"fruit",
     {"pear",      "plum",       "cherry",    "peach",       "melon",     "mango",   "lemon",
      "lime",      "banana",     "grape",     "fig",         "quince",    "currant", "kiwi",
      "raspberry", "strawberry", "blueberry", "pomegranate", "nectarine", "papaya"},
     {"P ate a ripe W L", "the W tasted sweet D", "P washed the W and cut it in two",
      "a ripe W fell from the branch D", "P squeezed the W into a glass",
      "the W is sweet and has a large stone", "P picked a W and ate it L"}},
    {"tools",
     {"hammer", "saw",    "drill",  "chisel",  "spanner", "rasp",        "plane",
      "spade",  "rake",   "shovel", "hoe",     "wrench",  "screwdriver", "mallet",
      "sickle", "scythe", "trowel", "crowbar", "pickaxe", "hatchet"},
     {"P repaired the fence with a W D", "the handle of the W is loose", "P sharpened the W L",
      "with this W P worked until it was dark", "the W is heavy and has a new handle",
      "P cut it in two with the W", "the blade of the W got rusty D"}},
    {"clothes",
     {"scarf", "coat", "hat", "shirt", "jacket", "skirt", "dress", "jumper", "cardigan", "glove",
      "sock",  "vest", "tie", "belt",  "blouse", "cap",   "cloak", "shawl",  "robe",     "mitten"},
     {"P wore a woollen W D", "P washed the W and hung it L", "the W is too tight for P",
      "a button of the W was lost D", "P sewed a pocket on the W", "the W is woollen and has a new lining",
      "P put on the W because it was cold"}},
    {"animals",
     {"hen",     "goat",   "rabbit", "pony", "lamb",   "donkey", "kitten",   "puppy",  "goose",    "duck",
      "hamster", "pigeon", "calf",   "pig",  "parrot", "canary", "hedgehog", "lizard", "squirrel", "ferret"},
     {"P fed the W D", "the hungry W slept L", "the W ate out of the hand of P",
      "a young W ran across the road D", "P heard the W L", "the W is young and has a large mouth",
      "the W was hungry because it was cold"}},
    {"music",
     {"flute",    "violin", "cello",    "piano",   "trumpet", "harp",     "guitar",
      "banjo",    "drum",   "clarinet", "tuba",    "horn",    "fiddle",   "lute",
      "mandolin", "zither", "trombone", "bassoon", "piccolo", "saxophone"},
     {"P played a tune on the W D", "the W is out of tune", "P heard the W L",
      "with this W P played until it was dark", "a song for voice and W was sung D",
      "the W is old and has a soft sound", "P practised on the W L"}},
    {"vehicles",
     {"bus",     "tram",     "lorry",   "van",     "truck", "car",       "cart",
      "tractor", "bicycle",  "scooter", "minibus", "wagon", "motorbike", "taxi",
      "coach",   "carriage", "sledge",  "moped",   "train", "limousine"},
     {"P rode home on the W D", "the brakes of the W squealed L", "a W stopped across the road D",
      "the W got stuck L", "a wheel of the W is loose", "the W is heavy and has a large wheel",
      "the W was late because it was cold"}}};

/* What is said of all goods alike: the sentences with labels are such. */
static const char *const order[] = {"P asked for a W D",       "please keep the W for P",
                                    "P would like to see a W", "is there still a W L",
                                    "P wants to buy the W D",  "a W was ordered D",
                                    "send the W to P",         "how much is the W that P saw L"};
/* Goods of one counter are named together. */
static const char *const together[] = {"P bought a W and a W D", "a W costs more than a W",
                                       "P took the W and left the W L", "neither the W nor the W was cheap"};
static const char *const person[] = {"anna", "peter", "ruth", "omar",     "lena",
                                     "ivan", "she",   "he",   "somebody", "my aunt"};
static const char *const when[] = {"yesterday", "on monday", "in spring", "again",
                                   "last week", "at noon",   "today"};
static const char *const place[] = {"in the garden",    "behind the house",   "by the river",
                                    "near the station", "under the old tree", "in the yard",
                                    "at the market"};
#define COUNT(list) ((int)(sizeof list / sizeof *list))
#define PICK(list) list[draw(COUNT(list))]

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 11;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

static char sentence[256];

/* A sentence of that pattern about goods of a counter, from `first` to before `end`. */
static void say(const char *pattern, const struct counter *counter, int first, int end) {
  sentence[0] = '\0';
  for (const char *c = pattern; *c; c++) {
    char letter[2] = {*c, '\0'};
    strcat(sentence, *c == 'W'   ? counter->goods[first + draw(end - first)]
                     : *c == 'P' ? PICK(person)
                     : *c == 'D' ? PICK(when)
                     : *c == 'L' ? PICK(place)
                                 : letter);
  }
}

static FILE *begin(const char *folder, const char *name, const char *columns) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) perror(path);
  if (file) fprintf(file, "%s\n", columns);
  return file;
}

static int write_texts(const char *folder, int rows) {
  FILE *file = begin(folder, "texts.tsv", "text\twhole");
  if (!file) return 1;
  for (int r = 0; r < rows; r++) {
    const struct counter *counter = &PICK(counters);
    const int about = draw(4);
    say(about == 0 ? PICK(order) : about == 1 ? PICK(together) : PICK(counter->talk), counter, 0, GOODS);
    fprintf(file, "%s\t%s\n", sentence, sentence);
  }
  return fclose(file);
}

/* As many rows of each counter, of the goods from `first` to before `end`. */
static int write_labelled(const char *folder, const char *name, int rows, int first, int end) {
  FILE *file = begin(folder, name, "text\tlabel");
  if (!file) return 1;
  for (int r = 0; r < rows; r++) {
    const struct counter *counter = &counters[r % COUNTERS];
    say(PICK(order), counter, first, end);
    fprintf(file, "%s\t%s\n", sentence, counter->name);
  }
  return fclose(file);
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: shop DIRECTORY\n", stderr), 64;
  return write_texts(argv[1], 3000) || write_labelled(argv[1], "train.tsv", 60, 0, 5)
         || write_labelled(argv[1], "dev.tsv", 120, 5, 10)
         || write_labelled(argv[1], "test.tsv", 300, 10, 20);
}
