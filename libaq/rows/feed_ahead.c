/* feed_ahead.c: see feed_ahead.h. */
#include "libaq/rows/feed_ahead.h"

#include <string.h>

#include "runtime/aside.h"
#include "runtime/lent_pool.h"
#include "runtime/limits.h"

struct lib_ahead {
  struct rt_aside *aside;
  struct lib_feed feed;
  const struct vm_machine *machine;
  struct lib_batch batch; /* count 0: none */
  uint64_t chance;
  int status;
  struct rt_error error;
};

bool lib_ahead_pays(const struct lib_feed *feed, const struct rt_pool *pool) {
  bool gives = false;
  for (uint32_t i = 0; i < feed->module->input_count; i++)
    gives |= feed->schema->columns[feed->column[i]].kind->give != NULL;
  return gives && rt_pool_threads(pool) > 1;
}

int lib_ahead_new(struct lib_ahead **ahead, const struct lib_feed *like, const struct io_dataset *data,
                  int64_t batch, struct rt_error *error) {
  struct lib_ahead *a = *ahead = rt_zalloc(1, sizeof *a);
  if (!a) return rt_no_memory(error);
  int status = lib_feed_init(&a->feed, like->module, like->schema, like->precision, error);
  if (status == RT_OK) status = lib_feed_reserve(&a->feed, data, batch, error);
  if (status == RT_OK && !(a->aside = rt_aside_new(error))) status = error->code;
  if (status == RT_OK) return RT_OK;
  lib_ahead_free(a);
  *ahead = NULL;
  return status;
}

void lib_ahead_free(struct lib_ahead *a) {
  if (!a) return;
  rt_aside_free(a->aside);
  if (a->feed.module) lib_feed_free(&a->feed);
  rt_free(a);
}

static void fill(void *context) {
  struct lib_ahead *a = context;
  a->status = lib_feed_fill(&a->feed, a->machine, a->batch, &a->error);
}

void lib_ahead_begin(struct lib_ahead *a, const struct vm_machine *machine, struct lib_batch batch,
                     const uint64_t *chance) {
  lib_ahead_wait(a);
  if (rt_limits_of_thread) return; /* what a thread may take is asked of that thread alone */
  a->machine = machine;
  a->batch = batch;
  a->chance = chance ? *chance : 0;
  a->feed.chance = chance ? &a->chance : NULL;
  rt_error_clear(&a->error);
  rt_aside_start(a->aside, fill, a);
}

void lib_ahead_wait(struct lib_ahead *a) {
  if (!a) return;
  rt_aside_wait(a->aside);
  a->batch.count = 0;
}

static bool is_ready(const struct lib_ahead *a, const struct lib_feed *feed, struct lib_batch batch) {
  return a && a->batch.count == batch.count && a->batch.data == batch.data
         && !memcmp(a->batch.row, batch.row, (size_t)batch.count * sizeof *batch.row)
         && !a->feed.chance == !feed->chance && (!feed->chance || a->chance == *feed->chance);
}

static void swap(struct lib_feed *a, struct lib_feed *b) {
  struct lib_feed kept = *a;
  *a = *b;
  *b = kept;
  b->chance = a->chance;
  a->chance = kept.chance;
}

int lib_ahead_rows(struct lib_ahead *a, struct lib_feed *feed, struct vm_machine *machine,
                   struct lib_batch batch, struct rt_error *error) {
  const bool ready = is_ready(a, feed, batch);
  lib_ahead_wait(a);
  if (!ready) return lib_feed_rows(feed, machine, batch, error);
  if (a->status != RT_OK) {
    *error = a->error;
    return a->status;
  }
  swap(feed, &a->feed);
  return lib_feed_bind(feed, machine, batch.count, error);
}
