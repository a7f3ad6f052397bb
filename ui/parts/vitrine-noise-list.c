#include "ui/parts/vitrine-noise-list.h"

#include <glib/gi18n.h>
#include "engine/explore/probe.h"

/* Up to here noise is coarse: it moves curls and strands; above, it is grain (Karras et al. 2019,
 * figure 5). */
#define COARSE_RESOLUTION 32
#define MAX_GAIN          2.0

typedef struct {
  int resolution;
  GtkWidget *toggle, *scale;
} Row;

struct _VitrineNoiseList {
  GtkBox parent_instance;
  VitrineSession *session;
  GtkWidget *grid, *all, *coarse, *fine, *reset;
  GArray *rows; /* of Row, one a convolution */
  gboolean syncing;
};

G_DEFINE_FINAL_TYPE(VitrineNoiseList, vitrine_noise_list, GTK_TYPE_BOX)

/* ---- from the recipe and to it ----------------------------------------------------------- */

static double
gain_of(const SgRecipe *recipe, guint conv)
{
  return recipe && (int)conv < recipe->num_noise ? recipe->noise_gain[conv] : 1;
}

static void
apply(VitrineNoiseList *self, const double *gains, const char *label, const char *key)
{
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(self->session));

  sg_recipe_set_noise_gain(recipe, (int)self->rows->len, gains);
  vitrine_session_apply(self->session, recipe, label, key);
}

static double *
current_gains(VitrineNoiseList *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  double *gains = g_new(double, self->rows->len);

  for (guint i = 0; i < self->rows->len; i++)
    gains[i] = gain_of(recipe, i);
  return gains;
}

static gboolean
in_group(const VitrineNoiseList *self, const Row *row, GtkWidget *group)
{
  return group == self->all || (group == self->coarse) == (row->resolution <= COARSE_RESOLUTION);
}

/* All, some or none of a group's noise is on. */
static void
show_group(VitrineNoiseList *self, GtkWidget *group)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  guint on = 0, members = 0;

  for (guint i = 0; i < self->rows->len; i++)
    if (in_group(self, &g_array_index(self->rows, Row, i), group)) {
      members++;
      on += gain_of(recipe, i) != 0;
    }
  gtk_widget_set_sensitive(group, members > 0);
  gtk_check_button_set_active(GTK_CHECK_BUTTON(group), on > 0);
  gtk_check_button_set_inconsistent(GTK_CHECK_BUTTON(group), on > 0 && on < members);
}

static void
refresh(VitrineNoiseList *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  self->syncing = TRUE;
  for (guint i = 0; i < self->rows->len; i++) {
    Row *row = &g_array_index(self->rows, Row, i);
    double gain = gain_of(recipe, i);
    gtk_check_button_set_active(GTK_CHECK_BUTTON(row->toggle), gain != 0);
    gtk_range_set_value(GTK_RANGE(row->scale), gain);
  }
  GtkWidget *groups[] = {self->all, self->coarse, self->fine};
  for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
    show_group(self, groups[i]);
  gtk_widget_set_sensitive(self->reset, recipe && recipe->num_noise > 0);
  self->syncing = FALSE;
}

/* ---- what the person does ---------------------------------------------------------------- */

static guint
conv_of(GtkWidget *widget)
{
  return GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(widget), "conv"));
}

static void
set_gain(VitrineNoiseList *self, guint conv, double gain, const char *key)
{
  g_autofree double *gains = current_gains(self);

  gains[conv] = gain;
  apply(self, gains, _("Noise"), key);
}

static void
toggle_cb(GtkCheckButton *button, VitrineNoiseList *self)
{
  if (!self->syncing)
    set_gain(self, conv_of(GTK_WIDGET(button)), gtk_check_button_get_active(button) ? 1 : 0, NULL);
}

static void
value_cb(GtkRange *range, VitrineNoiseList *self)
{
  guint conv = conv_of(GTK_WIDGET(range));
  g_autofree char *key = g_strdup_printf("noise%u", conv);

  if (!self->syncing)
    set_gain(self, conv, gtk_range_get_value(range), key);
}

static void
group_cb(GtkCheckButton *button, VitrineNoiseList *self)
{
  GtkWidget *group = GTK_WIDGET(button);
  g_autofree double *gains = NULL;

  if (self->syncing)
    return;
  gains = current_gains(self);
  for (guint i = 0; i < self->rows->len; i++)
    if (in_group(self, &g_array_index(self->rows, Row, i), group))
      gains[i] = gtk_check_button_get_active(button) ? 1 : 0;
  apply(self, gains, _("Noise"), NULL);
}

