/* put_given.c: sizes, consts and settings from a command line, put into the program before anything looks at
 * it: so they have the checks and the messages of what stands there. */
#include <ctype.h>
#include <string.h>

#include "compiler/source/program.h"

static const char *const ways[] = {"optimizer", "schedule"}; /* settings that have settings of their own */

static struct rt_error *wrong(struct cc_program *program) { return cc_report(&program->diagnostics, false); }

static void show_form(struct rt_error *error, bool set) {
  if (set)
    rt_hint(error, "a setting of train { } is written train.NAME = …, or NAME = … for short");
  else
    rt_hint(error, "a size is given as in D = 64, a const as in rate = 0.5");
}

/* Says that a text is empty, or begins with the `=` of `D = 64`. */
static bool is_empty(struct cc_program *program, const struct cc_assigned *given, bool set) {
  const char *text = given->text + strspn(given->text, " \t\r\n");
  if (text[0] && (text[0] != '=' || text[1] == '=')) return false;
  struct rt_error *error = wrong(program);
  if (given->name)
    rt_fail_in(error, RT_USAGE, given->origin, text[0] ? "the value begins with `=`" : "its value is empty");
  else
    rt_fail_in(error, RT_USAGE, given->origin, "%s",
               text[0] ? "nothing is named before the `=`" : "what it gives is empty");
  if (!given->name) show_form(error, set);
  return true;
}

static void say_how(struct cc_program *program, const struct gr_node *root, bool set) {
  struct rt_error *error = wrong(program);
  gr_fail(error, root->span, set ? "no setting is named here" : "no dim or const is given a value here");
  if (!set && root->kind == GR_TRAIN)
    rt_hint(error, "what training takes is set, not defined: the option set = train.NAME=…");
  else
    show_form(error, set);
}

/* What a text gives a value, or NULL when that is wrong. */
static struct gr_node *entry_of(struct cc_program *program, const struct cc_assigned *given,
                                struct gr_file *file, bool set) {
  struct gr_node *root = file->root->count ? file->root->child[0] : NULL;
  if (file->fault_count) {
    program->diagnostics.failed |= cc_report_copy(&program->diagnostics, file->fault[0]) != RT_OK;
    return NULL;
  }
  if (!root) return NULL;
  if (root->kind == GR_ARG && given->name && !root->text) {
    root->text = given->name;
    return root;
  }
  if (!given->name && set == (root->kind == GR_TRAIN) && (set || root->text))
    return set ? root->child[0] : root;
  if (!given->name && set && root->kind == GR_ARG && root->text) return root; /* `train.` may be left out */
  say_how(program, root, set);
  return NULL;
}

/* `read.score = s` and `loss = f` name choices; of a program they would be no statements. */
static struct cc_assigned apart(struct cc_program *program, const struct cc_assigned *given) {
  struct cc_assigned made = *given;
  const char *text = given->text + strspn(given->text, " "), *end = text;
  while (isalnum((unsigned char)*end) || strchr("_.", *end ? *end : ' ')) end++;
  const char *equals = end + strspn(end, " ");
  size_t length = (size_t)(end - text);
  bool path = memchr(text, '.', length) || (length == 4 && !strncmp(text, "loss", 4));
  if (given->name || !path || !strncmp(text, "train.", 6) || *equals != '=' || equals[1] == '=') return made;
  made.name = rt_arena_strndup(&program->arena, text, length);
  made.text = equals + 1;
  program->diagnostics.failed |= !made.name;
  return made;
}

static struct gr_node *read_given(struct cc_program *program, struct cc_assigned_list *list, int k) {
  bool set = list == &program->set;
  const struct cc_assigned said = set ? list->item[k] : apart(program, &list->item[k]), *given = &said;
  struct rt_error error = {0};
  if (is_empty(program, given, set)) return NULL;
  list->file[k] = gr_read_setting(given->origin, given->text, &error);
  if (list->file[k]) return entry_of(program, given, list->file[k], set);
  if (error.code != RT_NO_MEMORY) error.code = RT_USAGE;
  program->diagnostics.failed |= error.code == RT_NO_MEMORY;
  program->diagnostics.failed |= cc_report_copy(&program->diagnostics, &error) != RT_OK;
  return NULL;
}

static int read_all(struct cc_program *program, struct cc_assigned_list *list) {
  if (!list->count) return RT_OK;
  list->file = rt_zalloc((size_t)list->count, sizeof(struct gr_file *));
  list->entry = rt_zalloc((size_t)list->count, sizeof(struct gr_node *));
  list->used = rt_zalloc((size_t)list->count, sizeof *list->used);
  if (!list->file || !list->entry || !list->used) return RT_NO_MEMORY;
  for (int k = 0; k < list->count; k++) list->entry[k] = read_given(program, list, k);
  return program->diagnostics.failed ? RT_NO_MEMORY : RT_OK;
}

void cc_assigned_free(struct cc_assigned_list *list) {
  for (int k = 0; list->file && k < list->count; k++) gr_file_free(list->file[k]);
  rt_free(list->file);
  rt_free(list->entry);
  rt_free(list->used);
}

/* What the author wrote there is not evaluated, but what it names is used. */
static int note_replaced(struct cc_program *program, const struct gr_node *node) {
  struct cc_replaced *replaced = rt_arena_alloc(&program->arena, sizeof *replaced);
  if (!replaced) return RT_NO_MEMORY;
  *replaced = (struct cc_replaced){node, program->replaced};
  program->replaced = replaced;
  return RT_OK;
}

/* ---- dims and consts ---- */

