/* Work that nobody waits for any more ends between two layers of a network.
 *
 * A picture of 1024×1024 pixels takes half a second, 32 of them a quarter of a minute. Whoever runs
 * such work says on its own thread how it hears that something else is wanted; networks ask it
 * after each layer, and what runs then ends with an error that sg_is_interrupt() knows. What had
 * been computed and kept until then stays good. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* TRUE: what runs is to end. Called often: it should cost next to nothing. */
typedef gboolean (*SgInterruptFunc)(gpointer data);

/* For work of the calling thread from now on; NULL: nothing ends it early. */
void sg_interrupt_set(SgInterruptFunc asked, gpointer data);
/* TRUE, and the error (G_FILE_ERROR_INTR), if the calling thread's work is to end. */
gboolean sg_interrupted(GError **error);
gboolean sg_is_interrupt(const GError *error);

G_END_DECLS
