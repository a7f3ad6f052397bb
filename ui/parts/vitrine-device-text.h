/* What is said of the device that computes. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* For the status bar: "NVIDIA H100 · bf16 · 1.2 of 79.1 GiB", "CPU, 2 threads"; and what lies
 * behind. To be freed. */
char *vitrine_device_text_title(VitrineSession *session); /* without its memory */
char *vitrine_device_text_status(VitrineSession *session);
char *vitrine_device_text_tooltip(VitrineSession *session);
/* What is wrong and what that means, and the engine's own words; to be freed. FALSE: nothing is. */
gboolean vitrine_device_text_trouble(VitrineSession *session, char **heading, char **detail);

G_END_DECLS
