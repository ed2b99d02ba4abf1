/* test_verify.c: a module that is right passes; every single thing that is wrong in it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "vm_build.h"

static struct sentence s;
static struct vm_function *predict, *train, *attend;

static void make(void) {
  s = build_sentence();
  predict = &s.m->function[0];
  train = &s.m->function[1];
  attend = &s.m->function[2];
}

/* The module is refused with a message that contains `why`; then it is taken away. */
static void refused(const char *why) {
  struct rt_error e = {0};
  assert_int_equal(vm_verify(s.m, &e), RT_BAD_DATA);
  if (!strstr(e.text, why)) fail_msg("\"%s\" is not in \"%s\"", why, e.text);
  vm_module_free(s.m);
}

/* Makes the module anew, breaks it, and expects a refusal. */
#define REFUSED(why, ...)                                                                                    \
  do {                                                                                                       \
    make();                                                                                                  \
    __VA_ARGS__;                                                                                             \
    refused(why);                                                                                            \
  } while (0)

static void test_accepts(void **state) {
  (void)state;
  struct rt_error e = {0};
  make();
  size_t dims = s.m->dims.poly_count;
  if (vm_verify(s.m, &e) != RT_OK) fail_msg("%s", e.text);
  assert_int_equal(s.m->dims.poly_count, dims); /* proofs leave no traces */
  vm_module_free(s.m);
}

static void test_values(void **state) {
  (void)state;
  REFUSED("value 4 has an impossible type", predict->value[4].type.dim[0] = 999);
  REFUSED("value 4 has an impossible type", predict->value[4].type.rank = 9);
  REFUSED("value 4 has an impossible type", predict->value[4].type.dtype = 2);
  REFUSED("value 4 has an impossible type", predict->value[4].type.batched = 0); /* shared, but ragged */
  REFUSED("value 4 has an impossible type", predict->value[4].type.of = s.V);    /* a range of reals */
  REFUSED("value 4 has no place", predict->value[4].index = predict->slot_count);
  REFUSED("value 0 has no place", predict->value[0].index = 99);
  REFUSED("value 0 has no place", predict->value[0].index = 1); /* W has another size */
  REFUSED("value 3 has no place", predict->value[3].type.of = s.C);
  REFUSED("value 3 has no place", predict->value[3].place = (enum vm_place)7);
}

static void test_order(void **state) {
  (void)state;
  REFUSED("read after value 10 took its place", predict->output[0] = 4);
  REFUSED("read before anything is written", predict->instr[0].in[0] = 9);
  REFUSED("there is no value 500", predict->instr[0].in[0] = 500);
  REFUSED("there is no value 500", predict->instr[0].out[0] = 500);
  REFUSED("value 1, which does not lie in a slot", predict->instr[0].out[0] = 1);
  REFUSED("written twice", predict->instr[6].out[0] = 9);
  REFUSED("over value 4, which it reads", predict->value[5].index = 0); /* sum over its own argument */
  REFUSED("over value 6, which it reads",
          predict->value[7].index = 2); /* lanes over an argument of another shape */
  REFUSED("two of its results are in one slot", attend->value[3].index = 0);
  REFUSED("took its place", train->value[19].index = 5); /* the last instruction overwrites the loss */
  REFUSED("took its place", train->value[16].index = 7); /* and a gradient */
}

