#include "ui/parts/vitrine-noise-list.h"

#include <glib/gi18n.h>
#include "app/work/vitrine-noise-map.h"
#include "engine/explore/probe.h"
#include "ui/parts/vitrine-bind.h"
#include "ui/parts/vitrine-wrap.h"

/* Up to here noise is coarse: it moves curls and strands; above, it is grain (Karras et al. 2019,
 * figure 5). */
#define COARSE_RESOLUTION 32
#define MAX_GAIN          2.0

enum { ALL, COARSE, FINE, N_GROUPS };

typedef struct {
  int resolution;
  GtkWidget *toggle, *scale;
} Row;

struct _VitrineNoiseList {
  GtkBox parent_instance;
  VitrineSession *session;
  GtkWidget *grid, *groups[N_GROUPS], *reset;
  GArray *rows;      /* of Row, one a convolution */
  GPtrArray *values; /* numbers of the recipe that the rows and groups are bound to */
};

G_DEFINE_FINAL_TYPE(VitrineNoiseList, vitrine_noise_list, GTK_TYPE_BOX)

/* ---- numbers of the recipe --------------------------------------------------------------- */

static double
gain_of(const SgRecipe *recipe, guint conv)
{
  return recipe && (int)conv < recipe->num_noise ? recipe->noise_gain[conv] : 1;
}

static double *
gains_of(const VitrineNoiseList *self, const SgRecipe *recipe)
{
  double *gains = g_new(double, self->rows->len);

  for (guint i = 0; i < self->rows->len; i++)
    gains[i] = gain_of(recipe, i);
  return gains;
}

static double
get_gain(const SgRecipe *recipe, guint conv, gpointer data)
{
  return gain_of(recipe, conv);
}

static double
get_switch(const SgRecipe *recipe, guint conv, gpointer data)
{
  return gain_of(recipe, conv) != 0;
}

static void
set_gain(SgRecipe *recipe, guint conv, double gain, gpointer data)
{
  VitrineNoiseList *self = data;
  g_autofree double *gains = gains_of(self, recipe);

  gains[conv] = gain;
  sg_recipe_set_noise_gain(recipe, (int)self->rows->len, gains);
}

static gboolean
in_group(const VitrineNoiseList *self, guint conv, guint group)
{
  gboolean coarse = g_array_index(self->rows, Row, conv).resolution <= COARSE_RESOLUTION;

  return group == ALL || (group == COARSE) == coarse;
}

/* How many rows are of the group, and of how many the noise is on. */
static guint
count(const VitrineNoiseList *self, const SgRecipe *recipe, guint group, guint *on)
{
  guint members = 0;

  *on = 0;
  for (guint i = 0; i < self->rows->len; i++)
    if (in_group(self, i, group)) {
      members++;
      *on += gain_of(recipe, i) != 0;
    }
  return members;
}

static double
get_group(const SgRecipe *recipe, guint group, gpointer data)
{
  guint on;

  count(data, recipe, group, &on);
  return on > 0;
}

static void
set_group(SgRecipe *recipe, guint group, double value, gpointer data)
{
  VitrineNoiseList *self = data;
  g_autofree double *gains = gains_of(self, recipe);

  for (guint i = 0; i < self->rows->len; i++)
    if (in_group(self, i, group))
      gains[i] = value;
  sg_recipe_set_noise_gain(recipe, (int)self->rows->len, gains);
}

static const VitrineRecipeKind gain_kind = {get_gain, set_gain, N_("Noise"), "noise"};
static const VitrineRecipeKind switch_kind = {get_switch, set_gain, N_("Noise"), NULL};
static const VitrineRecipeKind group_kind = {get_group, set_group, N_("Noise"), NULL};

/* ---- what is shown beside them ----------------------------------------------------------- */

static void
refresh(VitrineNoiseList *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  for (guint g = 0; g < N_GROUPS; g++) {
    guint on, members = count(self, recipe, g, &on);
    gtk_widget_set_sensitive(self->groups[g], members > 0);
    gtk_check_button_set_inconsistent(GTK_CHECK_BUTTON(self->groups[g]), on > 0 && on < members);
  }
  gtk_widget_set_sensitive(self->reset, recipe && recipe->num_noise > 0);
}

static void
reset_cb(GtkButton *button, VitrineNoiseList *self)
{
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(self->session));

  sg_recipe_set_noise_gain(recipe, (int)self->rows->len, NULL);
  vitrine_session_apply(self->session, recipe, _("Reset noise"), NULL);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void
