#include "ui/training/vitrine-option-row.h"
#include <glib/gi18n.h>

struct _VitrineOptionRow {
  AdwActionRow parent_instance;
  VitrineRunSetup *setup;
  const SgTrainOption *option;
  const char *const *choices; /* of the drop-down, borrowed */
  char *note;
  GtkWidget *control, *reset;
};

G_DEFINE_FINAL_TYPE(VitrineOptionRow, vitrine_option_row, ADW_TYPE_ACTION_ROW)

/* ---- what it shows --------------------------------------------------------------------------- */

static gboolean
is_true(const char *text)
{
  return text && (g_str_equal(text, "1") || g_str_equal(text, "true") || g_str_equal(text, "yes") ||
                  g_str_equal(text, "on"));
}

static void
show_wrong(VitrineOptionRow *self, const char *message)
{
  g_autofree char *escaped = g_markup_escape_text(message ? message : self->note, -1);

  adw_action_row_set_subtitle(ADW_ACTION_ROW(self), escaped);
  if (message)
    gtk_widget_add_css_class(GTK_WIDGET(self), "error");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(self), "error");
  gtk_accessible_update_state(GTK_ACCESSIBLE(self->control), GTK_ACCESSIBLE_STATE_INVALID,
                              message ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE,
                              -1);
}

/* What the setup says, as a switch or a drop-down shows it: a control that shows something else was
 * moved by the person. */
static char *
value_of(VitrineOptionRow *self)
{
  char *effective = vitrine_run_setup_effective(self->setup, self->option->name);
  return effective ? effective : g_strdup(vitrine_run_setup_get(self->setup, self->option->name));
}

static guint
line_of(VitrineOptionRow *self, const char *value)
{
  for (guint i = 0; self->choices[i]; i++)
    if (g_strcmp0(self->choices[i], value ? value : VITRINE_OPTION_AUTOMATIC) == 0)
      return i;
  return GTK_INVALID_LIST_POSITION;
}

static void
show_entry(VitrineOptionRow *self, const char *given, const char *effective)
{
  GtkEditable *entry = GTK_EDITABLE(self->control);

  gtk_entry_set_placeholder_text(GTK_ENTRY(self->control), effective ? effective : _("automatic"));
  /* What is being typed is the person's, right or wrong. */
  if (!vitrine_run_setup_is_wrong(self->setup, self->option->name) &&
      g_strcmp0(gtk_editable_get_text(entry), given ? given : "") != 0)
    gtk_editable_set_text(entry, given ? given : "");
}

static void
show_value(VitrineOptionRow *self)
{
  const char *given = vitrine_run_setup_get(self->setup, self->option->name);
  g_autofree char *effective = vitrine_run_setup_effective(self->setup, self->option->name);
  gboolean may = vitrine_run_setup_may_change(self->setup, self->option->name);

  if (GTK_IS_SWITCH(self->control))
    gtk_switch_set_active(GTK_SWITCH(self->control), is_true(effective ? effective : given));
  else if (self->choices)
    gtk_drop_down_set_selected(GTK_DROP_DOWN(self->control),
                               line_of(self, effective ? effective : given));
  else
    show_entry(self, may ? given : NULL, effective);
  gtk_widget_set_sensitive(self->control, may);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->control),
                              may ? self->option->help
                                  : _("A run that goes on keeps this; start a new run from its "
                                      "snapshot to change it"));
  gtk_widget_set_opacity(self->reset, given && may ? 1 : 0);
  gtk_widget_set_sensitive(self->reset, given && may);
}

void
vitrine_option_row_set_note(VitrineOptionRow *self, const char *note)
{
  g_return_if_fail(VITRINE_IS_OPTION_ROW(self));
  if (g_strcmp0(self->note, note) == 0)
    return;
  g_free(self->note);
  self->note = g_strdup(note);
  if (!gtk_widget_has_css_class(GTK_WIDGET(self), "error"))
    show_wrong(self, NULL);
}

/* ---- what it does ---------------------------------------------------------------------------- */

static void
set(VitrineOptionRow *self, const char *value)
{
  g_autoptr(GError) error = NULL;

  vitrine_run_setup_set(self->setup, self->option->name, value, &error);
  show_wrong(self, error ? error->message : NULL);
}

static void
entry_cb(VitrineOptionRow *self)
{
  if (vitrine_run_setup_may_change(self->setup, self->option->name))
    set(self, gtk_editable_get_text(GTK_EDITABLE(self->control)));
}

static void
switch_cb(VitrineOptionRow *self)
{
  g_autofree char *value = value_of(self);
  gboolean active = gtk_switch_get_active(GTK_SWITCH(self->control));

  if (active != is_true(value))
    set(self, active ? "1" : "0");
}

