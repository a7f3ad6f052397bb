/* The rows of the mixing pane, one a style: where each w comes from and what it is blended with;
 * presets, crossover, swap. */
#include "ui/mixing/vitrine-mixing-private.h"
#include "ui/help/vitrine-help-button.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/explore/mix.h"
#include "ui/parts/vitrine-bind.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-wrap.h"

/* The rows as they stand. What a row would blend towards is remembered beside the recipe as long as
 * nothing of it is taken. */
static void
get_mix(VitrineMixingPane *self, const SgRecipe *r, SgMixLayer *mix)
{
  for (int k = 0; k < self->num_ws; k++) {
    mix[k] = r->mix ? r->mix[k] : (SgMixLayer){0};
    if (mix[k].blend == 0)
      mix[k].b = CLAMP(self->wanted[k], 0, r->num_sources);
  }
}

static SgMixLayer
layer_of(const SgRecipe *r, guint k)
{
  return r->mix ? r->mix[k] : (SgMixLayer){0};
}

/* ---- numbers of the recipe ---- */

static double
get_a(const SgRecipe *r, guint k, gpointer data)
{
  return layer_of(r, k).a;
}

static void
set_a(SgRecipe *r, guint k, double value, gpointer data)
{
  VitrineMixingPane *self = data;
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];

  get_mix(self, r, mix);
  mix[k].a = (int)value;
  sg_recipe_set_mix(r, self->num_ws, mix);
}

static double
get_b(const SgRecipe *r, guint k, gpointer data)
{
  return layer_of(r, k).blend != 0 ? layer_of(r, k).b : ((VitrineMixingPane *)data)->wanted[k];
}

static void
set_b(SgRecipe *r, guint k, double value, gpointer data)
{
  VitrineMixingPane *self = data;
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];

  self->wanted[k] = (int)value;
  if (layer_of(r, k).blend == 0)
    return; /* changes no picture yet */
  get_mix(self, r, mix);
  mix[k].b = (int)value;
  sg_recipe_set_mix(r, self->num_ws, mix);
}

static double
get_blend(const SgRecipe *r, guint k, gpointer data)
{
  return layer_of(r, k).blend;
}

static void
set_blend(SgRecipe *r, guint k, double value, gpointer data)
{
  VitrineMixingPane *self = data;
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];

  get_mix(self, r, mix);
  mix[k].blend = value;
  sg_recipe_set_mix(r, self->num_ws, mix);
}

static int
chosen(GtkWidget *drop, const SgRecipe *r)
{
  guint selected = gtk_drop_down_get_selected(GTK_DROP_DOWN(drop));
  return selected == GTK_INVALID_LIST_POSITION ? 0 : MIN((int)selected, r->num_sources);
}

/* Where a mixing that a crossover makes has it; -1: none makes this one. */
static int
crossover_of(VitrineMixingPane *self, const SgRecipe *r)
{
  int from = chosen(self->from, r), to = chosen(self->to, r), at = 0;

  while (at < self->num_ws && layer_of(r, (guint)at).a == from)
    at++;
  for (int k = 0; k < self->num_ws; k++)
    if ((k >= at && layer_of(r, (guint)k).a != to) || layer_of(r, (guint)k).blend != 0)
      return -1;
  return at;
}

static double
get_crossover(const SgRecipe *r, guint index, gpointer data)
{
  VitrineMixingPane *self = data;
  int at = crossover_of(self, r);

  return at >= 0 ? at : self->crossed;
}

static void
set_crossover(SgRecipe *r, guint index, double value, gpointer data)
{
  VitrineMixingPane *self = data;
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  int from = chosen(self->from, r), to = chosen(self->to, r);

  self->crossed = (int)(value + 0.5);
  get_mix(self, r, mix);
  for (int k = 0; k < self->num_ws; k++) {
    mix[k].a = k < self->crossed ? from : to;
    mix[k].blend = 0;
  }
  sg_recipe_set_mix(r, self->num_ws, mix);
}

static const VitrineRecipeKind a_kind = {get_a, set_a, N_("Mixing"), NULL};
static const VitrineRecipeKind b_kind = {get_b, set_b, N_("Mixing"), NULL};
static const VitrineRecipeKind blend_kind = {get_blend, set_blend, N_("Mixing"), "mix-blend-"};
static const VitrineRecipeKind crossover_kind = {get_crossover, set_crossover, N_("Mixing"),
                                                 "mix-crossover"};

