/* arguments.c: arguments and parameters find each other: by position, then by name, each once. */
#include "compiler/front/arguments.h"
#include "compiler/source/foreign.h"

#include <stdio.h>
#include <string.h>

/* ---- how a callee is written ---- */

/* 0.00001 as people write it: 1e-5. */
static void put_number(struct rt_text *out, double number) {
  char text[32];
  snprintf(text, sizeof text, "%.10g", number);
  char *e = strchr(text, 'e'), *digits = e ? e + 1 + (e[1] == '-' || e[1] == '+') : NULL;
  if (!digits) {
    rt_text_puts(out, text);
    return;
  }
  rt_text_add(out, text, (size_t)(e + 1 - text));
  if (e[1] == '-') rt_text_puts(out, "-");
  while (digits[0] == '0' && digits[1]) digits++;
  rt_text_puts(out, digits);
}

static bool has_number(const struct cc_parameter *p) {
  return p->takes == CC_TAKES_NUMBER || p->takes == CC_TAKES_WHOLE || p->takes == CC_TAKES_STEPS;
}

static void put_parameter(struct rt_text *out, const struct cc_parameter *p, bool first) {
  if (p->rest && p->takes != CC_TAKES_DIM && !first) { /* more of the one before */
    rt_text_puts(out, "…");
    return;
  }
  if (p->takes == CC_TAKES_SHAPE) {
    rt_text_puts(out, "[DIM, …]");
    return;
  }
  if (p->takes == CC_TAKES_TEXT) rt_text_printf(out, "\"%s\"", p->name);
  if (p->takes == CC_TAKES_DIM) rt_text_puts(out, "DIM");
  if (p->takes != CC_TAKES_TEXT && p->takes != CC_TAKES_DIM) rt_text_puts(out, p->name);
  if (p->rest) rt_text_puts(out, ", …");
  if (p->optional && has_number(p)) {
    rt_text_puts(out, " = ");
    put_number(out, p->fallback);
  } else if (p->optional && p->takes == CC_TAKES_SWITCH) {
    rt_text_puts(out, p->fallback != 0 ? " = true" : " = false");
  } else if (p->by_name) {
    rt_text_puts(out, " = …");
  }
}

void cc_write_callee(struct rt_text *out, const struct cc_callee *callee) {
  rt_text_printf(out, "%s(", callee->name);
  for (int p = 0; p < callee->count; p++) {
    if (p) rt_text_puts(out, ", ");
    put_parameter(out, &callee->parameter[p], p == 0);
  }
  rt_text_puts(out, ")");
}

const char *cc_written(struct cc_context *c, const struct cc_callee *callee) {
  struct rt_text out = {0};
  cc_write_callee(&out, callee);
  return cc_keep_text(c, &out, "…");
}

const char *cc_listed(struct cc_context *c, int count, const char *const *name) {
  struct rt_text out = {0};
  for (int i = 0; i < count; i++)
    rt_text_printf(&out, "%s%s", i == 0 ? "" : i == count - 1 ? " and " : ", ", name[i]);
  return cc_keep_text(c, &out, "…");
}

static const char *parameters_listed(struct cc_context *c, const struct cc_callee *callee) {
  const char **name = rt_arena_alloc(&c->model->arena, sizeof *name * (size_t)(callee->count + 1));
  for (int p = 0; name && p < callee->count; p++) name[p] = callee->parameter[p].name;
  return name ? cc_listed(c, callee->count, name) : "…";
}

/* ---- who is meant by whom ---- */

/* Is the one a part of the other, as `batch` is of `batch_size`? */
static bool has_part(const char *name, const char *part) {
  size_t length = strlen(part);
  for (const char *at = name; (at = strstr(at, part)); at++)
    if ((at == name || at[-1] == '_') && (at[length] == '_' || !at[length])) return true;
  return false;
}

