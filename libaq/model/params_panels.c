/* params_panels.c: learned matrices once more, laid out as products read them. They are made when somebody
 * predicts: who loads, judges or saves a model needs none.
 *
 * Who asks first makes them, and no thread waits for another: a child of fork would wait for ever for one
 * that is not there. Of two that ask at the same time the second throws away what it made. */
#include "libaq/model/params.h"
#include "runtime/panels.h"

struct room {
  int64_t wide;
  size_t left; /* bytes */
};

static void free_panels(void **panels, uint32_t count) {
  for (uint32_t p = 0; panels && p < count; p++) rt_free_aligned(panels[p]);
  rt_free(panels);
}

static int make_one(const struct lib_params *params, const struct vm_module *module, uint32_t p,
                    struct room *room, void **panels, struct rt_error *error) {
  int64_t shape[RT_MAX_RANK];
  if (lib_param_elements(module, p, shape, error) < 0) return error->code;
  const int64_t columns = shape[0] ? params->elements[p] / shape[0] : 0;
  const size_t bytes = rt_panels_bytes(shape[0], columns, room->wide, params->precision);
  if (bytes == 0 || bytes > room->left) return RT_OK;
  room->left -= bytes;
  *panels = rt_alloc_aligned(bytes);
  if (!*panels) return rt_no_memory(error);
  rt_panels_fill(shape[0], columns, room->wide, params->precision, params->data[p], *panels);
  return RT_OK;
}

int lib_params_panels(struct lib_params *params, const struct vm_module *module, struct rt_error *error) {
  const struct vm_function *predict = vm_module_function(module, "predict");
  struct room room = {rt_panel_wide(params->precision, rt_best_isa()), LIB_PANELS};
  int status = RT_OK;
  if (!predict || room.wide == 0 || atomic_load_explicit(&params->panels, memory_order_acquire)) return RT_OK;
  void **made = rt_zalloc(params->count + 1u, sizeof *made), **before = NULL;
  if (!made) return rt_no_memory(error);
  for (uint32_t p = 0; p < params->count && status == RT_OK; p++)
    if (vm_reads_panels(module, predict, p)) status = make_one(params, module, p, &room, &made[p], error);
  if (status != RT_OK || !atomic_compare_exchange_strong(&params->panels, &before, made))
    free_panels(made, params->count);
  return status;
}

void lib_params_drop_panels(struct lib_params *params) {
  free_panels(params->panels, params->count);
  params->panels = NULL;
}

void lib_params_bind_panels(const struct lib_params *params, struct vm_machine *machine) {
  void *const *panels = params->panels;
  lib_params_bind(params, machine);
  for (uint32_t p = 0; p < params->count; p++) vm_machine_set_panels(machine, p, panels ? panels[p] : NULL);
}
