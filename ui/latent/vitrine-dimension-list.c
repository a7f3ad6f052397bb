#include "ui/latent/vitrine-dimension-list-private.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "ui/latent/vitrine-pin-popover.h"
#include "ui/parts/vitrine-bind.h"
#include "ui/parts/vitrine-wrap.h"

/* Bars and the order by influence follow the measurement, but not faster than an eye does. */
#define INFLUENCE_INTERVAL_MS 200
/* The view would build its two hundred rows within one frame; a screenful first, then the
 * others. */
#define FIRST_ROWS 24
#define MORE_ROWS  8

static const double presets[] = {10, 20, 100, 1000};

G_DEFINE_FINAL_TYPE(VitrineDimensionList, vitrine_dimension_list, GTK_TYPE_BOX)

/* ---- edits -- */

static void
reset_all_cb(GtkButton *button, VitrineDimensionList *self)
{
  gboolean z = vitrine_editor_get_space(vitrine_session_get_editor(self->session)) == SG_SPACE_Z;
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(self->session));
  memset(z ? recipe->z_offset : recipe->w_offset, 0,
         sizeof(double) * (z ? recipe->z_dim : recipe->w_dim));
  vitrine_session_apply(self->session, recipe, z ? _("Reset all of z") : _("Reset all of w"), NULL);
}

/* ---- what is shown -- */

static void
update_labels(VitrineDimensionList *self)
{
  const VitrineDimensions *d = self->dimensions;
  VitrineEditor *editor = vitrine_session_get_editor(self->session);
  SgSpace space = vitrine_editor_get_space(editor);
  g_autofree char *others = vitrine_editor_other_edits(editor, space);
  g_autofree char *own =
      d->n_changed > 0
          ? g_strdup_printf(ngettext("%d changed", "%d changed", d->n_changed), d->n_changed)
      : others ? g_strdup_printf(_("No dimension of %s"), space == SG_SPACE_Z ? "z" : "w")
               : g_strdup(_("Nothing changed"));
  g_autofree char *count =
      others ? g_strdup_printf(_("%s; also changed: %s"), own, others) : g_strdup(own);
  gtk_label_set_text(GTK_LABEL(self->count), count);
  gtk_widget_set_tooltip_text(self->count, others ? count : NULL);
  gtk_widget_set_sensitive(self->reset_all, d->n_changed > 0);
  gboolean empty = g_list_model_get_n_items(G_LIST_MODEL(d->ordered)) == 0 &&
                   vitrine_session_get_recipe(self->session) != NULL;
  gtk_widget_set_visible(self->empty, empty);
  if (empty)
    gtk_label_set_text(GTK_LABEL(self->empty),
                       d->only_favourites
                           ? _("No favourite here. A row's star pins it with a name.")
                           : _("No dimension is changed."));
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  gtk_widget_set_visible(self->hint, recipe != NULL && recipe->w_base != NULL &&
                                         vitrine_editor_get_space(vitrine_session_get_editor(
                                             self->session)) == SG_SPACE_Z);
}

static void
scroll_to_top(VitrineDimensionList *self)
{
  gtk_widget_activate_action(GTK_WIDGET(self->view), "list.scroll-to-item", "u", 0u);
}

/* A list that stands at its top stays there, whichever dimensions come to the top; the view itself
 * would stay with the dimension it shows. */
static void
refilter(VitrineDimensionList *self)
{
  GtkAdjustment *adjustment =
      gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(self->scrolled));
  gboolean at_top = gtk_adjustment_get_value(adjustment) < 1;

  if (self->dragging)
    return; /* set_dragging (FALSE) comes back to it */
  vitrine_dimensions_refilter(self->dimensions);
  update_labels(self);
  if (at_top)
    scroll_to_top(self);
}