static int unknown(struct cc_context *c, const struct cc_callee *callee, const char *name,
                   struct gr_span span) {
  struct rt_nearest nearest = {name, NULL, 0};
  for (int p = 0; p < callee->count; p++) rt_nearest_consider(&nearest, callee->parameter[p].name);
  for (int p = 0; p < callee->count && !nearest.best; p++)
    if (has_part(name, callee->parameter[p].name)) nearest.best = callee->parameter[p].name;
  gr_fail(c->error, span, "`%s` has no %s called `%s`", callee->name, callee->noun, name);
  if (callee->declared) gr_note(c->error, callee->declared->name_span, "declared here");
  const char *list = parameters_listed(c, callee);
  if (callee->count == 0)
    rt_hint(c->error, "`%s` takes no %s", callee->name, callee->noun);
  else if (nearest.best && callee->count > 1)
    rt_hint(c->error, "did you mean `%s`? The %ss of `%s` are %s", nearest.best, callee->noun, callee->name,
            list);
  else if (nearest.best)
    rt_hint(c->error, "did you mean `%s`?", nearest.best);
  else
    rt_hint(c->error, "the %s%s of `%s` %s %s", callee->noun, callee->count > 1 ? "s" : "", callee->name,
            callee->count > 1 ? "are" : "is", list);
  return c->error->code;
}

static int too_many(struct cc_context *c, const struct cc_callee *callee, struct gr_span span) {
  int places = 0;
  for (int p = 0; p < callee->count; p++) places += !callee->parameter[p].by_name;
  if (places == 0 && callee->count > 0) {
    gr_fail(c->error, span, "each %s of `%s` is given by its name", callee->noun, callee->name);
    rt_hint(c->error, "write %s(%s = …); the %ss are %s", callee->name, callee->parameter[0].name,
            callee->noun, parameters_listed(c, callee));
    return c->error->code;
  }
  if (places == 0)
    gr_fail(c->error, span, "`%s` takes no %ss", callee->name, callee->noun);
  else
    gr_fail(c->error, span, "`%s` takes %d %s%s%s, and this is one more", callee->name, places, callee->noun,
            places == 1 ? "" : "s", places < callee->count ? " by position" : "");
  if (callee->declared)
    gr_note(c->error, callee->declared->name_span, "declared here");
  else if (callee->count)
    rt_hint(c->error, "it is written %s", cc_written(c, callee));
  return c->error->code;
}

static int lacks(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                 struct gr_span call) {
  if (p->rest)
    gr_fail(c->error, call, "`%s` needs one %s or more for `%s…`", callee->name, callee->noun, p->name);
  else
    gr_fail(c->error, call, "`%s` needs the %s `%s`", callee->name, callee->noun, p->name);
  const struct cc_foreign *elsewhere = p->node ? cc_foreign_find(callee->name) : NULL;
  if (p->node)
    gr_note(c->error, p->node->span, "declared here");
  else
    rt_hint(c->error, "it is written %s", cc_written(c, callee));
  if (elsewhere && p->node->span.source && !strncmp(p->node->span.source->name, CC_STDLIB, strlen(CC_STDLIB)))
    cc_foreign_hint(c->error, elsewhere, NULL, NULL);
  return c->error->code;
}

static int twice(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                 struct gr_span first, struct gr_span second) {
  gr_fail(c->error, second, "the %s `%s` of `%s` is given twice", callee->noun, p->name, callee->name);
  gr_note(c->error, first, "it is given here already");
  return c->error->code;
}

/* The parameter that the next argument by position is for, or count. */
static int next_place(const struct cc_callee *callee, int p) {
  while (p < callee->count && callee->parameter[p].by_name) p++;
  return p;
}

static int find_parameter(struct cc_context *c, const struct cc_callee *callee, const char *name,
                          struct gr_span span, int *of) {
  for (*of = 0; *of < callee->count; ++*of)
    if (!strcmp(callee->parameter[*of].name, name)) break;
  if (*of == callee->count && callee->open) {
    *of = -1;
    return RT_OK;
  }
  if (*of == callee->count) return unknown(c, callee, name, span);
  if (!callee->parameter[*of].rest || callee->parameter[*of].takes == CC_TAKES_DIM) return RT_OK;
  gr_fail(c->error, span, "`%s…` of `%s` takes its %ss by position", name, callee->name, callee->noun);
  if (callee->declared) gr_note(c->error, callee->parameter[*of].node->span, "declared here");
  return c->error->code;
}

static int check_all_there(struct cc_context *c, const struct cc_callee *callee, struct gr_span call,
                           const struct cc_given *given, const int *of) {
  for (int p = 0; p < callee->count; p++) {
    const struct cc_parameter *parameter = &callee->parameter[p];
    bool found = parameter->optional || (parameter->rest && !parameter->node);
    for (int i = 0; i < given->count && !found; i++) found = of[i] == p;
    if (!found) return lacks(c, callee, parameter, call);
  }
  return RT_OK;
}

