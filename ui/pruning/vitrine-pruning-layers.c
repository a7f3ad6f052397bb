#include "ui/pruning/vitrine-pruning-layers.h"
#include <glib/gi18n.h>
#include <math.h>
#include "ui/parts/vitrine-bind.h"
#include "ui/parts/vitrine-number.h"

typedef struct {
  char *layer; /* its name as stored */
  SgLayerGroup group;
  guint64 total;
  guint64 remaining;
  GtkLabel *counts;
  GtkProgressBar *bar;
  GtkSpinButton *spin;
  GtkToggleButton *exclude;
  GtkWidget *follow;
} Row;

static const struct {
  SgLayerGroup group;
  const char *name, *label;
} groups[] = {
    {SG_LAYER_MAPPING, "prune-exclude-mapping", N_("Mapping")},
    {SG_LAYER_AFFINE, "prune-exclude-affine", N_("Affine")},
    {SG_LAYER_RGB, "prune-exclude-rgb", N_("ToRGB")},
};

struct _VitrinePruningLayers {
  GtkBox parent_instance;
  VitrineSession *session;
  GBindingGroup *bindings; /* of the editor */
  GPtrArray *values;       /* numbers of the recipe that rows and groups are bound to */
  GtkToggleButton *stored, *effective;
  GtkToggleButton *excluded[G_N_ELEMENTS(groups)];
  GtkBox *list;
  GArray *rows;   /* of Row, in the model's order */
  gboolean built; /* their widgets are there: made when first looked at */
};

G_DEFINE_FINAL_TYPE(VitrinePruningLayers, vitrine_pruning_layers, GTK_TYPE_BOX)

static Row *
row_at(VitrinePruningLayers *self, guint i)
{
  return &g_array_index(self->rows, Row, i);
}

/* ---- numbers of the recipe --------------------------------------------------------------- */

static gboolean
has_own(const SgPrune *p, const char *layer)
{
  for (guint i = 0; p->layers && i < p->layers->len; i++)
    if (g_str_equal(g_array_index(p->layers, SgLayerThreshold, i).layer, layer))
      return TRUE;
  return FALSE;
}

static double
get_threshold(const SgRecipe *recipe, guint i, gpointer data)
{
  return sg_prune_layer_threshold(&recipe->prune, row_at(data, i)->layer);
}

static void
set_threshold(SgRecipe *recipe, guint i, double value, gpointer data)
{
  sg_prune_set_layer(&recipe->prune, row_at(data, i)->layer, round(value * 1000) / 1000);
}

static double
get_excluded(const SgRecipe *recipe, guint i, gpointer data)
{
  const char *layer = row_at(data, i)->layer;

  return has_own(&recipe->prune, layer) && sg_prune_layer_threshold(&recipe->prune, layer) == 0;
}

static void
set_excluded(SgRecipe *recipe, guint i, double value, gpointer data)
{
  sg_prune_set_layer(&recipe->prune, row_at(data, i)->layer, value != 0 ? 0 : -1);
}

/* How many layers are of a group, and how many of them are left out. */
static guint
count(VitrinePruningLayers *self, const SgRecipe *recipe, guint g, guint *out)
{
  guint members = 0;

  *out = 0;
  for (guint i = 0; i < self->rows->len; i++)
    if (row_at(self, i)->group == groups[g].group) {
      members++;
      *out += get_excluded(recipe, i, self) != 0;
    }
  return members;
}

static double
get_group(const SgRecipe *recipe, guint g, gpointer data)
{
  guint out, members = count(data, recipe, g, &out);

  return members > 0 && out == members;
}

static void
set_group(SgRecipe *recipe, guint g, double value, gpointer data)
{
  VitrinePruningLayers *self = data;

  for (guint i = 0; i < self->rows->len; i++)
    if (row_at(self, i)->group == groups[g].group)
      set_excluded(recipe, i, value, self);
}

static const VitrineRecipeKind threshold_kind = {get_threshold, set_threshold,
                                                 N_("Pruning of a layer"), "prune-layer"};
