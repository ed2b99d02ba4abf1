/* groups.h: the settings of training that concern some parameters alone. */
#ifndef AQ_COMPILER_FRONT_GROUPS_H
#define AQ_COMPILER_FRONT_GROUPS_H

#include "compiler/front/arguments.h"

/* Gives each parameter of the module its learning rate and weight decay, and freezes some: by the values of
 * `groups` and `freeze` in train { }, which may be NULL. */
int cc_group_parameters(struct cc_context *c, const struct gr_node *groups, const struct gr_node *frozen,
                        const struct vm_settings *settings);

#endif
