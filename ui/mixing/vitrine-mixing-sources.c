/* The mixing pane's list of faces: the face itself and what is added to it, by seed, as edited, or
 * from files. */
#include "ui/mixing/vitrine-mixing-private.h"

#include <glib/gi18n.h>

#include "app/work/vitrine-face-file.h"
#include "ui/parts/vitrine-bind.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-wrap.h"

static void
add_source(VitrineMixingPane *self, const SgRecipe *face)
{
  SgRecipe *r = vitrine_mixing_edit(self);

  if (r && sg_recipe_add_source(r, face))
    vitrine_session_apply(self->session, r, _("Add source"), NULL);
  else
    sg_recipe_free(r);
}

static void
add_seed_cb(GtkWidget *widget, VitrineMixingPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r)
    return;
  g_autoptr(SgRecipe) face = sg_recipe_new(r->z_dim, r->w_dim);
  gtk_spin_button_update(GTK_SPIN_BUTTON(self->seed));
  face->seed = (guint32)gtk_spin_button_get_value(GTK_SPIN_BUTTON(self->seed));
  face->label = r->label;
  add_source(self, face);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(self->seed), (double)face->seed + 1);
}

static void
add_face_cb(GtkButton *button, VitrineMixingPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  if (r)
    add_source(self, r);
}

/* ---- files ------------------------------------------------------------------------------- */

static void
read_cb(GObject *source, GAsyncResult *result, gpointer unused)
{
  VitrineMixingPane *self = VITRINE_MIXING_PANE(source);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRecipe) face = vitrine_face_file_finish(result, &error);

  /* The pane is gone, or another model is open: the face was meant for the old one. */
  if (!self->session || vitrine_face_file_model(result) != vitrine_session_get_model(self->session))
    return;
  if (face) {
    add_source(self, face);
    return;
  }
  g_autofree char *text = g_strdup_printf(_("Not added: %s"), error->message);
  vitrine_session_say(self->session, text, FALSE);
}

void
vitrine_mixing_pane_add_file(VitrineMixingPane *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_MIXING_PANE(self));
  g_return_if_fail(G_IS_FILE(file));
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  SgSpace space = vitrine_editor_get_space(vitrine_session_get_editor(self->session));

  if (recipe)
    vitrine_face_file_read(vitrine_session_get_model(self->session), file, recipe->label,
                           space == SG_SPACE_Z, G_OBJECT(self), read_cb);
}

/* ---- the list ---------------------------------------------------------------------------- */

static void
file_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineMixingPane) self = data;
  if (file && self->session)
    vitrine_mixing_pane_add_file(self, file);
}

static void
add_file_cb(GtkButton *button, VitrineMixingPane *self)
{
  GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();

  gtk_file_filter_set_name(filter, _("Pictures saved by Vitrine, vectors"));
  gtk_file_filter_add_pattern(filter, "*.png");
  gtk_file_filter_add_pattern(filter, "*.npy");
  gtk_file_filter_add_pattern(filter, "*.npz");
  vitrine_file_dialog_open(GTK_IS_WINDOW(root) ? GTK_WINDOW(root) : NULL, _("Add Face"), filter,
                           file_cb, g_object_ref(self));
}

static gboolean
drop_cb(GtkDropTarget *target, const GValue *value, double x, double y, VitrineMixingPane *self)
{
  vitrine_mixing_pane_add_file(self, g_value_get_object(value));
  return TRUE;
}

static void
remove_cb(GtkWidget *button, VitrineMixingPane *self)
{
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  sg_recipe_remove_source(r, vitrine_mixing_row_of(button) - 1);
  vitrine_session_apply(self->session, r, _("Remove source"), NULL);
}

/* What makes `face` this face, and no other: the vectors and their edits. */
static void
take_face(SgRecipe *r, SgRecipe *face)
{
#define SWAP(type, field)                                                                          \
  do {                                                                                             \
    type kept = r->field;                                                                          \
    r->field = face->field;                                                                        \
    face->field = kept;                                                                            \
  } while (0)
  SWAP(guint32, seed);
  SWAP(double *, z_base);
  SWAP(double *, w_base);
  SWAP(int, w_layers);
  SWAP(double *, z_offset);
  SWAP(double *, w_offset);
  SWAP(GArray *, w_layer_offset);
  SWAP(GArray *, locks);
  SWAP(GPtrArray *, directions);
  SWAP(double, scale);
  SWAP(SgSpace, scale_space);
  SWAP(int, label);
#undef SWAP
}

