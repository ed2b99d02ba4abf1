/* machine_scan_grad.c: recurrences, backwards. Each step backwards needs the state that it began with. When
 * the scan gave all states, they are there; else the steps run again, once to keep every ~sqrt(t)th state,
 * and then for one stretch at a time, the last first (Chen et al. 2016). Blocks have none. */
#include "vm/machine_parts.h"
#include "vm/scan_operands.h"

#include <string.h>

static bool is_wanted(const struct machine_scan *scan, int k) { return scan->wants >> k & 1; }

/* The number of the result that is the gradient of argument k. */
static int result_of(const struct machine_scan *scan, int k) {
  int number = 0;
  for (int j = 0; j < k; j++) number += is_wanted(scan, j);
  return number;
}

/* Where the gradient of a whole value is gathered: in the result itself, unless that is in another order. */
static char *sum_of(const struct machine_scan *scan, int k) {
  const struct rt_tensor *result = &scan->call->out[result_of(scan, k)];
  return result->shape->batched && !scan->in_order ? scan->received[1 + scan->collected + k] : result->data;
}

static void start_sums(const struct machine_scan *scan) {
  memset(scan->received[0], 0, scan->state_bytes);
  for (int k = 1 + scan->sequences; k < scan->count; k++)
    if (is_wanted(scan, k))
      memset(sum_of(scan, k), 0, (size_t)scan->call->in[k].shape->count * scan->bytes[k]);
}

static void finish_sums(const struct machine_scan *scan) {
  if (is_wanted(scan, 0)) scan_unsort(scan, scan->received[0], &scan->call->out[0]);
  for (int k = 1 + scan->sequences; k < scan->count; k++) {
    if (!is_wanted(scan, k)) continue;
    const struct rt_tensor *result = &scan->call->out[result_of(scan, k)];
    if (sum_of(scan, k) != result->data) scan_unsort(scan, sum_of(scan, k), result);
  }
}

static void set_received(const struct machine_scan *scan, int64_t tau) {
  uint32_t at = (uint32_t)scan->count;
  if (!scan->block) vm_machine_set_argument(scan->step, at++, scan->received[0]);
  for (int k = 0; k < scan->collected; k++)
    vm_machine_set_argument(scan->step, at++,
                            scan_gather(scan, scan->count + scan->states + k, tau, scan->received[1 + k]));
  for (int k = 1 + scan->sequences; k < scan->count; k++)
    if (is_wanted(scan, k)) vm_machine_set_argument(scan->step, at++, sum_of(scan, k));
}

/* Puts the results of one step where they belong. */
static void give(const struct machine_scan *scan, int64_t tau) {
  uint32_t at = (uint32_t)scan->first;
  for (int k = 1; k < scan->count; k++) {
    if (!is_wanted(scan, k)) continue;
    struct rt_tensor value = vm_machine_output(scan->step, at++);
    if (k <= scan->sequences)
      scan_scatter(scan, &scan->call->out[result_of(scan, k)], tau, value.data);
    else
      memmove(sum_of(scan, k), value.data, (size_t)value.shape->count * scan->bytes[k]);
  }
  if (scan->block) return;
  struct rt_tensor state = vm_machine_output(scan->step, 0);
  memmove(scan->received[0], state.data, (size_t)state.shape->count * scan->bytes[0]);
}

static int step_back(const struct machine_scan *scan, int64_t tau, char *state, uint64_t seed,
                     struct rt_error *error) {
  int status = scan_bind_active(scan, scan->step, tau, error);
  if (status != RT_OK) return status;
  vm_machine_set_argument(scan->step, 0, state);
  scan_set_rows(scan, scan->step, tau);
  set_received(scan, tau);
  status = vm_machine_run(scan->step, machine_seed(seed, (uint64_t)tau), error);
  if (status == RT_OK) give(scan, tau);
  return status;
}

/* ---- the states are there ---- */

/* The states before step tau of the examples that run at tau: what the step before left. Fewer examples run
 * later, so that rows at tau - 1 are these and more. */
static char *state_before(const struct machine_scan *scan, int64_t tau) {
  return tau > 0 ? scan_gather(scan, scan->count, tau - 1, scan->argument[0]) : scan->argument[0];
}

static int run_with_states(const struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  int status = RT_OK;
  for (int64_t tau = scan->longest; tau-- > 0 && status == RT_OK;) {
    if (tau == 0) scan_sort(scan, &scan->call->in[0], scan->bytes[0], scan->argument[0]);
    status = step_back(scan, tau, state_before(scan, tau), seed, error);
  }
  return status;
}

static int run_blocks(const struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  int status = RT_OK;
  for (int64_t tau = 0; tau < scan->longest && status == RT_OK; tau++)
    status = step_back(scan, tau, scan_position(scan, tau), seed, error);
  return status;
}

/* ---- the states are computed again ---- */

/* Runs steps from..to-1; the state before each goes to keep, when there is one. */
static int advance(const struct machine_scan *scan, int64_t from, int64_t to, char *keep, uint64_t seed,
                   struct rt_error *error) {
  int status = RT_OK;
  for (int64_t tau = from; tau < to && status == RT_OK; tau++) {
    if (keep) memcpy(keep + (size_t)(tau - from) * scan->state_room, scan->argument[0], scan->state_bytes);
    status = scan_advance(scan, tau, scan->argument[0], seed, error);
  }
  return status;
}

static int keep_some(const struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  int status = RT_OK;
  scan_sort(scan, &scan->call->in[0], scan->bytes[0], scan->argument[0]);
  for (int64_t tau = 0, n = 0; tau < scan->longest && status == RT_OK; tau += scan->stretch, n++) {
    memcpy(scan->kept + (size_t)n * scan->state_room, scan->argument[0], scan->state_bytes);
    if (tau + scan->stretch < scan->longest)
      status = advance(scan, tau, tau + scan->stretch, NULL, seed, error);
  }
  return status;
}

static int run_stretch(const struct machine_scan *scan, int64_t from, const char *state, uint64_t seed,
                       struct rt_error *error) {
  int64_t to = from + scan->stretch < scan->longest ? from + scan->stretch : scan->longest;
  memcpy(scan->argument[0], state, scan->state_bytes);
  int status = advance(scan, from, to - 1, scan->stretched, seed, error);
  if (status == RT_OK)
    memcpy(scan->stretched + (size_t)(to - 1 - from) * scan->state_room, scan->argument[0],
           scan->state_bytes);
  for (int64_t tau = to; tau-- > from && status == RT_OK;)
    status = step_back(scan, tau, scan->stretched + (size_t)(tau - from) * scan->state_room, seed, error);
  return status;
}

static int run_again(const struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  int status = keep_some(scan, seed, error);
  for (int64_t n = scan->stretch ? (scan->longest + scan->stretch - 1) / scan->stretch : 0;
       n-- > 0 && status == RT_OK;)
    status = run_stretch(scan, n * scan->stretch, scan->kept + (size_t)n * scan->state_room, seed, error);
  return status;
}

int scan_grad_run(struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  start_sums(scan);
  int status = scan->block    ? run_blocks(scan, seed, error)
               : scan->states ? run_with_states(scan, seed, error)
                              : run_again(scan, seed, error);
  if (status == RT_OK) finish_sums(scan);
  return status;
}