static void
choice_cb(VitrineOptionRow *self)
{
  guint at = gtk_drop_down_get_selected(GTK_DROP_DOWN(self->control));
  g_autofree char *value = value_of(self);

  if (at == GTK_INVALID_LIST_POSITION || at == line_of(self, value))
    return;
  gboolean automatic = g_str_equal(self->choices[at], VITRINE_OPTION_AUTOMATIC);
  set(self, automatic ? NULL : self->choices[at]);
}

static void
reset_cb(VitrineOptionRow *self)
{
  show_wrong(self, NULL);
  vitrine_run_setup_set(self->setup, self->option->name, NULL, NULL);
  show_value(self);
  gtk_widget_grab_focus(self->control);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
make_control(VitrineOptionRow *self)
{
  if (self->option->type == SG_OPTION_BOOL) {
    self->control = gtk_switch_new();
    g_signal_connect_swapped(self->control, "notify::active", G_CALLBACK(switch_cb), self);
  } else if (self->choices) {
    self->control = gtk_drop_down_new_from_strings(self->choices);
    g_signal_connect_swapped(self->control, "notify::selected", G_CALLBACK(choice_cb), self);
  } else {
    gboolean text = self->option->type == SG_OPTION_TEXT;
    self->control = gtk_entry_new();
    gtk_editable_set_width_chars(GTK_EDITABLE(self->control), text ? 14 : 9);
    gtk_editable_set_max_width_chars(GTK_EDITABLE(self->control), text ? 14 : 9);
    gtk_entry_set_input_purpose(GTK_ENTRY(self->control),
                                text ? GTK_INPUT_PURPOSE_FREE_FORM : GTK_INPUT_PURPOSE_NUMBER);
    /* Not "changed", which is there twice when a text replaces another. */
    g_signal_connect_swapped(self->control, "notify::text", G_CALLBACK(entry_cb), self);
  }
}

static void
add_suffixes(VitrineOptionRow *self, const char *title)
{
  g_autofree char *name = g_strconcat("option-", self->option->name, NULL);

  gtk_widget_set_name(self->control, name);
  gtk_widget_set_valign(self->control, GTK_ALIGN_CENTER);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->control), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 title, -1);
  self->reset = gtk_button_new_from_icon_name("edit-undo-symbolic");
  gtk_widget_set_valign(self->reset, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class(self->reset, "flat");
  gtk_widget_set_tooltip_text(self->reset, _("Back to the default"));
  g_signal_connect_swapped(self->reset, "clicked", G_CALLBACK(reset_cb), self);
  adw_action_row_add_suffix(ADW_ACTION_ROW(self), self->control);
  adw_action_row_add_suffix(ADW_ACTION_ROW(self), self->reset);
  adw_action_row_set_activatable_widget(ADW_ACTION_ROW(self), self->control);
}

static void
vitrine_option_row_dispose(GObject *object)
{
  VitrineOptionRow *self = VITRINE_OPTION_ROW(object);

  g_clear_object(&self->setup);
  G_OBJECT_CLASS(vitrine_option_row_parent_class)->dispose(object);
}

static void
vitrine_option_row_finalize(GObject *object)
{
  g_free(VITRINE_OPTION_ROW(object)->note);
  G_OBJECT_CLASS(vitrine_option_row_parent_class)->finalize(object);
}

static void
vitrine_option_row_class_init(VitrineOptionRowClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_option_row_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_option_row_finalize;
}

static void
vitrine_option_row_init(VitrineOptionRow *self)
{
}

GtkWidget *
vitrine_option_row_new(VitrineRunSetup *setup, const char *name, const char *title,
                       const char *const *choices)
{
  VitrineOptionRow *self = g_object_new(VITRINE_TYPE_OPTION_ROW, NULL);

  self->setup = g_object_ref(setup);
  self->option = vitrine_run_option_find(name);
  g_assert(self->option);
  self->choices = choices ? choices : self->option->words;
  self->note =
      title ? g_strdup("")
            : g_strdup_printf(_("%s Default: %s."), self->option->help, self->option->default_text);
  make_control(self);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), title ? title : name);
  adw_action_row_set_title_lines(ADW_ACTION_ROW(self), 0);
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(self), 0);
  add_suffixes(self, title ? title : name);
  show_wrong(self, NULL);
  g_signal_connect_object(setup, "changed", G_CALLBACK(show_value), self, G_CONNECT_SWAPPED);
  show_value(self);
  return GTK_WIDGET(self);
}
