/* run_batch.c: runs a machine on rows; what goes wrong with one of them is told with its line. */
#include "libaq/internal.h"

void lib_hint_row(struct lib_batch batch, struct rt_error *error) {
  if (!error || error->example < 1 || error->example > batch.count) return;
  const int64_t row = batch.row[error->example - 1];
  if (batch.data->names)
    rt_hint(error, "this is about row %lld of the rows in memory", (long long)batch.data->lines[row]);
  else if (batch.data->name && batch.data->lines && batch.data->lines[row] > 0)
    rt_hint(error, "this is about the row %s:%lld", batch.data->name, (long long)batch.data->lines[row]);
}

int lib_run_batch(struct vm_machine *machine, struct lib_batch batch, uint64_t seed, struct rt_error *error) {
  int status = vm_machine_run(machine, seed, error);
  if (status != RT_OK) lib_hint_row(batch, error);
  return status;
}