const struct gr_node *cc_defined(struct cc_program *program, const char *name) {
  const struct cc_assigned_list *list = &program->define;
  for (int k = 0; list->entry && k < list->count; k++) {
    if (!list->entry[k] || strcmp(list->entry[k]->text, name) != 0) continue;
    list->used[k] = true;
    return list->entry[k]->child[0];
  }
  return NULL;
}

static int put_definitions(struct cc_program *program) {
  const struct cc_assigned_list *list = &program->define;
  int status = RT_OK;
  for (int k = 0; k < list->count && status == RT_OK; k++) {
    const struct gr_node *entry = list->entry[k];
    struct cc_definition *d = entry ? cc_own_definition(program->main, entry->text) : NULL;
    for (int i = 0; entry && i < k; i++) {
      if (!list->entry[i] || strcmp(list->entry[i]->text, entry->text) != 0) continue;
      struct rt_error *error = wrong(program);
      gr_fail(error, entry->span, "`%s` is given two values", entry->text);
      gr_note(error, list->entry[i]->span, "the first is here");
    }
    if (!cc_is_value(d)) continue;
    /* The choice takes it, with its place in the program. */
    if (cc_is_alternative(program, d->node->child[0], entry->child[0])) continue;
    status = note_replaced(program, d->node->child[0]);
    d->node->child[0] = entry->child[0];
  }
  return status;
}

/* ---- settings ---- */

static bool given(struct gr_node *const *entry, int count, const char *name) {
  for (int k = 0; k < count; k++)
    if (!strcmp(entry[k]->text, name)) return true;
  return false;
}

static struct gr_node *copy(struct cc_program *program, const struct gr_node *node, size_t more) {
  struct gr_node *made = rt_arena_alloc(&program->arena, sizeof *made);
  size_t room = ((size_t)node->count + more + 1) * sizeof(struct gr_node *);
  if (!made) return NULL;
  *made = *node;
  made->child = rt_arena_alloc(&program->arena, room);
  if (made->child && node->count) memcpy(made->child, node->child, sizeof *node->child * (size_t)node->count);
  return made->child ? made : NULL;
}

/* `sgd(lr = 1, momentum = 0.5)` without the settings that are given anew; of choose(…), each alternative. */
static struct gr_node *call_without(struct cc_program *program, struct gr_node *call,
                                    struct gr_node *const *set, int count) {
  const struct gr_node *callee = call->child[0];
  bool chooses = callee->kind == GR_NAME && !strcmp(callee->text, "choose");
  struct gr_node *made = copy(program, call, 0);
  if (!made) return NULL;
  made->count = 0;
  for (int k = 0; k < call->count; k++) {
    struct gr_node *part = call->child[k];
    bool is_argument = part && part->kind == GR_ARG;
    bool again = is_argument && !chooses && part->text && given(set, count, part->text);
    if (again && note_replaced(program, part) != RT_OK) return NULL;
    if (again) continue;
    if (is_argument && chooses && part->child[0]->kind == GR_CALL) {
      part = copy(program, part, 0);
      if (!part || !(part->child[0] = call_without(program, part->child[0], set, count))) return NULL;
    }
    made->child[made->count++] = part;
  }
  return made;
}

/* The same of `optimizer = …` and `schedule = …`. */
static struct gr_node *without(struct cc_program *program, struct gr_node *entry, struct gr_node *const *set,
                               int count) {
  bool has_own = !strcmp(entry->text, ways[0]) || !strcmp(entry->text, ways[1]);
  if (!has_own || entry->child[0]->kind != GR_CALL) return entry;
  struct gr_node *made = copy(program, entry, 0);
  if (!made) return NULL;
  made->child[0] = call_without(program, entry->child[0], set, count);
  return made->child[0] ? made : NULL;
}

/* set[0..count-1] and what the program says besides. */
static int put(struct cc_program *program, struct gr_node *const *set, int count) {
  struct gr_node **train = &program->main->item[GR_TRAIN];
  struct gr_node none = {.kind = GR_TRAIN, .span = set[0]->span, .name_span = set[0]->span};
  const struct gr_node *written = *train ? *train : &none;
  struct gr_node *made = copy(program, written, (size_t)count);
  if (!made) return RT_NO_MEMORY;
  made->count = 0;
  for (int k = 0; k < written->count; k++) {
    if (given(set, count, written->child[k]->text)) {
      if (note_replaced(program, written->child[k]) != RT_OK) return RT_NO_MEMORY;
      continue;
    }
    struct gr_node *entry = without(program, written->child[k], set, count);
    if (!entry) return RT_NO_MEMORY;
    made->child[made->count++] = entry;
  }
  for (int k = 0; k < count; k++) made->child[made->count++] = set[k];
  *train = made;
  return RT_OK;
}

static bool check_model(struct cc_program *program, const struct gr_node *entry) {
  if (cc_item(program->main, GR_MODEL) || program->main->file->fault_count) return true;
  gr_fail(wrong(program), entry->span, "%s has no model that could be trained", program->main->path);
  return false;
}

static int put_settings(struct cc_program *program) {
  const struct cc_assigned_list *list = &program->set;
  int count = 0;
  struct gr_node **set = rt_arena_alloc(&program->arena, sizeof *set * (size_t)(list->count + 1));
  if (!set) return RT_NO_MEMORY;
  for (int k = 0; k < list->count; k++)
    if (list->entry[k]) set[count++] = list->entry[k];
  return count && check_model(program, set[0]) ? put(program, set, count) : RT_OK;
}

int cc_put_given(struct cc_program *program) {
  int status = read_all(program, &program->define);
  if (status == RT_OK) status = read_all(program, &program->set);
  if (status == RT_OK) status = put_definitions(program);
  return status != RT_OK ? status : put_settings(program);
}
