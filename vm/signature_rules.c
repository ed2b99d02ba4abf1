/* signature_rules.c: takes the signatures and attributes of ops.def apart, once, into static tables. */
#include "vm/signature_rules.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct attributes {
  int count;
  enum vm_attr_kind kind[RT_MAX_ATTR];
  char name[RT_MAX_ATTR][RULE_NAME], real[RULE_NAME];
};

static struct rule rules[OP_COUNT][1 << RULE_MAX_SWITCHES]; /* by the op's switches, as bits in their order */
static struct attributes attributes[OP_COUNT];
static pthread_once_t parsed = PTHREAD_ONCE_INIT;

/* The strings are the project's own; a mistake in one shows in tests/unit/test_signature.c. */

/* ---- words ---- */

static void skip_spaces(const char **p) {
  while (**p == ' ') ++*p;
}

static bool skip(const char **p, const char *text) {
  size_t length = strlen(text);
  if (strncmp(*p, text, length) != 0) return false;
  *p += length;
  return true;
}

static void read_name(const char **p, char name[RULE_NAME]) {
  int n = 0;
  while (isalnum((unsigned char)**p) || **p == '_') {
    if (n < RULE_NAME - 1) name[n++] = **p;
    ++*p;
  }
  name[n] = '\0';
}

/* ---- attributes ---- */

static const char *const kind_names[] = {
    [VM_ATTR_SWITCH] = "switch:", [VM_ATTR_AXIS] = "axis:", [VM_ATTR_MASK] = "mask:",
    [VM_ATTR_ORDER] = "order:",   [VM_ATTR_DIM] = "dim:",   [VM_ATTR_PLAN] = "plan:",
    [VM_ATTR_PROGRAM] = "lanes:", [VM_ATTR_BODY] = "body:", [VM_ATTR_NATIVE] = "extern:"};

static void read_attributes(const char *p, struct attributes *a) {
  for (skip_spaces(&p); *p; skip_spaces(&p)) {
    if (skip(&p, "real:")) {
      read_name(&p, a->real);
      continue;
    }
    enum vm_attr_kind kind = VM_ATTR_WHOLE;
    for (size_t k = 0; k < RT_COUNT(kind_names); k++)
      if (kind_names[k] && skip(&p, kind_names[k])) kind = (enum vm_attr_kind)k;
    if (a->count == RT_MAX_ATTR) return;
    a->kind[a->count] = kind;
    read_name(&p, a->name[a->count++]);
  }
}

/* ---- shapes ---- */

static int name_number(struct rule *rule, const char *text, bool group) {
  for (int i = 0; i < rule->name_count; i++)
    if (rule->name[i].group == group && strcmp(rule->name[i].text, text) == 0) return i;
  if (rule->name_count == RULE_MAX_NAMES) return 0;
  snprintf(rule->name[rule->name_count].text, RULE_NAME, "%s", text);
  rule->name[rule->name_count].group = group;
  return rule->name_count++;
}

/* "*r", "k", "a&axes" */
static void read_axis(const char **p, struct rule *rule, struct rule_axis *axis) {
  char text[RULE_NAME];
  bool group = skip(p, "*");
  read_name(p, text);
  axis->kind = group ? AXIS_GROUP : AXIS_ONE;
  if (skip(p, "&")) {
    axis->kind = AXIS_KEPT;
    memcpy(axis->from, text, sizeof text);
    read_name(p, axis->by);
  } else {
    axis->name = (uint8_t)name_number(rule, text, group);
  }
  skip(p, ",");
}

/* "over to:[*r,k]i of v" */
static void read_shape(const char **p, struct rule *rule, struct rule_shape *shape) {
  char text[RULE_NAME];
  for (;;) {
    if (skip(p, "shared "))
      shape->shared = true;
    else if (skip(p, "either "))
      shape->either = true;
    else if (skip(p, "over "))
      shape->over = true;
    else if (skip(p, "infinite "))
      shape->infinite = true;
    else
      break;
  }
  read_name(p, shape->name);
  skip(p, ":");
  skip(p, "[");
  shape->of = -1;
  while (**p && **p != ']' && shape->axis_count < RULE_MAX_AXES)
    read_axis(p, rule, &shape->axis[shape->axis_count++]);
  skip(p, "]");
  shape->whole = skip(p, "i");
  shape->any = skip(p, "?");
  if (skip(p, " of ")) {
    read_name(p, text);
    shape->of = name_number(rule, text, false);
  }
}

/* ---- rules ---- */

static bool in_argument(const struct rule *rule, int name) {
  for (int k = 0; k < rule->arg_count; k++) {
    if (rule->arg[k].of == name) return true;
    for (int a = 0; a < rule->arg[k].axis_count; a++)
      if (rule->arg[k].axis[a].kind != AXIS_KEPT && rule->arg[k].axis[a].name == name) return true;
  }
  return false;
}

/* Of `a&axes`: which argument a is, and which attribute axes is. When a is the result, its shape cannot
 * follow from the arguments, so the caller gives it. */
