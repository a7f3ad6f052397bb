#include "ui/latent/vitrine-generation.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/latent/vitrine-factor-scale.h"
#include "ui/parts/vitrine-number.h"

static const int face_counts[] = {1, 4, 9, 32};
#define N_FACE_COUNTS ((int)G_N_ELEMENTS(face_counts))

struct _VitrineGeneration {
  GtkBox parent_instance;
  VitrineSession *session;
  gboolean syncing;

  GtkSpinButton *seed, *class_spin, *noise_seed;
  GtkToggleButton *faces_1, *faces_4, *faces_9, *faces_32;
  GtkToggleButton *noise_const, *noise_random, *noise_none, *scale_w, *scale_z;
  GtkWidget *class_label, *class_box, *psi_scale, *psi_box, *scale_box, *scale_reset;
  GtkDropDown *cutoff;
  GtkStringList *cutoff_names;
  VitrineFactorScale *scale;
  GtkWidget *psi_entry, *scale_entry;
};

G_DEFINE_FINAL_TYPE(VitrineGeneration, vitrine_generation, GTK_TYPE_BOX)

/* A copy to edit, or NULL when the widgets are only being brought up to date. */
static SgRecipe *
edit(VitrineGeneration *self)
{
  const SgRecipe *recipe =
      self->syncing || self->session == NULL ? NULL : vitrine_session_get_recipe(self->session);
  return recipe != NULL ? sg_recipe_copy(recipe) : NULL;
}

/* ---- seed -- */

static void
set_seed(VitrineGeneration *self, guint32 seed, const char *merge_key)
{
  SgRecipe *recipe = edit(self);
  if (recipe == NULL)
    return;
  recipe->seed = seed;
  vitrine_session_apply(self->session, recipe, _("Seed"), merge_key);
}

static void
seed_changed_cb(GtkSpinButton *spin, VitrineGeneration *self)
{
  set_seed(self, (guint32)gtk_spin_button_get_value(spin), "seed");
}

void
vitrine_generation_step_seed(VitrineGeneration *self, int step)
{
  VitrineEditor *editor = vitrine_session_get_editor(self->session);

  if (step)
    vitrine_editor_step_seed(editor, step);
  else
    vitrine_editor_random_seed(editor);
}

static void
seed_previous_cb(GtkButton *button, VitrineGeneration *self)
{
  vitrine_generation_step_seed(self, -1);
}

static void
seed_next_cb(GtkButton *button, VitrineGeneration *self)
{
  vitrine_generation_step_seed(self, 1);
}

static void
seed_random_cb(GtkButton *button, VitrineGeneration *self)
{
  vitrine_generation_step_seed(self, 0);
}

/* ---- faces and class -- */

static GtkToggleButton *
faces_button(VitrineGeneration *self, int i)
{
  GtkToggleButton *buttons[] = {self->faces_1, self->faces_4, self->faces_9, self->faces_32};
  return buttons[i];
}

static void
faces_toggled_cb(GtkToggleButton *button, VitrineGeneration *self)
{
  SgRecipe *recipe = gtk_toggle_button_get_active(button) ? edit(self) : NULL;
  if (recipe == NULL)
    return;
  for (int i = 0; i < N_FACE_COUNTS; i++)
    if (button == faces_button(self, i))
      recipe->faces = face_counts[i];
  vitrine_session_apply(self->session, recipe, _("Number of faces"), NULL);
}

static gboolean
class_output_cb(GtkSpinButton *spin, VitrineGeneration *self)
{
  int label = gtk_spin_button_get_value_as_int(spin);
  g_autofree char *text = label < 0 ? g_strdup(_("None")) : g_strdup_printf("%d", label);
  if (g_strcmp0(text, gtk_editable_get_text(GTK_EDITABLE(spin))) != 0)
    gtk_editable_set_text(GTK_EDITABLE(spin), text);
  return TRUE;
}

static int
class_input_cb(GtkSpinButton *spin, double *value, VitrineGeneration *self)
{
  const char *text = gtk_editable_get_text(GTK_EDITABLE(spin));
  if (vitrine_number_parse(text, value))
    return TRUE;
  if (g_utf8_collate(text, _("None")) != 0 && text[0] != '\0')
    return GTK_INPUT_ERROR;
  *value = -1;
  return TRUE;
}

static void
class_changed_cb(GtkSpinButton *spin, VitrineGeneration *self)
{
  SgRecipe *recipe = edit(self);
  if (recipe == NULL)
    return;
  recipe->label = gtk_spin_button_get_value_as_int(spin);
  vitrine_session_apply(self->session, recipe, _("Class"), "class");
}

/* ---- truncation -- */

static void
set_psi(VitrineGeneration *self, double psi)
{
  SgRecipe *recipe = edit(self);
  if (recipe == NULL)
    return;
  recipe->psi = psi;
  vitrine_session_apply(self->session, recipe, _("Truncation"), "psi");
}

