/* Writing a complete strip: the labelled picture and the table beside it. */
#pragma once

#include "app/session/vitrine-session.h"
#include "app/work/vitrine-strip-plan.h"

G_BEGIN_DECLS

/* `text` says what was written; `error` NULL: good. Main thread, exactly once. */
typedef void (*VitrineStripSaved)(const char *text, const GError *error, gpointer data);

/* "strip.png" -> "strip.csv"; to be freed. */
char *vitrine_strip_csv_path(const char *png);
/* On a worker; the session counts as saving until both files are there. */
void vitrine_strip_save(VitrineStripPlan *plan, VitrineSession *session, const char *png,
                        VitrineStripSaved saved, gpointer data);

G_END_DECLS
