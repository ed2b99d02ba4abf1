/* link.c: the links, a row each. */
#include "vm/link.h"

#include <math.h>
#include <string.h>

static void identity(double *x, int64_t rows, int64_t columns) { (void)x, (void)rows, (void)columns; }

static void softmax_row(double *x, int64_t n) {
  double most = -INFINITY, sum = 0;
  for (int64_t i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
  for (int64_t i = 0; i < n; i++) sum += x[i] = exp(x[i] - most);
  for (int64_t i = 0; i < n; i++) x[i] /= sum;
}

static void softmax(double *x, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) softmax_row(x + r * columns, columns);
}

static void sigmoid(double *x, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows * columns; i++) x[i] = 1 / (1 + exp(-x[i]));
}

static void objects(double *x, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows && columns > 4; r++) softmax_row(x + r * columns + 4, columns - 4);
}

static void exponential(double *x, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows * columns; i++) x[i] = exp(x[i]);
}

const struct vm_link vm_links[] = {
    {"", -INFINITY, INFINITY, false, identity, "numbers", "the number"},
    {"softmax", 0, 1, true, softmax, "probabilities, from 0 to 1, which add up to 1", "the scores"},
    {"sigmoid", 0, 1, false, sigmoid, "probabilities, from 0 to 1", "the logit"},
    {"exp", 0, INFINITY, false, exponential, "counts or other numbers of at least 0", "the logarithm"},
    {VM_LINK_OBJECTS, 0, 1, false, objects, "boxes", "the scores"},
    {VM_LINK_CHAIN, 0, 1, false, NULL, "tags", "the scores of steps"},
};
const int vm_link_count = sizeof vm_links / sizeof *vm_links;

const struct vm_link *vm_link_find(const char *name) {
  for (int k = 0; k < vm_link_count; k++)
    if (!strcmp(vm_links[k].name, name)) return &vm_links[k];
  return NULL;
}