static void
keep_cb(GtkWidget *button, VitrineMixingPane *self)
{
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  take_face(r, r->sources[vitrine_mixing_row_of(button) - 1]);
  vitrine_session_apply(self->session, r, _("Exchange faces"), NULL);
}

static void
set_source_seed(SgRecipe *source, guint32 seed)
{
  source->seed = seed;
  sg_recipe_drop_vectors(source);
}

static double
get_seed(const SgRecipe *r, guint i, gpointer data)
{
  return (int)i <= r->num_sources ? r->sources[i - 1]->seed : 0;
}

static void
set_seed(SgRecipe *r, guint i, double value, gpointer data)
{
  if ((int)i <= r->num_sources)
    set_source_seed(r->sources[i - 1], (guint32)value);
}

static const VitrineRecipeKind seed_kind = {get_seed, set_seed, N_("Source's seed"), "mix-seed-"};

static void
shuffle_cb(GtkButton *button, VitrineMixingPane *self)
{
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  for (int i = 0; i < r->num_sources; i++)
    set_source_seed(r->sources[i], g_random_int());
  vitrine_session_apply(self->session, r, _("Shuffle sources"), NULL);
}

static GtkWidget *
icon_button(VitrineMixingPane *self, int i, const char *icon, const char *tip, const char *kind,
            GCallback func)
{
  GtkWidget *button = gtk_button_new_from_icon_name(icon);

  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
  vitrine_mixing_set_row(button, i);
  g_signal_connect(button, "clicked", func, self);
  return vitrine_mixing_named(button, tip, "mix-%s-%d", kind, i);
}

static GtkWidget *
source_row(VitrineMixingPane *self, int i)
{
  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 9);
  char letter[] = {(char)('A' + i), '\0'};
  GtkWidget *label = gtk_label_new(letter);
  g_autofree char *alt = g_strdup_printf(_("Face %s"), letter);

  self->thumbs[i] = vitrine_mixing_named(vitrine_mixing_small_picture(48), alt, "mix-thumb-%d", i);
  gtk_widget_add_css_class(label, "heading");
  gtk_box_append(GTK_BOX(row), label);
  gtk_box_append(GTK_BOX(row), self->thumbs[i]);
  if (i == 0) {
    GtkWidget *own = gtk_label_new(_("The face as edited"));
    gtk_widget_add_css_class(own, "dim-label");
    gtk_box_append(GTK_BOX(row), own);
    return row;
  }
  GtkWidget *spin = gtk_spin_button_new_with_range(0, 4294967295.0, 1);
  gtk_widget_set_hexpand(spin, TRUE);
  gtk_widget_set_valign(spin, GTK_ALIGN_CENTER);
  vitrine_bind_range(self->source_values,
                     vitrine_recipe_value_new(vitrine_session_get_editor(self->session), &seed_kind,
                                              (guint)i, self),
                     gtk_spin_button_get_adjustment(GTK_SPIN_BUTTON(spin)));
  gtk_box_append(GTK_BOX(row),
                 vitrine_mixing_named(spin, _("Seed of this face"), "mix-seed-%d", i));
  gtk_box_append(GTK_BOX(row), icon_button(self, i, "go-top-symbolic",
                                           _("Keep: make this the face, and the face a source"),
                                           "keep", G_CALLBACK(keep_cb)));
  gtk_box_append(GTK_BOX(row), icon_button(self, i, "user-trash-symbolic", _("Remove this face"),
                                           "remove", G_CALLBACK(remove_cb)));
  return row;
}

void
vitrine_mixing_grow_names(VitrineMixingPane *self, const SgRecipe *r)
{
  guint had = g_list_model_get_n_items(G_LIST_MODEL(self->names));

  for (; had < (guint)r->num_sources + 1; had++) {
    char letter[] = {(char)('A' + had), '\0'};
    gtk_string_list_append(self->names, letter);
  }
}

void
vitrine_mixing_trim_names(VitrineMixingPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  guint had = g_list_model_get_n_items(G_LIST_MODEL(self->names));

  while (r && had > (guint)r->num_sources + 1)
    gtk_string_list_remove(self->names, --had);
}

