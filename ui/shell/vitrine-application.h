/* VitrineApplication: one window, one session, and what is opened at the start. */
#pragma once

#include <adwaita.h>
#include "ui/shell/vitrine-window.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_APPLICATION (vitrine_application_get_type())
G_DECLARE_FINAL_TYPE(VitrineApplication, vitrine_application, VITRINE, APPLICATION, AdwApplication)

/* `flags` beside those it needs itself; tests give G_APPLICATION_NON_UNIQUE. */
VitrineApplication *vitrine_application_new(GApplicationFlags flags);
/* Runs until the window is closed; the exit status of the process. `device` (NULL: none) was named
 * on the command line, which counts more than the preferences. */
int vitrine_application_run(int argc, char **argv, const char *device);

/* Where the bundled model is, in the source tree or installed; NULL if nowhere. To be freed. */
char *vitrine_application_bundled_model(void);

G_END_DECLS
