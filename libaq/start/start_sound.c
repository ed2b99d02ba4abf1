/* start_sound.c: the template that says one thing of a sound. */
#include <stdio.h>
#include <string.h>

#include "libaq/start/start.h"
#include "runtime/io/sound.h"

static bool takes(const struct start *s, size_t k) {
  bool sound = false;
  for (size_t c = 0; c < s->look.count; c++) sound |= start_is(s, c, START_SOUND);
  return sound
         && (start_is_number(s, k) || (start_is(s, k, START_CLASS) && s->column[k].field->values.count > 1));
}

static bool reads(const struct start *s, size_t k) { return k == start_nth(s, START_SOUND, 0); }

/* Samples a second of the first file; 0: it cannot be read. */
static int32_t rate_of(const struct start *s, size_t k) {
  const char *name = s->column[k].field->values.value[0].text, *slash = strrchr(s->path, '/');
  const int folder = io_is_folder(s->path) ? (int)strlen(s->path) : slash ? (int)(slash - s->path) : 0;
  struct rt_text path = {0};
  struct rt_error unused = {0};
  struct io_wave wave = {0};
  char *bytes = NULL;
  size_t length;
  rt_text_printf(&path, "%.*s%s%s", folder, s->path, folder ? "/" : "", name);
  if (!path.failed && io_read_ordinary(path.data, IO_SOUND_BYTES, &bytes, &length, &unused) == RT_OK)
    if (io_sound_file_decode((const unsigned char *)bytes, length, &wave, &unused) != RT_OK) wave.rate = 0;
  rt_free(wave.sample);
  rt_free(bytes);
  rt_text_free(&path);
  return wave.rate;
}

/* Words that are spoken, calls, noises: what is so in all of a recording is not what it is about. A number
 * may well be. */
static void declare(const struct start *s, size_t k, struct rt_text *out) {
  if (reads(s, k)) {
    const int32_t rate = rate_of(s, k);
    const char *options =
        rt_arena_printf((struct rt_arena *)&s->arena,
                        "rate = %d, window = 32, hop = 20, low = 100, floor = 30%s,\n"
                        "    shift = 50, noise = 20, speed = 5, warp = 5, mask_frames = 2, mask_bands = 6",
                        rate ? rate : 16000, start_is_number(s, s->target) ? "" : ", scale = recording");
    start_declare(s, k, "spectrum[T, F]", options ? options : "", out);
  } else if (k == s->target && start_is_number(s, k)) {
    start_declare(s, k, "number", "scale = standard", out);
  } else if (k == s->target) {
    start_declare(s, k, "class[C]", "", out);
  }
}

static void put_functions(bool number, struct rt_text *out) {
  if (!number)
    rt_text_puts(out, "# All sounds have as much contrast.\n"
                      "fn level(x: [T, F]) -> [T, F] = x / sqrt(mean(mean(x * x, T), F) + 0.1)\n\n");
  rt_text_puts(out, "# The louder of two bands side by side: what moves by one is the same.\n"
                    "fn halve(x: [T, H, N]) -> [T, H/2, N] {\n"
                    "  y = reshape(x, [T, H/2, 2, N])\n"
                    "  return max(y[.., .., 0], y[.., .., 1])\n"
                    "}\n\n"
                    "# What is around each moment; and all of a sound, by the moments that matter.\n"
                    "fn around(x: [S, D]) -> [S, D] = x + relu(layernorm(conv(dropout(x, rate), 5, D)))\n"
                    "fn all(x: [S, D]) -> [2*D] = concat(attention_pool(x), max(x, S))\n\n");
}

static void put_model(const struct start *s, bool number, struct rt_text *out) {
  const char *sound = s->column[start_nth(s, START_SOUND, 0)].name;
  rt_text_printf(
      out,
      "# A picture of time and frequency, whose edges convolutions find; then what is around each\n"
      "# moment.\n"
      "model listen(%s) -> %s {\n"
      "  x = reshape(%s%s%s, [T, F, 1])\n"
      "  x = halve(relu(conv2d(x, 3, 8)))\n"
      "  x = halve(relu(conv2d(x, 3, 16)))\n"
      "  x = relu(layernorm(conv(reshape(x, [T, F/4*16]), 3, D)))\n"
      "  x = around(x)\n"
      "  x = around(max_pool(x, 2))\n",
      sound, s->column[s->target].name, number ? "" : "level(", sound, number ? "" : ")");
  rt_text_puts(out, number ? "  return sum(linear(dropout(all(x), rate), 1))\n}\n\nloss squared_error\n"
                           : "  return linear(dropout(all(x), rate), C)\n}\n\n"
                             "loss cross_entropy(smoothing = 0.1)\n");
}

static void write(const struct start *s, struct rt_text *out) {
  const bool many = s->look.rows >= 8000, number = start_is_number(s, s->target);
  start_heading(s, out);
  rt_text_printf(
      out,
      "dim F = 40, D = 48        # bands of frequencies, features\n"
      "const rate = 20%%          # dropout: more where validation loss soon rises\n\n"
      "# T frames, 20 ms apart, each with the energies of F bands. What is 30 dB below the loudest is\n"
      "# silence (`floor`). %s\n"
      "# While training, sounds change: where they begin, how fast they are, the speaker's voice\n"
      "# (`warp`), noise, and holes (`mask`).\n"
      "data {\n",
      number ? "Where it does not matter through what one hears, add `scale = recording`."
             : "`scale = recording` leaves out what is so in all of a sound: of a\n"
               "# steady tone nothing is left, so take that away where sounds are steady.");
  for (size_t k = 0; k < s->look.count; k++) declare(s, k, out);
  rt_text_puts(out, "}\n\n");
  put_functions(number, out);
  put_model(s, number, out);
  rt_text_printf(out,
                 "train {\n"
                 "  optimizer = adamw(lr = 3e-3)\n"
                 "  schedule  = cosine\n"
                 "  batch     = %d\n"
                 "  epochs    = %d\n"
                 "  average   = 0.99        # what is kept is a running average of many steps\n"
                 "}\n",
                 many ? 32 : 16, many ? 12 : 30);
}

const struct start_template start_sound = {
    .name = "sound",
    .about = "a label or a number of a sound",
    .needs = "a column that names sounds, and a label or a number",
    .takes = takes,
    .reads = reads,
    .write = write,
};
