/* The few things a person may want otherwise. */
#pragma once

#include "ui/shell/vitrine-window.h"

G_BEGIN_DECLS

/* Applies the stored colour scheme; at the start of the program. */
void vitrine_preferences_apply(void);
/* The stored device; "auto" where there is none. To be freed. */
char *vitrine_preferences_get_device(void);
/* The stored one of sg_precision_names; "fp32" where there is none. To be freed. */
char *vitrine_preferences_get_precision(void);
/* Whether what moves may be drawn in bf16 (vitrine-view.h); TRUE where nothing is stored. */
gboolean vitrine_preferences_get_rough(void);
/* How an enlarged picture is drawn. */
VitrineScaling vitrine_preferences_get_scaling(void);
/* How many faces a small model begins with: 9 or 1. */
int vitrine_preferences_get_first_faces(void);
/* Whether keys of one letter do something; TRUE where nothing is stored. */
gboolean vitrine_preferences_get_letter_keys(void);
/* What is chosen is used by `parent` and its session at once, and stored. */
void vitrine_preferences_present(VitrineWindow *parent);

G_END_DECLS
