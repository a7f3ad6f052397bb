#include "ui/shell/vitrine-shortcuts.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-pane.h"
#include <adwaita.h>
#include <glib/gi18n.h>

#define LETTERS "vitrine-letter-keys" /* the window's controller of them */

typedef struct {
  const char *title;  /* NULL: bound, not shown */
  const char *keys;   /* GTK's syntax, alternatives separated by '|'; the first is shown */
  const char *action; /* NULL: shown, bound elsewhere (held keys) */
  const char *target; /* GVariant text or NULL */
} Shortcut;

typedef struct {
  const char *title;
  const Shortcut *shortcuts; /* NULL: those of the panes */
} Section;

static const Shortcut file_keys[] = {
    {N_("Open a model, picture or vector"), "<Control>o", "win.open", NULL},
    {N_("Save the picture"), "<Control>s", "win.save-picture", NULL},
    {N_("Export in another kind or size"), "<Control>e", "win.export", NULL},
    {N_("Save before and after"), "<Control><Shift>b", "win.save-before-after", NULL},
    {N_("Record a strip"), "<Control><Shift>p", "win.record-strip", NULL},
    {N_("Copy the picture"), "<Control>c", "win.copy-picture", NULL},
    {N_("Paste a picture, when the picture has the focus"), "<Control>v", NULL, NULL},
    {N_("Copy the vector"), "<Control><Shift>c", "win.copy-vector", NULL},
    {N_("Save the vector"), "<Control><Shift>s", "win.save-vector", NULL},
    {N_("Load a vector"), "<Control><Shift>o", "win.load-vector", NULL},
    {0},
};
static const Shortcut edit_keys[] = {
    {N_("Undo"), "<Control>z", "win.undo", NULL},
    {N_("Redo"), "<Control><Shift>z|<Control>y", "win.redo", NULL},
    {N_("Reset everything"), "<Control><Shift>r", "win.reset", NULL},
    {N_("Jump to a dimension"), "<Control>j", "win.jump", NULL},
    {0},
};
static const Shortcut face_keys[] = {
    {N_("Next seed"), "n", "win.next-seed", NULL},
    {N_("Previous seed"), "p", "win.previous-seed", NULL},
    {N_("Random seed"), "r", "win.random-seed", NULL},
    {N_("One face"), "<Alt>1", "win.faces", "1"},
    {N_("4 faces"), "<Alt>2", "win.faces", "4"},
    {N_("9 faces"), "<Alt>3", "win.faces", "9"},
    {N_("32 faces"), "<Alt>4", "win.faces", "32"},
    {0},
};
static const Shortcut view_keys[] = {
    {N_("Show the unmodified picture while held"), "c", NULL, NULL},
    {N_("The same, when the picture has the focus"), "space", NULL, NULL},
    {N_("Compare side by side"), "<Control>d", "win.compare", NULL},
    {N_("Compare in another way"), "<Control><Shift>d", "win.compare-next", NULL},
    {N_("Move the divider"), "<Shift>Right", NULL, NULL},
    {N_("Zoom in"), "<Control>plus|<Control>equal|<Control>KP_Add", "win.zoom-in", NULL},
    {N_("Zoom out"), "<Control>minus|<Control>KP_Subtract", "win.zoom-out", NULL},
    {N_("Fit the window"), "<Control>0|<Control>KP_0", "win.zoom-fit", NULL},
    {N_("Actual size"), "<Control>1|<Control>KP_1", "win.zoom-one", NULL},
    {N_("Move the enlarged picture"), "Right", NULL, NULL},
    {N_("Drag points of the face"), "<Control>g", "win.drag-points", NULL},
    {N_("Move the picture itself (StyleGAN3)"), "<Control>Right", NULL, NULL},
    {N_("Turn the picture itself (StyleGAN3)"), "<Control><Shift>Right", NULL, NULL},
    {N_("Lessons"), "<Control>l", "win.lessons", NULL},
    {N_("Hide or show the side"), "F9", "win.side", NULL},
    {N_("Full screen"), "F11", "win.full-screen", NULL},
    {0},
};
static const Shortcut film_keys[] = {
    {N_("Show the timeline"), "<Control>t", "win.timeline", NULL},
    {N_("Add the face as a keyframe"), "<Control>k", "win.add-keyframe", NULL},
    {N_("Record the film"), "<Control><Shift>f", "win.record-film", NULL},
    {N_("Play or pause, on the keyframes"), "space", NULL, NULL},
    {N_("Move a keyframe before or behind its neighbour"), "<Alt>Right", NULL, NULL},
    {N_("Move a keyframe in time"), "<Shift>Right", NULL, NULL},
    {0},
};
static const Shortcut general_keys[] = {
    {N_("Main menu"), "F10", "win.menu", NULL},
    {N_("Keyboard shortcuts"), "<Control>question|F1", "win.shortcuts", NULL},
    {N_("Preferences"), "<Control>comma", "win.preferences", NULL},
    {N_("Close the window"), "<Control>w", "window.close", NULL},
    {N_("Quit"), "<Control>q", "win.quit", NULL},
    {0},
};
static const Section sections[] = {
    {N_("Files"), file_keys},          {N_("Editing"), edit_keys}, {N_("Faces"), face_keys},
    {N_("View"), view_keys},           {N_("Film"), film_keys},    {N_("Panes"), NULL},
    {N_("Application"), general_keys},
};

