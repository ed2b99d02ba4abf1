/* put_settings.c: settings from a command line, put into the train { } of the program before anything looks
 * at it: so they have the checks and the messages of those that stand there. */
#include <string.h>

#include "compiler/source/program.h"

static const char *const ways[] = {"optimizer", "schedule"}; /* settings that have settings of their own */

static struct rt_error *wrong(struct cc_program *program) { return cc_report(&program->diagnostics, false); }

static void say_how(struct rt_error *error, struct gr_span span, const char *name) {
  if (name)
    gr_fail(error, span, "the block of the setting `%s` is missing", name);
  else
    gr_fail(error, span, "no setting is named here");
  rt_hint(error, "a setting of train { } is written train.%s = …", name ? name : "NAME");
}

/* The entry of train { } that a text is, or NULL when that was reported. */
static struct gr_node *entry_of(struct cc_program *program, const struct cc_set *set, struct gr_file *file) {
  struct gr_node *root = file->root->count ? file->root->child[0] : NULL;
  if (file->fault_count) {
    program->diagnostics.failed |= cc_report_copy(&program->diagnostics, file->fault[0]) != RT_OK;
    return NULL;
  }
  if (!root) return NULL;
  if (root->kind == GR_TRAIN && !set->name) return root->child[0];
  if (root->kind == GR_ARG && set->name && !root->text) {
    root->text = set->name;
    return root;
  }
  say_how(wrong(program), root->span, root->kind == GR_ARG ? root->text : NULL);
  return NULL;
}

static struct gr_node *read_set(struct cc_program *program, int k) {
  const struct cc_set *set = &program->set[k];
  struct rt_error error = {0};
  program->set_file[k] = gr_read_setting(set->origin, set->text, &error);
  if (program->set_file[k]) return entry_of(program, set, program->set_file[k]);
  if (error.code != RT_NO_MEMORY) error.code = RT_USAGE;
  program->diagnostics.failed |= error.code == RT_NO_MEMORY;
  program->diagnostics.failed |= cc_report_copy(&program->diagnostics, &error) != RT_OK;
  return NULL;
}

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

/* `optimizer = sgd(lr = 1, momentum = 0.5)` without the settings that are given anew. */
static struct gr_node *without(struct cc_program *program, struct gr_node *entry, struct gr_node *const *set,
                               int count) {
  bool has_own = !strcmp(entry->text, ways[0]) || !strcmp(entry->text, ways[1]);
  if (!has_own || entry->child[0]->kind != GR_CALL) return entry;
  struct gr_node *made = copy(program, entry, 0), *call = made ? copy(program, entry->child[0], 0) : NULL;
  if (!call) return NULL;
  made->child[0] = call;
  call->count = 0;
  for (int k = 0; k < entry->child[0]->count; k++) {
    struct gr_node *part = entry->child[0]->child[k];
    bool again = part && part->kind == GR_ARG && part->text && given(set, count, part->text);
    if (!again) call->child[call->count++] = part;
  }
  return made;
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
    if (given(set, count, written->child[k]->text)) continue;
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

int cc_put_settings(struct cc_program *program) {
  int count = 0;
  if (!program->set_count) return RT_OK;
  size_t room = (size_t)program->set_count;
  struct gr_node **set = rt_arena_alloc(&program->arena, room * sizeof *set);
  program->set_file = rt_zalloc(room, sizeof(struct gr_file *));
  if (!set || !program->set_file) return RT_NO_MEMORY;
  for (int k = 0; k < program->set_count; k++)
    if ((set[count] = read_set(program, k))) count++;
  if (program->diagnostics.failed) return RT_NO_MEMORY;
  return count && check_model(program, set[0]) ? put(program, set, count) : RT_OK;
}

const char *cc_set_name(const struct cc_program *program, int k) {
  const struct gr_file *file = program->set_file ? program->set_file[k] : NULL;
  const struct gr_node *root = file && file->root->count ? file->root->child[0] : NULL;
  if (root && root->kind == GR_TRAIN) root = root->child[0];
  return root && root->text ? root->text : "";
}