static void
reset_cb(GtkButton *button, VitrineNoiseList *self)
{
  apply(self, NULL, _("Reset noise"), NULL);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void
name_widget(GtkWidget *widget, const char *kind, guint conv, const char *label)
{
  g_autofree char *name = g_strdup_printf("noise-%s-%u", kind, conv);

  gtk_widget_set_name(widget, name);
  g_object_set_data(G_OBJECT(widget), "conv", GUINT_TO_POINTER(conv));
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
add_row(VitrineNoiseList *self, const SgProbeStage *stage)
{
  guint conv = self->rows->len;
  g_autofree char *text =
      g_strdup_printf("%s · %d×%d", stage->name, stage->resolution, stage->resolution);
  g_autofree char *strength = g_strdup_printf(_("Noise of %s"), stage->name);
  g_autofree char *tip = g_strdup_printf(_("Stored strength %.4g"), stage->noise_strength);
  Row row = {stage->resolution, gtk_check_button_new_with_label(text),
             gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, MAX_GAIN, 0.05)};

  name_widget(row.toggle, "switch", conv, strength);
  name_widget(row.scale, "scale", conv, strength);
  gtk_widget_set_tooltip_text(row.scale, tip);
  gtk_widget_set_hexpand(row.scale, TRUE);
  gtk_scale_set_draw_value(GTK_SCALE(row.scale), TRUE);
  gtk_scale_set_value_pos(GTK_SCALE(row.scale), GTK_POS_RIGHT);
  gtk_scale_set_digits(GTK_SCALE(row.scale), 2);
  gtk_scale_add_mark(GTK_SCALE(row.scale), 1, GTK_POS_BOTTOM, NULL);
  g_signal_connect(row.toggle, "toggled", G_CALLBACK(toggle_cb), self);
  g_signal_connect(row.scale, "value-changed", G_CALLBACK(value_cb), self);
  gtk_grid_attach(GTK_GRID(self->grid), row.toggle, 0, (int)conv, 1, 1);
  gtk_grid_attach(GTK_GRID(self->grid), row.scale, 1, (int)conv, 1, 1);
  g_array_append_val(self->rows, row);
}

void
vitrine_noise_list_set_stages(VitrineNoiseList *self, const GArray *stages)
{
  g_return_if_fail(VITRINE_IS_NOISE_LIST(self));
  for (guint i = 0; i < self->rows->len; i++) {
    gtk_grid_remove(GTK_GRID(self->grid), g_array_index(self->rows, Row, i).toggle);
    gtk_grid_remove(GTK_GRID(self->grid), g_array_index(self->rows, Row, i).scale);
  }
  g_array_set_size(self->rows, 0);
  for (guint i = 0; stages && i < stages->len; i++) {
    const SgProbeStage *stage = &g_array_index(stages, SgProbeStage, i);
    if (stage->kind == SG_STAGE_CONV)
      add_row(self, stage);
  }
  refresh(self);
}

/* ---- life -------------------------------------------------------------------------------- */

static GtkWidget *
group_new(VitrineNoiseList *self, GtkBox *box, const char *label, const char *name)
{
  GtkWidget *button = gtk_check_button_new_with_label(label);

  gtk_widget_set_name(button, name);
  g_signal_connect(button, "toggled", G_CALLBACK(group_cb), self);
  gtk_box_append(box, button);
  return button;
}

static void
vitrine_noise_list_init(VitrineNoiseList *self)
{
  GtkWidget *groups = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);

  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing(GTK_BOX(self), 4);
  self->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  self->all = group_new(self, GTK_BOX(groups), _("All"), "noise-all");
  self->coarse = group_new(self, GTK_BOX(groups), _("Coarse (to 32)"), "noise-coarse");
  self->fine = group_new(self, GTK_BOX(groups), _("Fine (from 64)"), "noise-fine");
  self->reset = gtk_button_new_from_icon_name("edit-undo-symbolic");
  gtk_widget_set_name(self->reset, "noise-reset");
  gtk_widget_set_tooltip_text(self->reset, _("All noise as stored"));
  gtk_widget_add_css_class(self->reset, "flat");
  gtk_widget_set_hexpand(self->reset, TRUE);
  gtk_widget_set_halign(self->reset, GTK_ALIGN_END);
  g_signal_connect(self->reset, "clicked", G_CALLBACK(reset_cb), self);
  gtk_box_append(GTK_BOX(groups), self->reset);
  self->grid = gtk_grid_new();
  gtk_grid_set_column_spacing(GTK_GRID(self->grid), 6);
  gtk_box_append(GTK_BOX(self), groups);
  gtk_box_append(GTK_BOX(self), self->grid);
}

static void
vitrine_noise_list_dispose(GObject *object)
{
  g_clear_object(&VITRINE_NOISE_LIST(object)->session);
  G_OBJECT_CLASS(vitrine_noise_list_parent_class)->dispose(object);
}

static void
vitrine_noise_list_finalize(GObject *object)
{
  g_array_unref(VITRINE_NOISE_LIST(object)->rows);
  G_OBJECT_CLASS(vitrine_noise_list_parent_class)->finalize(object);
}

static void
vitrine_noise_list_class_init(VitrineNoiseListClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_noise_list_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_noise_list_finalize;
}

GtkWidget *
vitrine_noise_list_new(VitrineSession *session)
{
  VitrineNoiseList *self = g_object_new(VITRINE_TYPE_NOISE_LIST, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET(self);
}