static const VitrineRecipeKind excluded_kind = {get_excluded, set_excluded,
                                                N_("Pruning of a layer"), NULL};
static const VitrineRecipeKind group_kind = {get_group, set_group, N_("Layers left out of pruning"),
                                             NULL};

static void
follow_cb(GtkButton *button, VitrinePruningLayers *self)
{
  const SgRecipe *current = vitrine_session_get_recipe(self->session);

  for (guint i = 0; current && i < self->rows->len; i++)
    if (row_at(self, i)->follow == GTK_WIDGET(button)) {
      SgRecipe *recipe = sg_recipe_copy(current);
      sg_prune_set_layer(&recipe->prune, row_at(self, i)->layer, -1);
      vitrine_session_apply(self->session, recipe, _("Pruning of a layer"), NULL);
      return;
    }
}

/* ---- what is shown ----------------------------------------------------------------------- */

static void
update_row(Row *row, const SgPrune *p)
{
  gboolean own = has_own(p, row->layer);

  gtk_widget_set_sensitive(row->follow, own);
  if (own)
    gtk_widget_add_css_class(GTK_WIDGET(row->spin), "own");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(row->spin), "own");
}

static void
show_counts(Row *row)
{
  gboolean known = row->remaining != G_MAXUINT64;
  g_autofree char *text = known ? g_strdup_printf("%'" G_GUINT64_FORMAT " / %'" G_GUINT64_FORMAT,
                                                  row->remaining, row->total)
                                : g_strdup_printf("… / %'" G_GUINT64_FORMAT, row->total);

  gtk_label_set_text(row->counts, text);
  gtk_progress_bar_set_fraction(row->bar,
                                known ? (double)row->remaining / (double)MAX(row->total, 1) : 0);
}

static void
update(VitrinePruningLayers *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r)
    return;
  for (guint g = 0; g < G_N_ELEMENTS(groups); g++) {
    guint out;
    gtk_widget_set_sensitive(GTK_WIDGET(self->excluded[g]), count(self, r, g, &out) > 0);
  }
  for (guint i = 0; self->built && i < self->rows->len; i++)
    update_row(row_at(self, i), &r->prune);
}

void
vitrine_pruning_layers_set_remaining(VitrinePruningLayers *self, guint n, const guint64 *remaining)
{
  g_return_if_fail(VITRINE_IS_PRUNING_LAYERS(self));
  for (guint i = 0; i < self->rows->len; i++) {
    Row *row = row_at(self, i);
    guint64 value = remaining && i < n ? remaining[i] : G_MAXUINT64;
    if (value == row->remaining)
      continue;
    row->remaining = value;
    if (self->built)
      show_counts(row);
  }
}

/* ---- rows -------------------------------------------------------------------------------- */

static void
name_widget(gpointer widget, const char *kind, const char *layer, const char *label)
{
  g_autofree char *name = g_strdup_printf("prune-%s-%s", kind, layer);
  g_autofree char *spoken = g_strdup_printf("%s: %s", layer, label);

  gtk_widget_set_name(widget, name);
  gtk_widget_set_tooltip_text(widget, label);
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static GtkWidget *
icon_button(GtkWidget *button, const char *icon)
{
  gtk_button_set_icon_name(GTK_BUTTON(button), icon);
  gtk_widget_add_css_class(button, "flat");
  return button;
}

static GtkWidget *
row_heading(Row *row)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *name = gtk_label_new(row->layer);

  gtk_label_set_ellipsize(GTK_LABEL(name), PANGO_ELLIPSIZE_START);
  gtk_label_set_xalign(GTK_LABEL(name), 0);
  gtk_widget_set_hexpand(name, TRUE);
  gtk_widget_set_tooltip_text(name, row->layer);
  row->counts = GTK_LABEL(gtk_label_new(NULL));
  vitrine_numeric(GTK_WIDGET(row->counts));
  gtk_widget_add_css_class(GTK_WIDGET(row->counts), "dim-label");
  name_widget(row->counts, "count", row->layer, _("Remaining weights and all weights"));
  gtk_accessible_reset_property(GTK_ACCESSIBLE(row->counts), GTK_ACCESSIBLE_PROPERTY_LABEL);
  gtk_box_append(GTK_BOX(box), name);
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(row->counts));
  return box;
}

