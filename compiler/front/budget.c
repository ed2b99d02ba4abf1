/* budget.c: how deep and how large a program may become while its calls are inlined and its loops unrolled.
 *
 * The elaborator follows the nesting of a program by recursion, so that the levels bound the stack that it
 * needs: less than 200 KiB with the frames of an optimised build, so that a thread with a stack of 256 KiB is
 * enough. What a program unrolls into grows as the product of its loops and as a power of its calls, so that
 * the steps bound the time and the memory: about half a second and 200 MB. */
#include "compiler/front/context.h"
#include "runtime/limits.h"
#include "runtime/stack.h"

enum { LEVELS_MAX = 500, STEPS_MAX = 2000000 };

/* In a thread with little stack a program may not nest as deep as elsewhere. */
static int little_stack(struct cc_context *c, struct gr_span span) {
  gr_fail(c->error, span,
          "calls and expressions are nested deeper here than the stack of this thread allows");
  rt_hint(c->error, "256 KiB of stack are enough for any program; or give parts of it names");
  return c->error->code = RT_NO_MEMORY;
}

int cc_enter(struct cc_context *c, int levels, struct gr_span span) {
  c->levels += levels;
  if (rt_stack_left() < RT_STACK_RESERVE) return little_stack(c, span);
  if (c->levels <= LEVELS_MAX) return cc_spend(c, levels);
  gr_fail(c->error, span, "calls and expressions are nested more than %d levels deep here; a call counts %d",
          LEVELS_MAX, CC_CALL_LEVELS);
  rt_hint(c->error, "give parts of it names, each on a line of its own");
  return c->error->code;
}

void cc_leave(struct cc_context *c, int levels) { c->levels -= levels; }

int cc_spend(struct cc_context *c, int steps) {
  c->steps += (uint32_t)steps;
  if (c->steps <= STEPS_MAX) return rt_go_on(steps, c->error);
  gr_fail(
      c->error, c->unrolling,
      "with its loops unrolled and its calls inlined, the program has more than %d expressions; it was here",
      STEPS_MAX);
  rt_hint(c->error,
          "a loop has fewer rounds, or a body is called less often; a repetition along a sequence is "
          "scan(step, start, x)");
  return c->error->code;
}
