/* start_choose.c: what is to be predicted, by which template. */
#include <string.h>
#include <strings.h>

#include "libaq/start/start.h"

/* The first that takes the target writes the program, unless another one is asked for. */
static const struct start_template *const templates[] = {&start_tag,     &start_rank,      &start_image,
                                                         &start_restore, &start_sound,     &start_classify,
                                                         &start_regress, &start_translate, &start_generate};

const aq_template *aq_template_at(size_t k) {
  static _Thread_local aq_template found;
  if (k >= RT_COUNT(templates)) return NULL;
  found = (aq_template){sizeof found, templates[k]->name, templates[k]->about};
  return &found;
}

/* Names that people give to what is to be predicted, the surest first. */
static const char *const answers[] = {"label",  "labels",    "class",  "target", "category",  "tags",
                                      "tag",    "sentiment", "intent", "topic",  "emotion",   "polarity",
                                      "y",      "rating",    "stars",  "score",  "relevance", "price",
                                      "output", "answer",    "type"};

static bool takes(const struct start *s, const struct start_template *t, size_t column) {
  if (t) return t->takes(s, column);
  for (size_t k = 0; k < RT_COUNT(templates); k++)
    if (templates[k]->takes(s, column)) return true;
  return false;
}

static bool is_label(const struct start *s, size_t k) {
  return start_is(s, k, START_CLASS) || start_is(s, k, START_LABELS) || start_is(s, k, START_NUMBER)
         || start_is(s, k, START_VECTOR);
}

/* Some lines of JSON lack this key, so that it may stand behind the others for that alone. */
static bool came_late(const struct start *s, size_t k) {
  return io_format_of(s->path) == IO_FORMAT_JSONL && s->column[k].field->missing;
}

/* The column that is most likely the answer: tags; one that is called so; a label or number at the end, then
 * at the beginning, then anywhere; a text at the end. */
static size_t guess(const struct start *s, const struct start_template *t) {
  size_t count = s->look.count;
  for (size_t k = 0; k < count; k++)
    if (start_is(s, k, START_TAGS) && takes(s, t, k)) return k;
  for (size_t n = 0; n < RT_COUNT(answers); n++)
    for (size_t k = 0; k < count; k++) {
      const char *name = s->column[k].field->name;
      if (name && strcasecmp(name, answers[n]) == 0 && is_label(s, k) && takes(s, t, k)) return k;
    }
  if (is_label(s, count - 1) && takes(s, t, count - 1) && !came_late(s, count - 1)) return count - 1;
  if ((start_is(s, 0, START_CLASS) || start_is(s, 0, START_LABELS)) && takes(s, t, 0)) return 0;
  for (size_t k = count; k-- > 0;)
    if (start_is(s, k, START_CLASS) && takes(s, t, k)) return k;
  for (size_t k = count; k-- > 0;)
    if (is_label(s, k) && takes(s, t, k)) return k;
  for (size_t k = count; k-- > 0;)
    if (takes(s, t, k)) return k;
  return count;
}

static void list_columns(const struct start *s, struct rt_text *out) {
  for (size_t k = 0; k < s->look.count; k++) {
    const struct start_column *c = &s->column[k];
    rt_text_printf(out, "%s%s", k ? ", " : "", c->field->name ? c->field->name : c->name);
  }
}

static int find_column(struct start *s, const char *name, struct rt_error *error) {
  for (s->target = 0; s->target < s->look.count; s->target++) {
    const struct start_column *c = &s->column[s->target];
    if (strcmp(c->field->name ? c->field->name : c->name, name) == 0) return RT_OK;
  }
  struct rt_text names = {0};
  list_columns(s, &names);
  rt_fail_in(error, RT_USAGE, s->path, "the table has no column called \"%s\"", name);
  rt_hint(error, "its columns are %s", names.data ? names.data : "");
  rt_text_free(&names);
  return RT_USAGE;
}

static int find_template(struct start *s, const char *name, struct rt_error *error) {
  struct rt_nearest nearest = {name, NULL, 0};
  for (size_t k = 0; k < RT_COUNT(templates); k++) {
    rt_nearest_consider(&nearest, templates[k]->name);
    if (strcmp(templates[k]->name, name) == 0) s->template = templates[k];
  }
  if (s->template) return RT_OK;
  rt_fail(error, RT_USAGE, "there is no template called \"%s\"", name);
  if (nearest.best)
    rt_hint(error, "did you mean \"%s\"? the list of templates shows all of them", nearest.best);
  else
    rt_hint(error, "the list of templates shows all of them");
  return RT_USAGE;
}

