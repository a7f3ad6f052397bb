/* The rows of the mixing pane, one a style: where each w comes from and what it is blended with;
 * presets, crossover, swap. */
#include "ui/mixing/vitrine-mixing-private.h"

#include <glib/gi18n.h>

#include "engine/explore/mix.h"
#include "ui/parts/vitrine-number.h"

/* The rows as they stand. What a row would blend towards is remembered by its widget alone as long
 * as nothing of it is taken. */
static void
get_mix(VitrineMixingPane *self, const SgRecipe *r, SgMixLayer *mix)
{
  for (int k = 0; k < self->num_ws; k++) {
    int b = (int)gtk_drop_down_get_selected(GTK_DROP_DOWN(self->b[k]));
    mix[k] = r->mix ? r->mix[k] : (SgMixLayer){0};
    if (mix[k].blend == 0)
      mix[k].b = CLAMP(b, 0, r->num_sources);
  }
}

static void
a_cb(GtkWidget *drop, GParamSpec *pspec, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  get_mix(self, r, mix);
  mix[vitrine_mixing_row_of(drop)].a = (int)gtk_drop_down_get_selected(GTK_DROP_DOWN(drop));
  vitrine_mixing_apply(self, r, mix, NULL);
}

static void
b_cb(GtkWidget *drop, GParamSpec *pspec, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = vitrine_mixing_edit(self);
  int k = vitrine_mixing_row_of(drop);

  if (!r)
    return;
  get_mix(self, r, mix);
  if (mix[k].blend == 0) { /* changes no picture yet */
    sg_recipe_free(r);
    return;
  }
  mix[k].b = (int)gtk_drop_down_get_selected(GTK_DROP_DOWN(drop));
  vitrine_mixing_apply(self, r, mix, NULL);
}

static void
blend_cb(GtkRange *range, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  int k = vitrine_mixing_row_of(GTK_WIDGET(range));
  g_autofree char *key = g_strdup_printf("mix-blend-%d", k);
  get_mix(self, r, mix);
  mix[k].blend = gtk_range_get_value(range);
  vitrine_mixing_apply(self, r, mix, key);
}

static int
chosen(GtkWidget *drop, const SgRecipe *r)
{
  guint selected = gtk_drop_down_get_selected(GTK_DROP_DOWN(drop));
  return selected == GTK_INVALID_LIST_POSITION ? 0 : MIN((int)selected, r->num_sources);
}

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

static void
crossover_cb(GtkRange *range, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  int from = chosen(self->from, r), to = chosen(self->to, r);
  get_mix(self, r, mix);
  for (int k = 0; k < self->num_ws; k++) {
    mix[k].a = k < (int)(gtk_range_get_value(range) + 0.5) ? from : to;
    mix[k].blend = 0;
  }
  vitrine_mixing_apply(self, r, mix, "mix-crossover");
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

void
vitrine_mixing_build_rows(VitrineMixingPane *self)
{
  int resolutions[SG_RECIPE_MAX_LAYERS];

  vitrine_mixing_empty(self->rows);
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
    vitrine_mixing_set_row(self->a[k], k);
    vitrine_mixing_set_row(self->b[k], k);
    vitrine_mixing_set_row(self->blend[k], k);
    g_signal_connect(self->a[k], "notify::selected", G_CALLBACK(a_cb), self);
    g_signal_connect(self->b[k], "notify::selected", G_CALLBACK(b_cb), self);
    g_signal_connect(self->blend[k], "value-changed", G_CALLBACK(blend_cb), self);
    gtk_grid_attach(GTK_GRID(self->rows), label, 0, k, 1, 1);
    gtk_grid_attach(GTK_GRID(self->rows), self->a[k], 1, k, 1, 1);
    gtk_grid_attach(GTK_GRID(self->rows), self->blend[k], 2, k, 1, 1);
    gtk_grid_attach(GTK_GRID(self->rows), self->b[k], 3, k, 1, 1);
  }
  gtk_range_set_range(GTK_RANGE(self->crossover), 0, MAX(self->num_ws, 1));
}

/* With the first source, what a row could take is that source, and no longer the face itself. */
void
vitrine_mixing_offer_source(VitrineMixingPane *self)
{
  gtk_drop_down_set_selected(GTK_DROP_DOWN(self->to), 1);
  for (int k = 0; k < self->num_ws; k++)
    gtk_drop_down_set_selected(GTK_DROP_DOWN(self->b[k]), 1);
}

/* A mixing that a crossover makes shows where it is. */
static void
show_crossover(VitrineMixingPane *self, const SgRecipe *r)
{
  int from = chosen(self->from, r), to = chosen(self->to, r), at = 0;

#define ORIGIN(k) (r->mix ? r->mix[k].a : 0)
  while (at < self->num_ws && ORIGIN(at) == from)
    at++;
  for (int k = 0; k < self->num_ws; k++)
    if ((k >= at && ORIGIN(k) != to) || (r->mix && r->mix[k].blend != 0))
      return;
#undef ORIGIN
  gtk_range_set_value(GTK_RANGE(self->crossover), at);
}

void
vitrine_mixing_show_rows(VitrineMixingPane *self, const SgRecipe *r)
{
  for (int k = 0; k < self->num_ws; k++) {
    SgMixLayer l = r->mix ? r->mix[k] : (SgMixLayer){0};
    gtk_drop_down_set_selected(GTK_DROP_DOWN(self->a[k]), (guint)l.a);
    if (l.blend != 0)
      gtk_drop_down_set_selected(GTK_DROP_DOWN(self->b[k]), (guint)l.b);
    gtk_range_set_value(GTK_RANGE(self->blend[k]), l.blend);
  }
  show_crossover(self, r);
}

void
vitrine_mixing_make_rows(VitrineMixingPane *self, GtkWidget *box)
{
  gtk_box_append(GTK_BOX(box), vitrine_mixing_heading(_("Styles")));
  GtkWidget *cross = vitrine_mixing_row_box(box, 6);
  self->from = vitrine_mixing_named(origin_drop(self), _("Low layers come from"), "mix-from");
  self->crossover = vitrine_mixing_named(
      blend_scale(1, 1), _("Crossover: the first layer of the other face"), "mix-crossover");
  self->to = vitrine_mixing_named(origin_drop(self), _("The other face, for crossover and presets"),
                                  "mix-to");
  g_signal_connect(self->crossover, "value-changed", G_CALLBACK(crossover_cb), self);
  gtk_range_set_round_digits(GTK_RANGE(self->crossover), 0);
  gtk_box_append(GTK_BOX(cross), self->from);
  gtk_box_append(GTK_BOX(cross), self->crossover);
  gtk_box_append(GTK_BOX(cross), self->to);
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
