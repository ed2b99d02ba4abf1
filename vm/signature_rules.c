/* signature_rules.c: takes the signature strings of ops.def apart, once, into static tables. */
#include "vm/signature_rules.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Products whose attributes change the shape rule. */
static const struct variant {
  enum rt_op op;
  int64_t attr[2];
  const char *signature;
} variants[] = {
    {OP_project, {1, 0}, "x:[*r,g,k] w:[k,g,*n] -> [*r,g,*n]"},
    {OP_project_back, {1, 0}, "y:[*r,g,*n] w:[k,g,*n] -> [*r,g,k]"},
    {OP_project_back_add, {1, 0}, "y:[*r,g,*n] w:[k,g,*n] to:[*r,g,k] -> [*r,g,k]"},
    {OP_project_grad, {1, 0}, "x:[*r,g,k] y:[*r,g,*n] -> [k,g,*n]"},
    {OP_matmul, {1, 0}, "a:[*b,k,m] b:[*b,k,n] -> [*b,m,n]"},
    {OP_matmul, {0, 1}, "a:[*b,m,k] b:[*b,n,k] -> [*b,m,n]"},
    {OP_matmul, {1, 1}, "a:[*b,k,m] b:[*b,n,k] -> [*b,m,n]"},
};

static struct rule rules[OP_COUNT], variant_rules[RT_COUNT(variants)];
static pthread_once_t parsed = PTHREAD_ONCE_INIT;

/* The strings are the project's own; a mistake in one shows in tests/unit/test_signature.c. */

static void read_name(const char **p, char name[RULE_NAME]) {
  int n = 0;
  while (isalnum((unsigned char)**p) || **p == '_') {
    if (n < RULE_NAME - 1) name[n++] = **p;
    ++*p;
  }
  name[n] = '\0';
}

static void skip_spaces(const char **p) {
  while (**p == ' ') ++*p;
}

static int name_number(struct rule *rule, const char *text, bool group) {
  for (int i = 0; i < rule->name_count; i++)
    if (rule->name[i].group == group && strcmp(rule->name[i].text, text) == 0) return i;
  if (rule->name_count == RULE_MAX_NAMES) return 0;
  snprintf(rule->name[rule->name_count].text, RULE_NAME, "%s", text);
  rule->name[rule->name_count].group = group;
  return rule->name_count++;
}

/* "[*r,k]i of v" */
static void read_shape(const char **p, struct rule *rule, struct rule_shape *shape) {
  char text[RULE_NAME];
  shape->of = -1;
  ++*p;
  while (**p && **p != ']') {
    bool group = **p == '*';
    *p += group;
    read_name(p, text);
    if (shape->axis_count < RULE_MAX_AXES)
      shape->axis[shape->axis_count++] = (struct rule_axis){group, (uint8_t)name_number(rule, text, group)};
    *p += **p == ',';
  }
  *p += **p == ']';
  if (**p == 'i') {
    shape->whole = true;
    ++*p;
  }
  if (strncmp(*p, " of ", 4) == 0) {
    *p += 4;
    read_name(p, text);
    shape->of = name_number(rule, text, false);
  }
}

static bool in_argument(const struct rule *rule, int name) {
  for (int k = 0; k < rule->arg_count; k++) {
    if (rule->arg[k].of == name) return true;
    for (int a = 0; a < rule->arg[k].axis_count; a++)
      if (rule->arg[k].axis[a].name == name) return true;
  }
  return false;
}

static void read_rule(const char *p, struct rule *rule) {
  skip_spaces(&p);
  while (*p && *p != '-' && rule->arg_count < RULE_MAX_ARGS) {
    struct rule_shape *arg = &rule->arg[rule->arg_count++];
    read_name(&p, arg->name);
    p += *p == ':';
    read_shape(&p, rule, arg);
    if (strncmp(p, "...", 3) == 0) {
      rule->variadic = true;
      p += 3;
    }
    skip_spaces(&p);
  }
  p += 2;
  skip_spaces(&p);
  read_shape(&p, rule, &rule->result);
  for (int a = 0; a < rule->result.axis_count; a++)
    rule->free_result |= !in_argument(rule, rule->result.axis[a].name);
}

static void read_rules(void) {
  for (int op = 0; op < OP_COUNT; op++) read_rule(rt_op_info[op].signature, &rules[op]);
  for (size_t i = 0; i < RT_COUNT(variants); i++) read_rule(variants[i].signature, &variant_rules[i]);
}

const struct rule *rule_of(enum rt_op op, const int64_t *attr) {
  pthread_once(&parsed, read_rules);
  for (size_t i = 0; attr && i < RT_COUNT(variants); i++)
    if (variants[i].op == op && variants[i].attr[0] == attr[0]
        && (op != OP_matmul || variants[i].attr[1] == attr[1]))
      return &variant_rules[i];
  return &rules[op];
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

/* Attribute number `attr` in the op's list, NULL when it has no such; real ones are not counted. */
static const char *attr_text(enum rt_op op, int attr) {
  const char *p = rt_op_info[op].attributes;
  for (skip_spaces(&p); p && *p; skip_spaces(&p)) {
    if (strncmp(p, "real:", 5) != 0 && attr-- == 0) return p;
    while (*p && *p != ' ') p++;
  }
  return NULL;
}

bool vm_attr_is_dim(enum rt_op op, int attr) {
  const char *text = attr_text(op, attr);
  return attr >= 0 && text && strncmp(text, "dim:", 4) == 0;
}

int vm_op_attr_count(enum rt_op op) {
  int count = 0;
  while (attr_text(op, count)) count++;
  return count;
}
