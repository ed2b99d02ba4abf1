/* host_options.c: what hosts hand over as options: defaults, sizes, what fields can be. */
#include "libaq/host_options.h"

#include <limits.h>
#include <string.h>

/* An int or enum of options, and what it can be. */
struct field {
  const char *name;
  size_t at;
  int least, most;
};
#define FIELD(kind, name, least, most)                                                                       \
  { #name, offsetof(aq_##kind##_options, name), least, most }
#define THREADS(kind) FIELD(kind, threads, 0, INT_MAX)
#define PRECISION(kind) FIELD(kind, precision, AQ_F32, AQ_BF16)
#define BAD_ROWS(kind) FIELD(kind, bad_rows, AQ_BAD_ROW_STOP, AQ_BAD_ROW_SKIP)
#define HEADER(kind) FIELD(kind, header, AQ_HEADER_AUTO, AQ_HEADER_NO)
#define FORMAT(kind) FIELD(kind, format, AQ_FORMAT_AUTO, AQ_FORMAT_FASTTEXT)

static const struct field begin_fields[] = {FIELD(begin, precision, AQ_F32, AQ_F64)};
static const struct field eval_fields[] = {THREADS(eval), PRECISION(eval), BAD_ROWS(eval), HEADER(eval),
                                           FORMAT(eval)};
static const struct field function_fields[] = {PRECISION(function), THREADS(function)};
static const struct field run_fields[] = {THREADS(run), PRECISION(run)};
static const struct field search_fields[] = {THREADS(search)};
static const struct field start_fields[] = {HEADER(start)};
static const struct field train_fields[] = {THREADS(train), PRECISION(train), BAD_ROWS(train), HEADER(train),
                                            FORMAT(train)};

/* ---- defaults ---- */

static const aq_batch_options batch_defaults = {.size = sizeof batch_defaults};
static const aq_begin_options begin_defaults = {.size = sizeof begin_defaults, .seed = -1};
static const aq_curve curve_defaults = {.size = sizeof curve_defaults};
static const aq_embed_options embed_defaults = {.size = sizeof embed_defaults};
static const aq_eval_options eval_defaults = {
    .size = sizeof eval_defaults, .threads = 1, .batch = LIB_BATCH, .seed = 1};
static const aq_extern_functions extern_functions_defaults = {.size = sizeof extern_functions_defaults};
static const aq_function_options function_defaults = {.size = sizeof function_defaults, .threads = 1};
static const aq_generate_options generate_defaults = {.size = sizeof generate_defaults,
                                                      .length = -1,
                                                      .temperature = -1,
                                                      .top_p = 1,
                                                      .repeat_penalty = 1,
                                                      .seed = 1};
static const aq_image image_defaults = {.size = sizeof image_defaults};
static const aq_load_options load_defaults = {.size = sizeof load_defaults};
static const aq_map map_defaults = {.size = sizeof map_defaults};
static const aq_message message_defaults = {.size = sizeof message_defaults};
static const aq_predict_options predict_defaults = {.size = sizeof predict_defaults};
static const aq_program_options program_defaults = {.size = sizeof program_defaults};
static const aq_run_options run_defaults = {.size = sizeof run_defaults, .threads = 1, .repeat = 1};
static const aq_search_options search_defaults = {.size = sizeof search_defaults, .threads = 1, .top = 1};
static const aq_sound sound_defaults = {.size = sizeof sound_defaults};
static const aq_start_options start_defaults = {.size = sizeof start_defaults};
static const aq_train_options train_defaults = {.size = sizeof train_defaults,
                                                .threads = 1,
                                                .epochs = -1,
                                                .batch = -1,
                                                .seed = -1,
                                                .learning_rate = -1,
                                                .split_seed = -1};

#define DEFINE_INIT(kind)                                                                                    \
  void aq_##kind##_options_init(aq_##kind##_options *options) {                                              \
    if (options) *options = kind##_defaults;                                                                 \
  }
DEFINE_INIT(batch)
DEFINE_INIT(begin)
DEFINE_INIT(embed)
DEFINE_INIT(eval)
DEFINE_INIT(function)
DEFINE_INIT(generate)
DEFINE_INIT(load)
DEFINE_INIT(predict)
DEFINE_INIT(program)
DEFINE_INIT(run)
DEFINE_INIT(search)
DEFINE_INIT(start)
DEFINE_INIT(train)

/* ---- what a host gives ---- */