static void test_instructions(void **state) {
  (void)state;
  REFUSED("is no instruction", predict->instr[0].op = OP_COUNT);
  REFUSED("is no instruction", predict->instr[0].op = OP_reshape);
  REFUSED("is no instruction", predict->instr[0].op = OP_add);
  REFUSED("operands are missing", predict->instr[0].in = NULL);
  REFUSED("argument", predict->instr[0].in_count = 1);
  REFUSED("has 2 results", predict->instr[0].out_count = 2; predict->instr[0].out[1] = 5);
  REFUSED("has 0 results", predict->instr[0].out_count = 0);
  REFUSED("mask", predict->instr[1].attr[0] = 12);
  REFUSED("is no dim", predict->instr[2].attr[0] = -1);
  REFUSED("is no dim", predict->instr[2].attr[0] = 1000);
  REFUSED("there is no lane program", predict->instr[3].attr[0] = 2);
  REFUSED("no threshold of kind 0 with 1", predict->instr[0].op = OP_threshold,
          predict->instr[0].in_count = 1, predict->instr[0].attr[0] = 0, predict->instr[0].real = 1);
  REFUSED("no threshold of kind 1 with 1.5", predict->instr[0].op = OP_threshold,
          predict->instr[0].in_count = 1, predict->instr[0].attr[0] = 1, predict->instr[0].real = 1.5);
  REFUSED("no threshold of kind 2", predict->instr[0].op = OP_threshold, predict->instr[0].in_count = 1,
          predict->instr[0].attr[0] = 2, predict->instr[0].real = 2);
  REFUSED("there is no plan", attend->instr[0].attr[0] = -1);
  REFUSED("0 or 1", predict->instr[4].attr[0] = 3);
  REFUSED("its result has another type", predict->value[10].type.dim[0] = s.D);
  REFUSED("its result 1 has another type", attend->value[3].type.batched = 1;
          attend->value[3].type.dim[0] = s.D);
  REFUSED("the range of `target`", train->value[10].type.of = s.V; s.m->input[1].type.of = s.V);
}

static void test_lane_programs(void **state) {
  (void)state;
  REFUSED("inputs and", predict->instr[3].attr[0] = 1; s.m->lanes[1].input_count = 1;
          s.m->lanes[1].instr_count = 1; s.m->lanes[1].output[0] = 0);
  REFUSED("does not fit value 6", s.m->lanes[0].input_axes[1] = 1);
  REFUSED("does not fit value 5", s.m->lanes[0].input_axes[0] = 3);
  REFUSED("claims class", s.m->lanes[0].input_class[1] = 0); /* claims what its instructions deny */
  REFUSED("nothing has written", s.m->lanes[0].output[0] = 40);
  struct lane_instr *instr;
  REFUSED("tables", instr = (struct lane_instr *)(uintptr_t)s.m->lanes[0].instr;
          instr[2] =
              (struct lane_instr){.op = LANE_gather, .out_class = BUILD_TILE, .out = 2, .a = 0, .b = 0});
}

static void test_heads(void **state) {
  (void)state;
  struct attend_plan *plan;
  struct lane_program *slot;
  REFUSED("impossible operands", s.m->attend[0].extra_count = 17);
  REFUSED("impossible operands", s.m->attend[0].query.role[0] = 9);
  REFUSED("impossible operands", s.m->attend[1].key.rank = -1);
  REFUSED("lane program of head", s.m->attend[0].extra[0].rank = 1);     /* a class that no longer fits */
  REFUSED("lane program of head", s.m->attend[0].wants_grad[0] = false); /* one output too many */
  REFUSED("lane program of head", plan = &s.m->attend[0]; plan->score = plan->mask);
  REFUSED("lane program of head", slot = (struct lane_program *)(uintptr_t)s.m->attend[0].drop;
          slot->output[0] = 60);
  REFUSED("extra arguments", plan = &s.m->attend[0]; plan->extra_count = 0; plan->wants_grad[0] = false;
          plan->score = plan->mask = plan->drop = plan->score_grad = NULL;
          plan->score_end = plan->score_register = 0);
  REFUSED("how scores are differentiated", plan = &s.m->attend[0]; plan->score_grad = NULL;
          plan->score_end = plan->score_register = 0);
  REFUSED("another number of axes than its plan says", s.m->attend[0].value.rank = 1);
  REFUSED("has an axis that is not for such an operand", s.m->attend[0].query.role[0] = ATTEND_J);
  REFUSED("axis of features", s.m->attend[0].query.rank = 2; s.m->attend[0].query.role[1] = ATTEND_H);
  REFUSED("`delta` must have the shape", attend->instr[2].in[3] = 2);
  REFUSED("`lse` must have the shape", attend->instr[2].in[4] = 0);
  REFUSED("`dy` must have those axes", attend->instr[2].attr[1] = 2);
  REFUSED("`dy` must have those axes", attend->instr[2].in[5] = 3);
  REFUSED("`dy` has a mask that leaves out", attend->instr[2].attr[1] = 1);
  REFUSED("`dy` has a mask of more axes", attend->instr[2].attr[1] = 7);
  REFUSED("`dy` has a mask of more axes", attend->instr[2].attr[1] = INT64_MIN);
  REFUSED("`b` has 2 axes, but 1 is needed", attend->instr[1].attr[0] = 1);
  REFUSED("`b` has 1 axis, but 2 are needed", attend->instr[1].in[1] = 3);
}

