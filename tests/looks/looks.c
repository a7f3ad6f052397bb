/* Takes pictures of the window, to be looked at by people: of every change of it, and for README.
 *
 * looks WORD…, each one done in turn:
 *   size=WxH text=PERCENT rtl dark words=FOLDER   what the window is like (before all others);
 *                                    FOLDER has de/LC_MESSAGES/vitrine.mo
 *   page=NAME action=NAME[:TARGET]   a pane; an action of the window or of the pane that is shown
 *   faces=N seed=N press=WIDGET set=WIDGET:VALUE
 *   wait=SECONDS shot=FILE.png       of the newest window
 *   wide=PIXELS                      prints which widgets need more than that
 *   film=FILE:FPS film-end           a film; in between
 *   glide=WIDGET:VALUE:FRAMES        a slider goes there, and each frame is drawn
 *   still=FRAMES
 *
 * tests/looks/all makes those that a change of the window is looked at by. */
#include <adwaita.h>
#include <libintl.h>
#include <stdlib.h>
#include <string.h>
#include "app/config.h"
#include "app/session/vitrine-store.h"
#include "engine/film/film.h"
#include "engine/pictures/picture.h"
#include "tests/support/window-fixture.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-window-private.h"

typedef struct {
  Fixture f;
  SgFilm *film;
  char *path; /* of the film that is to be begun */
  int fps;
} Looks;

static GtkWidget *
newest(Looks *self)
{
  GListModel *windows = gtk_window_get_toplevels();
  GtkWidget *found = GTK_WIDGET(self->f.window);

  for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
    if (gtk_widget_get_mapped(window) && window != GTK_WIDGET(self->f.window))
      found = window;
  }
  return found;
}

static GtkWidget *
part(Looks *self, const char *name)
{
  GtkWidget *found = fixture_find(newest(self), name);

  return found ? found : fixture_part(&self->f, name);
}

/* [height, width, 3]. */
static guint8 *
pixels_of(Looks *self, int *width, int *height)
{
  GtkWidget *window = newest(self);
  gsize size;
  g_autofree guint8 *bgra = fixture_pixels(&self->f, window, &size);

  *width = gtk_widget_get_width(window);
  *height = gtk_widget_get_height(window);
  guint8 *rgb = g_malloc(size / 4 * 3);
  for (gsize i = 0; i < size / 4; i++)
    for (int c = 0; c < 3; c++)
      rgb[3 * i + (gsize)c] = bgra[4 * i + 2 - (gsize)c];
  return rgb;
}

static void
shot(Looks *self, const char *path)
{
  g_autoptr(GError) error = NULL;
  int width, height;
  g_autofree guint8 *rgb = pixels_of(self, &width, &height);

  if (!sg_png_write(path, rgb, width, height, NULL, &error))
    g_error("%s", error->message);
  g_print("%s: %d × %d\n", path, width, height);
}

/* ---- films ----------------------------------------------------------------------------------- */

static void
frame(Looks *self)
{
  g_autoptr(GError) error = NULL;
  int width, height;

  fixture_settle(&self->f);
  g_autofree guint8 *rgb = pixels_of(self, &width, &height);
  if (!self->film) {
    const SgFilmFormat format = {.width = width,
                                 .height = height,
                                 .bytes = 3,
                                 .fps_n = self->fps,
                                 .fps_d = 1,
                                 .quality = 50};
    self->film = sg_film_new(self->path, &format, &error);
  }
  if (!self->film || !sg_film_add(self->film, rgb, NULL, &error))
    g_error("%s", error->message);
}

static void
end_film(Looks *self)
{
  g_autoptr(GError) error = NULL;

  if (!self->film || !sg_film_finish(self->film, &error))
    g_error("%s", error ? error->message : "no film was begun");
  g_clear_pointer(&self->film, sg_film_free);
}

/* Slower where it begins and ends. */
static void
glide(Looks *self, GtkRange *range, double to, int frames)
{
  double from = gtk_range_get_value(range);

  for (int i = 1; i <= frames; i++) {
    double t = (double)i / frames;
    gtk_range_set_value(range, from + (to - from) * t * t * (3 - 2 * t));
    frame(self);
  }
}

/* ---- what is too wide -------------------------------------------------------------------- */