static void
psi_changed_cb(GtkRange *range, VitrineGeneration *self)
{
  /* Hundredths: what is shown is what is used. */
  set_psi(self, round(gtk_range_get_value(range) * 100) / 100);
}

static void
psi_entered_cb(GtkWidget *entry, double value, gpointer data)
{
  set_psi(data, value);
}

static void
cutoff_selected_cb(GtkDropDown *combo, GParamSpec *pspec, VitrineGeneration *self)
{
  guint selected = gtk_drop_down_get_selected(combo);
  SgRecipe *recipe = selected != GTK_INVALID_LIST_POSITION ? edit(self) : NULL;
  if (recipe == NULL)
    return;
  recipe->cutoff = (int)selected - 1; /* the first line is "all" */
  vitrine_session_apply(self->session, recipe, _("Truncation cutoff"), NULL);
}

/* ---- noise -- */

static void
noise_toggled_cb(GtkToggleButton *button, VitrineGeneration *self)
{
  SgRecipe *recipe = gtk_toggle_button_get_active(button) ? edit(self) : NULL;
  if (recipe == NULL)
    return;
  recipe->noise_mode = button == self->noise_const    ? SG_NOISE_CONST
                       : button == self->noise_random ? SG_NOISE_RANDOM
                                                      : SG_NOISE_NONE;
  vitrine_session_apply(self->session, recipe, _("Noise"), NULL);
}

static void
noise_seed_changed_cb(GtkSpinButton *spin, VitrineGeneration *self)
{
  SgRecipe *recipe = edit(self);
  if (recipe == NULL)
    return;
  recipe->noise_seed = (guint32)gtk_spin_button_get_value(spin);
  vitrine_session_apply(self->session, recipe, _("Noise seed"), "noise-seed");
}

/* ---- scale -- */

static void
set_scale(VitrineGeneration *self, double factor, const char *merge_key)
{
  SgRecipe *recipe = edit(self);
  if (recipe == NULL)
    return;
  recipe->scale = factor;
  vitrine_session_apply(self->session, recipe, _("Scale"), merge_key);
}

static void
factor_changed_cb(VitrineFactorScale *scale, double factor, VitrineGeneration *self)
{
  set_scale(self, factor, "scale");
}

static void
scale_entered_cb(GtkWidget *entry, double value, gpointer data)
{
  set_scale(data, value, "scale");
}

static void
scale_reset_cb(GtkButton *button, VitrineGeneration *self)
{
  set_scale(self, 1, NULL);
}

static void
scale_space_toggled_cb(GtkToggleButton *button, VitrineGeneration *self)
{
  SgRecipe *recipe = gtk_toggle_button_get_active(button) ? edit(self) : NULL;
  if (recipe == NULL)
    return;
  recipe->scale_space = button == self->scale_w ? SG_SPACE_W : SG_SPACE_Z;
  vitrine_session_apply(self->session, recipe, _("Scale of"), NULL);
}

/* ---- bringing the widgets up to date -- */

static void
update(VitrineGeneration *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  gtk_widget_set_sensitive(GTK_WIDGET(self), r != NULL);
  if (r == NULL)
    return;
  self->syncing = TRUE;
  gtk_spin_button_set_value(self->seed, r->seed);
  for (int i = 0; i < N_FACE_COUNTS; i++)
    gtk_toggle_button_set_active(faces_button(self, i), r->faces == face_counts[i]);
  gtk_spin_button_set_value(self->class_spin, MAX(r->label, -1));
  gtk_range_set_value(GTK_RANGE(self->psi_scale), r->psi);
  vitrine_number_entry_set(self->psi_entry, r->psi);
  /* A cutoff beyond the model's layers truncates them all. */
  int n = (int)g_list_model_get_n_items(G_LIST_MODEL(self->cutoff_names));
  gtk_drop_down_set_selected(self->cutoff, r->cutoff < 0 ? 0 : MIN(r->cutoff + 1, n - 1));
  gtk_toggle_button_set_active(r->noise_mode == SG_NOISE_CONST    ? self->noise_const
                               : r->noise_mode == SG_NOISE_RANDOM ? self->noise_random
                                                                  : self->noise_none,
                               TRUE);
  gtk_spin_button_set_value(self->noise_seed, r->noise_seed);
  gtk_widget_set_sensitive(GTK_WIDGET(self->noise_seed), r->noise_mode == SG_NOISE_RANDOM);
  gtk_toggle_button_set_active(r->scale_space == SG_SPACE_W ? self->scale_w : self->scale_z, TRUE);
  vitrine_factor_scale_set(self->scale, r->scale);
  vitrine_number_entry_set(self->scale_entry, r->scale);
  gtk_widget_set_sensitive(self->scale_reset, r->scale != 1);
  self->syncing = FALSE;
}