int cc_match(struct cc_context *c, const struct cc_callee *callee, struct gr_span call,
             const struct cc_given *given, int *of) {
  int place = next_place(callee, 0);
  bool named = false;
  for (int i = 0; i < given->count; i++) {
    if (given->name[i]) {
      int status = find_parameter(c, callee, given->name[i], given->span[i], &of[i]);
      if (status != RT_OK) return status;
      named = true;
    } else if (named) {
      return gr_fail(c->error, given->span[i], "arguments by position come before arguments by name");
    } else {
      if (place == callee->count) return too_many(c, callee, given->span[i]);
      of[i] = place;
      if (!callee->parameter[place].rest) place = next_place(callee, place + 1);
    }
    for (int k = 0; of[i] >= 0 && k < i && !callee->parameter[of[i]].rest; k++)
      if (of[k] == of[i]) return twice(c, callee, &callee->parameter[of[i]], given->span[k], given->span[i]);
  }
  return check_all_there(c, callee, call, given, of);
}

/* ---- numbers ---- */

static bool in_range(const struct cc_range *r, double number) {
  if (!isfinite((float)number)) return false;
  if (r->min == 0 && r->max == 0) return true;
  return (r->min_open ? number > r->min : number >= r->min)
         && (r->max_open ? number < r->max : number <= r->max);
}

static bool takes_fractions(const struct cc_parameter *p) {
  return p->takes == CC_TAKES_NUMBER || p->takes == CC_TAKES_WORD_OR_NUMBER;
}

static void put_range(struct rt_text *out, const struct cc_parameter *p) {
  const struct cc_range *r = &p->range;
  rt_text_puts(out, takes_fractions(p) ? "a number" : "a whole number");
  if (r->min == 0 && r->max == 0) {
    if (takes_fractions(p)) rt_text_puts(out, " that is finite");
    return;
  }
  bool upper = isfinite(r->max);
  if (upper && !r->min_open && !r->max_open) {
    rt_text_puts(out, " from ");
    put_number(out, r->min);
    rt_text_puts(out, " to ");
    put_number(out, r->max);
    return;
  }
  rt_text_puts(out, r->min_open ? " above " : " of at least ");
  put_number(out, r->min);
  if (!upper) return;
  rt_text_puts(out, r->max_open ? " and below " : " and at most ");
  put_number(out, r->max);
}

int cc_check_range(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *parameter,
                   double number, struct gr_span span) {
  if (in_range(&parameter->range, number) && (takes_fractions(parameter) || number == floor(number)))
    return RT_OK;
  struct rt_text out = {0};
  rt_text_printf(&out, "`%s` of `%s` is ", parameter->name, callee->name);
  put_range(&out, parameter);
  if (parameter->takes == CC_TAKES_STEPS) rt_text_puts(&out, ", or a part of all steps such as 10%");
  rt_text_puts(&out, ", and this is ");
  put_number(&out, number);
  if (isfinite(number) && !isfinite((float)number)) rt_text_puts(&out, ", beyond 3.4e38");
  return gr_fail(c->error, span, "%s", cc_keep_text(c, &out, "…"));
}

/* ---- values ---- */

static const char *const kinds[] = {
    [CC_TAKES_NUMBER] = "a number that is known while compiling",
    [CC_TAKES_WHOLE] = "a whole number that is known while compiling",
    [CC_TAKES_SWITCH] = "true or false",
    [CC_TAKES_SHAPE] = "a list of sizes, as [T, D]",
    [CC_TAKES_LIST] = "a list, as [a, b]",
    [CC_TAKES_FUNCTION] = "a function",
    [CC_TAKES_TEXT] = "a text in quotes",
};

static int wrong_kind(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                      const struct cc_value *value, struct gr_span span) {
  gr_fail(c->error, span, "`%s` of `%s` is %s, and this is %s", p->name, callee->name, kinds[p->takes],
          cc_describe(c, value));
  rt_hint(c->error, "it is written %s", cc_written(c, callee));
  return c->error->code;
}