/* The instruction of a row's or slot's program. */
static struct lane_instr *code(const struct lane_program *program, int n) {
  return (struct lane_instr *)(uintptr_t)&program->instr[n];
}

/* The first part of score_grad. */
static void test_score_part(void **state) {
  (void)state;
  struct attend_plan *plan;
#define BAD_PART(...) REFUSED("lane program of head", plan = &s.m->attend[0]; __VA_ARGS__)
  BAD_PART(plan->score_end = 0);
  BAD_PART(plan->score_end = -1);
  BAD_PART(plan->score_end = 7);      /* more than there is */
  BAD_PART(plan->score_end = 4);      /* reads ds' */
  BAD_PART(plan->score_end = 2);      /* has not written the register yet */
  BAD_PART(plan->score_register = 3); /* written in the second part */
  BAD_PART(plan->score_register = 6); /* none of the program's */
  BAD_PART(plan->score_register = 200);
  BAD_PART(code(plan->score_grad, 0)->a = 2); /* ds' for s */
  BAD_PART(plan->score_grad = NULL);
  BAD_PART(plan->score_grad = NULL; plan->score_end = 0);
  BAD_PART(plan->score = NULL);
#undef BAD_PART
  REFUSED("lane program of head sentiment.rows", s.m->attend[2].score_end = 9); /* reads dw */
  REFUSED("lane program of head sentiment.rows",
          code(s.m->attend[2].score_grad, 3)->a = 4); /* reads a row of the backward pass */
}

static void test_rows(void **state) {
  (void)state;
  struct attend_plan *plan;
  struct lane_program *program;
#define BAD_ROW(...) REFUSED("row values of head sentiment.rows", plan = &s.m->attend[2]; __VA_ARGS__)
  BAD_ROW(plan->row_count = ATTEND_MAX_ROWS + 1);
  BAD_ROW(plan->row_count = -1);
  BAD_ROW(plan->softmax = true);
  BAD_ROW(plan->score = NULL);
  BAD_ROW(plan->row[1].program = NULL);
  BAD_ROW(plan->row[1].reduce = ATTEND_REDUCE_COUNT);
  BAD_ROW(plan->row[1].parameter = NAN);
  BAD_ROW(plan->row[0].backward = true); /* before one of the forward pass */
  BAD_ROW(plan->row[0] = (struct attend_row){ATTEND_ENTMAX, false, 1.001, plan->row[0].program});
  BAD_ROW(plan->row[0] = (struct attend_row){ATTEND_ENTMAX, false, INFINITY, plan->row[0].program});
  BAD_ROW(plan->row[0] = (struct attend_row){ATTEND_KTH, false, 0, plan->row[0].program});
  BAD_ROW(plan->row[0] = (struct attend_row){ATTEND_KTH, false, 1.5, plan->row[0].program});
  BAD_ROW(plan->row[0] = (struct attend_row){ATTEND_KTH, false, 1e10, plan->row[0].program});
  BAD_ROW(code(plan->row[1].program, 3)->a = 3); /* reads itself */
  BAD_ROW(code(plan->row[1].program, 3)->a = 4); /* and what comes later */
  BAD_ROW(code(plan->row[2].program, 6)->a = 4);
  BAD_ROW(plan->row[1].program = plan->row[2].program); /* dw in the forward pass */
  BAD_ROW(plan->row[2].program = plan->row[1].program);
  BAD_ROW(program = (struct lane_program *)(uintptr_t)plan->row[0].program;
          program->input_class[2] = BUILD_TILE);
  BAD_ROW(program = (struct lane_program *)(uintptr_t)plan->row[0].program; program->output_count = 2);
  BAD_ROW(program = (struct lane_program *)(uintptr_t)plan->row[0].program; program->output[0] = 60);
  BAD_ROW(code(plan->row[0].program, 1)->op = LANE_gather); /* what is no table */
#undef BAD_ROW
  REFUSED("lane program of head sentiment.rows", code(s.m->attend[2].score, 3)->a = 4);
  REFUSED("lane program of head sentiment.rows", s.m->attend[2].score = s.m->attend[2].score_grad);
  REFUSED("lane program of head sentiment.rows", s.m->attend[2].score_grad = s.m->attend[1].score_grad);
}

