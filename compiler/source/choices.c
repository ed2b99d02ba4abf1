/* choices.c: `choose(a, b, …)` in a program: one of several expressions, by the name that it is bound to. All
 * of them are looked at when names are checked; then the one that counts takes the place of the choice, and
 * what compiles the program never meets one. */
#include <ctype.h>
#include <string.h>

#include "compiler/source/program.h"

static const char WORD[] = "choose";

/* Where the search is: within which definition, and behind which name. */
struct finder {
  struct cc_program *program;
  struct cc_unit *unit;
  const char *of, *name; /* of: the definition, a column or "train"; NULL: none */
  bool in_data;
  int status;
};

static struct rt_error *wrong(struct cc_program *program) { return cc_report(&program->diagnostics, false); }

/* ---- one choice ---- */

/* An expression as it is written, with one space for each gap; the caller's arena has it. */
static const char *written(struct rt_arena *arena, struct gr_span span) {
  size_t length = span.end - span.begin, kept = 0;
  const char *from = span.source->text + span.begin;
  char *text = rt_arena_alloc(arena, length + 1);
  for (size_t k = 0; text && k < length; k++) {
    if (!isspace((unsigned char)from[k]))
      text[kept++] = from[k];
    else if (kept && text[kept - 1] != ' ')
      text[kept++] = ' ';
  }
  if (text) text[kept] = '\0';
  return text;
}

/* Equal but for spaces: `s/2` is `s / 2`. */
static bool same_words(const char *a, const char *b) {
  for (;; a++, b++) {
    while (*a == ' ') a++;
    while (*b == ' ') b++;
    if (*a != *b || !*a) return *a == *b;
  }
}

static bool is_choose(const struct finder *f, const struct gr_node *node) {
  const struct gr_node *callee = node->kind == GR_CALL ? node->child[0] : NULL;
  return callee && callee->kind == GR_NAME && !strcmp(callee->text, WORD)
         && !cc_find(f->program, f->unit, WORD);
}

static bool check_form(struct finder *f, const struct gr_node *call) {
  const struct gr_node *with = call->child[call->count - 1];
  int alternatives = call->count - 2;
  if (!with && alternatives >= 2) return true;
  struct rt_error *error = wrong(f->program);
  if (with) {
    gr_fail(error, with->span, "`choose` itself has no slots");
    rt_hint(error, "slots are said behind the call: choose(f, g)(x) with { … }");
    return false;
  }
  gr_fail(error, call->span,
          alternatives ? "there is only one thing to choose from" : "there is nothing to choose from");
  rt_hint(error, "`choose` names at least two alternatives, as in score = choose(s / sqrt(D), s)");
  return false;
}

static bool check_alternatives(struct finder *f, const struct cc_choice *choice) {
  for (int k = 0; k < choice->count; k++)
    for (int i = 0; i < k; i++) {
      if (!same_words(choice->alternative[i], choice->alternative[k])) continue;
      gr_fail(wrong(f->program), choice->value[k]->span, "the alternative `%s` is named twice",
              choice->alternative[k]);
      return false;
    }
  return true;
}

static bool check_name(struct finder *f, const struct cc_choice *choice) {
  for (size_t k = 0; k < f->program->choice_count; k++) {
    const struct cc_choice *other = &f->program->choice[k];
    if (strcmp(other->name, choice->name) != 0) continue;
    struct rt_error *error = wrong(f->program);
    gr_fail(error, choice->place, "two choices are called `%s`", choice->name);
    gr_note(error, other->place, "the other one");
    rt_hint(error, "bind each to a name of its own, as in kind = choose(…)");
    return false;
  }
  return true;
}

static const char *full_name(const struct finder *f) {
  if (!f->of) return f->name;
  return f->name ? rt_arena_printf(&f->program->arena, "%s.%s", f->of, f->name) : f->of;
}

