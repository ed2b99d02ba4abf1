/* positions_forms.h: formulas of two positions on ranges: what positions.c asks. */
#ifndef AQ_COMPILER_IR_POSITIONS_FORMS_H
#define AQ_COMPILER_IR_POSITIONS_FORMS_H

#include "compiler/ir/positions.h"
#include "runtime/lanes.h"

/* No position and no size is beyond. */
#define FORM_LONGEST 0x1p40

/* What a step of a formula is: i `i` + j `j` + size + a number from low to high. So what i and j have in
 * common cancels: under j - i >= 1 the difference of `j` and `i` is at least 1. */
struct form {
  double i, j, low, high;
  vm_dim size; /* VM_NO_DIM: none */
  bool wild;   /* or infinite, or not a number */
  bool unsure; /* or not a number, and then so for all keys */
  bool rough;  /* computed with rounding: by thirds, tenths, … */
  bool of_row; /* the same for all keys */
  bool whole;  /* a whole number, also where i / 4 and what floor takes away do not show it */
  bool not_zero;
};

/* What is assumed beside the box: way 1: j - i >= shift + gap; -1: j - i <= shift + gap; 0: nothing. */
struct asking {
  const struct ir_box *box;
  int way;
  vm_dim shift;
  int64_t gap;
  int head; /* below 0: any */
};

/* size * factor. False when that has no such form. */
bool form_scale_size(struct vm_dims *dims, vm_dim *size, double factor);
bool form_add_size(struct vm_dims *dims, vm_dim *sum, vm_dim size);
/* Is the form surely at most 0, or below it? */
bool form_below_0(const struct asking *a, const struct form *f, bool strictly);
/* Any number from low to high. */
struct form form_number(double low, double high);
/* Is it one number, for all pairs? */
bool form_is_number(const struct form *f);
struct form form_difference(const struct asking *a, struct form x, struct form y);
/* As numbers alone. */
struct lane_span form_span(const struct asking *a, const struct form *f);
bool form_is_point(const struct form *f, double at);
/* Of a step, when those before it are known. */
struct form form_of_step(const struct asking *a, const struct ir_step_of *s, const struct form *value);

#endif
