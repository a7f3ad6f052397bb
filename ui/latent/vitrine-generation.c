#include "ui/latent/vitrine-generation.h"

#include <glib/gi18n.h>

#include "engine/models/class-names.h"
#include "ui/help/vitrine-help-button.h"
#include "ui/latent/vitrine-factor-scale.h"
#include "ui/parts/vitrine-bind.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-wrap.h"

struct _VitrineGeneration {
  GtkBox parent_instance;
  VitrineSession *session;
  GBindingGroup *bindings; /* of the editor; none while another model changes their ranges */

  GtkSpinButton *seed, *class_spin, *noise_seed, *tau;
  GtkToggleButton *towards_average, *towards_cluster;
  GtkToggleButton *faces_1, *faces_4, *faces_9, *faces_32;
  GtkToggleButton *noise_const, *noise_random, *noise_none, *scale_w, *scale_z;
  GtkWidget *noise_box, *no_noise, *class_label, *class_box, *psi_scale, *psi_box, *scale_box,
      *scale_reset;
  GtkDropDown *cutoff, *class_drop; /* of classes that have names, else the spin button */
  GtkStringList *cutoff_names, *class_names;
  VitrineFactorScale *scale;
  GtkWidget *psi_entry, *scale_entry;
};

G_DEFINE_FINAL_TYPE(VitrineGeneration, vitrine_generation, GTK_TYPE_BOX)

/* ---- the seed -- */

void
vitrine_generation_step_seed(VitrineGeneration *self, int step)
{
  g_return_if_fail(VITRINE_IS_GENERATION(self));
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

/* ---- the class: −1 is written as "None" -- */

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

/* ---- numbers that are typed or put back -- */

static VitrineEditor *
editor_of(VitrineGeneration *self)
{
  return vitrine_session_get_editor(self->session);
}

static void
psi_entered_cb(GtkWidget *entry, double value, gpointer data)
{
  g_object_set(editor_of(data), "psi", value, NULL);
}

static void
scale_entered_cb(GtkWidget *entry, double value, gpointer data)
{
  g_object_set(editor_of(data), "scale", value, NULL);
}

static void
scale_reset_cb(GtkButton *button, VitrineGeneration *self)
{
  g_object_set(editor_of(self), "scale", 1.0, NULL);
}

/* ---- bindings -- */

/* The first line of both drop-downs is −1: "all", "none". A cutoff beyond the model's layers
 * truncates them all. */
static gboolean
to_line(GBinding *binding, const GValue *from, GValue *to, gpointer names)
{
  int n = (int)g_list_model_get_n_items(names), cutoff = g_value_get_int(from);

  g_value_set_uint(to, (guint)(cutoff < 0 ? 0 : MIN(cutoff + 1, n - 1)));
  return TRUE;
}

static gboolean
from_line(GBinding *binding, const GValue *from, GValue *to, gpointer names)
{
  guint line = g_value_get_uint(from);

  g_value_set_int(to, (int)line - 1);
  return line != GTK_INVALID_LIST_POSITION;
}

static void
bind(VitrineGeneration *self)
{
  GBindingGroup *group = self->bindings = g_binding_group_new();
  GBindingFlags both = G_BINDING_BIDIRECTIONAL;

  g_binding_group_bind(group, "seed", self->seed, "value", both);
  vitrine_bind_choice(group, "faces", self->faces_1, 1);
  vitrine_bind_choice(group, "faces", self->faces_4, 4);
  vitrine_bind_choice(group, "faces", self->faces_9, 9);
  vitrine_bind_choice(group, "faces", self->faces_32, 32);
  g_binding_group_bind(group, "label", self->class_spin, "value", both);
  g_binding_group_bind_full(group, "label", self->class_drop, "selected", both, to_line, from_line,
                            self->class_names, NULL);
  vitrine_bind_rounded(group, "psi", gtk_range_get_adjustment(GTK_RANGE(self->psi_scale)), "value",
                       100);
  g_binding_group_bind_full(group, "cutoff", self->cutoff, "selected", both, to_line, from_line,
                            self->cutoff_names, NULL);
  vitrine_bind_choice(group, "towards", self->towards_average, SG_TOWARDS_AVERAGE);
  vitrine_bind_choice(group, "towards", self->towards_cluster, SG_TOWARDS_CLUSTER);
  vitrine_bind_rounded(group, "tau", gtk_spin_button_get_adjustment(self->tau), "value", 100);
  vitrine_bind_choice(group, "noise-mode", self->noise_const, SG_NOISE_CONST);
  vitrine_bind_choice(group, "noise-mode", self->noise_random, SG_NOISE_RANDOM);
  vitrine_bind_choice(group, "noise-mode", self->noise_none, SG_NOISE_NONE);
  g_binding_group_bind(group, "noise-seed", self->noise_seed, "value", both);
  vitrine_bind_choice(group, "scale-space", self->scale_w, SG_SPACE_W);
  vitrine_bind_choice(group, "scale-space", self->scale_z, SG_SPACE_Z);
  g_binding_group_bind(group, "scale", self->scale, "factor", both);
}

static void
update(VitrineGeneration *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (r == NULL)
    return;
  vitrine_number_entry_set(self->psi_entry, r->psi);
  vitrine_number_entry_set(self->scale_entry, r->scale);
  gtk_widget_set_sensitive(self->scale_reset, r->scale != 1);
}

static gboolean
has_noise(SgModel *model)
{
  g_autoptr(GArray) layers = model ? sg_network_noise_layers(sg_model_generator(model)) : NULL;
  return !layers || layers->len > 0;
}

/* The names of the model's classes, if it has some. */
static void
update_classes(VitrineGeneration *self, const SgModel *model)
{
  g_auto(GStrv) names = model ? sg_model_class_names(model) : NULL;
  guint had = g_list_model_get_n_items(G_LIST_MODEL(self->class_names));

  gtk_string_list_splice(self->class_names, 0, had, (const char *const *)names);
  gtk_string_list_splice(self->class_names, 0, 0, (const char *const[]){_("None"), NULL});
  gtk_widget_set_visible(GTK_WIDGET(self->class_drop), names != NULL);
  gtk_widget_set_visible(GTK_WIDGET(self->class_spin), names == NULL);
}

static void
update_model(VitrineGeneration *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  int classes = model != NULL ? model->info.c_dim : 0;
  int layers = model != NULL ? model->info.num_ws : 0;
  g_binding_group_set_source(self->bindings, NULL);
  gtk_widget_set_visible(self->class_label, classes > 0);
  gtk_widget_set_visible(self->class_box, classes > 0);
  gtk_widget_set_visible(self->noise_box, has_noise(model));
  gtk_widget_set_visible(self->no_noise, !has_noise(model));
  gtk_spin_button_set_range(self->class_spin, -1, MAX(classes - 1, 0));
  update_classes(self, model);
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
  if (model != NULL)
    g_binding_group_set_source(self->bindings, editor_of(self));
  update(self);
}

/* ---- life -- */

static void
set_session(VitrineGeneration *self, VitrineSession *session)
{
  if (session == NULL || session == self->session)
    return;
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
  g_type_ensure(VITRINE_TYPE_HELP_BUTTON);
  g_type_ensure(VITRINE_TYPE_WRAP);
  gtk_widget_init_template(GTK_WIDGET(self));
  self->psi_entry = add_entry(self->psi_box, "psi-entry", _("Truncation psi"), _("Any number"),
                              psi_entered_cb, self);
  self->scale_entry = add_entry(self->scale_box, "scale-entry", _("Global scale"),
                                _("The factor; any number"), scale_entered_cb, self);
  g_signal_connect(self->class_spin, "output", G_CALLBACK(class_output_cb), self);
  g_signal_connect(self->class_spin, "input", G_CALLBACK(class_input_cb), self);
  bind(self);
}

static void
vitrine_generation_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object(value, VITRINE_GENERATION(object)->session);
}

