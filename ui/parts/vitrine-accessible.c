#include "ui/parts/vitrine-accessible.h"
#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#define NAME_KEY "vitrine-accessible-name"

static void
set_label(GtkWidget *widget, const char *name)
{
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
hide(GtkWidget *widget)
{
  gtk_accessible_update_state(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
}

/* The first below `root` (and not in a popover) that is of that type, NULL: none. */
static GtkWidget *
find_inside(GtkWidget *root, GType type)
{
  GtkWidget *found = NULL;

  for (GtkWidget *c = gtk_widget_get_first_child(root); c && !found;
       c = gtk_widget_get_next_sibling(c))
    if (!GTK_IS_POPOVER(c))
      found = g_type_is_a(G_OBJECT_TYPE(c), type) ? c : find_inside(c, type);
  return found;
}

static const char *
text_inside(GtkWidget *root)
{
  GtkWidget *label = root ? find_inside(root, GTK_TYPE_LABEL) : NULL;
  return GTK_IS_LABEL(root) ? gtk_label_get_text(GTK_LABEL(root))
         : label            ? gtk_label_get_text(GTK_LABEL(label))
                            : NULL;
}

/* ---- drop-downs ------------------------------------------------------------------------------ */

static void
selected_cb(GtkWidget *drop)
{
  const char *name = g_object_get_data(G_OBJECT(drop), NAME_KEY);
  GtkWidget *button = find_inside(drop, GTK_TYPE_TOGGLE_BUTTON);
  gpointer item = gtk_drop_down_get_selected_item(GTK_DROP_DOWN(drop));
  const char *text =
      GTK_IS_STRING_OBJECT(item) ? gtk_string_object_get_string(GTK_STRING_OBJECT(item)) : NULL;
  g_autofree char *whole = text ? g_strdup_printf("%s: %s", name, text) : g_strdup(name);

  set_label(drop, name);
  if (button) { /* whose name says all that is on it */
    set_label(button, whole);
    for (GtkWidget *c = gtk_widget_get_first_child(button); c; c = gtk_widget_get_next_sibling(c))
      if (!GTK_IS_POPOVER(c))
        hide(c);
  }
}

static void
name_below(GtkWidget *root, GType type, const char *name)
{
  for (GtkWidget *c = gtk_widget_get_first_child(root); c; c = gtk_widget_get_next_sibling(c)) {
    if (g_type_is_a(G_OBJECT_TYPE(c), type))
      set_label(c, name);
    name_below(c, type, name);
  }
}

static void
name_drop_down(GtkWidget *drop, const char *name)
{
  gboolean first = !g_object_get_data(G_OBJECT(drop), NAME_KEY);

  g_object_set_data_full(G_OBJECT(drop), NAME_KEY, g_strdup(name), g_free);
  if (first)
    g_signal_connect(drop, "notify::selected-item", G_CALLBACK(selected_cb), NULL);
  selected_cb(drop);
  name_below(drop, GTK_TYPE_LIST_VIEW, name); /* in its popover */
  name_below(drop, GTK_TYPE_SEARCH_ENTRY, name);
}

/* ---- all kinds ------------------------------------------------------------------------------- */

void
vitrine_accessible_set_name(GtkWidget *widget, const char *name)
{
  g_return_if_fail(GTK_IS_WIDGET(widget));
  g_return_if_fail(name != NULL);
  GtkWidget *button =
      GTK_IS_MENU_BUTTON(widget) ? find_inside(widget, GTK_TYPE_TOGGLE_BUTTON) : NULL;

  if (GTK_IS_DROP_DOWN(widget)) {
    name_drop_down(widget, name);
    return;
  }
  set_label(widget, name);
  if (button)
    set_label(button, name);
}

static char *
without_keys(const char *tooltip)
{
  const char *open = strrchr(tooltip, '(');
  gsize n = strlen(tooltip);

  if (!open || tooltip[n - 1] != ')' || open == tooltip)
    return g_strdup(tooltip);
  return g_strchomp(g_strndup(tooltip, (gsize)(open - tooltip)));
}

static void
name_by_tooltip(GtkWidget *widget)
{
  const char *tooltip = gtk_widget_get_tooltip_text(widget);
  g_autofree char *name = tooltip ? without_keys(tooltip) : NULL;

  if (name)
    vitrine_accessible_set_name(widget, name);
}

/* A spin button's two: less first, then more. */
static void
name_spin(GtkWidget *spin)
{
  gboolean more = FALSE;

  for (GtkWidget *c = gtk_widget_get_first_child(spin); c; c = gtk_widget_get_next_sibling(c))
    if (GTK_IS_BUTTON(c)) {
      set_label(c, more ? _("Increase") : _("Decrease"));
      more = TRUE;
    }
}

static gboolean
has_icon_only(GtkWidget *button)
{
  GtkWidget *parent = gtk_widget_get_parent(button);

  return GTK_IS_BUTTON(button) && !gtk_button_get_label(GTK_BUTTON(button)) &&
         !GTK_IS_MENU_BUTTON(parent) && !GTK_IS_DROP_DOWN(parent) && !GTK_IS_SPIN_BUTTON(parent);
}

/* A row of a list of settings, and what takes the focus in it, by the row's title. */
static void
title_cb(GtkWidget *row)
{
  const char *title = adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row));
  const GType parts[] = {GTK_TYPE_LIST_VIEW, GTK_TYPE_TEXT, GTK_TYPE_SPIN_BUTTON, GTK_TYPE_SWITCH,
                         GTK_TYPE_LIST_BOX};

  if (!title || !*title)
    return;
  set_label(row, title);
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    name_below(row, parts[i], title);
}

