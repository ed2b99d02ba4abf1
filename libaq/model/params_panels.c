/* params_panels.c: learned matrices once more, laid out as products read them. */
#include "libaq/model/params.h"
#include "runtime/panels.h"

struct room {
  int64_t wide;
  size_t left; /* bytes */
};

static int make_panels(struct lib_params *params, const struct vm_module *module, uint32_t p,
                       struct room *room, struct rt_error *error) {
  int64_t shape[RT_MAX_RANK];
  if (lib_param_elements(module, p, shape, error) < 0) return error->code;
  const int64_t columns = shape[0] ? params->elements[p] / shape[0] : 0;
  const size_t bytes = rt_panels_bytes(shape[0], columns, room->wide, params->precision);
  if (bytes == 0 || bytes > room->left) return RT_OK;
  room->left -= bytes;
  params->panels[p] = rt_alloc_aligned(bytes);
  if (!params->panels[p]) return rt_no_memory(error);
  rt_panels_fill(shape[0], columns, room->wide, params->precision, params->data[p], params->panels[p]);
  return RT_OK;
}

int lib_params_panels(struct lib_params *params, const struct vm_module *module, struct rt_error *error) {
  const struct vm_function *predict = vm_module_function(module, "predict");
  struct room room = {rt_panel_wide(params->precision, rt_best_isa()), LIB_PANELS};
  int status = RT_OK;
  if (!predict || room.wide == 0) return RT_OK;
  params->panels = rt_zalloc(params->count + 1u, sizeof *params->panels);
  if (!params->panels) return rt_no_memory(error);
  for (uint32_t p = 0; p < params->count && status == RT_OK; p++)
    if (vm_reads_panels(module, predict, p)) status = make_panels(params, module, p, &room, error);
  return status;
}

void lib_params_bind_panels(const struct lib_params *params, struct vm_machine *machine) {
  lib_params_bind(params, machine);
  for (uint32_t p = 0; p < params->count; p++)
    vm_machine_set_panels(machine, p, params->panels ? params->panels[p] : NULL);
}