/* One for each pane, from their table; made once and kept. */
static const Shortcut *
pane_keys(void)
{
  static Shortcut *keys;
  guint n;
  const VitrinePaneInfo *panes = vitrine_panes(&n);

  if (keys)
    return keys;
  keys = g_new0(Shortcut, n + 1);
  for (guint i = 0; i < n; i++)
    keys[i] = (Shortcut){panes[i].title, panes[i].key, "win.show-pane",
                         g_strdup_printf("'%s'", panes[i].name)};
  return keys;
}

static const Shortcut *
keys_of(const Section *section)
{
  return section->shortcuts ? section->shortcuts : pane_keys();
}

static GtkShortcut *
shortcut_new(const Shortcut *s)
{
  GtkShortcut *shortcut =
      gtk_shortcut_new(gtk_shortcut_trigger_parse_string(s->keys), gtk_named_action_new(s->action));

  if (s->target)
    gtk_shortcut_set_arguments(shortcut, g_variant_new_parsed(s->target));
  return shortcut;
}

/* ---- digits that are written with Shift, as in France ------------------------------------ */

/* The digit that the key would write with Shift where it writes `keyval` without; 0: none. */
static guint
shifted_digit(GdkDisplay *display, guint keyval, guint keycode)
{
  g_autofree GdkKeymapKey *keys = NULL;
  g_autofree guint *keyvals = NULL;
  int n = 0;

  gdk_display_map_keycode(display, keycode, &keys, &keyvals, &n);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n; k++)
      if (keys[i].level == 0 && keyvals[i] == keyval && keys[k].group == keys[i].group &&
          keys[k].level == 1 && keyvals[k] >= GDK_KEY_0 && keyvals[k] <= GDK_KEY_9)
        return keyvals[k];
  return 0;
}

static gboolean
has_keys(const Shortcut *s, guint digit, GdkModifierType wanted)
{
  g_auto(GStrv) alternatives = g_strsplit(s->keys, "|", -1);
  gboolean found = FALSE;

  for (char **one = alternatives; *one; one++) {
    guint key = 0;
    GdkModifierType mods = 0;
    found |= gtk_accelerator_parse(*one, &key, &mods) && key == digit && mods == wanted;
  }
  return found;
}