static void
name_row(GtkWidget *row)
{
  if (!g_object_get_data(G_OBJECT(row), NAME_KEY))
    g_signal_connect(row, "notify::title", G_CALLBACK(title_cb), NULL);
  g_object_set_data(G_OBJECT(row), NAME_KEY, row);
  title_cb(row);
}

/* Icons, and pictures on what has a name of its own: nobody wants to hear of them. */
static gboolean
is_decoration(GtkWidget *w)
{
  return GTK_IS_IMAGE(w) ||
         (GTK_IS_PICTURE(w) && (gtk_widget_get_ancestor(w, GTK_TYPE_BUTTON) ||
                                gtk_widget_get_ancestor(w, GTK_TYPE_FLOW_BOX_CHILD)));
}

/* GTK makes the alternative text a description, and calls the picture by its class. */
static void
alternative_cb(GtkWidget *picture)
{
  const char *text = gtk_picture_get_alternative_text(GTK_PICTURE(picture));

  if (text)
    set_label(picture, text);
}

static void
name_picture(GtkWidget *picture)
{
  if (!g_object_get_data(G_OBJECT(picture), NAME_KEY))
    g_signal_connect(picture, "notify::alternative-text", G_CALLBACK(alternative_cb), NULL);
  g_object_set_data(G_OBJECT(picture), NAME_KEY, picture);
  alternative_cb(picture);
}

static void
name_one(GtkWidget *w)
{
  if (is_decoration(w))
    hide(w);
  else if (GTK_IS_PICTURE(w))
    name_picture(w);
  if (ADW_IS_PREFERENCES_ROW(w))
    name_row(w);
  if (GTK_IS_DROP_DOWN(w) || GTK_IS_MENU_BUTTON(w) || has_icon_only(w))
    name_by_tooltip(w);
  if (GTK_IS_SPIN_BUTTON(w))
    name_spin(w);
  if (GTK_IS_EXPANDER(w) && text_inside(w))
    set_label(w, text_inside(w));
  if (has_icon_only(w) && !gtk_widget_get_tooltip_text(w) && text_inside(w))
    set_label(w, text_inside(w)); /* a switcher's, of icon and text */
  if (GTK_IS_FLOW_BOX_CHILD(w) && text_inside(w))
    set_label(w, text_inside(w));
  if (GTK_IS_PANED(w))
    set_label(w, _("Border between picture and pane"));
}

void
vitrine_accessible_name_all(GtkWidget *root)
{
  g_return_if_fail(GTK_IS_WIDGET(root));
  name_one(root);
  for (GtkWidget *c = gtk_widget_get_first_child(root); c; c = gtk_widget_get_next_sibling(c))
    vitrine_accessible_name_all(c);
}
