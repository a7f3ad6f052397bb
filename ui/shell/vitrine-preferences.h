/* The few things a person may want otherwise. */
#pragma once

#include "app/session/vitrine-session.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Applies the stored colour scheme; at the start of the program. */
void vitrine_preferences_apply(void);
/* The stored device; "auto" where there is none. To be freed. */
char *vitrine_preferences_get_device(void);
/* The stored one of sg_precision_names; "fp32" where there is none. To be freed. */
char *vitrine_preferences_get_precision(void);
/* Whether what moves may be drawn in bf16 (vitrine-view.h); TRUE where nothing is stored. */
gboolean vitrine_preferences_get_rough(void);
/* What is chosen is used by `session` at once, and stored. */
void vitrine_preferences_present(GtkWindow *parent, VitrineSession *session);

G_END_DECLS