/* The alternatives of a call, which stays as it is until cc_make_choices. */
static int read_alternatives(struct finder *f, struct gr_node *call, struct cc_choice *choice) {
  struct rt_arena *arena = &f->program->arena;
  choice->count = call->count - 2;
  size_t room = (size_t)choice->count + 1;
  choice->alternative = rt_arena_alloc(arena, room * sizeof *choice->alternative);
  choice->value = rt_arena_alloc(arena, room * sizeof *choice->value);
  if (!choice->alternative || !choice->value) return RT_NO_MEMORY;
  for (int k = 0; k < choice->count; k++) {
    const struct gr_node *argument = call->child[k + 1];
    choice->value[k] = argument->child[0];
    choice->alternative[k] = argument->text ? argument->text : written(arena, argument->child[0]->span);
    if (!choice->alternative[k]) return RT_NO_MEMORY;
  }
  return RT_OK;
}

/* What is wrong is told once: the first alternative stands in for the choice. */
static int refuse(struct gr_node *call, const struct cc_choice *choice) {
  struct gr_span place = call->span;
  if (choice->count > 0)
    *call = *choice->value[0];
  else
    *call = (struct gr_node){.kind = GR_NUMBER, .span = place, .name_span = place, .text = "1", .number = 1};
  return RT_OK;
}

static int add_choice(struct finder *f, struct gr_node *call) {
  struct cc_program *p = f->program;
  struct cc_choice choice = {.name = full_name(f),
                             .brief = f->name ? f->name : f->of,
                             .node = call,
                             .place = call->span,
                             .in_data = f->in_data};
  if (!choice.name || read_alternatives(f, call, &choice) != RT_OK) return RT_NO_MEMORY;
  if (!check_form(f, call) || !check_name(f, &choice) || !check_alternatives(f, &choice))
    return refuse(call, &choice);
  if (rt_grow((void **)&p->choice, &p->choice_capacity, p->choice_count + 1, sizeof *p->choice))
    return RT_NO_MEMORY;
  /* Names are looked up in all alternatives, whichever counts. */
  *call = (struct gr_node){.kind = GR_CHOICE,
                           .span = choice.place,
                           .name_span = choice.place,
                           .count = choice.count,
                           .child = choice.value};
  p->choice[p->choice_count++] = choice;
  return RT_OK;
}

/* ---- all of them ---- */

/* What names the choices within a node. */
static void enter(struct finder *f, const struct gr_node *node) {
  switch (node->kind) {
    case GR_FN:
    case GR_HEAD:
    case GR_MODEL:
    case GR_COLUMN:
      f->of = node->text;
      f->name = NULL;
      f->in_data = node->kind == GR_COLUMN;
      break;
    case GR_TRAIN: f->of = "train"; break;
    case GR_LOSS: f->name = "loss"; break;
    case GR_LET: f->name = node->child[0]->text; break;
    case GR_DIM:
    case GR_CONST:
    case GR_PARAM:
    case GR_SLOT: f->name = node->text; break;
    case GR_ARG:
      if (node->text) f->name = node->text;
      break;
    default: break;
  }
}

static void find(struct finder *f, struct gr_node *node) {
  struct finder within = *f;
  bool chooses = is_choose(f, node);
  enter(&within, node);
  for (int k = 0; k < node->count && within.status == RT_OK; k++) {
    struct gr_node *child = node->child[k];
    bool alternative = chooses && child && child->kind == GR_ARG;
    if (alternative) child = child->child[0]; /* its name is the alternative's, not that of a choice */
    if (child) find(&within, child);
  }
  f->status = within.status;
  if (f->status == RT_OK && chooses) f->status = add_choice(f, node);
}

static int find_in_unit(struct cc_program *program, struct cc_unit *unit) {
  struct finder f = {.program = program, .unit = unit};
  struct gr_node *root = unit->file->root;
  for (int k = 0; k < root->count && f.status == RT_OK; k++)
    find(&f, root->child[k]->kind == GR_TRAIN ? unit->item[GR_TRAIN] : root->child[k]);
  if (f.status == RT_OK && unit->item[GR_TRAIN] && unit->item[GR_TRAIN]->span.source != unit->file->source)
    find(&f, unit->item[GR_TRAIN]); /* all of it is from the command line */
  return f.status;
}

/* ---- which one counts ---- */

