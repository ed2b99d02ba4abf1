/* start_restore.c: the template that makes an image of another one. */
#include "libaq/start/start.h"

static bool takes(const struct start *s, size_t k) {
  size_t images = 0;
  for (size_t c = 0; c < s->look.count; c++) images += c != k && start_is(s, c, START_IMAGE);
  return start_is(s, k, START_IMAGE) && images > 0;
}

static bool reads(const struct start *s, size_t k) { return k == start_nth(s, START_IMAGE, 0); }

static void write(const struct start *s, struct rt_text *out) {
  const char *given = s->column[start_nth(s, START_IMAGE, 0)].name, *wanted = s->column[s->target].name;
  start_heading(s, out);
  rt_text_puts(out, "dim F = 16   # how many features each layer finds\n\n"
                    "# While training, both images are turned to the other side, and moved, in one way.\n"
                    "data {\n");
  for (size_t k = 0; k < s->look.count; k++) {
    if (k == s->target)
      start_declare(s, k, "image[32, 32, 3]", "resize = stretch", out);
    else if (reads(s, k))
      start_declare(s, k, "image[32, 32, 3]", "resize = stretch, flip = true, shift = 2", out);
  }
  rt_text_printf(out, "}\n\nmodel restore(%s", given);
  rt_text_printf(out,
                 ") -> %s {\n"
                 "  x = relu(conv2d(%s, 5, F))   # what is around each point\n"
                 "  for k in 0..2 { x = relu(conv2d(x, 3, F)) }\n"
                 "  return %s + 0.1 * conv2d(x, 3, 3)   # what is to be added: at first, next to nothing\n"
                 "}\n\n"
                 "train {\n"
                 "  optimizer = adam(lr = 0.003)\n"
                 "  schedule  = cosine\n"
                 "  batch     = %d\n"
                 "  epochs    = 10\n"
                 "}\n",
                 wanted, given, given, start_is_small(s) ? 4 : 16);
}

const struct start_template start_restore = {
    .name = "restore",
    .about = "an image from another one: without its noise, in other colours, sharper",
    .needs = "two columns that name images",
    .takes = takes,
    .reads = reads,
    .write = write,
};
