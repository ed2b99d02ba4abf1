/* machine_scan_rows.c: one step of a recurrence: the rows of the examples that run, copied one behind the
 * other, and back to where they belong. */
#include "vm/machine_parts.h"

#include <string.h>

int64_t scan_steps(const struct machine_scan *scan, int64_t example) {
  const int64_t rows = rt_size(scan->call->in[1].shape, 0, example);
  return scan->block ? (rows + scan->block - 1) / scan->block : rows;
}

int64_t scan_rows(const struct machine_scan *scan, int64_t example, int64_t tau) {
  if (!scan->block) return 1;
  const int64_t left = rt_size(scan->call->in[1].shape, 0, example) - tau * scan->block;
  return left < scan->block ? left : scan->block;
}

/* Which row of its sequence an example is at. */
static int64_t row_at(const struct machine_scan *scan, int64_t example, int64_t tau) {
  if (scan->block) return tau * scan->block;
  return scan->reverse ? scan_steps(scan, example) - 1 - tau : tau;
}

static char *row_address(const struct machine_scan *scan, const struct rt_tensor *sequence, size_t bytes,
                         int64_t place, int64_t tau, size_t *length) {
  int64_t example = scan->order[place], count = rt_extent(sequence->shape, 1, sequence->shape->rank, example);
  *length = (size_t)(scan_rows(scan, example, tau) * count) * bytes;
  return (char *)sequence->data
         + (size_t)(rt_offset(sequence->shape, example) + row_at(scan, example, tau) * count) * bytes;
}

char *scan_gather(const struct machine_scan *scan, int operand, int64_t tau, char *room) {
  const struct rt_tensor *from = &scan->call->in[operand];
  size_t length;
  char *at = room;
  if (scan->active[tau] == 1) return row_address(scan, from, scan->bytes[operand], 0, tau, &length);
  for (int64_t p = 0; p < scan->active[tau]; p++, at += length) {
    const char *row = row_address(scan, from, scan->bytes[operand], p, tau, &length);
    memcpy(at, row, length);
  }
  return room;
}

void scan_scatter(const struct machine_scan *scan, const struct rt_tensor *to, int64_t tau,
                  const char *rows) {
  size_t length;
  for (int64_t p = 0; p < scan->active[tau]; p++, rows += length) {
    char *row = row_address(scan, to, scan->machine->real_bytes, p, tau, &length);
    memcpy(row, rows, length);
  }
}

void scan_sort(const struct machine_scan *scan, const struct rt_tensor *from, size_t bytes, char *to) {
  const struct rt_shape *shape = from->shape;
  for (int64_t p = 0; p < scan->examples; p++) {
    size_t length = (size_t)rt_extent(shape, 0, shape->rank, scan->order[p]) * bytes;
    memcpy(to, (const char *)from->data + (size_t)rt_offset(shape, scan->order[p]) * bytes, length);
    to += length;
  }
}

void scan_unsort(const struct machine_scan *scan, const char *from, const struct rt_tensor *to) {
  const struct rt_shape *shape = to->shape;
  size_t bytes = scan->machine->real_bytes;
  for (int64_t p = 0; p < scan->examples; p++) {
    size_t length = (size_t)rt_extent(shape, 0, shape->rank, scan->order[p]) * bytes;
    memcpy((char *)to->data + (size_t)rt_offset(shape, scan->order[p]) * bytes, from, length);
    from += length;
  }
}

/* ---- a step ---- */

void scan_count_rows(const struct machine_scan *scan, int64_t count, int64_t tau) {
  for (int64_t p = 0; p < count && scan->block; p++) scan->rows[p] = scan_rows(scan, scan->order[p], tau);
}

char *scan_position(const struct machine_scan *scan, int64_t tau) {
  const void *start = scan->call->in[0].data;
  const double before = (double)(tau * scan->block);
  if (scan->bytes[0] == sizeof(double))
    *(double *)(void *)scan->argument[0] = *(const double *)start + before;
  else
    *(float *)(void *)scan->argument[0] = (float)(*(const float *)start + before);
  return scan->argument[0];
}

int scan_bind_active(const struct machine_scan *scan, struct vm_machine *machine, int64_t tau,
                     struct rt_error *error) {
  scan_count_rows(scan, scan->active[tau], tau);
  return vm_machine_bind(machine, scan->active[tau], scan->ragged, error);
}

void scan_set_rows(const struct machine_scan *scan, struct vm_machine *machine, int64_t tau) {
  for (int k = 1; k <= scan->sequences; k++)
    vm_machine_set_argument(machine, (uint32_t)k, scan_gather(scan, k, tau, scan->argument[k]));
}

/* The state is replaced last, because a result may be one of the arguments passed on. */
int scan_advance(const struct machine_scan *scan, int64_t tau, char *state, uint64_t seed,
                 struct rt_error *error) {
  int status = scan_bind_active(scan, scan->body, tau, error);
  if (status != RT_OK) return status;
  vm_machine_set_argument(scan->body, 0, state);
  scan_set_rows(scan, scan->body, tau);
  if ((status = vm_machine_run(scan->body, machine_seed(seed, (uint64_t)tau), error)) != RT_OK) return status;
  for (int k = 0; k < scan->collected && !scan->step; k++) {
    struct rt_tensor rows = vm_machine_output(scan->body, (uint32_t)(scan->states ? 0 : scan->first + k));
    scan_scatter(scan, &scan->call->out[k], tau, rows.data);
  }
  if (scan->block) return RT_OK;
  struct rt_tensor next = vm_machine_output(scan->body, 0);
  memmove(state, next.data, (size_t)next.shape->count * scan->bytes[0]);
  return RT_OK;
}
