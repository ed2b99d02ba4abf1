/* interrupt.h: Ctrl-C. */
#ifndef AQC_INTERRUPT_H
#define AQC_INTERRUPT_H

#include <stdbool.h>

/* From now on Ctrl-C, and SIGTERM, end the process at once with exit code 130. */
void interrupt_init(void);
/* From now on the first signal is only remembered; a second one ends the process. */
void interrupt_hold(void);
void interrupt_release(void); /* as after interrupt_init again */
bool interrupt_seen(void);

#endif