static void
vitrine_generation_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  set_session(VITRINE_GENERATION(object), g_value_get_object(value));
}

static void
vitrine_generation_dispose(GObject *object)
{
  VitrineGeneration *self = VITRINE_GENERATION(object);
  if (self->bindings) /* a spin button writes back what was typed when it goes */
    g_binding_group_set_source(self->bindings, NULL);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_GENERATION);
  g_clear_object(&self->bindings);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_generation_parent_class)->dispose(object);
}

static void
vitrine_generation_class_init(VitrineGenerationClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = vitrine_generation_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_generation_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_generation_set_property;
  g_object_class_install_property(G_OBJECT_CLASS(class), 1,
                                  g_param_spec_object("session", NULL, NULL, VITRINE_TYPE_SESSION,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-generation.ui");
#define CHILD(name) gtk_widget_class_bind_template_child(widget_class, VitrineGeneration, name)
  CHILD(seed);
  CHILD(class_spin);
  CHILD(noise_seed);
  CHILD(tau);
  CHILD(towards_average);
  CHILD(towards_cluster);
  CHILD(faces_1);
  CHILD(faces_4);
  CHILD(faces_9);
  CHILD(faces_32);
  CHILD(noise_const);
  CHILD(noise_box);
  CHILD(no_noise);
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
  CHILD(class_drop);
  CHILD(class_names);
  CHILD(scale);
#undef CHILD
#define CALLBACK(name) gtk_widget_class_bind_template_callback(widget_class, name)
  CALLBACK(seed_previous_cb);
  CALLBACK(seed_next_cb);
  CALLBACK(seed_random_cb);
  CALLBACK(scale_reset_cb);
#undef CALLBACK
}