static gboolean
digit_cb(GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
         gpointer data)
{
  GtkWidget *window = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(controller));
  GdkModifierType mods = state & gtk_accelerator_get_default_mod_mask();
  guint digit = mods & (GDK_CONTROL_MASK | GDK_ALT_MASK)
                    ? shifted_digit(gtk_widget_get_display(window), keyval, keycode)
                    : 0;

  for (gsize i = 0; digit && i < G_N_ELEMENTS(sections); i++)
    for (const Shortcut *s = keys_of(&sections[i]); s->title; s++) {
      if (!s->action || !has_keys(s, digit, mods))
        continue;
      GVariant *target = s->target ? g_variant_new_parsed(s->target) : NULL;
      return gtk_widget_activate_action_variant(window, s->action, target);
    }
  return GDK_EVENT_PROPAGATE;
}

static void
bind_digits(GtkWidget *window)
{
  GtkEventController *keys = gtk_event_controller_key_new();

  g_signal_connect(keys, "key-pressed", G_CALLBACK(digit_cb), NULL);
  gtk_widget_add_controller(window, keys);
}

/* ---- all of them ------------------------------------------------------------------------- */

static gboolean
is_letter(const Shortcut *s)
{
  return s->keys[1] == '\0' && g_ascii_isalpha(s->keys[0]);
}

/* Text being edited gets its keys first, but for function keys: they write nothing, and a GtkPaned
 * would keep F6 for itself. */
void
vitrine_shortcuts_bind(GtkWindow *window)
{
  GtkEventController *last = gtk_shortcut_controller_new();
  GtkEventController *first = gtk_shortcut_controller_new();
  GtkEventController *letters = gtk_shortcut_controller_new();

  gtk_event_controller_set_propagation_phase(first, GTK_PHASE_CAPTURE);
  for (gsize i = 0; i < G_N_ELEMENTS(sections); i++)
    for (const Shortcut *s = keys_of(&sections[i]); s->title; s++)
      if (s->action)
        gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(is_letter(s)        ? letters
                                                                     : s->keys[0] == 'F' ? first
                                                                                         : last),
                                             shortcut_new(s));
  bind_digits(GTK_WIDGET(window));
  gtk_widget_add_controller(GTK_WIDGET(window), last);
  gtk_widget_add_controller(GTK_WIDGET(window), first);
  gtk_widget_add_controller(GTK_WIDGET(window), letters);
  g_object_set_data(G_OBJECT(window), LETTERS, letters);
}

void
vitrine_shortcuts_set_letters(GtkWindow *window, gboolean on)
{
  GtkEventController *letters = g_object_get_data(G_OBJECT(window), LETTERS);

  g_return_if_fail(letters != NULL);
  gtk_event_controller_set_propagation_phase(letters, on ? GTK_PHASE_BUBBLE : GTK_PHASE_NONE);
}

/* "Ctrl+Z" of the first of the alternatives. */
static char *
keys_label(const char *keys)
{
  g_auto(GStrv) alternatives = g_strsplit(keys, "|", 2);
  guint key;
  GdkModifierType mods;

  gtk_accelerator_parse(alternatives[0], &key, &mods);
  return gtk_accelerator_get_label(key, mods);
}

static GtkWidget *
row_new(const Shortcut *s)
{
  GtkWidget *row = adw_action_row_new();
  g_autofree char *keys = keys_label(s->keys);
  GtkWidget *label = gtk_label_new(keys);

  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _(s->title));
  gtk_widget_add_css_class(label, "keycap");
  gtk_widget_set_valign(label, GTK_ALIGN_CENTER);
  adw_action_row_add_suffix(ADW_ACTION_ROW(row), label);
  return row;
}

static GtkWidget *
page_new(void)
{
  AdwPreferencesPage *page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());

  for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
    AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    adw_preferences_group_set_title(group, _(sections[i].title));
    for (const Shortcut *s = keys_of(&sections[i]); s->title; s++)
      adw_preferences_group_add(group, row_new(s));
    adw_preferences_page_add(page, group);
  }
  return GTK_WIDGET(page);
}

void
vitrine_shortcuts_present(GtkWindow *parent)
{
  vitrine_dialogs_present_page(parent, _("Keyboard Shortcuts"), 520, 620, page_new());
}
