/* words.c: writes the digits zero to nine as a simple synthesizer speaks them: WAV files of 8,000 samples a
 * second, and train.tsv and dev.tsv, which name them and say which digit and which speaker it is.
 *
 *     cc -std=c11 -O1 -o words words.c -lm && ./words DIRECTORY
 *
 * A voice is pulses at a pitch; three resonators, the formants, give them the colour of a vowel; hisses are
 * noise through one resonator. Formants move from one sound of a word to the next. A speaker has a pitch, a
 * length of the mouth and throat, by which all formants are higher or lower, a pace, and a room with some
 * noise. Those of dev.tsv are not in train.tsv. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 8000, MOST = RATE, DIGITS = 10, SOUNDS = 6, LEARNED = 20, NEW = 5, TAKES = 2 };
static const double PI = 3.14159265358979323846;

/* SplitMix64 (Steele, Lea, Flood 2014): the same words on every machine. */
static uint64_t state = 8;
static double draw(double from, double to) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return from + (to - from) * (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* One sound of a word: how long in ms, three formants in Hz, how loud the voice and the hiss are, and where
 * the hiss is. */
struct sound {
  double ms, formant[3], voice, hiss, hiss_at;
};
#define VOWEL(ms, a, b, c)                                                                                   \
  { ms, {a, b, c}, 1, 0, 3000 }
#define GLIDE(ms, a, b, c)                                                                                   \
  { ms, {a, b, c}, 0.6, 0, 3000 }
#define NASAL                                                                                                \
  { 70, {280, 1300, 2400}, 0.5, 0, 3000 }
#define HISS(ms, loud, at)                                                                                   \
  { ms, {300, 1500, 2500}, 0, loud, at }
#define BUZZ(ms, loud, at)                                                                                   \
  { ms, {300, 1500, 2500}, 0.4, loud, at }
#define STOP                                                                                                 \
  { 45, {300, 1500, 2500}, 0, 0, 3000 }

static const struct sound word[DIGITS][SOUNDS] = {
    {BUZZ(80, 0.5, 3600), VOWEL(70, 400, 1900, 2550), GLIDE(60, 350, 1200, 1600), VOWEL(150, 480, 850, 2400)},
    {GLIDE(60, 300, 700, 2200), VOWEL(120, 650, 1200, 2400), NASAL, NASAL},
    {STOP, HISS(40, 0.9, 3300), VOWEL(190, 320, 950, 2250)},
    {HISS(80, 0.25, 2600), GLIDE(60, 350, 1200, 1600), VOWEL(190, 290, 2250, 2950)},
    {HISS(90, 0.3, 2200), VOWEL(130, 570, 850, 2400), GLIDE(80, 450, 1250, 1600)},
    {HISS(90, 0.3, 2200), VOWEL(110, 720, 1150, 2450), VOWEL(90, 350, 2100, 2800), BUZZ(70, 0.2, 2200)},
    {HISS(110, 0.9, 3700), VOWEL(80, 400, 1950, 2550), STOP, HISS(30, 0.7, 1800), HISS(110, 0.9, 3700)},
    {HISS(110, 0.9, 3700), VOWEL(80, 550, 1800, 2500), BUZZ(50, 0.2, 2200), VOWEL(60, 500, 1500, 2450),
     NASAL},
    {VOWEL(100, 530, 1850, 2500), VOWEL(80, 320, 2200, 2900), STOP, HISS(40, 0.9, 3300)},
    {NASAL, VOWEL(110, 720, 1150, 2450), VOWEL(90, 350, 2100, 2800), NASAL},
};

struct speaker {
  double pitch, tract, pace, room;
};

/* Two poles at a frequency, as wide as `width` Hz. */
struct resonator {
  double before, earlier;
};
static double resonate(struct resonator *r, double x, double hertz, double width) {
  const double radius = exp(-PI * width / RATE), turn = 2 * radius * cos(2 * PI * hertz / RATE);
  const double y = (1 - radius) * x + turn * r->before - radius * radius * r->earlier;
  r->earlier = r->before;
  r->before = y;
  return y;
}

/* What is spoken at a moment: one sound, or in its last third something between it and the next one. */
static struct sound between(const struct sound *now, const struct sound *next, double share) {
  struct sound s = *now;
  const double by = next->ms > 0 && share > 0.67 ? (share - 0.67) / 0.66 : 0;
  for (int f = 0; f < 3; f++) s.formant[f] += by * (next->formant[f] - s.formant[f]);
  s.voice += by * (next->voice - s.voice);
  s.hiss += by * (next->hiss - s.hiss);
  return s;
}

static int speak(const struct sound *sounds, const struct speaker *who, double *out) {
  struct resonator formant[3] = {{0}}, hiss = {0};
  double phase = 0;
  int count = 0;
  for (int k = 0; k < SOUNDS && sounds[k].ms > 0; k++) {
    static const struct sound none = {0};
    const struct sound *next = k + 1 < SOUNDS ? &sounds[k + 1] : &none;
    const int length = (int)(sounds[k].ms * who->pace * draw(0.85, 1.15) * RATE / 1000);
    for (int n = 0; n < length && count < MOST; n++) {
      const struct sound s = between(&sounds[k], next, (double)n / length);
      phase += who->pitch * (1.1 - 0.2 * count / MOST) / RATE;
      const double pulse = phase >= 1 ? 12 : 0;
      phase -= phase >= 1;
      double voiced = s.voice * pulse, at = fmin(s.hiss_at * who->tract, 0.48 * RATE);
      for (int f = 0; f < 3; f++)
        voiced =
            resonate(&formant[f], voiced, fmin(s.formant[f] * who->tract, 0.48 * RATE), 70 + 30 * f) * 2.5;
      out[count++] = voiced + s.hiss * resonate(&hiss, draw(-1, 1), at, 500);
    }
  }
  return count;
}

static void write_number(FILE *file, uint32_t n, int bytes) {
  for (int k = 0; k < bytes; k++) fputc((int)(n >> 8 * k & 255), file);
}

/* As loud as 0.5 at most, with the noise of the room. */
static void write_wav(const char *name, double *sample, int count, const struct speaker *who) {
  FILE *file = fopen(name, "wb");
  double most = 1e-9;
  if (!file) {
    perror(name);
    exit(1);
  }
  fputs("RIFF", file);
  write_number(file, 36 + 2 * (uint32_t)count, 4);
  fputs("WAVEfmt ", file);
  write_number(file, 16, 4);
  write_number(file, 1, 2);
  write_number(file, 1, 2);
  write_number(file, RATE, 4);
  write_number(file, 2 * RATE, 4);
  write_number(file, 2, 2);
  write_number(file, 16, 2);
  fputs("data", file);
  write_number(file, 2 * (uint32_t)count, 4);
  for (int k = 0; k < count; k++) most = fmax(most, fabs(sample[k]));
  for (int k = 0; k < count; k++) {
    const double x = 0.5 * sample[k] / most + who->room * draw(-1, 1);
    write_number(file, (uint16_t)(int16_t)lrint(32767 * fmax(-1, fmin(1, x))), 2);
  }
  fclose(file);
}

/* So many speakers say each digit so often; the first of them has the number `first`. */
static void write_table(const char *folder, const char *table, int first, int speakers) {
  static double sample[MOST];
  char name[600];
  snprintf(name, sizeof name, "%.500s/%s", folder, table);
  FILE *file = fopen(name, "w");
  if (!file) {
    perror(name);
    exit(1);
  }
  fputs("sound\tdigit\tspeaker\n", file);
  for (int s = first; s < first + speakers; s++) {
    const struct speaker who = {exp(draw(log(85), log(260))), draw(0.85, 1.2), draw(0.8, 1.25),
                                pow(10, draw(-3.5, -2))};
    for (int d = 0; d < DIGITS; d++)
      for (int take = 1; take <= TAKES; take++) {
        const int count = speak(word[d], &who, sample);
        fprintf(file, "%d_%d_%d.wav\t%d\ts%d\n", d, s, take, d, s);
        snprintf(name, sizeof name, "%.500s/%d_%d_%d.wav", folder, d, s, take);
        write_wav(name, sample, count, &who);
      }
  }
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: words DIRECTORY\n");
    return 64;
  }
  write_table(argv[1], "train.tsv", 1, LEARNED);
  write_table(argv[1], "dev.tsv", LEARNED + 1, NEW);
  return 0;
}
