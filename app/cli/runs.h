/* What "vitrine runs" and "vitrine stats" share. */
#pragma once

#include "engine/runs/run-reader.h"

G_BEGIN_DECLS

/* All of it. Error: sg_run_reader_new()'s. */
SgRunReader *cli_read_run(const char *path, GError **error);
/* "1h 02m"; "-" for NAN. */
char *cli_time_text(double seconds);
/* The last finite value; FALSE if there is none. `s` may be NULL. */
gboolean cli_last_value(SgSeries *s, double *kimg, double *value);

G_END_DECLS