static void find_kept(struct rule *rule, const struct attributes *attrs, struct rule_axis *axis) {
  axis->source = RULE_RESULT;
  for (int k = 0; k < rule->arg_count; k++)
    if (strcmp(rule->arg[k].name, axis->from) == 0) axis->source = (int8_t)k;
  for (int k = 0; k < attrs->count; k++)
    if (strcmp(attrs->name[k], axis->by) == 0) axis->mask = (uint8_t)k;
  rule->given = rule->given || axis->source == RULE_RESULT;
}

static void complete(struct rule *rule, const struct attributes *attrs) {
  for (int k = RULE_RESULT; k < rule->arg_count; k++) {
    struct rule_shape *shape = k == RULE_RESULT ? &rule->result : &rule->arg[k];
    for (int a = 0; a < shape->axis_count; a++) {
      struct rule_axis *axis = &shape->axis[a];
      if (axis->kind == AXIS_KEPT)
        find_kept(rule, attrs, axis);
      else if (k == RULE_RESULT)
        rule->given = rule->given || !in_argument(rule, axis->name);
    }
  }
}

/* One signature; leaves *p at the `|` before the next or at the end. */
static void read_rule(const char **p, struct rule *rule, const struct attributes *attrs) {
  for (skip_spaces(p); **p && **p != '-' && rule->arg_count < RULE_MAX_ARGS; skip_spaces(p)) {
    read_shape(p, rule, &rule->arg[rule->arg_count++]);
    rule->variadic = skip(p, "...");
  }
  skip(p, "->");
  for (skip_spaces(p); **p && **p != '|'; skip_spaces(p)) {
    struct rule_shape more = {.axis_count = 0}, *shape = rule->result_count ? &more : &rule->result;
    const char *before = *p;
    read_shape(p, rule, shape);
    rule->results_open = skip(p, "...");
    rule->infinite |= (uint32_t)shape->infinite << rule->result_count++;
    if (*p == before) break;
  }
  complete(rule, attrs);
}

static void read_rules(void) {
  for (int op = 0; op < OP_COUNT; op++) {
    const char *p = rt_op_info[op].signature;
    read_attributes(rt_op_info[op].attributes, &attributes[op]);
    for (int n = 0; n < 1 << RULE_MAX_SWITCHES && *p; n++) {
      read_rule(&p, &rules[op][n], &attributes[op]);
      skip(&p, "| ");
    }
  }
}

static const struct attributes *attributes_of(enum rt_op op) {
  pthread_once(&parsed, read_rules);
  return &attributes[op];
}

const struct rule *rule_of(enum rt_op op, const int64_t *attr) {
  const struct attributes *a = attributes_of(op);
  int number = 0, bit = 0;
  for (int k = 0; attr && k < a->count; k++)
    if (a->kind[k] == VM_ATTR_SWITCH) number |= (attr[k] == 1) << bit++;
  const struct rule *rule = &rules[op][number & ((1 << RULE_MAX_SWITCHES) - 1)];
  return rule->result_count ? rule : &rules[op][0]; /* a switch that does not change shapes */
}

const struct rule_shape *rule_shape_of(const struct rule *rule, int k) {
  if (k == RULE_RESULT) return &rule->result;
  return &rule->arg[k < rule->arg_count ? k : rule->arg_count - 1];
}

/* ---- asking about ops ---- */

int vm_op_arity(enum rt_op op) {
  const struct rule *rule = rule_of(op, NULL);
  return rule->arg_count - rule->variadic;
}

bool vm_op_variadic(enum rt_op op) { return rule_of(op, NULL)->variadic; }

const char *vm_op_arg_name(enum rt_op op, int arg, char name[32]) {
  const struct rule *rule = rule_of(op, NULL);
  int fixed = rule->arg_count - rule->variadic;
  if (arg >= 0 && arg < fixed)
    snprintf(name, 32, "%s", rule->arg[arg].name);
  else if (arg >= 0 && rule->variadic)
    snprintf(name, 32, "%s %d", rule->arg[fixed].name, arg - fixed + 1);
  else
    snprintf(name, 32, "argument %d", arg + 1);
  return name;
}

bool vm_op_has_rows(enum rt_op op, int arg) {
  const struct rule *rule = rule_of(op, NULL);
  const struct rule_axis *first = &rule_shape_of(rule, arg)->axis[0], *rows = &rule->result.axis[0];
  return rule->arg_count == 1
         || (first->kind == AXIS_GROUP && rows->kind == AXIS_GROUP && first->name == rows->name);
}

bool vm_op_may_overwrite(enum rt_op op, int arg) { return rule_shape_of(rule_of(op, NULL), arg)->over; }
bool vm_op_may_be_infinite(enum rt_op op, int result) {
  return result < 32 && rule_of(op, NULL)->infinite >> result & 1;
}

int vm_op_attr_count(enum rt_op op) { return attributes_of(op)->count; }
enum vm_attr_kind vm_op_attr_kind(enum rt_op op, int attr) {
  const struct attributes *a = attributes_of(op);
  return attr >= 0 && attr < a->count ? a->kind[attr] : VM_ATTR_WHOLE;
}
const char *vm_op_attr_name(enum rt_op op, int attr) { return attributes_of(op)->name[attr]; }
const char *vm_op_real_name(enum rt_op op) {
  const char *name = attributes_of(op)->real;
  return name[0] ? name : NULL;
}
