/* Small trainings for the tests of the window: data, the dialog filled in, answers to questions. */
#pragma once

#include "app/runs/vitrine-run.h"
#include "tests/support/window-fixture.h"
#include "ui/training/vitrine-new-run.h"

G_BEGIN_DECLS

/* The first widget of that name in any window; NULL: none. */
GtkWidget *run_find(const char *name);
/* Waits for it. */
GtkWidget *run_wait_for(Fixture *f, const char *name, double seconds);
/* Its text, of a label. */
const char *run_label(const char *name);
void run_click(const char *name);
/* As if the person pressed that button of a question. */
void run_answer(const char *dialog, const char *choice);

/* Noise as a PNG. */
void run_write_png(const char *path, int width, int height, guint seed);
/* 24 pictures of 8 × 8 pixels in a zip; its path, to be freed. */
char *run_make_zip(const char *name);
/* Networks of a few thousand weights on one thread; a tick every 0.2 kimg. */
void run_make_small(VitrineNewRun *dialog);
/* Shows the Training page, starts a small run of `kimg` from its dialog, waits until it trains. The
 * run that is shown, to be freed. */
VitrineRun *run_start(Fixture *f, const char *kimg);
/* Waits for a state. */
void run_wait_state(Fixture *f, VitrineRun *run, SgRunState state);

G_END_DECLS
