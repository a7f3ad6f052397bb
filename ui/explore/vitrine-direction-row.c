#include "ui/explore/vitrine-direction-row.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/explore/vitrine-direction-previews.h"
#include "ui/explore/vitrine-trough.h"
#include "ui/parts/vitrine-number.h"

struct _VitrineDirectionRow {
  GtkBox parent_instance;
  VitrineDirection *direction;
  GtkWidget *name, *pin, *lock, *details, *entry, *reset, *menu;
  VitrineTrough *trough;
  SgRecipe *previewed; /* what the strip is of; NULL: nothing */
  double previewed_step;
  gint64 stamp;
};

enum { WANTED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineDirectionRow, vitrine_direction_row, GTK_TYPE_BOX)

/* ---- strength ---------------------------------------------------------------------------- */

static gboolean
to_slider(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  double strength = g_value_get_double(from);

  vitrine_trough_fit(VITRINE_TROUGH(data), strength);
  g_value_set_double(to, strength);
  return TRUE;
}

static void
entered_cb(GtkWidget *entry, double value, gpointer data)
{
  vitrine_direction_set_strength(VITRINE_DIRECTION_ROW(data)->direction, value);
}

static void
reset_cb(GtkButton *button, VitrineDirectionRow *self)
{
  vitrine_direction_set_strength(self->direction, 0);
  gtk_widget_grab_focus(vitrine_trough_get_scale(self->trough));
}

static void
strength_cb(VitrineDirectionRow *self)
{
  double strength = vitrine_direction_get_strength(self->direction);
  g_autofree char *text = g_strdup_printf(_("%+.2f σ"), strength);

  vitrine_number_entry_set(self->entry, strength);
  gtk_widget_set_sensitive(self->reset, strength != 0);
  if (strength != 0)
    gtk_widget_add_css_class(GTK_WIDGET(self), "changed");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(self), "changed");
  gtk_accessible_update_property(GTK_ACCESSIBLE(vitrine_trough_get_scale(self->trough)),
                                 GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrineDirectionRow *self)
{
  if (key != GDK_KEY_Delete && key != GDK_KEY_KP_Delete)
    return GDK_EVENT_PROPAGATE;
  vitrine_direction_set_strength(self->direction, 0);
  return GDK_EVENT_STOP;
}

/* ---- names ------------------------------------------------------------------------------- */

static void
name_part(GtkWidget *part, const char *kind, const char *name, const char *label)
{
  g_autofree char *id = g_strdup_printf("direction-%s-%s", kind, name);

  gtk_widget_set_name(part, id);
  gtk_accessible_update_property(GTK_ACCESSIBLE(part), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
name_cb(VitrineDirectionRow *self)
{
  const char *name = vitrine_direction_get_name(self->direction);
  const char *title = vitrine_direction_get_title(self->direction);
  g_autofree char *entry = g_strdup_printf(_("Strength of %s"), title);
  g_autofree char *reset = g_strdup_printf(_("Reset %s"), title);
  g_autofree char *menu = g_strdup_printf(_("Menu of %s"), title);

  name_part(vitrine_trough_get_scale(self->trough), "scale", name, title);
  name_part(self->entry, "entry", name, entry);
  name_part(self->reset, "reset", name, reset);
  name_part(self->menu, "menu", name, menu);
  gtk_accessible_update_property(GTK_ACCESSIBLE(gtk_widget_get_first_child(self->menu)),
                                 GTK_ACCESSIBLE_PROPERTY_LABEL, menu, -1);
  gtk_widget_set_tooltip_text(self->name, title);
}

/* ---- previews ---------------------------------------------------------------------------- */

SgRecipe *
vitrine_direction_row_wants(VitrineDirectionRow *self, const SgRecipe *recipe)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION_ROW(self), NULL);
  g_autoptr(SgRecipe) of = vitrine_direction_apply(self->direction, recipe, 0);

  if (!of)
    return NULL;
  of->faces = 1;
  gboolean there = self->previewed &&
                   self->previewed_step == vitrine_trough_get_step(self->trough) &&
                   sg_recipe_equal(of, self->previewed);
  vitrine_trough_set_stale(self->trough, !there);
  return there ? NULL : g_steal_pointer(&of);
}

double
vitrine_direction_row_get_step(VitrineDirectionRow *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION_ROW(self), 1);
  return vitrine_trough_get_step(self->trough);
}

void
vitrine_direction_row_set_previews(VitrineDirectionRow *self, GdkTexture *strip, SgRecipe *of,
                                   double step)
{
  g_return_if_fail(VITRINE_IS_DIRECTION_ROW(self));
  sg_recipe_free(self->previewed);
  self->previewed = of;
  self->previewed_step = step;
  vitrine_trough_set_strip(self->trough, strip, VITRINE_PREVIEWS);
}

/* Another layer or sign is another picture. */
static void
direction_changed_cb(VitrineDirectionRow *self)
{
  g_clear_pointer(&self->previewed, sg_recipe_free);
  vitrine_trough_set_stale(self->trough, TRUE);
  g_signal_emit(self, signals[WANTED], 0);
}

static void
wanted_cb(VitrineDirectionRow *self)
{
  self->stamp = g_get_monotonic_time();
  g_signal_emit(self, signals[WANTED], 0);
}

