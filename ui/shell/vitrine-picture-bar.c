#include "ui/shell/vitrine-picture-bar.h"
#include <glib/gi18n.h>
#include <string.h>
#include "app/explore/vitrine-direction-title.h"
#include "engine/explore/recipe-table.h"
#include "ui/parts/vitrine-accessible.h"

struct _VitrinePictureBar {
  GtkBox parent_instance;
  VitrineSession *session; /* borrowed: the window has both */
  GtkWidget *row;
  GPtrArray *chips; /* of Chip: those that are shown */
};

/* An edit: a field of the recipe, or one of its directions. */
typedef struct {
  const SgRecipeField *field;
  int direction; /* -1: the field as a whole */
  char *text;
  GtkLabel *label; /* of the widget, once there is one */
} Chip;

G_DEFINE_FINAL_TYPE(VitrinePictureBar, vitrine_picture_bar, GTK_TYPE_BOX)

static void
chip_free(gpointer data)
{
  Chip *chip = data;

  g_free(chip->text);
  g_free(chip);
}

/* ---- what makes the picture ------------------------------------------------------------------ */

static void
add_chip(GPtrArray *chips, const SgRecipeField *field, int direction, char *text)
{
  Chip *chip = g_new0(Chip, 1);

  *chip = (Chip){field, direction, text, NULL};
  g_ptr_array_add(chips, chip);
}

static int
count_nonzero(const double *v, int n)
{
  int count = 0;

  for (int i = 0; i < n; i++)
    count += v[i] != 0;
  return count;
}

/* How many numbers an edit has; 0: that says nothing. */
static int
count_of(const SgRecipeField *f, const SgRecipe *r)
{
  if (g_str_equal(f->name, "z_offset"))
    return count_nonzero(r->z_offset, r->z_dim);
  if (g_str_equal(f->name, "w_offset"))
    return count_nonzero(r->w_offset, r->w_dim);
  if (g_str_equal(f->name, "w_layer_offset"))
    return (int)r->w_layer_offset->len;
  if (g_str_equal(f->name, "s_offset"))
    return (int)r->s_offset->len;
  if (g_str_equal(f->name, "locks"))
    return (int)r->locks->len;
  return g_str_equal(f->name, "noise_maps") ? (int)r->noise_maps->len : 0;
}

static char *
text_of(const SgRecipeField *f, const SgRecipe *r)
{
  int count = f->type == SG_FIELD_PART ? count_of(f, r) : 0;

  if (f->type == SG_FIELD_REAL)
    return g_strdup_printf("%s %.2f", _(f->undo), sg_recipe_field_get(f, r));
  if (g_str_equal(f->name, "prune") && r->prune.threshold > 0)
    return g_strdup_printf("%s %.3f", _(f->undo), r->prune.threshold);
  return count ? g_strdup_printf("%s: %d", _(f->undo), count) : g_strdup(_(f->undo));
}

static void
add_directions(GPtrArray *chips, const SgRecipeField *f, const SgRecipe *r)
{
  for (guint i = 0; i < r->directions->len; i++) {
    const SgDirection *d = r->directions->pdata[i];
    add_chip(chips, f, (int)i,
             g_strdup_printf("%s %+.2f", *d->name ? vitrine_direction_title(d->name) : _(f->undo),
                             d->strength));
  }
}

/* Edits, loaded vectors and tuned weights, and truncation, which changes every face. */
static gboolean
counts(const SgRecipeField *f)
{
  return f->undo &&
         (f->role == SG_FIELD_EDIT || g_str_equal(f->name, "psi") ||
          g_str_equal(f->name, "towards") || g_str_equal(f->name, "tau") ||
          g_str_equal(f->name, "z") || g_str_equal(f->name, "w") || g_str_equal(f->name, "tuning"));
}

static GPtrArray *
chips_of(const SgRecipe *r)
{
  GPtrArray *chips = g_ptr_array_new_with_free_func(chip_free);

  for (guint i = 0; r && i < sg_recipe_field_count; i++) {
    const SgRecipeField *f = &sg_recipe_fields[i];
    if (g_str_equal(f->name, "seed"))
      add_chip(chips, NULL, -1, g_strdup_printf(_("Seed %u"), r->seed));
    else if (counts(f) && sg_recipe_field_is_set(f, r) && g_str_equal(f->name, "directions"))
      add_directions(chips, f, r);
    else if (counts(f) && sg_recipe_field_is_set(f, r))
      add_chip(chips, f, -1, text_of(f, r));
  }
  return chips;
}

/* ---- what is shown --------------------------------------------------------------------------- */