void
vitrine_mixing_build_sources(VitrineMixingPane *self, const SgRecipe *r)
{
  g_ptr_array_set_size(self->source_values, 0);
  vitrine_mixing_grow_names(self, r);
  vitrine_mixing_empty(self->sources);
  for (int i = 0; i <= r->num_sources; i++)
    gtk_box_append(GTK_BOX(self->sources), source_row(self, i));
}

void
vitrine_mixing_show_sources(VitrineMixingPane *self, const SgRecipe *r)
{
  gboolean room = r->num_sources < SG_RECIPE_MAX_SOURCES;

  gtk_widget_set_sensitive(self->add_seed, room);
  gtk_widget_set_sensitive(self->add_face, room);
  gtk_widget_set_sensitive(self->add_file, room);
  gtk_widget_set_sensitive(self->shuffle, r->num_sources > 0);
  /* The focus goes with the hint's button: on to where its face can be changed. */
  GtkRoot *root = gtk_widget_get_root(self->hint);
  GtkWidget *focus = root ? gtk_root_get_focus(root) : NULL;
  gboolean leaves = r->num_sources > 0 && focus && gtk_widget_is_ancestor(focus, self->hint);
  gtk_widget_set_visible(self->hint, r->num_sources == 0);
  if (leaves)
    gtk_widget_grab_focus(self->seed);
}

/* What the page is for, while there is nothing to mix with. */
static void
make_hint(VitrineMixingPane *self, GtkWidget *box)
{
  self->hint = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
  gtk_widget_set_name(self->hint, "mix-hint");
  GtkWidget *label = gtk_label_new(_("Mixing takes a second face: its coarse layers or its fine "
                                     "ones can then replace those of this face."));
  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_widget_add_css_class(label, "dim-label");
  gtk_box_append(GTK_BOX(self->hint), label);
  GtkWidget *button = vitrine_mixing_text_button(self, self->hint, _("Add a Face"),
                                                 _("Add the face of the seed below"),
                                                 "mix-hint-add", 0, G_CALLBACK(add_seed_cb));
  gtk_widget_add_css_class(button, "suggested-action");
  gtk_widget_set_halign(button, GTK_ALIGN_START);
  gtk_box_append(GTK_BOX(box), self->hint);
}

void
vitrine_mixing_make_sources(VitrineMixingPane *self, GtkWidget *box)
{
  GtkDropTarget *drop = gtk_drop_target_new(G_TYPE_FILE, GDK_ACTION_COPY);

  gtk_box_append(GTK_BOX(box), vitrine_mixing_heading(_("Faces")));
  self->sources = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  gtk_widget_set_name(self->sources, "mix-sources");
  g_signal_connect(drop, "drop", G_CALLBACK(drop_cb), self);
  gtk_widget_add_controller(self->sources, GTK_EVENT_CONTROLLER(drop));
  gtk_box_append(GTK_BOX(box), self->sources);
  make_hint(self, box);
  GtkWidget *seeds = vitrine_mixing_row_box(box, 6);
  self->seed = vitrine_mixing_named(gtk_spin_button_new_with_range(0, 4294967295.0, 1),
                                    _("Seed to add"), "mix-new-seed");
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(self->seed), 1);
  gtk_widget_set_hexpand(self->seed, TRUE);
  vitrine_wrap_append(VITRINE_WRAP(seeds), self->seed);
  self->add_seed =
      vitrine_mixing_text_button(self, seeds, _("Add Seed"), _("Add the face of this seed"),
                                 "mix-add-seed", 0, G_CALLBACK(add_seed_cb));
  GtkWidget *more = vitrine_mixing_row_box(box, 6);
  self->add_face = vitrine_mixing_text_button(self, more, _("Add This Face"),
                                              _("Add the face as it is edited now"), "mix-add-face",
                                              0, G_CALLBACK(add_face_cb));
  self->add_file = vitrine_mixing_text_button(
      self, more, _("Add File…"),
      _("Add a saved picture or a vector; files can be dropped here too"), "mix-add-file", 0,
      G_CALLBACK(add_file_cb));
  self->shuffle =
      vitrine_mixing_text_button(self, more, _("Shuffle"), _("Other random seeds for all sources"),
                                 "mix-shuffle", 0, G_CALLBACK(shuffle_cb));
}