static int check_value(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                       struct cc_value *value, struct gr_span span) {
  double number;
  switch (p->takes) {
    case CC_TAKES_NUMBER:
    case CC_TAKES_WHOLE:
    case CC_TAKES_SWITCH:
      if (!cc_to_number(c, value, &number)) return wrong_kind(c, callee, p, value, span);
      *value = (struct cc_value){.kind = CC_NUMBER, .number = number};
      if (p->takes != CC_TAKES_SWITCH) return cc_check_range(c, callee, p, number, span);
      return number == 0 || number == 1 ? RT_OK : wrong_kind(c, callee, p, value, span);
    case CC_TAKES_SHAPE:
    case CC_TAKES_LIST: return value->kind == CC_LIST ? RT_OK : wrong_kind(c, callee, p, value, span);
    case CC_TAKES_TEXT: return value->kind == CC_STRING ? RT_OK : wrong_kind(c, callee, p, value, span);
    case CC_TAKES_FUNCTION:
      return value->kind == CC_FUNCTION || value->kind == CC_BUILTIN ? RT_OK
                                                                     : wrong_kind(c, callee, p, value, span);
    default: return RT_OK;
  }
}

/* Room for every argument and every parameter. */
static int make_room(struct cc_context *c, const struct cc_callee *callee, const struct cc_call_args *args,
                     struct cc_call_args *matched) {
  struct rt_arena *a = &c->model->arena;
  size_t n = (size_t)(args->count + args->named_count + callee->count) + 1;
  *matched = (struct cc_call_args){.node = args->node,
                                   .value = rt_arena_alloc(a, n * sizeof(struct cc_value)),
                                   .span = rt_arena_alloc(a, n * sizeof(struct gr_span)),
                                   .name = rt_arena_alloc(a, n * sizeof(const char *)),
                                   .named = rt_arena_alloc(a, n * sizeof(struct cc_value)),
                                   .named_span = rt_arena_alloc(a, n * sizeof(struct gr_span))};
  return matched->value && matched->span && matched->name && matched->named && matched->named_span
             ? RT_OK
             : cc_out_of_memory(c);
}

static const struct cc_value *argument(const struct cc_call_args *args, int i, struct gr_span *span) {
  bool named = i >= args->count;
  *span = named ? args->named_span[i - args->count] : args->span[i];
  return named ? &args->named[i - args->count] : &args->value[i];
}

static void put_value(struct cc_call_args *m, bool by_name, const char *name, const struct cc_value *value,
                      struct gr_span span) {
  int *count = by_name ? &m->named_count : &m->count;
  (by_name ? m->named : m->value)[*count] = *value;
  (by_name ? m->named_span : m->span)[*count] = span;
  if (by_name) m->name[*count] = name;
  ++*count;
}

/* Checks and stores what is given to parameter p, in the order of the call. p -1: names that an open
 * callee hands on. */
static int put_given(struct cc_context *c, const struct cc_callee *callee, const struct cc_call_args *args,
                     const int *of, int p, struct cc_call_args *m) {
  const struct cc_parameter *parameter = p < 0 ? NULL : &callee->parameter[p];
  bool by_name = p < 0 || parameter->by_name, found = p < 0 || parameter->rest;
  for (int i = 0; i < args->count + args->named_count; i++) {
    struct gr_span span;
    struct cc_value value = *argument(args, i, &span);
    if (of[i] != p) continue;
    int status = parameter ? check_value(c, callee, parameter, &value, span) : RT_OK;
    if (status != RT_OK) return status;
    put_value(m, by_name, p < 0 ? args->name[i - args->count] : parameter->name, &value, span);
    found = true;
  }
  if (found) return RT_OK;
  struct cc_value fallback = {.kind = has_number(parameter) || parameter->takes == CC_TAKES_SWITCH ? CC_NUMBER
                                                                                                   : CC_NONE,
                              .number = parameter->fallback};
  put_value(m, by_name, parameter->name, &fallback, args->node->span);
  return RT_OK;
}

int cc_match_call(struct cc_context *c, const struct cc_callee *callee, const struct cc_call_args *args,
                  int **of) {
  struct rt_arena *a = &c->model->arena;
  int count = args->count + args->named_count;
  const char **name = rt_arena_alloc(a, sizeof *name * ((size_t)count + 1));
  struct gr_span *span = rt_arena_alloc(a, sizeof *span * ((size_t)count + 1));
  *of = rt_arena_alloc(a, sizeof **of * ((size_t)count + 1));
  if (!name || !span || !*of) return cc_out_of_memory(c);
  for (int i = 0; i < count; i++) {
    argument(args, i, &span[i]);
    name[i] = i < args->count ? NULL : args->name[i - args->count];
  }
  const struct cc_given given = {count, name, span};
  return cc_match(c, callee, args->node->span, &given, *of);
}