static const char *why_not(const struct start *s, size_t k) {
  switch (s->column[k].kind) {
    case START_NAME: return "it has another value in each row";
    case START_DATE: return "it has dates, which no column reads";
    case START_UNSAID: return "no program can say its key";
    case START_EMPTY: return "it is empty";
    case START_SAME: return "it has the same value in each row";
    default: return "the other columns tell nothing about it";
  }
}

/* Each column that cannot be predicted by itself, and why. */
static void list_reasons(const struct start *s, struct rt_text *out) {
  enum { MOST = 5 };
  size_t said = 0;
  for (size_t k = 0; k < s->look.count && said < MOST; k++) {
    const struct start_column *c = &s->column[k];
    if (c->kind >= START_IMAGE) continue;
    rt_text_printf(out, "%s\"%s\": %s", said++ ? "; " : ": ", c->field->name ? c->field->name : c->name,
                   why_not(s, k));
  }
}

/* Of a folder whose files stand in no subfolders, or in one. */
static void hint_labels(const struct start *s, struct rt_error *error) {
  const struct io_look_field *label = s->column[0].field;
  const char *slash = io_folder_slash(s->path);
  if (!io_is_folder(s->path) || label->values.count > 1) return;
  if (label->values.count == 1)
    rt_hint(error, "all files are in one subfolder, %s; labels are the names of two or more",
            label->values.value[0].text);
  else
    rt_hint(
        error,
        "a label is the name of a subfolder: %s%scat/ and %s%sdog/; or write a table that names the files",
        s->path, slash, s->path, slash);
}

static int refuse(const struct start *s, const struct start_template *as, struct rt_error *error) {
  struct rt_text names = {0}, reasons = {0};
  const struct start_column *c = s->guessed ? NULL : &s->column[s->target];
  const char *name = c && c->field->name ? c->field->name : c ? c->name : "";
  list_columns(s, &names);
  list_reasons(s, &reasons);
  if (as && c)
    rt_fail_in(error, RT_USAGE, s->path, "%s needs %s, and the column \"%s\" is not that", as->name,
               as->needs, name);
  else if (c)
    rt_fail_in(error, RT_USAGE, s->path, "the column \"%s\" cannot be predicted: %s", name,
               why_not(s, s->target));
  else if (as)
    rt_fail_in(error, RT_USAGE, s->path, "%s needs %s, and the table has none", as->name, as->needs);
  else
    rt_fail_in(error, RT_USAGE, s->path, "nothing in this table can be predicted from the rest of it%s",
               reasons.data ? reasons.data : "");
  rt_text_free(&reasons);
  hint_labels(s, error);
  rt_hint(error, "its columns are %s; the list of templates shows what each template is for",
          names.data ? names.data : "");
  rt_text_free(&names);
  return RT_USAGE;
}

/* Sentences that come again look like labels, and so do words: those are taken where the sentences are not
 * enough for two texts. */
static void take_texts(struct start *s) {
  size_t texts = 0;
  for (int words = 1; words >= 0 && texts < 2; words--)
    for (size_t k = 0; k < s->look.count; k++) {
      const struct io_look_field *f = s->column[k].field;
      if (start_is(s, k, START_CLASS) && f->numbers == 0 && (!words || f->words > f->texts))
        s->column[k].kind = START_TEXT;
      texts += start_is(s, k, START_TEXT);
    }
}

int start_choose(struct start *s, const char *target, const char *as, struct rt_error *error) {
  int status = as ? find_template(s, as, error) : RT_OK;
  const struct start_template *wanted = s->template;
  s->guessed = !target;
  s->asked = as != NULL;
  if (wanted && wanted->texts) take_texts(s);
  if (status == RT_OK && target) status = find_column(s, target, error);
  if (status != RT_OK) return status;
  if (!target) s->target = guess(s, wanted);
  if (s->target == s->look.count || !takes(s, wanted, s->target)) return refuse(s, wanted, error);
  for (size_t k = 0; k < RT_COUNT(templates) && !s->template; k++)
    if (templates[k]->takes(s, s->target)) s->template = templates[k];
  return RT_OK;
}
