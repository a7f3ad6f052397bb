/* The few things a person may want otherwise. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Applies the stored colour scheme; at the start of the program. */
void vitrine_preferences_apply(void);
/* `device` is what the engine renders with. */
void vitrine_preferences_present(GtkWindow *parent, const char *device);

G_END_DECLS