static void
update_values(VitrineDimensionList *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  if (recipe == NULL) {
    vitrine_dimensions_resize(self->dimensions, 0);
    update_labels(self);
    return;
  }
  SgSpace space = vitrine_editor_get_space(vitrine_session_get_editor(self->session));
  gboolean z = space == SG_SPACE_Z;
  vitrine_dimensions_resize(self->dimensions, z ? recipe->z_dim : recipe->w_dim);
  vitrine_dimensions_set_values(
      self->dimensions, vitrine_view_get_base(vitrine_session_get_view(self->session), space),
      z ? recipe->z_offset : recipe->w_offset);
  vitrine_dimension_list_refresh_rows(self, FALSE);
  if (self->dimensions->membership_changed && self->dimensions->only_changed)
    refilter(self);
  update_labels(self);
}

static void
update_influence(VitrineDimensionList *self)
{
  VitrineDimensions *d = self->dimensions;
  gboolean differs = vitrine_dimensions_set_influence(
      d, vitrine_view_get_influence(
             vitrine_session_get_view(self->session),
             vitrine_editor_get_space(vitrine_session_get_editor(self->session))));
  int n = vitrine_dimensions_get_n(d);
  gtk_widget_set_visible(self->progress, d->by_influence && d->n_measured < n);
  gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(self->progress),
                                n > 0 ? (double)d->n_measured / n : 0);
  if (!differs)
    return;
  vitrine_dimension_list_refresh_rows(self, TRUE);
  if (d->by_influence)
    refilter(self);
}

/* Of w, whatever the face; faces do not agree about z. */
static void
update_heard(VitrineDimensionList *self)
{
  SgSpace space = vitrine_editor_get_space(vitrine_session_get_editor(self->session));
  const double *heard = space == SG_SPACE_W ? vitrine_hearing_get(self->hearing) : NULL;

  if (vitrine_dimensions_set_heard(self->dimensions, heard))
    vitrine_dimension_list_refresh_rows(self, TRUE);
}

static gboolean
heard_timeout_cb(gpointer data)
{
  VitrineDimensionList *self = data;
  self->heard_id = 0;
  update_heard(self);
  return G_SOURCE_REMOVE;
}

static void
heard_cb(VitrineDimensionList *self)
{
  if (self->heard_id == 0)
    self->heard_id = g_timeout_add(INFLUENCE_INTERVAL_MS, heard_timeout_cb, self);
}

static void
mapped_cb(VitrineDimensionList *self)
{
  vitrine_hearing_look(self->hearing, gtk_widget_get_mapped(GTK_WIDGET(self)));
}

static gboolean
influence_timeout_cb(gpointer data)
{
  VitrineDimensionList *self = data;
  self->influence_id = 0;
  update_influence(self);
  return G_SOURCE_REMOVE;
}

static void
update_favourites(VitrineDimensionList *self)
{
  SgSpace space = vitrine_editor_get_space(vitrine_session_get_editor(self->session));
  int n = vitrine_dimensions_get_n(self->dimensions);
  for (int i = 0; i < n; i++) {
    VitrineDimension *item = vitrine_dimensions_get(self->dimensions, i);
    const char *name =
        vitrine_favourites_get(vitrine_session_get_favourites(self->session), space, i);
    if (g_strcmp0(item->name, name) == 0)
      continue;
    vitrine_dimension_set_name(item, name);
    item->dirty = TRUE;
  }
}

/* Another model or another space: everything. */
static void
update_all(VitrineDimensionList *self)
{
  update_values(self);
  update_favourites(self);
  if (self->dimensions->by_influence)
    vitrine_view_start_influence(vitrine_session_get_view(self->session));
  update_influence(self);
  update_heard(self);
  vitrine_dimension_list_refresh_rows(self, FALSE);
  refilter(self);
}

/* ---- the session's signals -- */

static void
model_changed_cb(VitrineSession *session, VitrineDimensionList *self)
{
  update_all(self);
}

static void
recipe_changed_cb(VitrineSession *session, VitrineDimensionList *self)
{
  update_values(self);
}

static void
influence_changed_cb(VitrineSession *session, VitrineDimensionList *self)
{
  if (self->influence_id == 0)
    self->influence_id = g_timeout_add(INFLUENCE_INTERVAL_MS, influence_timeout_cb, self);
}

