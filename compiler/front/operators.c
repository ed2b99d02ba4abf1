/* operators.c: operators as ops. */
#include "compiler/front/elaborate.h"

#include <string.h>

static const struct cc_operator unary[] = {{"-", OP_neg, false}, {"not", OP_not, false}};
static const struct cc_operator binary[] = {
    {"+", OP_add, false},  {"-", OP_sub, false},   {"*", OP_mul, false}, {"/", OP_div, false},
    {"//", OP_div, false}, {"%", OP_mod, false},   {"^", OP_pow, false}, {"<", OP_lt, false},
    {"<=", OP_le, false},  {">", OP_lt, true},     {">=", OP_le, true},  {"==", OP_eq, false},
    {"!=", OP_ne, false},  {"and", OP_and, false}, {"or", OP_or, false}, {"@", OP_matmul, false}};

const struct cc_operator *cc_operator(const struct gr_node *node) {
  const struct cc_operator *row = node->kind == GR_UNARY ? unary : node->kind == GR_BINARY ? binary : NULL;
  while (row && strcmp(row->text, node->text) != 0) row++; /* the grammar has no others */
  return row;
}

bool cc_rounds(const struct gr_node *node) { return node->kind == GR_BINARY && !strcmp(node->text, "//"); }