static GtkWidget *
row_new(VitrinePruningLayers *self, Row *row)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);

  row->bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
  gtk_widget_set_hexpand(GTK_WIDGET(row->bar), TRUE);
  gtk_widget_set_valign(GTK_WIDGET(row->bar), GTK_ALIGN_CENTER);
  row->spin = GTK_SPIN_BUTTON(gtk_spin_button_new_with_range(0, 1, 0.001));
  gtk_spin_button_set_digits(row->spin, 3);
  vitrine_range_ignore_wheel(GTK_WIDGET(row->spin)); /* the list scrolls under the pointer */
  row->exclude =
      GTK_TOGGLE_BUTTON(icon_button(gtk_toggle_button_new(), "changes-prevent-symbolic"));
  row->follow = icon_button(gtk_button_new(), "edit-undo-symbolic");
  name_widget(row->bar, "bar", row->layer, _("Share of weights that remain"));
  name_widget(row->spin, "spin", row->layer, _("Threshold of this layer alone"));
  name_widget(row->exclude, "exclude", row->layer, _("Leave this layer as it is"));
  name_widget(row->follow, "follow", row->layer, _("Follow the dial again"));
  g_signal_connect(row->follow, "clicked", G_CALLBACK(follow_cb), self);
  gtk_box_append(GTK_BOX(line), GTK_WIDGET(row->bar));
  gtk_box_append(GTK_BOX(line), GTK_WIDGET(row->spin));
  gtk_box_append(GTK_BOX(line), GTK_WIDGET(row->exclude));
  gtk_box_append(GTK_BOX(line), row->follow);
  gtk_box_append(GTK_BOX(box), row_heading(row));
  gtk_box_append(GTK_BOX(box), line);
  gtk_widget_add_css_class(box, "pruning-layer");
  show_counts(row);
  return box;
}

static void
bind_row(VitrinePruningLayers *self, guint i)
{
  VitrineEditor *editor = vitrine_session_get_editor(self->session);
  const Row *row = row_at(self, i);

  vitrine_bind_range(self->values, vitrine_recipe_value_new(editor, &threshold_kind, i, self),
                     gtk_spin_button_get_adjustment(row->spin));
  vitrine_bind_active(self->values, vitrine_recipe_value_new(editor, &excluded_kind, i, self),
                      GTK_WIDGET(row->exclude));
}

static void
build_rows(VitrinePruningLayers *self)
{
  if (self->built || !self->session || !vitrine_session_get_model(self->session))
    return;
  for (guint i = 0; i < self->rows->len; i++) {
    gtk_box_append(self->list, row_new(self, row_at(self, i)));
    bind_row(self, i);
  }
  self->built = TRUE;
  update(self);
}

static void
update_model(VitrinePruningLayers *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  g_autoptr(GArray) layers = model ? sg_weight_layers(model) : NULL;
  GtkWidget *child;

  g_ptr_array_set_size(self->values, 0);
  while ((child = gtk_widget_get_first_child(GTK_WIDGET(self->list))))
    gtk_box_remove(self->list, child);
  g_array_set_size(self->rows, 0);
  for (guint i = 0; layers && i < layers->len; i++) {
    const SgWeightLayer *layer = &g_array_index(layers, SgWeightLayer, i);
    Row row = {g_strdup(layer->name), layer->group, layer->tensor->numel, G_MAXUINT64};
    g_array_append_val(self->rows, row);
  }
  self->built = FALSE;
  for (guint g = 0; layers && g < G_N_ELEMENTS(groups); g++)
    vitrine_bind_active(
        self->values,
        vitrine_recipe_value_new(vitrine_session_get_editor(self->session), &group_kind, g, self),
        GTK_WIDGET(self->excluded[g]));
  if (gtk_widget_get_mapped(GTK_WIDGET(self)))
    build_rows(self);
  update(self);
}

