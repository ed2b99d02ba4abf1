/* start_image.c: the template that says one thing of an image, and of what the row has beside it. */
#include <stdio.h>

#include "libaq/start/start.h"
#include "runtime/io/idx.h"

enum { SIDE = 32, MNIST = 28 }; /* points on a side; 28 where all images have so many */

static bool takes(const struct start *s, size_t k) {
  bool image = false;
  for (size_t c = 0; c < s->look.count; c++) image |= start_is(s, c, START_IMAGE);
  return image
         && (start_is_number(s, k) || (start_is(s, k, START_CLASS) && s->column[k].field->values.count > 1));
}

/* Is the column read beside the image? */
static bool is_beside(const struct start *s, size_t k) {
  return k != s->target
         && (start_is(s, k, START_TEXT) || start_is(s, k, START_CLASS) || start_is(s, k, START_NUMBER));
}

static bool reads(const struct start *s, size_t k) {
  return k == start_nth(s, START_IMAGE, 0) || is_beside(s, k);
}

/* A file of images says itself how large they are, and whether they are grey. */
struct picture {
  int side, channels;
};

static struct picture picture_of(const struct start *s) {
  struct io_idx head;
  struct rt_error unused = {0};
  if (!io_idx_is_named(s->path) || io_idx_head(&head, s->path, &unused) != RT_OK)
    return (struct picture){SIDE, 3};
  const bool mnist = head.size[1] == MNIST && head.size[2] == MNIST;
  return (struct picture){mnist ? MNIST : SIDE, head.axes == 3 ? 1 : 3};
}

static void declare(const struct start *s, size_t k, struct rt_text *out) {
  const struct picture picture = picture_of(s);
  char shape[48];
  if (k == start_nth(s, START_IMAGE, 0)) {
    snprintf(shape, sizeof shape, "image[%d, %d, %d]", picture.side, picture.side, picture.channels);
    start_declare(s, k, shape,
                  picture.side == MNIST ? "scale = standard, shift = 2"
                                        : "resize = stretch, scale = standard, shift = 2",
                  out);
  } else if (k == s->target && start_is_number(s, k)) {
    start_declare(s, k, "number", "scale = standard", out);
  } else if (k == s->target) {
    start_declare(s, k, "class[C]", "", out);
  } else if (is_beside(s, k) && start_is(s, k, START_NUMBER)) {
    start_declare(s, k, "number", "missing = mean, scale = standard", out);
  } else if (is_beside(s, k)) {
    snprintf(shape, sizeof shape, start_is(s, k, START_TEXT) ? "words[T%zu]" : "class[C%zu]", k + 1);
    start_declare(s, k, shape, "", out);
  }
}

/* What stands beside the image, as vectors that are added. */
static bool put_beside(const struct start *s, struct rt_text *out) {
  bool any = false;
  for (size_t k = 0; k < s->look.count; k++) {
    const char *name = s->column[k].name;
    if (!is_beside(s, k)) continue;
    rt_text_puts(out, any ? " + " : "  said = ");
    rt_text_printf(out,
                   start_is(s, k, START_TEXT)    ? "attention_pool(embed(%s, D))"
                   : start_is(s, k, START_CLASS) ? "embed(%s, D)"
                                                 : "linear(reshape(%s, [1]), D)",
                   name);
    any = true;
  }
  if (any)
    rt_text_puts(out,
                 "\n  x = relu(linear(dropout(concat(x, said, x * said), rate), D))   # each counts by the "
                 "other\n");
  return any;
}

static void put_model(const struct start *s, struct rt_text *out) {
  const int places = picture_of(s).side / 4;
  const char *image = s->column[start_nth(s, START_IMAGE, 0)].name;
  rt_text_printf(out, "model see(%s", image);
  for (size_t k = 0; k < s->look.count; k++)
    if (is_beside(s, k)) rt_text_printf(out, ", %s", s->column[k].name);
  rt_text_printf(out,
                 ") -> %s {\n"
                 "  x = max_pool2d(relu(conv2d(%s, 3, F)), 2)   # what is around each point\n"
                 "  x = max_pool2d(relu(conv2d(x, 3, G)), 2)\n"
                 "  x = relu(linear(reshape(x, [%d*%d*G]), D))\n",
                 s->column[s->target].name, image, places, places);
  put_beside(s, out);
  rt_text_puts(out, start_is_number(s, s->target)
                        ? "  return sum(linear(dropout(x, rate), 1))\n}\n\nloss squared_error\n"
                        : "  return linear(dropout(x, rate), C)\n}\n\nloss cross_entropy\n");
}

static void write(const struct start *s, struct rt_text *out) {
  const bool small = start_is_small(s), many = s->look.rows >= 8000;
  start_heading(s, out);
  rt_text_puts(
      out, "dim F = 24, G = 48, D = 128   # how many features each layer finds\n"
           "const rate = 30%         # dropout: more where validation loss soon rises\n\n"
           "# While training, images move by up to `shift` points. Where left and right do not matter, add\n"
           "# `flip = true`.\n"
           "data {\n");
  for (size_t k = 0; k < s->look.count; k++) declare(s, k, out);
  rt_text_puts(out, "}\n\n");
  put_model(s, out);
  rt_text_printf(out,
                 "train {\n"
                 "  optimizer = adamw(lr = 2e-3)\n"
                 "  schedule  = cosine\n"
                 "  batch     = %d\n"
                 "  epochs    = %d\n"
                 "}\n",
                 small  ? 16
                 : many ? 64
                        : 32,
                 small  ? 30
                 : many ? 9
                        : 16);
}

const struct start_template start_image = {
    .name = "image",
    .about = "a label or a number of an image, and of what the row has beside it",
    .needs = "a column that names images, and a label or a number",
    .takes = takes,
    .reads = reads,
    .write = write,
};
