/* A window in this process, to be driven and looked at by the tests. */
#pragma once

#include "ui/shell/vitrine-application.h"

G_BEGIN_DECLS

typedef struct {
  VitrineApplication *application;
  VitrineWindow *window;
  VitrineSession *session;
} Fixture;

/* Opens a window on one face of the bundled model (or of what `path` names) and waits for picture
 * and the Latent pane. */
void fixture_open(Fixture *f, const char *path);
/* The same with the pane that a person sees first. */
void fixture_open_as_is(Fixture *f, const char *path);
/* The bundled model with as many faces as a person sees first. */
void fixture_open_first(Fixture *f);
/* Closes it the way a person does; its state is on disk afterwards. */
void fixture_close(Fixture *f);
/* What earlier tests left behind is gone. */
void fixture_forget_state(void);

/* Runs the main loop until `done` says so. Fails the test after `seconds`. */
typedef gboolean (*DoneFunc)(Fixture *f, gpointer data);
void fixture_wait_named(Fixture *f, DoneFunc done, gpointer data, double seconds, const char *what);
#define fixture_wait(f, done, data, seconds) fixture_wait_named(f, done, data, seconds, #done)
/* The picture on the screen is the one of the current recipe, and painted. */
void fixture_settle(Fixture *f);
void fixture_run_for(double seconds);

/* The first widget of that name below `root`, NULL if there is none. */
GtkWidget *fixture_find(GtkWidget *root, const char *name);
/* The same in the window; the test fails if there is none. */
GtkWidget *fixture_part(Fixture *f, const char *name);
const SgRecipe *fixture_recipe(Fixture *f);
/* A widget as it is on the screen: premultiplied B, G, R, A, to be freed. */
guint8 *fixture_pixels(Fixture *f, GtkWidget *widget, gsize *size);
/* What the canvas shows on the screen: hex SHA-256 of its pixels, to be freed. */
char *fixture_screen_hash(Fixture *f);
/* Mean brightness of the whole window, 0..255. */
double fixture_brightness(Fixture *f);
/* A path in the test's own folder, to be freed. */
char *fixture_path(const char *name);

G_END_DECLS