bool cc_is_alternative(struct cc_program *program, const struct gr_node *value, const struct gr_node *said) {
  const struct finder f = {.program = program, .unit = program->main};
  struct rt_arena *arena = &program->arena;
  const char *text = is_choose(&f, value) ? written(arena, said->span) : NULL;
  for (int k = 1; text && k < value->count - 1; k++) {
    const struct gr_node *argument = value->child[k];
    const char *name = argument->text ? argument->text : written(arena, argument->child[0]->span);
    if (name && same_words(name, text)) return true;
  }
  return false;
}

/* Is the brief name that of one choice alone, and of no dim or const? */
static bool is_plain(const struct cc_program *program, const struct cc_choice *choice) {
  int found = 0;
  for (size_t k = 0; k < program->choice_count; k++)
    found += !strcmp(program->choice[k].brief, choice->brief);
  if (strcmp(choice->name, choice->brief) != 0)
    found += cc_is_value(cc_own_definition(program->main, choice->brief));
  return found == 1;
}

static int no_alternative(struct cc_program *program, const struct cc_choice *choice,
                          const struct gr_node *entry) {
  struct rt_text all = {0};
  for (int k = 0; k < choice->count; k++)
    rt_text_printf(&all, "%s`%s`",
                   k == 0                   ? ""
                   : k == choice->count - 1 ? " or "
                                            : ", ",
                   choice->alternative[k]);
  struct rt_error *error = wrong(program);
  gr_fail(error, entry->child[0]->span, "the choice `%s` has no such alternative", choice->shown);
  gr_note(error, choice->place, "it is made here");
  rt_hint(error, "it is %s", all.data ? all.data : "");
  int status = all.failed ? RT_NO_MEMORY : RT_OK;
  rt_text_free(&all);
  return status;
}

static int pick(struct cc_program *program, struct cc_choice *choice) {
  const struct cc_assigned_list *list = &program->define;
  for (int k = 0; list->entry && k < list->count; k++) {
    const struct gr_node *entry = list->entry[k];
    if (!entry || (strcmp(entry->text, choice->name) != 0 && strcmp(entry->text, choice->shown) != 0))
      continue;
    list->used[k] = true;
    if (choice->given) {
      gr_fail(wrong(program), entry->span, "the choice `%s` is given two values", choice->shown);
      return RT_OK;
    }
    choice->given = true;
    const char *said = written(&program->arena, entry->child[0]->span);
    if (!said) return RT_NO_MEMORY;
    int found = 0;
    while (found < choice->count && !same_words(choice->alternative[found], said)) found++;
    if (found == choice->count) return no_alternative(program, choice, entry);
    choice->chosen = found;
  }
  return RT_OK;
}

static void make_choices(struct cc_program *program, bool of_data) {
  for (size_t k = 0; k < program->choice_count; k++) {
    struct cc_choice *choice = &program->choice[k];
    if (choice->node->kind == GR_CHOICE && choice->in_data == of_data)
      *choice->node = *choice->value[choice->chosen];
  }
}

bool cc_hint_choices(const struct cc_program *program, const char *name, struct rt_error *error) {
  const struct cc_choice *found[2] = {NULL};
  for (size_t k = 0; k < program->choice_count; k++)
    if (!strcmp(program->choice[k].brief, name)) found[found[0] != NULL] = &program->choice[k];
  if (!found[1]) return false;
  rt_hint(error, "several choices are called so: say which, as in -D %s=… or -D %s=…", found[0]->name,
          found[1]->name);
  return true;
}

int cc_find_choices(struct cc_program *program) {
  int status = RT_OK;
  for (size_t u = 0; u < program->unit_count && status == RT_OK; u++)
    if (!program->unit[u]->is_stdlib && program->unit[u]->file)
      status = find_in_unit(program, program->unit[u]);
  for (size_t k = 0; k < program->choice_count; k++)
    program->choice[k].shown =
        is_plain(program, &program->choice[k]) ? program->choice[k].brief : program->choice[k].name;
  for (size_t k = 0; k < program->choice_count && status == RT_OK; k++)
    status = pick(program, &program->choice[k]);
  make_choices(program, true); /* what reads columns knows no choices */
  return status;
}

void cc_make_choices(struct cc_program *program) { make_choices(program, false); }
