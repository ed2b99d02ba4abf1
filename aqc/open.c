/* open.c */
#include "aqc/open.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "aqc/files.h"
#include "aqc/messages.h"

/* The paths of --allow-ffi, and behind them those of --files-from, to be freed; NULL: there is no memory. */
static const char **allowed_paths(const struct settings *settings) {
  const size_t code = settings->allow.count, files = settings->files.count;
  const char **paths = malloc((code + files + 1) * sizeof *paths);
  for (size_t k = 0; paths && k < code; k++) paths[k] = settings->allow.item[k].value;
  for (size_t k = 0; paths && k < files; k++) paths[code + k] = settings->files.item[k].value;
  return paths;
}

/* Texts as the library takes them, "D=64", and what messages call them: in one block, to be freed. */
struct texts {
  const char **text, **origin;
};

/* before: what a name stands behind, "train." */
static bool as_texts(const struct given *given, const char *before, struct texts *texts) {
  const size_t count = given->count, arrays = 2 * (count + 1) * sizeof *texts->text;
  size_t size = arrays;
  for (size_t k = 0; k < count; k++)
    if (given->item[k].name)
      size += strlen(before) + strlen(given->item[k].name) + strlen(given->item[k].value) + 2;
  texts->text = malloc(size);
  if (!texts->text) return false;
  texts->origin = texts->text + count + 1;
  char *at = (char *)texts->text + arrays;
  for (size_t k = 0; k < count; k++) {
    const struct given_value *item = &given->item[k];
    texts->origin[k] = item->name ? item->origin : NULL;
    texts->text[k] = item->name ? at : item->value;
    if (item->name) at += sprintf(at, "%s%s=%s", before, item->name, item->value) + 1;
  }
  return true;
}

int read_program(const char *path, const struct settings *settings, aq_program **program) {
  aq_program_options options = {.size = sizeof options,
                                .define_count = settings->define.count,
                                .unfused = settings->unfused,
                                .set_count = settings->set.count,
                                .function = settings->function,
                                .weights = settings->weights};
  *program = NULL;
  bool compiled = file_ends_with(path, ".aqb");
  if (compiled || file_ends_with(path, ".aqm"))
    return message_fail(AQ_USAGE, "give the program itself, a file that ends with .aq",
                        compiled ? "%s is a compiled program, which runs but is not compiled again"
                                 : "%s is a trained model, and its program is needed here",
                        path);
  static const char *const tables[] = {".tsv", ".csv", ".jsonl", ".ndjson", ".txt", ".gz"};
  for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
    if (file_ends_with(path, tables[k]))
      return message_fail(AQ_USAGE, "the program comes first: aqc train MODEL.aq DATA.tsv",
                          "%s is a table, and a program is needed here", path);
  const char **allowed = allowed_paths(settings);
  struct texts define = {0}, set = {0};
  int status = AQ_NO_MEMORY;
  if (allowed && as_texts(&settings->define, "", &define) && as_texts(&settings->set, "train.", &set)) {
    options.allow_ffi = allowed;
    options.allow_ffi_count = settings->allow.count;
    options.files_from = allowed + settings->allow.count;
    options.files_from_count = settings->files.count;
    options.define = define.text;
    options.define_origin = define.origin;
    options.set = set.text;
    options.set_origin = set.origin;
    status = aq_program_new(path, NULL, 0, &options, program);
  }
  free(allowed);
  free(define.text);
  free(set.text);
  return *program ? status : message_no_memory();
}

void remark_more_errors(const char *path, aq_program *program) {
  aq_program_check(program);
  size_t errors = aq_program_error_count(program);
  if (errors > 1) message_remark("%zu more error%s: aqc check %s", errors - 1, errors == 2 ? "" : "s", path);
}

int open_program(const char *path, const struct settings *settings, aq_program **program) {
  int status = read_program(path, settings, program);
  if (status == AQ_OK || !*program) return status;
  message_print(aq_program_message(*program));
  remark_more_errors(path, *program);
  aq_program_free(*program);
  *program = NULL;
  return status;
}