int cc_match_values(struct cc_context *c, const struct cc_callee *callee, const struct cc_call_args *args,
                    struct cc_call_args *matched) {
  int *of, status = cc_match_call(c, callee, args, &of);
  if (status == RT_OK) status = make_room(c, callee, args, matched);
  for (int p = 0; p < callee->count && status == RT_OK; p++)
    status = put_given(c, callee, args, of, p, matched);
  if (status == RT_OK) status = put_given(c, callee, args, of, -1, matched);
  while (status == RT_OK && matched->count && matched->value[matched->count - 1].kind == CC_NONE)
    matched->count--;
  return status;
}

/* ---- settings ---- */

/* 10%, or a const that is written so. */
static bool is_percentage(struct cc_context *c, const struct gr_node *node) {
  const struct cc_definition *d = node->kind == GR_NAME && !cc_lookup(c->scope, node->text)
                                      ? cc_find(c->program, c->unit, node->text)
                                      : NULL;
  if (d && d->node->kind == GR_CONST) node = d->node->child[0];
  size_t length = node->kind == GR_NUMBER ? strlen(node->text) : 0;
  return length && node->text[length - 1] == '%';
}

static int check_part(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                      const struct cc_setting *s) {
  bool none = p->range.min == 0; /* no steps at all will do */
  if (s->number <= 1 && (none ? s->number >= 0 : s->number > 0)) return RT_OK;
  return gr_fail(c->error, s->arg->span, "`%s` of `%s` is %s 100%% of all steps, and this is %.10g%%",
                 p->name, callee->name,
                 s->number > 1 ? "at most"
                 : none        ? "from 0% to"
                               : "above 0% and at most",
                 100 * s->number);
}

/* An expression outside all bodies, such as a setting, may use the names of the file, of the data and of
 * aq. */