/* ---- the controls above the list -- */

static void
switches_cb(GtkToggleButton *button, VitrineDimensionList *self)
{
  VitrineDimensions *d = self->dimensions;
  gboolean by_influence = gtk_toggle_button_get_active(self->sort_influence);
  d->only_changed = gtk_toggle_button_get_active(self->only_changed);
  d->only_favourites = gtk_toggle_button_get_active(self->favourites_only);
  d->favourites_first = gtk_toggle_button_get_active(self->favourites_first);
  if (by_influence != d->by_influence) {
    d->by_influence = by_influence;
    if (by_influence)
      vitrine_view_start_influence(vitrine_session_get_view(self->session));
    else
      vitrine_view_stop_influence(vitrine_session_get_view(self->session));
    update_influence(self);
    scroll_to_top(self);
  }
  refilter(self);
}

static void
range_selected_cb(GtkDropDown *combo, GParamSpec *pspec, VitrineDimensionList *self)
{
  guint selected = gtk_drop_down_get_selected(combo);

  if (selected < G_N_ELEMENTS(presets))
    vitrine_dimension_list_set_range(self, presets[selected]);
}

static void
jump_cb(GtkEntry *entry, VitrineDimensionList *self)
{
  const char *text = gtk_editable_get_text(GTK_EDITABLE(entry));
  int index = vitrine_dimensions_find(self->dimensions, text);
  if (index < 0 || !vitrine_dimension_list_go_to(self, index)) {
    gtk_widget_add_css_class(GTK_WIDGET(entry), "error");
    gtk_widget_error_bell(GTK_WIDGET(entry));
    return;
  }
  gtk_editable_set_text(GTK_EDITABLE(entry), "");
}

static void
jump_changed_cb(GtkEntry *entry, VitrineDimensionList *self)
{
  gtk_widget_remove_css_class(GTK_WIDGET(entry), "error");
}

/* ---- favourites -- */

static void
pinned_cb(int index, const char *name, gpointer data)
{
  VitrineDimensionList *self = data;
  vitrine_favourites_set(vitrine_session_get_favourites(self->session),
                         vitrine_editor_get_space(vitrine_session_get_editor(self->session)), index,
                         name);
  update_favourites(self);
  vitrine_dimension_list_refresh_rows(self, FALSE);
  refilter(self);
}

void
vitrine_dimension_list_pin_cb(VitrineDimensionRow *row, VitrineDimensionList *self)
{
  VitrineDimension *item = vitrine_dimension_row_get_item(row);
  if (item == NULL)
    return;
  if (self->pin_popover == NULL) {
    self->pin_popover = vitrine_pin_popover_new(pinned_cb, self);
    gtk_widget_set_parent(self->pin_popover, GTK_WIDGET(self));
  }
  vitrine_pin_popover_show(self->pin_popover, vitrine_dimension_row_get_part(row, VITRINE_ROW_PIN),
                           item->index, item->name);
}

static gboolean
grow_cb(gpointer data)
{
  VitrineDimensionList *self = data;
  guint size = gtk_slice_list_model_get_size(self->slice);
  if (size < 256) { /* more than the view ever keeps: the rest costs nothing */
    gtk_slice_list_model_set_size(self->slice, size + MORE_ROWS);
    return G_SOURCE_CONTINUE;
  }
  gtk_slice_list_model_set_size(self->slice, G_MAXUINT);
  self->grow_id = 0;
  return G_SOURCE_REMOVE;
}

/* ---- range -- */

double
vitrine_dimension_list_get_range(VitrineDimensionList *self)
{
  g_return_val_if_fail(VITRINE_IS_DIMENSION_LIST(self), 0);
  return self->range;
}

static char *
range_name(double range)
{
  return g_strdup_printf("\u200e±%g", range); /* the mark keeps the sign at the left */
}