gint64
vitrine_direction_row_get_stamp(VitrineDirectionRow *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION_ROW(self), 0);
  return self->stamp;
}

/* ---- the object -------------------------------------------------------------------------- */

VitrineDirection *
vitrine_direction_row_get_direction(VitrineDirectionRow *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION_ROW(self), NULL);
  return self->direction;
}

void
vitrine_direction_row_set_menu(VitrineDirectionRow *self, GMenuModel *menu)
{
  g_return_if_fail(VITRINE_IS_DIRECTION_ROW(self));
  gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(self->menu), menu);
  gtk_widget_set_visible(self->menu, menu != NULL);
}

static GtkWidget *
label_new(const char *css)
{
  GtkWidget *label = gtk_label_new(NULL);

  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class(label, css);
  return label;
}

static GtkWidget *
top_line(VitrineDirectionRow *self)
{
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);

  self->name = label_new("direction-name");
  self->details = label_new("direction-details");
  gtk_widget_set_hexpand(self->details, TRUE);
  self->entry = vitrine_number_entry_new(6, entered_cb, self);
  gtk_widget_set_tooltip_text(self->entry, _("In σ: any number; the range grows with it"));
  self->reset = gtk_button_new_from_icon_name("edit-undo-symbolic");
  gtk_widget_set_tooltip_text(self->reset, _("Without this direction (Delete)"));
  gtk_widget_add_css_class(self->reset, "flat");
  g_signal_connect(self->reset, "clicked", G_CALLBACK(reset_cb), self);
  self->menu = gtk_menu_button_new();
  gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(self->menu), "view-more-symbolic");
  gtk_widget_set_tooltip_text(self->menu, _("Rename, pin, layers…"));
  gtk_widget_add_css_class(self->menu, "flat");
  gtk_widget_set_visible(self->menu, FALSE);
  self->pin = gtk_image_new_from_icon_name("starred-symbolic");
  self->lock = gtk_image_new_from_icon_name("changes-prevent-symbolic");
  gtk_image_set_pixel_size(GTK_IMAGE(self->pin), 12);
  gtk_image_set_pixel_size(GTK_IMAGE(self->lock), 12);
  GtkWidget *parts[] = {self->name,  self->pin,   self->lock, self->details,
                        self->entry, self->reset, self->menu};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    gtk_box_append(GTK_BOX(line), parts[i]);
  return line;
}

static void
watch(VitrineDirectionRow *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new();
  GtkEventController *focus = gtk_event_controller_focus_new();
  GtkEventController *keys = gtk_event_controller_key_new();

  gtk_widget_set_tooltip_text(
      vitrine_trough_get_scale(self->trough),
      _("Moves every face along this direction of w; the pictures show what that leads to"));
  g_signal_connect_swapped(motion, "enter", G_CALLBACK(wanted_cb), self);
  g_signal_connect_swapped(focus, "enter", G_CALLBACK(wanted_cb), self);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), motion);
  gtk_widget_add_controller(GTK_WIDGET(self), focus);
  gtk_widget_add_controller(vitrine_trough_get_scale(self->trough), keys);
}

static void
vitrine_direction_row_init(VitrineDirectionRow *self)
{
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_widget_add_css_class(GTK_WIDGET(self), "direction");
  gtk_box_append(GTK_BOX(self), top_line(self));
  self->trough = VITRINE_TROUGH(vitrine_trough_new());
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->trough));
  watch(self);
}

static void
vitrine_direction_row_finalize(GObject *object)
{
  VitrineDirectionRow *self = VITRINE_DIRECTION_ROW(object);

  g_clear_object(&self->direction);
  g_clear_pointer(&self->previewed, sg_recipe_free);
  G_OBJECT_CLASS(vitrine_direction_row_parent_class)->finalize(object);
}

static void
vitrine_direction_row_class_init(VitrineDirectionRowClass *class)
{
  G_OBJECT_CLASS(class)->finalize = vitrine_direction_row_finalize;
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_GROUP);
  signals[WANTED] = g_signal_new("wanted", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

GtkWidget *
vitrine_direction_row_new(VitrineDirection *direction)
{
  VitrineDirectionRow *self = g_object_new(VITRINE_TYPE_DIRECTION_ROW, NULL);

  self->direction = g_object_ref(direction);
  g_object_bind_property(direction, "title", self->name, "label", G_BINDING_SYNC_CREATE);
  g_object_bind_property(direction, "details", self->details, "label", G_BINDING_SYNC_CREATE);
  g_object_bind_property(direction, "details", self->details, "tooltip-text",
                         G_BINDING_SYNC_CREATE);
  g_object_bind_property(direction, "pinned", self->pin, "visible", G_BINDING_SYNC_CREATE);
  g_object_bind_property(direction, "locked", self->lock, "visible", G_BINDING_SYNC_CREATE);
  g_object_bind_property_full(direction, "strength", vitrine_trough_get_adjustment(self->trough),
                              "value", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL, to_slider,
                              NULL, self->trough, NULL);
  g_signal_connect_object(direction, "notify::strength", G_CALLBACK(strength_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(direction, "notify::name", G_CALLBACK(name_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(direction, "changed", G_CALLBACK(direction_changed_cb), self,
                          G_CONNECT_SWAPPED);
  name_cb(self);
  strength_cb(self);
  return GTK_WIDGET(self);
}