/* ---- life -------------------------------------------------------------------------------- */

void
vitrine_pruning_layers_set_session(VitrinePruningLayers *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_PRUNING_LAYERS(self));
  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(update_model), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  g_object_bind_property(vitrine_session_get_editor(session), "has-recipe", self, "sensitive",
                         G_BINDING_SYNC_CREATE);
  g_binding_group_set_source(self->bindings, vitrine_session_get_editor(session));
  update_model(self);
}

static void
clear_row(gpointer data)
{
  g_free(((Row *)data)->layer);
}

static GtkToggleButton *
choice(GtkWidget *box, const char *name, const char *label, const char *tooltip)
{
  GtkWidget *toggle = gtk_toggle_button_new_with_label(label);

  gtk_widget_set_name(toggle, name);
  gtk_widget_set_tooltip_text(toggle, tooltip);
  gtk_widget_set_hexpand(toggle, TRUE);
  gtk_box_append(GTK_BOX(box), toggle);
  return GTK_TOGGLE_BUTTON(toggle);
}

/* A labelled line of linked buttons. */
static GtkWidget *
choices(VitrinePruningLayers *self, GtkSizeGroup *labels, const char *text)
{
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *label = gtk_label_new(text);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

  gtk_widget_add_css_class(label, "dim-label");
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_size_group_add_widget(labels, label);
  gtk_widget_add_css_class(box, "linked");
  gtk_widget_set_hexpand(box, TRUE);
  gtk_box_append(GTK_BOX(line), label);
  gtk_box_append(GTK_BOX(line), box);
  gtk_box_append(GTK_BOX(self), line);
  return box;
}

static void
vitrine_pruning_layers_init(VitrinePruningLayers *self)
{
  g_autoptr(GtkSizeGroup) labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);

  self->bindings = g_binding_group_new();
  self->values = vitrine_bind_values_new();
  self->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  g_array_set_clear_func(self->rows, clear_row);
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing(GTK_BOX(self), 8);
  gtk_widget_set_margin_top(GTK_WIDGET(self), 6);
  GtkWidget *box = choices(self, labels, _("Magnitude"));
  self->stored = choice(box, "prune-stored", _("as stored"),
                        _("|w| as it stands in the file, as in the paper"));
  self->effective = choice(
      box, "prune-effective", _("effective"),
      _("|w| times what the equalised learning rate multiplies it with when the network runs"));
  gtk_toggle_button_set_group(self->effective, self->stored);
  vitrine_bind_choice(self->bindings, "magnitude", self->stored, SG_MAGNITUDE_STORED);
  vitrine_bind_choice(self->bindings, "magnitude", self->effective, SG_MAGNITUDE_EFFECTIVE);
  box = choices(self, labels, _("Leave out"));
  for (guint g = 0; g < G_N_ELEMENTS(groups); g++)
    self->excluded[g] = choice(box, groups[g].name, _(groups[g].label),
                               _("All layers of this kind keep their weights"));
  self->list = GTK_BOX(gtk_box_new(GTK_ORIENTATION_VERTICAL, 8));
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->list));
  g_signal_connect(self, "map", G_CALLBACK(build_rows), NULL);
}

static void
vitrine_pruning_layers_dispose(GObject *object)
{
  VitrinePruningLayers *self = VITRINE_PRUNING_LAYERS(object);

  g_ptr_array_set_size(self->values, 0);
  g_clear_object(&self->bindings);
  G_OBJECT_CLASS(vitrine_pruning_layers_parent_class)->dispose(object);
}

static void
vitrine_pruning_layers_finalize(GObject *object)
{
  VitrinePruningLayers *self = VITRINE_PRUNING_LAYERS(object);

  g_ptr_array_unref(self->values);
  g_array_unref(self->rows);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_pruning_layers_parent_class)->finalize(object);
}

static void
vitrine_pruning_layers_class_init(VitrinePruningLayersClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_pruning_layers_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_pruning_layers_finalize;
}
