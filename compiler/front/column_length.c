/* column_length.c: the limit of a length, and what the kind of its column says of it. */
#include "compiler/front/arguments.h"

/* A limit must leave room for the text, beside what stands around it. */
static int check_room(struct cc_context *c, const struct gr_node *column, const struct vm_input *input) {
  const struct io_column *of = input->column;
  int64_t around = of->kind->around ? of->kind->around(&of->set, of->second ? 2 : 1) : 0,
          limit = input->length >= 0 ? c->module->dims.symbol[input->length].limit : 0;
  if (limit == 0 || limit > around) return RT_OK;
  return gr_fail(c->error, column->child[1]->span,
                 "a limit of %lld leaves no room for the text: %lld %s stand around it", (long long)limit,
                 (long long)around, of->kind->more);
}

/* Where every row is as long, the length has that limit, and is never more. */
static int limit_whole(struct cc_context *c, const struct gr_node *column, const struct vm_input *input) {
  const int64_t whole = io_whole(input->column);
  struct vm_symbol *of = whole ? &c->module->dims.symbol[input->length] : NULL;
  if (!of) return RT_OK;
  if (of->least > whole)
    return gr_fail(c->error, column->child[1]->child[0]->span,
                   "a row of `%s` has %lld %s, and the length %s is at least %lld", column->text,
                   (long long)whole, input->column->kind->more, of->name, (long long)of->least);
  if (of->limit > 0 && of->limit != whole)
    return gr_fail(c->error, column->child[1]->child[0]->span,
                   "a row of `%s` has %lld %s, and the length %s has the limit %lld", column->text,
                   (long long)whole, input->column->kind->more, of->name, (long long)of->limit);
  of->limit = whole;
  return RT_OK;
}

int cc_settle_length(struct cc_context *c, const struct gr_node *column, const struct vm_input *input) {
  int status = limit_whole(c, column, input);
  return status == RT_OK ? check_room(c, column, input) : status;
}