void
vitrine_dimension_list_set_range(VitrineDimensionList *self, double range)
{
  g_return_if_fail(VITRINE_IS_DIMENSION_LIST(self));
  guint selected = 0;
  while (selected < G_N_ELEMENTS(presets) && presets[selected] < range)
    selected++;
  /* Beyond the presets, the next power of ten joins them for as long as it is used. */
  double chosen =
      selected < G_N_ELEMENTS(presets) ? presets[selected] : pow(10, ceil(log10(range)));
  if (chosen == self->range)
    return;
  self->range = chosen;
  guint have = g_list_model_get_n_items(G_LIST_MODEL(self->range_names));
  g_autofree char *name = range_name(chosen);
  if (selected == G_N_ELEMENTS(presets)) {
    gtk_string_list_append(self->range_names, name);
    selected = have;
  }
  gtk_drop_down_set_selected(self->range_combo, selected);
  /* The one before it goes last: a drop-down whose line is taken away chooses another. */
  gtk_string_list_splice(self->range_names, G_N_ELEMENTS(presets), have - G_N_ELEMENTS(presets),
                         NULL);
  vitrine_dimension_list_refresh_rows(self, TRUE);
}

/* ---- life -- */

void
vitrine_dimension_list_set_dragging(VitrineDimensionList *self, gboolean dragging)
{
  g_return_if_fail(VITRINE_IS_DIMENSION_LIST(self));
  if (self->dragging == dragging)
    return;
  self->dragging = dragging;
  if (!dragging)
    refilter(self);
}

void
vitrine_dimension_list_jump(VitrineDimensionList *self)
{
  g_return_if_fail(VITRINE_IS_DIMENSION_LIST(self));
  gtk_widget_grab_focus(self->jump);
}

gboolean
vitrine_dimension_list_go_to(VitrineDimensionList *self, int index)
{
  g_return_val_if_fail(VITRINE_IS_DIMENSION_LIST(self), FALSE);
  if (index < 0 || index >= vitrine_dimensions_get_n(self->dimensions))
    return FALSE;
  if (vitrine_dimensions_position(self->dimensions, index) < 0) {
    gtk_toggle_button_set_active(self->only_changed, FALSE);
    gtk_toggle_button_set_active(self->favourites_only, FALSE);
  }
  return vitrine_dimension_list_focus_position(
      self, vitrine_dimensions_position(self->dimensions, index), VITRINE_ROW_SCALE);
}

void
vitrine_dimension_list_set_session(VitrineDimensionList *self, VitrineSession *session)
{
  g_return_if_fail(self->session == NULL);
  self->session = g_object_ref(session);
  vitrine_vector_button_set_session(self->vector, session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_changed_cb), self, 0);
  /* A new picture may bring a new base of w. */
  g_signal_connect_object(session, "picture-changed", G_CALLBACK(recipe_changed_cb), self, 0);
  g_signal_connect_object(session, "influence-changed", G_CALLBACK(influence_changed_cb), self, 0);
  g_signal_connect_object(vitrine_session_get_editor(session), "notify::space",
                          G_CALLBACK(update_all), self, G_CONNECT_SWAPPED);
  self->hearing = vitrine_hearing_new(session);
  g_signal_connect_object(self->hearing, "changed", G_CALLBACK(heard_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_after(self, "map", G_CALLBACK(mapped_cb), NULL);
  g_signal_connect_after(self, "unmap", G_CALLBACK(mapped_cb), NULL);
  g_binding_group_set_source(self->bindings, vitrine_session_get_editor(session));
  update_all(self);
  g_autoptr(GtkListItemFactory) factory = vitrine_dimension_list_make_factory(self);
  self->slice = gtk_slice_list_model_new(g_object_ref(G_LIST_MODEL(self->dimensions->ordered)), 0,
                                         FIRST_ROWS);
  self->grow_id = g_idle_add_full(G_PRIORITY_LOW, grow_cb, self, NULL);
  g_autoptr(GtkSelectionModel) selection =
      GTK_SELECTION_MODEL(gtk_no_selection_new(g_object_ref(G_LIST_MODEL(self->slice))));
  gtk_list_view_set_factory(self->view, factory);
  gtk_list_view_set_model(self->view, selection);
}

static void
scrolled_cb(GtkAdjustment *adjustment, VitrineDimensionList *self)
{
  vitrine_dimension_list_refresh_rows(self, FALSE);
}

static void
vitrine_dimension_list_init(VitrineDimensionList *self)
{
  g_type_ensure(VITRINE_TYPE_VECTOR_BUTTON);
  g_type_ensure(VITRINE_TYPE_WRAP);
  self->range = presets[0];
  self->rows = g_ptr_array_new();
  self->dimensions = vitrine_dimensions_new();
  gtk_widget_init_template(GTK_WIDGET(self));
  for (guint i = 0; i < G_N_ELEMENTS(presets); i++) {
    g_autofree char *name = range_name(presets[i]);
    gtk_string_list_append(self->range_names, name);
  }
  g_signal_connect(self->range_combo, "notify::selected", G_CALLBACK(range_selected_cb), self);
  self->bindings = g_binding_group_new();
  vitrine_bind_choice(self->bindings, "space", self->space_z, SG_SPACE_Z);
  vitrine_bind_choice(self->bindings, "space", self->space_w, SG_SPACE_W);
  GtkToggleButton *switches[] = {self->sort_influence, self->only_changed, self->favourites_only,
                                 self->favourites_first};
  for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
    g_signal_connect(switches[i], "toggled", G_CALLBACK(switches_cb), self);
  GtkAdjustment *vertical =
      gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(self->scrolled));
  g_signal_connect_object(vertical, "value-changed", G_CALLBACK(scrolled_cb), self, 0);
  GtkEventController *keys = gtk_event_controller_key_new();
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(vitrine_dimension_list_key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self->view), keys);
}