static void test_results(void **state) {
  (void)state;
  REFUSED("there is no value", predict->output[0] = 77);
  REFUSED("an output has no name", predict->output_name[0] = NULL);
  REFUSED("there is no parameter 9 to have a gradient", train->gradient[0].param = 9);
  REFUSED("the gradient of embed has another size", train->gradient[0].param = 0);
  REFUSED("the gradient of rows of W", train->gradient[2].param = 1);
  REFUSED("the gradient of rows of embed", train->gradient[2].ids = 10);
}

static void test_parts(void **state) {
  (void)state;
  REFUSED("parameter 0", s.m->param[0].name = NULL);
  REFUSED("parameter 1", s.m->param[1].init.kind = (enum vm_init_kind)50);
  REFUSED("parameter 1", s.m->param[1].init.kind = VM_INIT_LOAD);
  REFUSED("type of parameter", s.m->param[2].type.batched = 1);
  REFUSED("input 0", s.m->input[0].vocabulary = 3); /* T is no vocabulary */
  REFUSED("input 0", s.m->input[0].length = 1);
  REFUSED("output 0", s.m->output[0].target = 3);
  REFUSED("settings", s.m->settings.optimizer = NULL);
  REFUSED("settings", s.m->settings.average = NAN);
  REFUSED("symbol 0", s.m->dims.symbol[0].value = -1);
  REFUSED("table of dims", s.m->dims.symbol[3].kind = VM_FLOOR); /* of nothing */
  REFUSED("table of dims", s.m->dims.symbol[3].kind = VM_FLOOR; s.m->dims.symbol[3].of = s.T);
  REFUSED("incomplete", s.m->function[0].name = NULL);
  REFUSED("incomplete", s.m->function[0].slot_count = 1000);
  REFUSED("table", s.m->line = NULL);
}

static void test_views(void **state) {
  (void)state;
  struct rt_error e = {0};
  make();
  /* softmax reads the scores [C] as a view [C, 1]; the view is taken before and after its slot changes hands
   */
  uint32_t view = build_value(predict, build_type(true, DIMS(s.C, VM_ONE)), VM_IN_SLOT, 3);
  predict->instr[6].in[0] = view;
  predict->value[10].type = predict->value[view].type;
  if (vm_verify(s.m, &e) != RT_OK) fail_msg("%s", e.text);
  predict->value[10].index = 3;
  refused("which it reads");
  REFUSED("a view of value 9, which has another size",
          view = build_value(predict, build_type(true, DIMS(s.D)), VM_IN_SLOT, 3);
          predict->instr[6].in[0] = view);
  /* read as the gathered words first, at the end as what took their place: not one value */
  REFUSED("took its place", view = build_value(predict, predict->value[4].type, VM_IN_SLOT, 0);
          predict->instr[1].in[0] = view; build_output(predict, view, "view"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_accepts),       cmocka_unit_test(test_values),
      cmocka_unit_test(test_order),         cmocka_unit_test(test_instructions),
      cmocka_unit_test(test_lane_programs), cmocka_unit_test(test_heads),
      cmocka_unit_test(test_score_part),    cmocka_unit_test(test_rows),
      cmocka_unit_test(test_results),       cmocka_unit_test(test_parts),
      cmocka_unit_test(test_views),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