static int opened(int status, aq_model **model) {
  if (status == AQ_OK) return AQ_OK;
  status = *model ? message_print(aq_model_message(*model)) : message_no_memory();
  aq_model_free(*model);
  *model = NULL;
  return status;
}

/* Loads a trained model, which may run the native code that the settings allow. */
static int load(const char *path, const struct settings *settings, aq_model **model) {
  const char **allowed = allowed_paths(settings);
  if (!allowed) return message_no_memory();
  const aq_load_options options = {.size = sizeof options,
                                   .allow_ffi = allowed,
                                   .allow_ffi_count = settings->allow.count,
                                   .files_from = allowed + settings->allow.count,
                                   .files_from_count = settings->files.count};
  int status = opened(aq_model_load_with(path, &options, model), model);
  free(allowed);
  return status;
}

int open_model(const char *path, const struct settings *settings, aq_model **model) {
  *model = NULL;
  if (file_ends_with(path, ".aq"))
    return message_fail(AQ_USAGE, "train it first: aqc train MODEL.aq DATA.tsv -o MODEL.aqm",
                        "%s is a program, not a trained model", path);
  if (file_ends_with(path, ".aqb"))
    return message_fail(AQ_USAGE, "train the program: aqc train MODEL.aq DATA.tsv -o MODEL.aqm",
                        "%s is a compiled program, not a trained model", path);
  if (file_ends_with(path, ".tsv") || file_ends_with(path, ".csv") || file_ends_with(path, ".jsonl"))
    return message_fail(AQ_USAGE, "the model comes first: aqc predict MODEL.aqm DATA.tsv",
                        "%s is a table, and a trained model is needed here", path);
  return load(path, settings, model);
}

static int compile(const char *path, const struct settings *settings, aq_model **model) {
  aq_program *program;
  int status = open_program(path, settings, &program);
  if (status != AQ_OK) return status;
  status = opened(aq_model_compile(program, model), model);
  if (status == AQ_BAD_DATA) remark_more_errors(path, program);
  if (status == AQ_OK && (status = refuse_overwriting_named("-o", settings->output, program)) != AQ_OK) {
    aq_model_free(*model);
    *model = NULL;
  }
  aq_program_free(program);
  return status;
}

/* Options that change a program have no effect on one that is compiled already. */
static int check_compiled(const char *path, const struct settings *settings) {
  if (!settings->define.count && !settings->set.count && !settings->unfused && !settings->function
      && !settings->weights)
    return AQ_OK;
  return message_fail(AQ_USAGE, "give the program itself, a file that ends with .aq",
                      "%s has no effect on %s, which is compiled",
                      settings->define.count ? "--define"
                      : settings->set.count  ? "--set"
                      : settings->unfused    ? "--unfused"
                      : settings->weights    ? "--weights"
                                             : "--fn",
                      path);
}

int open_any(const char *path, const struct settings *settings, aq_model **model) {
  *model = NULL;
  if (file_ends_with(path, ".aqm") || file_ends_with(path, ".aqb")) {
    int status = check_compiled(path, settings);
    if (status != AQ_OK) return status;
  }
  if (file_ends_with(path, ".aqm")) return load(path, settings, model);
  if (file_ends_with(path, ".aqb")) return opened(aq_model_load_bytecode(path, model), model);
  return compile(path, settings, model);
}

int check_threshold(const struct settings *settings) {
  if (settings->threshold < 0 || (settings->threshold > 0 && settings->threshold < 1)) return AQ_OK;
  return message_fail(AQ_USAGE, "--threshold 0.3 predicts each label whose probability is above it",
                      "--threshold takes a number above 0 and below 1, not %g", settings->threshold);
}

aq_eval_options eval_options(const struct settings *settings) {
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = (int)settings->threads;
  options.precision = settings->precision;
  options.bad_rows = settings->bad_rows;
  options.header = settings->header;
  options.format = settings->format;
  options.threshold = settings->threshold > 0 ? settings->threshold : 0;
  options.beam = settings->frame_beam;
  return options;
}

