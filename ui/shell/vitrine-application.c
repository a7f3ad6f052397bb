#include "ui/shell/vitrine-application.h"
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "app/config.h"
#include "app/session/vitrine-store.h"
#include "engine/backend/backend-device.h"
#include "ui/shell/vitrine-preferences.h"

struct _VitrineApplication {
  AdwApplication parent_instance;
  VitrineSession *session;
  GtkWidget *window; /* weak: the application's window list owns it */
  gboolean exit_after_startup;
  gboolean tried_restore, tried_bundled;
  const char *device; /* named on the command line, or NULL */
  gboolean held;      /* a file is being written: the program stays until it is */
};

G_DEFINE_FINAL_TYPE(VitrineApplication, vitrine_application, ADW_TYPE_APPLICATION)

char *
vitrine_application_bundled_model(void)
{
  return vitrine_store_bundled_model();
}

/* ---- what is opened at the start --------------------------------------------------------- */

static void
open_bundled(VitrineApplication *self)
{
  g_autofree char *path = vitrine_application_bundled_model();

  self->tried_bundled = TRUE;
  if (!path)
    return;
  g_autoptr(GFile) file = g_file_new_for_path(path);
  vitrine_opener_open(vitrine_session_get_opener(self->session), file);
}

/* The last session, or the bundled model; each is tried once. */
static void
open_something(VitrineApplication *self)
{
  gboolean restoring = !self->tried_restore && vitrine_session_restore(self->session);

  self->tried_restore = TRUE;
  if (!restoring && !self->tried_bundled)
    open_bundled(self);
}

/* What was to be opened at the start turned out bad: there is still something to look at. */
static void
loading_cb(VitrineApplication *self)
{
  VitrineOpener *opener = vitrine_session_get_opener(self->session);

  if (!vitrine_opener_is_loading(opener) && !vitrine_opener_get_model(opener))
    open_something(self);
}

static void
saving_cb(VitrineApplication *self)
{
  gboolean saving = vitrine_saver_is_saving(vitrine_session_get_saver(self->session));

  if (saving && !self->held)
    g_application_hold(G_APPLICATION(self));
  else if (!saving && self->held)
    g_application_release(G_APPLICATION(self));
  self->held = saving;
}

/* ---- how long the start took ------------------------------------------------------------- */

/* Milliseconds since the kernel started this process; its clock counts in hundredths of a
 * second. */
static double
process_age(void)
{
  g_autofree char *stat = NULL;
  double uptime = 0, started = 0;
  struct timespec now;

  if (clock_gettime(CLOCK_BOOTTIME, &now) == 0)
    uptime = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
  if (g_file_get_contents("/proc/self/stat", &stat, NULL, NULL)) {
    const char *after_name = strrchr(stat, ')');
    g_auto(GStrv) fields = g_strsplit(after_name ? after_name : "", " ", -1);
    if (g_strv_length(fields) > 20) /* starttime is the 22nd field of all */
      started = g_ascii_strtod(fields[20], NULL) / (double)sysconf(_SC_CLK_TCK);
  }
  return (uptime - started) * 1000;
}

static void
painted_cb(GdkFrameClock *clock, VitrineApplication *self)
{
  g_signal_handlers_disconnect_by_func(clock, painted_cb, self);
  printf("%.0f\n", process_age());
  fflush(stdout);
  gtk_window_close(GTK_WINDOW(self->window));
}

static void
first_picture_cb(VitrineSession *session, VitrineApplication *self)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock(self->window);

  g_signal_handlers_disconnect_by_func(session, first_picture_cb, self);
  g_signal_connect(clock, "after-paint", G_CALLBACK(painted_cb), self);
  gtk_widget_queue_draw(self->window);
}

/* ---- GApplication ------------------------------------------------------------------------ */