static void
vitrine_dimension_list_dispose(GObject *object)
{
  VitrineDimensionList *self = VITRINE_DIMENSION_LIST(object);
  g_clear_handle_id(&self->idle_id, g_source_remove);
  g_clear_handle_id(&self->grow_id, g_source_remove);
  g_clear_handle_id(&self->influence_id, g_source_remove);
  g_clear_handle_id(&self->heard_id, g_source_remove);
  if (self->view != NULL) {
    gtk_list_view_set_model(self->view, NULL); /* unbinds the rows while they can still be told */
    gtk_list_view_set_factory(self->view, NULL);
  }
  g_clear_object(&self->slice);
  g_clear_object(&self->bindings);
  g_clear_pointer(&self->pin_popover, gtk_widget_unparent);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_DIMENSION_LIST);
  g_clear_object(&self->hearing);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_dimension_list_parent_class)->dispose(object);
}

static void
vitrine_dimension_list_finalize(GObject *object)
{
  VitrineDimensionList *self = VITRINE_DIMENSION_LIST(object);
  g_ptr_array_unref(self->rows);
  vitrine_dimensions_free(self->dimensions);
  G_OBJECT_CLASS(vitrine_dimension_list_parent_class)->finalize(object);
}

static void
vitrine_dimension_list_class_init(VitrineDimensionListClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = vitrine_dimension_list_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_dimension_list_finalize;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-dimension-list.ui");
#define CHILD(name) gtk_widget_class_bind_template_child(widget_class, VitrineDimensionList, name)
  CHILD(space_z);
  CHILD(space_w);
  CHILD(sort_number);
  CHILD(sort_influence);
  CHILD(only_changed);
  CHILD(favourites_only);
  CHILD(favourites_first);
  CHILD(jump);
  CHILD(scrolled);
  CHILD(progress);
  CHILD(empty);
  CHILD(count);
  CHILD(reset_all);
  CHILD(hint);
  CHILD(view);
  CHILD(range_names);
  CHILD(vector);
#undef CHILD
  gtk_widget_class_bind_template_child_full(widget_class, "range", FALSE,
                                            G_STRUCT_OFFSET(VitrineDimensionList, range_combo));
  gtk_widget_class_bind_template_callback(widget_class, jump_cb);
  gtk_widget_class_bind_template_callback(widget_class, jump_changed_cb);
  gtk_widget_class_bind_template_callback(widget_class, reset_all_cb);
}