static int check_known(struct cc_context *c, const struct gr_node *node) {
  if (node->kind == GR_NAME && !cc_lookup(c->scope, node->text) && !cc_find(c->program, c->unit, node->text)
      && !c->builtin_named(node->text)) {
    gr_fail(c->error, node->span, "nothing here is called `%s`", node->text);
    rt_hint(c->error, "a number is written as such, or made of the dims of the file: 2 * D");
    return c->error->code;
  }
  for (int i = 0; i < node->count; i++) {
    int status = node->child[i] ? check_known(c, node->child[i]) : RT_OK;
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

static int set_number(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                      struct cc_setting *s) {
  struct cc_value value;
  int status = check_known(c, s->arg);
  if (status == RT_OK) status = cc_expression(c, s->arg, &value);
  if (status != RT_OK) return status;
  if (!cc_to_number(c, &value, &s->number))
    return gr_fail(c->error, s->arg->span,
                   "`%s` of `%s` is a number that is known while compiling, and this "
                   "is %s",
                   p->name, callee->name, cc_describe(c, &value));
  if (p->takes == CC_TAKES_STEPS && is_percentage(c, s->arg)) return check_part(c, callee, p, s);
  if (p->takes != CC_TAKES_SWITCH) return cc_check_range(c, callee, p, s->number, s->arg->span);
  return s->number == 0 || s->number == 1
             ? RT_OK
             : gr_fail(c->error, s->arg->span, "`%s` of `%s` is true or false, and this is %g", p->name,
                       callee->name, s->number);
}

static int set_text(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                    struct cc_setting *s) {
  struct cc_value value;
  if (s->arg->kind == GR_NAME && !cc_lookup(c->scope, s->arg->text))
    return gr_fail(c->error, s->arg->span, "`%s` of `%s` is a text in quotes", p->name, callee->name);
  int status = cc_expression(c, s->arg, &value);
  if (status != RT_OK) return status;
  if (value.kind != CC_STRING)
    return gr_fail(c->error, s->arg->span, "`%s` of `%s` is a text, and this is %s", p->name, callee->name,
                   cc_describe(c, &value));
  s->text = value.text;
  s->said_in = value.said_in;
  return RT_OK;
}

static int set_name(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                    struct cc_setting *s) {
  if (s->arg->kind != GR_NAME)
    return gr_fail(c->error, s->arg->span, "`%s` of `%s` is a name", p->name, callee->name);
  s->text = s->arg->text;
  return RT_OK;
}

/* split = spaces: the number of the word, from 1 on. */
static int set_word(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                    struct cc_setting *s) {
  const char *said = s->arg->kind == GR_NAME || s->arg->kind == GR_STRING ? s->arg->text : "";
  struct rt_nearest nearest = {said, NULL, 0};
  for (int k = 0; k < p->words; k++) {
    rt_nearest_consider(&nearest, p->word[k]);
    if (strcmp(p->word[k], said) != 0) continue;
    if (s->arg->kind == GR_STRING)
      return gr_fail(c->error, s->arg->span, "`%s` of `%s` is written without quotes: %s = %s", p->name,
                     callee->name, p->name, said);
    s->number = k + 1;
    s->text = said;
    return RT_OK;
  }
  gr_fail(c->error, s->arg->span, "`%s` of `%s` is one of %s%s", p->name, callee->name,
          cc_listed(c, p->words, p->word), p->takes == CC_TAKES_WORD ? "" : ", or a number");
  if (nearest.best) rt_hint(c->error, "did you mean `%s`?", nearest.best);
  return c->error->code;
}

static int set_one(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *p,
                   struct cc_setting *s) {
  switch (p->takes) {
    case CC_TAKES_NUMBER:
    case CC_TAKES_WHOLE:
    case CC_TAKES_STEPS:
    case CC_TAKES_SWITCH: return set_number(c, callee, p, s);
    case CC_TAKES_TEXT: return set_text(c, callee, p, s);
    case CC_TAKES_NAME: return set_name(c, callee, p, s);
    case CC_TAKES_WORD: return set_word(c, callee, p, s);
    case CC_TAKES_WORD_OR_NUMBER:
      return s->arg->kind == GR_NUMBER || s->arg->kind == GR_UNARY ? set_number(c, callee, p, s)
                                                                   : set_word(c, callee, p, s);
    default: return RT_OK;
  }
}

int cc_match_settings(struct cc_context *c, const struct cc_callee *callee, struct gr_span call,
                      struct gr_node *const *list, int count, struct cc_setting *setting) {
  struct rt_arena *a = &c->model->arena;
  size_t n = (size_t)count + 1;
  const char **name = rt_arena_alloc(a, n * sizeof *name);
  struct gr_span *span = rt_arena_alloc(a, n * sizeof *span);
  int *of = rt_arena_alloc(a, n * sizeof *of);
  if (!name || !span || !of) return cc_out_of_memory(c);
  for (int i = 0; i < count; i++) {
    name[i] = list[i]->text;
    span[i] = list[i]->span;
  }
  const struct cc_given given = {count, name, span};
  int status = cc_match(c, callee, call, &given, of);
  for (int p = 0; p < callee->count; p++)
    setting[p] = (struct cc_setting){.span = call, .number = callee->parameter[p].fallback};
  for (int i = 0; i < count && status == RT_OK; i++) {
    setting[of[i]].arg = list[i]->child[0];
    setting[of[i]].span = list[i]->span;
    status = set_one(c, callee, &callee->parameter[of[i]], &setting[of[i]]);
  }
  return status;
}

void cc_store_settings(struct cc_context *c, const struct cc_callee *callee, const struct cc_setting *setting,
                       void *base) {
  for (int p = 0; p < callee->count; p++) {
    const struct cc_parameter *parameter = &callee->parameter[p];
    void *at = (char *)base + parameter->offset;
    if (!setting[p].arg || !(has_number(parameter) || parameter->takes == CC_TAKES_SWITCH)) continue;
    bool part = parameter->takes == CC_TAKES_STEPS && is_percentage(c, setting[p].arg);
    if (parameter->takes == CC_TAKES_STEPS)
      *(struct rt_amount *)at =
          (struct rt_amount){part ? 0 : (int64_t)setting[p].number, part ? setting[p].number : 0};
    else if (parameter->takes == CC_TAKES_WHOLE)
      *(int64_t *)at = (int64_t)setting[p].number;
    else
      *(double *)at = setting[p].number;
  }
}

int cc_match_way(struct cc_context *c, const struct cc_callee *callee, const struct gr_node *node,
                 struct cc_setting *setting) {
  if (node->kind != GR_CALL) return cc_match_settings(c, callee, node->span, NULL, 0, setting);
  const struct gr_node *with = node->child[node->count - 1];
  if (with && with->kind == GR_WITH)
    return gr_fail(c->error, with->span, "`with` fills the slots of a head, and `%s` is not a head",
                   callee->name);
  return cc_match_settings(c, callee, node->span, node->child + 1, node->count - 2, setting);
}
