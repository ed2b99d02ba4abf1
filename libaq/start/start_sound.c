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

static void declare(const struct start *s, size_t k, struct rt_text *out) {
  if (reads(s, k)) {
    const int32_t rate = rate_of(s, k);
    const char *options = rt_arena_printf((struct rt_arena *)&s->arena,
                                          "rate = %d, shift = 50, noise = 20, speed = 10, warp = 10,\n"
                                          "    mask_frames = 4, mask_bands = 6",
                                          rate ? rate : 16000);
    start_declare(s, k, "spectrum[T, F]", options ? options : "", out);
  } else if (k == s->target && start_is_number(s, k)) {
    start_declare(s, k, "number", "scale = standard", out);
  } else if (k == s->target) {
    start_declare(s, k, "class[C]", "", out);
  }
}

static void write(const struct start *s, struct rt_text *out) {
  const bool many = s->look.rows >= 8000, number = start_is_number(s, s->target);
  const char *sound = s->column[start_nth(s, START_SOUND, 0)].name;
  start_heading(s, out);
  rt_text_puts(out,
               "dim F = 40, D = 64        # bands of frequencies, features\n"
               "const rate = 20%          # dropout: more where validation loss soon rises\n\n"
               "# T frames, 10 ms apart, each with the energies of F bands. While training, sounds change:\n"
               "# where they begin, how fast they are, the speaker's voice (`warp`), noise, and holes\n"
               "# (`mask`).\n"
               "data {\n");
  for (size_t k = 0; k < s->look.count; k++) declare(s, k, out);
  rt_text_printf(out, "}\n\nmodel listen(%s", sound);
  rt_text_printf(out,
                 ") -> %s {\n"
                 "  x = relu(layernorm(conv(%s, 5, D)))   # what is around each frame\n"
                 "  x = x + relu(layernorm(conv(dropout(x, rate), 5, D)))\n"
                 "  x = x + relu(layernorm(conv(dropout(x, rate), 5, D)))\n"
                 "  x = concat(attention_pool(x), max(x, T))\n",
                 s->column[s->target].name, sound);
  rt_text_puts(out, number ? "  return sum(linear(dropout(x, rate), 1))\n}\n\nloss squared_error\n"
                           : "  return linear(dropout(x, rate), C)\n}\n\nloss cross_entropy\n");
  rt_text_printf(out,
                 "train {\n"
                 "  optimizer = adamw(lr = 3e-3)\n"
                 "  schedule  = cosine\n"
                 "  batch     = %d\n"
                 "  epochs    = %d\n"
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