void
vitrine_mixing_note_rows(VitrineMixingPane *self, const SgRecipe *r)
{
  for (int k = 0; k < self->num_ws; k++)
    if (layer_of(r, (guint)k).blend != 0)
      self->wanted[k] = layer_of(r, (guint)k).b;
  if (crossover_of(self, r) >= 0)
    self->crossed = crossover_of(self, r);
}

/* ---- buttons ---- */

static void
group_cb(GtkWidget *button, VitrineMixingPane *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgStyleGroup groups[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  get_mix(self, r, mix);
  sg_style_groups(model, groups);
  for (int k = 0; k < self->num_ws; k++)
    if ((int)groups[k] == vitrine_mixing_row_of(button)) {
      mix[k].a = chosen(self->to, r);
      mix[k].blend = 0;
    }
  vitrine_mixing_apply(self, r, mix, NULL);
}

static int
swapped(int i, int a, int b)
{
  return i == a ? b : i == b ? a : i;
}

static void
swap_cb(GtkButton *button, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  int from = chosen(self->from, r), to = chosen(self->to, r);
  get_mix(self, r, mix);
  for (int k = 0; k < self->num_ws; k++) {
    mix[k].a = swapped(mix[k].a, from, to);
    mix[k].b = swapped(mix[k].b, from, to);
  }
  vitrine_mixing_apply(self, r, mix, NULL);
}

static void
clear_cb(GtkButton *button, VitrineMixingPane *self)
{
  SgRecipe *r = vitrine_mixing_edit(self);
  if (r)
    vitrine_mixing_apply(self, r, NULL, NULL);
}

static GtkWidget *
origin_drop(VitrineMixingPane *self)
{
  GtkWidget *drop = gtk_drop_down_new(G_LIST_MODEL(g_object_ref(self->names)), NULL);
  gtk_widget_set_valign(drop, GTK_ALIGN_CENTER);
  return drop;
}

static GtkWidget *
blend_scale(double max, double step)
{
  GtkWidget *scale = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, max, step);

  gtk_widget_set_hexpand(scale, TRUE);
  vitrine_range_ignore_wheel(scale);
  return scale;
}

static void
bind_row(VitrineMixingPane *self, guint k, GtkWidget *a, GtkWidget *b, GtkWidget *blend)
{
  VitrineEditor *editor = vitrine_session_get_editor(self->session);

  vitrine_bind_line(self->row_values, vitrine_recipe_value_new(editor, &a_kind, k, self),
                    GTK_DROP_DOWN(a));
  vitrine_bind_line(self->row_values, vitrine_recipe_value_new(editor, &b_kind, k, self),
                    GTK_DROP_DOWN(b));
  vitrine_bind_range(self->row_values, vitrine_recipe_value_new(editor, &blend_kind, k, self),
                     gtk_range_get_adjustment(GTK_RANGE(blend)));
}

void
vitrine_mixing_build_rows(VitrineMixingPane *self)
{
  int resolutions[SG_RECIPE_MAX_LAYERS];

  vitrine_mixing_empty(self->rows);
  memset(self->wanted, 0, sizeof self->wanted);
  self->crossed = 0;
  vitrine_mixing_grow_names(self, vitrine_session_get_recipe(self->session));
  vitrine_mixing_note_rows(self, vitrine_session_get_recipe(self->session));
  sg_style_resolutions(vitrine_session_get_model(self->session), resolutions);
  for (int k = 0; k < self->num_ws; k++) {
    g_autofree char *text = g_strdup_printf("%d×%d · w%d", resolutions[k], resolutions[k], k);
    g_autofree char *a = g_strdup_printf(_("Where w%d comes from"), k);
    g_autofree char *b = g_strdup_printf(_("What w%d is blended with"), k);
    g_autofree char *blend = g_strdup_printf(_("Blend of w%d"), k);
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    self->a[k] = vitrine_mixing_named(origin_drop(self), a, "mix-a-%d", k);
    self->b[k] = vitrine_mixing_named(origin_drop(self), b, "mix-b-%d", k);
    self->blend[k] = vitrine_mixing_named(blend_scale(1, 0.01), blend, "mix-blend-%d", k);
    bind_row(self, (guint)k, self->a[k], self->b[k], self->blend[k]);
    gtk_grid_attach(GTK_GRID(self->rows), label, 0, k, 1, 1);
    gtk_grid_attach(GTK_GRID(self->rows), self->a[k], 1, k, 1, 1);
    gtk_grid_attach(GTK_GRID(self->rows), self->blend[k], 2, k, 1, 1);
    gtk_grid_attach(GTK_GRID(self->rows), self->b[k], 3, k, 1, 1);
  }
  gtk_range_set_range(GTK_RANGE(self->crossover), 0, MAX(self->num_ws, 1));
  vitrine_bind_range(
      self->row_values,
      vitrine_recipe_value_new(vitrine_session_get_editor(self->session), &crossover_kind, 0, self),
      gtk_range_get_adjustment(GTK_RANGE(self->crossover)));
}