static void
remove_cb(GtkWidget *button, VitrinePictureBar *self)
{
  guint i = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "chip"));
  const SgRecipe *shown = vitrine_session_get_recipe(self->session);
  const Chip *chip = i < self->chips->len ? self->chips->pdata[i] : NULL;

  if (!chip || !shown)
    return;
  SgRecipe *recipe = sg_recipe_copy(shown);
  if (chip->direction >= 0)
    sg_recipe_remove_direction(recipe, (guint)chip->direction);
  else
    sg_recipe_field_clear(chip->field, recipe);
  vitrine_session_apply(self->session, recipe, NULL, NULL);
}

static GtkWidget *
chip_widget(VitrinePictureBar *self, Chip *chip, guint i)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 2), *button;

  chip->label = GTK_LABEL(gtk_label_new(chip->text));
  gtk_label_set_ellipsize(chip->label, PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars(chip->label, 24);
  gtk_widget_add_css_class(box, "chip");
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(chip->label));
  if (!chip->field)
    return box;
  g_autofree char *name = g_strdup_printf(_("Take away: %s"), chip->text);
  button = gtk_button_new_from_icon_name("window-close-symbolic");
  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_tooltip_text(button, _("Take this away"));
  vitrine_accessible_set_name(button, name);
  g_object_set_data(G_OBJECT(button), "chip", GUINT_TO_POINTER(i));
  g_signal_connect(button, "clicked", G_CALLBACK(remove_cb), self);
  gtk_box_append(GTK_BOX(box), button);
  return box;
}

static gboolean
same_chips(const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++) {
    const Chip *x = a->pdata[i], *y = b->pdata[i];
    if (x->field != y->field || x->direction != y->direction)
      return FALSE;
  }
  return TRUE;
}

/* Whoever had the focus in the row keeps it there, or gives it to the window. */
static void
rebuild(VitrinePictureBar *self)
{
  GtkWidget *child, *window = GTK_WIDGET(gtk_widget_get_root(GTK_WIDGET(self)));
  gboolean focused = gtk_widget_get_focus_child(self->row) != NULL;

  while ((child = gtk_widget_get_first_child(self->row)))
    gtk_box_remove(GTK_BOX(self->row), child);
  for (guint i = 0; i < self->chips->len; i++)
    gtk_box_append(GTK_BOX(self->row), chip_widget(self, self->chips->pdata[i], i));
  /* The seed alone is no place for the focus. */
  gtk_widget_set_can_focus(gtk_widget_get_ancestor(self->row, GTK_TYPE_SCROLLED_WINDOW),
                           self->chips->len > 1);
  if (focused && !gtk_widget_child_focus(self->row, GTK_DIR_TAB_FORWARD) && window)
    gtk_widget_child_focus(window, GTK_DIR_TAB_FORWARD);
}

/* While a slider is dragged only words change. */
static void
update(VitrinePictureBar *self)
{
  GPtrArray *chips = chips_of(vitrine_session_get_recipe(self->session));

  if (!same_chips(chips, self->chips)) {
    g_ptr_array_unref(self->chips);
    self->chips = chips;
    rebuild(self);
    return;
  }
  for (guint i = 0; i < chips->len; i++) {
    Chip *shown = self->chips->pdata[i], *now = chips->pdata[i];
    if (!g_str_equal(shown->text, now->text)) {
      gtk_label_set_text(shown->label, now->text);
      g_free(shown->text);
      shown->text = g_steal_pointer(&now->text);
    }
  }
  g_ptr_array_unref(chips);
}

/* ---- the widget ------------------------------------------------------------------------------ */

void
vitrine_picture_bar_set_session(VitrinePictureBar *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_PICTURE_BAR(self));
  self->session = session;
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  update(self);
}

static void
vitrine_picture_bar_finalize(GObject *object)
{
  g_ptr_array_unref(VITRINE_PICTURE_BAR(object)->chips);
  G_OBJECT_CLASS(vitrine_picture_bar_parent_class)->finalize(object);
}

static void
vitrine_picture_bar_class_init(VitrinePictureBarClass *class)
{
  G_OBJECT_CLASS(class)->finalize = vitrine_picture_bar_finalize;
}

static void
vitrine_picture_bar_init(VitrinePictureBar *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new();

  self->chips = g_ptr_array_new_with_free_func(chip_free);
  self->row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_widget_set_name(self->row, "picture-chips");
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_EXTERNAL,
                                 GTK_POLICY_NEVER);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), self->row);
  gtk_widget_set_hexpand(scrolled, TRUE);
  gtk_widget_add_css_class(GTK_WIDGET(self), "picture-bar");
  gtk_box_append(GTK_BOX(self), scrolled);
}