static const struct {
  const char *name;
  size_t size;
  const void *defaults;
  const struct field *field;
  size_t count;
} kinds[] = {
#define KIND(kind, fields, count)                                                                            \
  { "aq_" #kind "_options", sizeof(aq_##kind##_options), &kind##_defaults, fields, count }
    [LIB_BATCH_OPTIONS] = KIND(batch, NULL, 0),
    [LIB_BEGIN_OPTIONS] = KIND(begin, begin_fields, RT_COUNT(begin_fields)),
    [LIB_CURVE] = {"aq_curve", sizeof(aq_curve), &curve_defaults, NULL, 0},
    [LIB_EMBED_OPTIONS] = KIND(embed, NULL, 0),
    [LIB_EVAL_OPTIONS] = KIND(eval, eval_fields, RT_COUNT(eval_fields)),
    [LIB_EXTERN_FUNCTIONS] = {"aq_extern_functions", sizeof(aq_extern_functions), &extern_functions_defaults,
                              NULL, 0},
    [LIB_FUNCTION_OPTIONS] = KIND(function, function_fields, RT_COUNT(function_fields)),
    [LIB_GENERATE_OPTIONS] = KIND(generate, NULL, 0),
    [LIB_IMAGE] = {"aq_image", sizeof(aq_image), &image_defaults, NULL, 0},
    [LIB_LOAD_OPTIONS] = KIND(load, NULL, 0),
    [LIB_MAP] = {"aq_map", sizeof(aq_map), &map_defaults, NULL, 0},
    [LIB_MESSAGE] = {"aq_message", sizeof(aq_message), &message_defaults, NULL, 0},
    [LIB_PREDICT_OPTIONS] = KIND(predict, NULL, 0),
    [LIB_PROGRAM_OPTIONS] = KIND(program, NULL, 0),
    [LIB_RUN_OPTIONS] = KIND(run, run_fields, RT_COUNT(run_fields)),
    [LIB_SEARCH_OPTIONS] = KIND(search, search_fields, RT_COUNT(search_fields)),
    [LIB_SOUND] = {"aq_sound", sizeof(aq_sound), &sound_defaults, NULL, 0},
    [LIB_START_OPTIONS] = KIND(start, start_fields, RT_COUNT(start_fields)),
    [LIB_TRAIN_OPTIONS] = KIND(train, train_fields, RT_COUNT(train_fields)),
};

/* Fields are never split: every struct of options ends at a multiple of its alignment, in any version. */
static int check_size(enum lib_options kind, size_t size, struct rt_error *error) {
  const char *name = kinds[kind].name;
  if (size > sizeof(size_t) && size <= kinds[kind].size && size % sizeof(size_t) == 0) return RT_OK;
  rt_fail(error, RT_USAGE, "the size of %s is given as %zu, and is %zu in this version of libaq", name, size,
          kinds[kind].size);
  if (size > kinds[kind].size && size < 2 * kinds[kind].size)
    rt_hint(error, "was the host compiled with a newer aq.h than this libaq has?");
  else
    rt_hint(error, strstr(name, "_options") ? "%s_init sets it" : "it is sizeof(%s)", name);
  return RT_USAGE;
}

static int check_field(enum lib_options kind, const struct field *field, int value, struct rt_error *error) {
  if (value >= field->least && value <= field->most) return RT_OK;
  if (field->most == INT_MAX)
    return rt_fail(error, RT_USAGE, "%s.%s cannot be %d, which is less than %d", kinds[kind].name,
                   field->name, value, field->least);
  return rt_fail(error, RT_USAGE, "%s.%s can be %d to %d, not %d", kinds[kind].name, field->name,
                 field->least, field->most, value);
}

int lib_take_options(enum lib_options kind, const void *given, void *own, struct rt_error *error) {
  size_t size;
  int status = RT_OK;
  memcpy(own, kinds[kind].defaults, kinds[kind].size);
  if (!given) return RT_OK;
  memcpy(&size, given, sizeof size); /* the first field of each of them */
  if (check_size(kind, size, error) != RT_OK) return RT_USAGE;
  memcpy(own, given, size);
  for (size_t k = 0; k < kinds[kind].count && status == RT_OK; k++) {
    int value;
    memcpy(&value, (const char *)own + kinds[kind].field[k].at, sizeof value);
    status = check_field(kind, &kinds[kind].field[k], value, error);
  }
  memcpy(own, &kinds[kind].size, sizeof size);
  if (status != RT_OK) memcpy(own, kinds[kind].defaults, kinds[kind].size);
  return status;
}