/* With the first source, what a row could take is that source, and no longer the face itself. */
void
vitrine_mixing_offer_source(VitrineMixingPane *self)
{
  gtk_drop_down_set_selected(GTK_DROP_DOWN(self->to), 1);
  for (int k = 0; k < self->num_ws; k++)
    gtk_drop_down_set_selected(GTK_DROP_DOWN(self->b[k]), 1);
}

void
vitrine_mixing_make_rows(VitrineMixingPane *self, GtkWidget *box)
{
  GtkWidget *heading = vitrine_mixing_row_box(box, 6);
  vitrine_wrap_append(VITRINE_WRAP(heading), vitrine_mixing_heading(_("Styles")));
  vitrine_wrap_append(VITRINE_WRAP(heading), vitrine_help_button_new("style"));
  GtkWidget *cross = vitrine_mixing_row_box(box, 6);
  self->from = vitrine_mixing_named(origin_drop(self), _("Low layers come from"), "mix-from");
  self->crossover = vitrine_mixing_named(
      blend_scale(1, 1), _("Crossover: the first layer of the other face"), "mix-crossover");
  self->to = vitrine_mixing_named(origin_drop(self), _("The other face, for crossover and presets"),
                                  "mix-to");
  gtk_range_set_round_digits(GTK_RANGE(self->crossover), 0);
  /* As in the rows below: towards the other face's name there is more of it. */
  gtk_range_set_inverted(GTK_RANGE(self->crossover), TRUE);
  gtk_scale_set_has_origin(GTK_SCALE(self->crossover), FALSE);
  vitrine_wrap_append(VITRINE_WRAP(cross), self->from);
  vitrine_wrap_append(VITRINE_WRAP(cross), self->crossover);
  vitrine_wrap_append(VITRINE_WRAP(cross), self->to);
  GtkWidget *groups = vitrine_mixing_row_box(box, 6);
  vitrine_mixing_text_button(self, groups, _("Coarse"),
                             _("4 and 8 pixels: pose, shape; from the other face"), "mix-coarse",
                             SG_STYLES_COARSE, G_CALLBACK(group_cb));
  vitrine_mixing_text_button(self, groups, _("Middle"),
                             _("16 and 32 pixels: features; from the other face"), "mix-middle",
                             SG_STYLES_MIDDLE, G_CALLBACK(group_cb));
  vitrine_mixing_text_button(self, groups, _("Fine"),
                             _("64 pixels and up: colours; from the other face"), "mix-fine",
                             SG_STYLES_FINE, G_CALLBACK(group_cb));
  GtkWidget *tools = vitrine_mixing_row_box(box, 6);
  vitrine_mixing_text_button(self, tools, _("Swap"), _("Exchange the two faces in all layers"),
                             "mix-swap", 0, G_CALLBACK(swap_cb));
  vitrine_mixing_text_button(self, tools, _("Clear Mixing"), _("All layers from the face itself"),
                             "mix-clear", 0, G_CALLBACK(clear_cb));
  self->rows = gtk_grid_new();
  gtk_grid_set_column_spacing(GTK_GRID(self->rows), 6);
  gtk_grid_set_row_spacing(GTK_GRID(self->rows), 3);
  gtk_box_append(GTK_BOX(box), self->rows);
}
