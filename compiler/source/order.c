/* order.c: which definition uses which. None may use itself, directly or by way of others: bodies are
 * inlined, and dims are numbers. */
#include "compiler/source/program.h"
#include "grammar/source.h"

/* A circle is found again from each definition that leads into it, but told once. */
static void report_circle(struct cc_program *program, struct cc_definition *found) {
  if (found->broken) return;
  struct rt_error *error = cc_report(&program->diagnostics, false);
  if (cc_is_value(found)) {
    gr_fail(error, found->node->name_span, "the %s `%s` is defined by itself",
            found->node->kind == GR_DIM ? "dim" : "const", found->name);
    return;
  }
  gr_fail(error, found->followed->where->span, "`%s` calls itself", found->name);
  rt_hint(error, "functions are unrolled into one program and so cannot recurse; a repetition over layers "
                 "is `for l in 0..L { … }`");
}

/* Everything on the way from `found` to `last`, which leads back to it. */
static void break_circle(const struct cc_definition *found, struct cc_definition *last) {
  for (struct cc_definition *d = last; d; d = d == found ? NULL : d->user) d->broken = true;
}

/* Goes on from a definition along its uses, without recursion: `user` is the way back. */
static struct cc_definition **visit(struct cc_program *program, struct cc_definition *start,
                                    struct cc_definition **end) {
  start->visited = CC_OPEN;
  for (struct cc_definition *d = start; d;) {
    d->followed = d->followed ? d->followed->next : d->uses;
    if (!d->followed) {
      struct cc_definition *back = d->user;
      d->visited = CC_DONE;
      *end = d;
      end = &d->next;
      if (back) back->broken |= d->broken;
      d = back;
      continue;
    }
    struct cc_definition *to = d->followed->to;
    if (to->visited == CC_OPEN) {
      report_circle(program, to);
      break_circle(to, d);
    } else if (to->visited == CC_DONE) {
      d->broken |= to->broken;
    } else {
      to->visited = CC_OPEN;
      to->user = d;
      d = to;
    }
  }
  return end;
}

struct cc_definition *cc_last_definition(struct cc_program *program) {
  struct cc_definition *last = NULL;
  for (struct cc_definition *d = program->first; d; d = d->next) {
    d->user = last;
    last = d;
  }
  return last;
}

void cc_order_definitions(struct cc_program *program) {
  struct cc_definition **end = &program->first;
  for (size_t u = 0; u < program->unit_count; u++)
    for (size_t i = 0; i < program->unit[u]->definition_count; i++)
      if (program->unit[u]->definition[i].node && program->unit[u]->definition[i].visited == CC_UNVISITED)
        end = visit(program, &program->unit[u]->definition[i], end);
}