int open_session(aq_model *model, const struct settings *settings, aq_session **session) {
  aq_eval_options options = eval_options(settings);
  if (settings->batch > 0) options.batch = settings->batch;
  if (aq_session_new(model, &options, session) == AQ_OK) return AQ_OK;
  int status = *session ? message_print(aq_session_message(*session)) : message_no_memory();
  aq_session_free(*session);
  *session = NULL;
  return status;
}

/* The file is there, in the folder or below it, and its name has one of the ends. */
static bool is_of_folder(const char *output, const char *folder, const char *const *end) {
  char there[PATH_MAX], within[PATH_MAX];
  struct stat about;
  bool of_kind = false;
  if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) return false;
  if (!realpath(output, there) || !realpath(folder, within)) return false;
  size_t length = strlen(within);
  for (; *end; end++) {
    size_t all = strlen(there), tail = strlen(*end);
    of_kind |= all > tail && !strcasecmp(there + all - tail, *end);
  }
  return of_kind && !strncmp(there, within, length) && (there[length] == '/' || length == 1);
}

static int is_read(const char *option, const char *output) {
  char hint[64];
  snprintf(hint, sizeof hint, "give another name with %s", option);
  return message_fail(AQ_USAGE, hint, "%s is read here and cannot be written as well", output);
}

int refuse_overwriting(const char *option, const char *output, const char *input) {
  static const char *const rows[] = {".txt", ".txt.gz", ".png", ".jpg", ".jpeg", ".wav", ".flac", NULL};
  if (!output || !input || !(file_same(output, input) || is_of_folder(output, input, rows))) return AQ_OK;
  return is_read(option, output);
}

int refuse_overwriting_weights(const char *option, const char *output, const char *weights) {
  static const char *const files[] = {".json", ".txt", ".safetensors", NULL};
  if (output && weights && is_of_folder(output, weights, files)) return is_read(option, output);
  return refuse_overwriting(option, output, weights);
}

int refuse_overwriting_named(const char *option, const char *output, const aq_program *program) {
  const char *file;
  int status = AQ_OK;
  for (size_t k = 0; status == AQ_OK && (file = aq_program_file(program, k)); k++)
    status = refuse_overwriting(option, output, file);
  return status;
}

int refuse_overwriting_of(const char *option, const char *output, const char *path) {
  aq_program *program = NULL;
  int status = AQ_OK;
  aq_program_options options = {.size = sizeof options};
  if (aq_program_new(path, NULL, 0, &options, &program) == AQ_OK && aq_program_check(program) == AQ_OK)
    status = refuse_overwriting_named(option, output, program);
  aq_program_free(program);
  return status;
}

static bool read_before(const aq_model *model, size_t column) {
  for (size_t k = 0; k < column; k++)
    if (!strcmp(aq_model_column(model, k)->field, aq_model_column(model, column)->field)) return true;
  return false;
}

const char *model_field(const aq_model *model, int number) {
  for (size_t k = 0; k < aq_model_column_count(model); k++) {
    const aq_column *column = aq_model_column(model, k);
    if (!column->is_target && !read_before(model, k) && number-- == 0) return column->field;
  }
  return "";
}

static bool is_output(const aq_model *model, const char *name) {
  for (size_t o = 0; o < aq_model_output_count(model); o++)
    if (!strcmp(aq_model_output_name(model, o), name)) return true;
  return false;
}

int model_fields(const aq_model *model, enum fields which, char *names, size_t size) {
  int count = 0;
  size_t used = 0;
  names[0] = '\0';
  for (size_t k = 0; k < aq_model_column_count(model); k++) {
    const aq_column *column = aq_model_column(model, k);
    if ((column->is_target && which != FIELDS_ALL) || read_before(model, k)) continue;
    if (which == FIELDS_UNWRITTEN && is_output(model, column->name)) continue;
    if (used < size)
      used += (size_t)snprintf(names + used, size - used, "%s%s", count ? ", " : "", column->field);
    count++;
  }
  return count;
}
