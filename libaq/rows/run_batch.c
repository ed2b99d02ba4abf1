/* run_batch.c: runs a machine on rows; what goes wrong with one of them is told with its line. */
#include "libaq/internal.h"

int lib_run_batch(struct vm_machine *machine, struct lib_batch batch, uint64_t seed, struct rt_error *error) {
  int status = vm_machine_run(machine, seed, error);
  if (status == RT_OK || !error || error->example < 1 || error->example > batch.count) return status;
  const int64_t row = batch.row[error->example - 1];
  if (batch.data->name && batch.data->lines && batch.data->lines[row] > 0)
    rt_hint(error, "this is about the row %s:%lld", batch.data->name, (long long)batch.data->lines[row]);
  return status;
}