static void
update_model(VitrineGeneration *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  int classes = model != NULL ? model->info.c_dim : 0;
  int layers = model != NULL ? model->info.num_ws : 0;
  self->syncing = TRUE;
  gtk_widget_set_visible(self->class_label, classes > 0);
  gtk_widget_set_visible(self->class_box, classes > 0);
  gtk_spin_button_set_range(self->class_spin, -1, MAX(classes - 1, 0));
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(names, g_strdup(_("All layers")));
  for (int k = 0; k <= layers; k++)
    g_ptr_array_add(names,
                    k == 0 ? g_strdup(_("No layer"))
                           : g_strdup_printf(ngettext("First %d layer", "First %d layers", k), k));
  g_ptr_array_add(names, NULL);
  gtk_string_list_splice(self->cutoff_names, 0,
                         g_list_model_get_n_items(G_LIST_MODEL(self->cutoff_names)),
                         (const char *const *)names->pdata);
  self->syncing = FALSE;
  update(self);
}

/* ---- life -- */

void
vitrine_generation_set_session(VitrineGeneration *self, VitrineSession *session)
{
  g_return_if_fail(self->session == NULL);
  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(update_model), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  update_model(self);
}

static GtkWidget *
add_entry(GtkWidget *box, const char *name, const char *label, const char *tooltip,
          VitrineNumberFunc func, VitrineGeneration *self)
{
  GtkWidget *entry = vitrine_number_entry_new(6, func, self);
  gtk_widget_set_name(entry, name);
  gtk_widget_set_tooltip_text(entry, tooltip);
  gtk_accessible_update_property(GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_box_append(GTK_BOX(box), entry);
  return entry;
}

static void
vitrine_generation_init(VitrineGeneration *self)
{
  g_type_ensure(VITRINE_TYPE_FACTOR_SCALE);
  gtk_widget_init_template(GTK_WIDGET(self));
  self->psi_entry = add_entry(self->psi_box, "psi-entry", _("Truncation psi"), _("Any number"),
                              psi_entered_cb, self);
  self->scale_entry = add_entry(self->scale_box, "scale-entry", _("Global scale"),
                                _("The factor; any number"), scale_entered_cb, self);
  g_signal_connect(self->seed, "value-changed", G_CALLBACK(seed_changed_cb), self);
  for (int i = 0; i < N_FACE_COUNTS; i++)
    g_signal_connect(faces_button(self, i), "toggled", G_CALLBACK(faces_toggled_cb), self);
  g_signal_connect(self->class_spin, "output", G_CALLBACK(class_output_cb), self);
  g_signal_connect(self->class_spin, "input", G_CALLBACK(class_input_cb), self);
  g_signal_connect(self->class_spin, "value-changed", G_CALLBACK(class_changed_cb), self);
  g_signal_connect(self->psi_scale, "value-changed", G_CALLBACK(psi_changed_cb), self);
  g_signal_connect(self->cutoff, "notify::selected", G_CALLBACK(cutoff_selected_cb), self);
  GtkToggleButton *noise[] = {self->noise_const, self->noise_random, self->noise_none};
  for (guint i = 0; i < G_N_ELEMENTS(noise); i++)
    g_signal_connect(noise[i], "toggled", G_CALLBACK(noise_toggled_cb), self);
  g_signal_connect(self->noise_seed, "value-changed", G_CALLBACK(noise_seed_changed_cb), self);
  g_signal_connect(self->scale_w, "toggled", G_CALLBACK(scale_space_toggled_cb), self);
  g_signal_connect(self->scale_z, "toggled", G_CALLBACK(scale_space_toggled_cb), self);
}

static void
vitrine_generation_dispose(GObject *object)
{
  VitrineGeneration *self = VITRINE_GENERATION(object);
  self->syncing = TRUE; /* a spin button writes back what was typed when it goes */
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_GENERATION);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_generation_parent_class)->dispose(object);
}

static void
vitrine_generation_class_init(VitrineGenerationClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = vitrine_generation_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-generation.ui");
#define CHILD(name) gtk_widget_class_bind_template_child(widget_class, VitrineGeneration, name)
  CHILD(seed);
  CHILD(class_spin);
  CHILD(noise_seed);
  CHILD(faces_1);
  CHILD(faces_4);
  CHILD(faces_9);
  CHILD(faces_32);
  CHILD(noise_const);
  CHILD(noise_random);
  CHILD(noise_none);
  CHILD(scale_w);
  CHILD(scale_z);
  CHILD(class_label);
  CHILD(class_box);
  CHILD(psi_scale);
  CHILD(psi_box);
  CHILD(scale_box);
  CHILD(scale_reset);
  CHILD(cutoff);
  CHILD(cutoff_names);
  CHILD(scale);
#undef CHILD
#define CALLBACK(name) gtk_widget_class_bind_template_callback(widget_class, name)
  CALLBACK(seed_previous_cb);
  CALLBACK(seed_next_cb);
  CALLBACK(seed_random_cb);
  CALLBACK(factor_changed_cb);
  CALLBACK(scale_reset_cb);
#undef CALLBACK
}