name_widget(GtkWidget *widget, const char *kind, guint conv, const char *label)
{
  g_autofree char *name = g_strdup_printf("noise-%s-%u", kind, conv);

  gtk_widget_set_name(widget, name);
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
add_row(VitrineNoiseList *self, const SgProbeStage *stage)
{
  guint conv = self->rows->len;
  g_autofree char *text =
      g_strdup_printf("%s · %d×%d", stage->name, stage->width, stage->resolution);
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
  gtk_grid_attach(GTK_GRID(self->grid), row.toggle, 0, (int)conv, 1, 1);
  gtk_grid_attach(GTK_GRID(self->grid), row.scale, 1, (int)conv, 1, 1);
  g_array_append_val(self->rows, row);
}

static void
bind(VitrineNoiseList *self)
{
  VitrineEditor *editor = vitrine_session_get_editor(self->session);

  for (guint i = 0; i < self->rows->len; i++) {
    const Row *row = &g_array_index(self->rows, Row, i);
    vitrine_bind_active(self->values, vitrine_recipe_value_new(editor, &switch_kind, i, self),
                        row->toggle);
    vitrine_bind_range(self->values, vitrine_recipe_value_new(editor, &gain_kind, i, self),
                       gtk_range_get_adjustment(GTK_RANGE(row->scale)));
  }
  for (guint g = 0; g < N_GROUPS; g++)
    vitrine_bind_active(self->values, vitrine_recipe_value_new(editor, &group_kind, g, self),
                        self->groups[g]);
}

void
vitrine_noise_list_set_stages(VitrineNoiseList *self, const GArray *stages)
{
  g_return_if_fail(VITRINE_IS_NOISE_LIST(self));
  g_ptr_array_set_size(self->values, 0);
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
  bind(self);
  refresh(self);
}

/* ---- life -------------------------------------------------------------------------------- */

static GtkWidget *
group_new(VitrineWrap *box, const char *label, const char *name)
{
  GtkWidget *button = gtk_check_button_new_with_label(label);

  gtk_widget_set_name(button, name);
  vitrine_wrap_append(box, button);
  return button;
}

/* Where noise acts, in place of the picture. */
static void
add_map(VitrineNoiseList *self)
{
  VitrineNoiseMap *map = vitrine_noise_map_of(self->session);
  GtkWidget *toggle = gtk_check_button_new_with_label(_("Show where noise acts"));
  GtkWidget *text = gtk_label_new(NULL);

  gtk_widget_set_name(toggle, "noise-map");
  gtk_widget_set_tooltip_text(
      toggle, _("In place of the picture: how much each pixel differs in 100 draws of the noise"));
  gtk_widget_set_name(text, "noise-map-text");
  gtk_label_set_wrap(GTK_LABEL(text), TRUE);
  gtk_label_set_xalign(GTK_LABEL(text), 0);
  gtk_widget_add_css_class(text, "dim-label");
  g_object_bind_property(map, "active", toggle, "active",
                         G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property(map, "active", text, "visible", G_BINDING_SYNC_CREATE);
  g_object_bind_property(map, "text", text, "label", G_BINDING_SYNC_CREATE);
  gtk_box_append(GTK_BOX(self), toggle);
  gtk_box_append(GTK_BOX(self), text);
}

static void
vitrine_noise_list_init(VitrineNoiseList *self)
{
  GtkWidget *groups = vitrine_wrap_new(12);

  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing(GTK_BOX(self), 4);
  self->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  self->values = vitrine_bind_values_new();
  self->groups[ALL] = group_new(VITRINE_WRAP(groups), _("All"), "noise-all");
  self->groups[COARSE] = group_new(VITRINE_WRAP(groups), _("Coarse (to 32)"), "noise-coarse");
  self->groups[FINE] = group_new(VITRINE_WRAP(groups), _("Fine (from 64)"), "noise-fine");
  self->reset = gtk_button_new_from_icon_name("edit-undo-symbolic");
  gtk_widget_set_name(self->reset, "noise-reset");
  gtk_widget_set_tooltip_text(self->reset, _("All noise as stored"));
  gtk_widget_add_css_class(self->reset, "flat");
  gtk_widget_set_hexpand(self->reset, TRUE);
  gtk_widget_set_halign(self->reset, GTK_ALIGN_END);
  g_signal_connect(self->reset, "clicked", G_CALLBACK(reset_cb), self);
  vitrine_wrap_append(VITRINE_WRAP(groups), self->reset);
  self->grid = gtk_grid_new();
  gtk_grid_set_column_spacing(GTK_GRID(self->grid), 6);
  gtk_box_append(GTK_BOX(self), groups);
  gtk_box_append(GTK_BOX(self), self->grid);
}

static void
vitrine_noise_list_dispose(GObject *object)
{
  g_ptr_array_set_size(VITRINE_NOISE_LIST(object)->values, 0);
  g_clear_object(&VITRINE_NOISE_LIST(object)->session);
  G_OBJECT_CLASS(vitrine_noise_list_parent_class)->dispose(object);
}

static void
vitrine_noise_list_finalize(GObject *object)
{
  g_ptr_array_unref(VITRINE_NOISE_LIST(object)->values);
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
  add_map(self);
  return GTK_WIDGET(self);
}