/* Prints which widgets need more than `room` pixels, down to those that alone do. */
static void
print_wide(GtkWidget *w, int room, int depth)
{
  int least;

  if (!gtk_widget_get_visible(w) || GTK_IS_POPOVER(w))
    return;
  gtk_widget_measure(w, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  if (least <= room && depth > 0)
    return;
  g_print("%*s%s %s: %d\n", 2 * depth, "", G_OBJECT_TYPE_NAME(w), gtk_widget_get_name(w), least);
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    print_wide(c, room, depth + 1);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void
act(Looks *self, const char *name, const char *target)
{
  GtkWidget *pane = self->f.window->pane;
  GtkWidget *from =
      strchr(name, '.') && !g_str_has_prefix(name, "win.")
          ? vitrine_side_get_pane(VITRINE_SIDE(pane), vitrine_side_get_page(VITRINE_SIDE(pane)))
          : GTK_WIDGET(self->f.window);
  GVariant *value = target ? g_variant_new_string(target) : NULL;

  if (!gtk_widget_activate_action_variant(from, name, value))
    g_error("there is no action %s", name);
}

static void
press(GtkWidget *widget)
{
  if (GTK_IS_MENU_BUTTON(widget))
    gtk_menu_button_popup(GTK_MENU_BUTTON(widget));
  else if (GTK_IS_CHECK_BUTTON(widget))
    gtk_check_button_set_active(GTK_CHECK_BUTTON(widget), TRUE);
  else
    g_signal_emit_by_name(widget, "clicked");
}

static void
work(Looks *self, const char *word, char **values)
{
  const char *first = values[0], *second = first ? values[1] : NULL;
  VitrineEditor *editor = vitrine_session_get_editor(self->f.session);

  if (g_str_equal(word, "page"))
    vitrine_side_show(VITRINE_SIDE(self->f.window->pane), first);
  else if (g_str_equal(word, "action"))
    act(self, first, second);
  else if (g_str_equal(word, "faces"))
    vitrine_editor_set_faces(editor, atoi(first));
  else if (g_str_equal(word, "seed"))
    g_object_set(editor, "seed", (guint)atoi(first), NULL);
  else if (g_str_equal(word, "press"))
    press(part(self, first));
  else if (g_str_equal(word, "set"))
    gtk_range_set_value(GTK_RANGE(part(self, first)), g_ascii_strtod(second, NULL));
  else if (g_str_equal(word, "wait"))
    fixture_run_for(g_ascii_strtod(first, NULL));
  else if (g_str_equal(word, "shot"))
    shot(self, first);
  else if (g_str_equal(word, "film")) {
    g_free(self->path);
    self->path = g_strdup(first);
    self->fps = atoi(second);
  } else if (g_str_equal(word, "film-end"))
    end_film(self);
  else if (g_str_equal(word, "wide"))
    print_wide(newest(self) == GTK_WIDGET(self->f.window) ? GTK_WIDGET(self->f.window->paned)
                                                          : newest(self),
               atoi(first), 0);
  else if (g_str_equal(word, "glide"))
    glide(self, GTK_RANGE(part(self, first)), g_ascii_strtod(second, NULL), atoi(values[2]));
  else if (g_str_equal(word, "still"))
    for (int i = 0; i < atoi(first); i++)
      frame(self);
  else
    g_error("%s is no word", word);
}

static gboolean dark;

/* What has to be so before the window is there. */
static gboolean
prepare(const char *word, int *width, int *height)
{
  if (g_str_equal(word, "rtl"))
    gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
  else if (g_str_equal(word, "dark"))
    dark = TRUE;
  else if (g_str_has_prefix(word, "text="))
    g_object_set(gtk_settings_get_default(), "gtk-xft-dpi", 96 * 1024 * atoi(word + 5) / 100, NULL);
  else if (g_str_has_prefix(word, "words=")) { /* whatever languages the machine has */
    g_setenv("LANGUAGE", "de", TRUE);
    bindtextdomain(GETTEXT_PACKAGE, word + 6);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);
  } else
    return sscanf(word, "size=%dx%d", width, height) == 2;
  return TRUE;
}

static void
store_size(int width, int height)
{
  json_t *root = json_pack("{s:i, s:i}", "width", width, "height", height);

  vitrine_store_save("window", root);
  json_decref(root);
}

int
main(int argc, char **argv)
{
  Looks self = {0};
  int size[2] = {1100, 740}, i = 1;

  adw_init();
  while (i < argc && prepare(argv[i], &size[0], &size[1]))
    i++;
  fixture_forget_state();
  store_size(size[0], size[1]);
  fixture_open_first(&self.f);
  if (dark)
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(),
                                       ADW_COLOR_SCHEME_FORCE_DARK);
  fixture_run_for(1);
  for (; i < argc; i++) {
    g_auto(GStrv) pair = g_strsplit(argv[i], "=", 2);
    g_auto(GStrv) values = g_strsplit(pair[1] ? pair[1] : "", ":", -1);
    work(&self, pair[0], values);
    fixture_settle(&self.f);
  }
  gtk_window_destroy(GTK_WINDOW(self.f.window));
  vitrine_store_flush();
  return 0;
}