static void
vitrine_application_startup(GApplication *application)
{
  VitrineApplication *self = VITRINE_APPLICATION(application);

  /* Without a session bus this is the Wayland app id, by which a desktop finds icon and name. */
  g_set_prgname(VITRINE_APP_ID);
  G_APPLICATION_CLASS(vitrine_application_parent_class)->startup(application);
  vitrine_preferences_apply();
  g_autofree char *stored = vitrine_preferences_get_device();
  g_autofree char *precision = vitrine_preferences_get_precision();
  gboolean demanded;

  self->session = vitrine_session_new();
  sg_backend_precision(&demanded); /* by the command line */
  if (!demanded)
    sg_backend_prefer_precision(precision, NULL);
  vitrine_view_set_rough_allowed(vitrine_session_get_view(self->session),
                                 vitrine_preferences_get_rough());
  vitrine_opener_set_first_faces(vitrine_session_get_opener(self->session),
                                 vitrine_preferences_get_first_faces());
  vitrine_device_choice_set(vitrine_session_get_device(self->session),
                            self->device ? self->device : stored);
  g_signal_connect_object(vitrine_session_get_opener(self->session), "notify::loading",
                          G_CALLBACK(loading_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(vitrine_session_get_saver(self->session), "notify::saving",
                          G_CALLBACK(saving_cb), self, G_CONNECT_SWAPPED);
}

static void
show_window(VitrineApplication *self)
{
  if (!self->window) {
    self->window =
        vitrine_window_new(GTK_APPLICATION(self), self->session,
                           vitrine_opener_is_loading(vitrine_session_get_opener(self->session)));
    g_object_add_weak_pointer(G_OBJECT(self->window), (gpointer *)&self->window);
    if (self->exit_after_startup)
      g_signal_connect_object(self->session, "picture-changed", G_CALLBACK(first_picture_cb), self,
                              0);
  }
  gtk_window_present(GTK_WINDOW(self->window));
}

static void
vitrine_application_activate(GApplication *application)
{
  VitrineApplication *self = VITRINE_APPLICATION(application);

  /* Loading begins before the window is built: both take their time, and there are two cores. */
  if (!self->window)
    open_something(self);
  show_window(self);
}

static void
vitrine_application_open(GApplication *application, GFile **files, int n, const char *hint)
{
  VitrineApplication *self = VITRINE_APPLICATION(application);

  vitrine_opener_open(vitrine_session_get_opener(self->session), files[0]);
  show_window(self);
  vitrine_window_show_if_run(VITRINE_WINDOW(self->window), files[0]);
  vitrine_window_say_unopened(VITRINE_WINDOW(self->window), files[0], (guint)n - 1);
}

static int
vitrine_application_handle_local_options(GApplication *application, GVariantDict *options)
{
  VitrineApplication *self = VITRINE_APPLICATION(application);

  self->exit_after_startup = g_variant_dict_contains(options, "exit-after-startup");
  return -1;
}

static void
vitrine_application_shutdown(GApplication *application)
{
  VitrineApplication *self = VITRINE_APPLICATION(application);

  g_clear_object(&self->session);
  vitrine_store_flush();
  G_APPLICATION_CLASS(vitrine_application_parent_class)->shutdown(application);
}

static void
vitrine_application_dispose(GObject *object)
{
  VitrineApplication *self = VITRINE_APPLICATION(object);

  if (self->window)
    g_object_remove_weak_pointer(G_OBJECT(self->window), (gpointer *)&self->window);
  self->window = NULL;
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_application_parent_class)->dispose(object);
}

static void
vitrine_application_class_init(VitrineApplicationClass *class)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_application_dispose;
  application_class->startup = vitrine_application_startup;
  application_class->activate = vitrine_application_activate;
  application_class->open = vitrine_application_open;
  application_class->shutdown = vitrine_application_shutdown;
  application_class->handle_local_options = vitrine_application_handle_local_options;
}

static void
vitrine_application_init(VitrineApplication *self)
{
  g_application_add_main_option(G_APPLICATION(self), "exit-after-startup", 0, G_OPTION_FLAG_HIDDEN,
                                G_OPTION_ARG_NONE,
                                "Print the milliseconds to the first picture and quit", NULL);
}

VitrineApplication *
vitrine_application_new(GApplicationFlags flags)
{
  return g_object_new(VITRINE_TYPE_APPLICATION, "application-id", VITRINE_APP_ID, "flags",
                      G_APPLICATION_HANDLES_OPEN | flags, "resource-base-path",
                      "/io/github/vitrine/Vitrine", NULL);
}

int
vitrine_application_run(int argc, char **argv, const char *device)
{
  bindtextdomain(GETTEXT_PACKAGE, VITRINE_LOCALEDIR);
  bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
  textdomain(GETTEXT_PACKAGE);
  g_set_application_name("Vitrine");
  g_autoptr(VitrineApplication) application = vitrine_application_new(G_APPLICATION_DEFAULT_FLAGS);
  application->device = device;
  return g_application_run(G_APPLICATION(application), argc, argv);
}
