#include "ui/vitrine-mixing-pane.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/explore/mix.h"
#include "engine/formats/picture.h"
#include "ui/vitrine-file-dialog.h"
#include "ui/vitrine-mixing-pictures.h"
#include "ui/vitrine-number.h"

#define MAX_ORIGINS (SG_RECIPE_MAX_SOURCES + 1) /* the face and its sources */
#define SMALL       64                          /* pixels of the small pictures */

struct _VitrineMixingPane {
  GtkBox parent_instance;
  VitrineSession *session;
  gboolean syncing;
  int num_ws, shown_sources; /* what the widgets are built for */
  guint task, idle;
  gboolean takes[SG_RECIPE_MAX_LAYERS]; /* layers the grid's columns decide */

  GtkStringList *names; /* "A", "B" … of the origins */
  GtkWidget *sources, *rows, *grid, *seed, *add_seed, *add_face, *add_file, *shuffle;
  GtkWidget *mixing, *from, *to, *crossover, *grid_box;
  GtkWidget *a[SG_RECIPE_MAX_LAYERS], *b[SG_RECIPE_MAX_LAYERS], *blend[SG_RECIPE_MAX_LAYERS];
  GtkWidget *seeds[MAX_ORIGINS], *thumbs[MAX_ORIGINS];
  GtkWidget *heads[2][MAX_ORIGINS], *cells[MAX_ORIGINS][MAX_ORIGINS];
};

G_DEFINE_FINAL_TYPE(VitrineMixingPane, vitrine_mixing_pane, GTK_TYPE_BOX)

/* ---- edits -------------------------------------------------------------------------------------
 */

static SgRecipe *
edit(VitrineMixingPane *self)
{
  const SgRecipe *recipe =
      self->syncing || !self->session ? NULL : vitrine_session_get_recipe(self->session);
  return recipe ? sg_recipe_copy(recipe) : NULL;
}

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
apply_mix(VitrineMixingPane *self, SgRecipe *r, const SgMixLayer *mix, const char *merge_key)
{
  sg_recipe_set_mix(r, self->num_ws, mix);
  vitrine_session_apply(self->session, r, _("Mixing"), merge_key);
}

static int
row_of(GtkWidget *widget)
{
  return GPOINTER_TO_INT(g_object_get_data(G_OBJECT(widget), "row"));
}

static void
a_cb(GtkWidget *drop, GParamSpec *pspec, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = edit(self);

  if (!r)
    return;
  get_mix(self, r, mix);
  mix[row_of(drop)].a = (int)gtk_drop_down_get_selected(GTK_DROP_DOWN(drop));
  apply_mix(self, r, mix, NULL);
}

static void
b_cb(GtkWidget *drop, GParamSpec *pspec, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = edit(self);
  int k = row_of(drop);

  if (!r)
    return;
  get_mix(self, r, mix);
  if (mix[k].blend == 0) { /* changes no picture yet */
    sg_recipe_free(r);
    return;
  }
  mix[k].b = (int)gtk_drop_down_get_selected(GTK_DROP_DOWN(drop));
  apply_mix(self, r, mix, NULL);
}

static void
blend_cb(GtkRange *range, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = edit(self);

  if (!r)
    return;
  int k = row_of(GTK_WIDGET(range));
  g_autofree char *key = g_strdup_printf("mix-blend-%d", k);
  get_mix(self, r, mix);
  mix[k].blend = gtk_range_get_value(range);
  apply_mix(self, r, mix, key);
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
  int resolutions[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = edit(self);

  if (!r)
    return;
  get_mix(self, r, mix);
  sg_style_resolutions(model, resolutions);
  for (int k = 0; k < self->num_ws; k++)
    if ((int)sg_style_group(resolutions[k]) == row_of(button)) {
      mix[k].a = chosen(self->to, r);
      mix[k].blend = 0;
    }
  apply_mix(self, r, mix, NULL);
}

static void
crossover_cb(GtkRange *range, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = edit(self);

  if (!r)
    return;
  int from = chosen(self->from, r), to = chosen(self->to, r);
  get_mix(self, r, mix);
  for (int k = 0; k < self->num_ws; k++) {
    mix[k].a = k < (int)(gtk_range_get_value(range) + 0.5) ? from : to;
    mix[k].blend = 0;
  }
  apply_mix(self, r, mix, "mix-crossover");
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
  SgRecipe *r = edit(self);

  if (!r)
    return;
  int from = chosen(self->from, r), to = chosen(self->to, r);
  get_mix(self, r, mix);
  for (int k = 0; k < self->num_ws; k++) {
    mix[k].a = swapped(mix[k].a, from, to);
    mix[k].b = swapped(mix[k].b, from, to);
  }
  apply_mix(self, r, mix, NULL);
}

static void
clear_cb(GtkButton *button, VitrineMixingPane *self)
{
  SgRecipe *r = edit(self);
  if (r)
    apply_mix(self, r, NULL, NULL);
}

/* ---- sources -----------------------------------------------------------------------------------
 */

static void
add_source(VitrineMixingPane *self, const SgRecipe *face)
{
  SgRecipe *r = edit(self);

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

static SgRecipe *
read_picture(const char *path, GError **error)
{
  g_autofree char *json = sg_png_read_recipe(path, error);

  if (!json && error && !*error)
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                _("%s is a picture without a recipe."), path);
  return json ? sg_recipe_from_json(json, -1, NULL, NULL, error) : NULL;
}

/* Of the space the Latent pane edits if it fits there, else of the other. */
static SgRecipe *
read_vector(VitrineMixingPane *self, const SgRecipe *like, const char *path, GError **error)
{
  SgRecipe *face = sg_recipe_new(like->z_dim, like->w_dim);
  gboolean z = vitrine_session_get_space(self->session) == SG_SPACE_Z;

  face->label = like->label;
  if (z)
    face->z_base = sg_npy_read_vector(path, like->z_dim, NULL);
  if (!face->z_base)
    face->w_base = sg_npy_read_vector(path, like->w_dim, z ? error : NULL);
  if (!face->z_base && !face->w_base && !z)
    face->z_base = sg_npy_read_vector(path, like->z_dim, error);
  if (!face->z_base && !face->w_base)
    g_clear_pointer(&face, sg_recipe_free);
  return face;
}

void
vitrine_mixing_pane_add_file(VitrineMixingPane *self, GFile *file)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  g_autofree char *path = g_file_get_path(file);
  g_autoptr(SgRecipe) face = NULL;
  g_autoptr(GError) error = NULL;

  if (!r)
    return;
  if (!path || !g_file_test(path, G_FILE_TEST_IS_REGULAR)) /* a pipe would never end */
    g_set_error(&error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED, _("%s is not a file here."),
                path ? path : "?");
  else if (g_str_has_suffix(path, ".npy"))
    face = read_vector(self, r, path, &error);
  else
    face = read_picture(path, &error);
  if (face && (face->z_dim != r->z_dim || face->w_dim != r->w_dim)) {
    g_clear_pointer(&face, sg_recipe_free);
    g_set_error(&error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                _("%s was made with a model of other dimensions."), path);
  }
  if (face) {
    add_source(self, face);
    return;
  }
  g_autofree char *text =
      g_strconcat(_("The face could not be added"), "\n\n", error ? error->message : "", NULL);
  g_signal_emit_by_name(self->session, "message", text, TRUE);
}

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
  SgRecipe *r = edit(self);

  if (!r)
    return;
  sg_recipe_remove_source(r, row_of(button) - 1);
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
  SWAP(double *, z_offset);
  SWAP(double *, w_offset);
  SWAP(double, scale);
  SWAP(SgSpace, scale_space);
  SWAP(int, label);
#undef SWAP
}

static void
keep_cb(GtkWidget *button, VitrineMixingPane *self)
{
  SgRecipe *r = edit(self);

  if (!r)
    return;
  take_face(r, r->sources[row_of(button) - 1]);
  vitrine_session_apply(self->session, r, _("Exchange faces"), NULL);
}

static void
set_source_seed(SgRecipe *source, guint32 seed)
{
  source->seed = seed;
  g_clear_pointer(&source->z_base, g_free);
  g_clear_pointer(&source->w_base, g_free);
}

static void
seed_cb(GtkSpinButton *spin, VitrineMixingPane *self)
{
  SgRecipe *r = edit(self);
  int i = row_of(GTK_WIDGET(spin));

  if (!r)
    return;
  g_autofree char *key = g_strdup_printf("mix-seed-%d", i);
  set_source_seed(r->sources[i - 1], (guint32)gtk_spin_button_get_value(spin));
  vitrine_session_apply(self->session, r, _("Source's seed"), key);
}

static void
shuffle_cb(GtkButton *button, VitrineMixingPane *self)
{
  SgRecipe *r = edit(self);

  if (!r)
    return;
  for (int i = 0; i < r->num_sources; i++)
    set_source_seed(r->sources[i], g_random_int());
  vitrine_session_apply(self->session, r, _("Shuffle sources"), NULL);
}

/* ---- the grid ----------------------------------------------------------------------------------
 */

/* The layers that are mixed now; the coarse ones when none is. Where no layer is the face's own (a
 * click on a lower row does that) the last choice stays. */
static void
update_takes(VitrineMixingPane *self, const SgRecipe *r)
{
  int resolutions[SG_RECIPE_MAX_LAYERS];
  gboolean own = !r->mix;

  for (int k = 0; r->mix && k < self->num_ws; k++)
    own = own || (r->mix[k].a == 0 && r->mix[k].blend == 0);
  if (!own)
    return;
  sg_style_resolutions(vitrine_session_get_model(self->session), resolutions);
  for (int k = 0; k < self->num_ws; k++)
    self->takes[k] = r->mix ? r->mix[k].a != 0 || r->mix[k].blend != 0
                            : sg_style_group(resolutions[k]) == SG_STYLES_COARSE;
}

/* Row `i` with the styles of column `j` in these layers. */
static void
cell_mix(VitrineMixingPane *self, int i, int j, SgMixLayer *mix)
{
  for (int k = 0; k < self->num_ws; k++)
    mix[k] = (SgMixLayer){self->takes[k] ? j : i, 0, 0};
}

static void
cell_cb(GtkWidget *button, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = edit(self);

  if (!r)
    return;
  cell_mix(self, row_of(button) / MAX_ORIGINS, row_of(button) % MAX_ORIGINS, mix);
  apply_mix(self, r, mix, NULL);
}

static void
picture_cb(guint index, GdkTexture *texture, gpointer data)
{
  VitrineMixingPane *self = data;
  int n = self->shown_sources, at = (int)index;
  GdkPaintable *paintable = GDK_PAINTABLE(texture);

  if (at <= n) {
    gtk_picture_set_paintable(GTK_PICTURE(self->thumbs[at]), paintable);
    for (int side = 0; side < 2; side++)
      if (self->heads[side][at])
        gtk_picture_set_paintable(GTK_PICTURE(self->heads[side][at]), paintable);
    return;
  }
  at -= n + 1;
  gtk_picture_set_paintable(GTK_PICTURE(self->cells[at / n][at % n + 1]), paintable);
}

static void
stop_pictures(VitrineMixingPane *self)
{
  if (self->task && self->session)
    vitrine_session_stop_task(self->session, self->task);
  self->task = 0;
  g_clear_handle_id(&self->idle, g_source_remove);
}

static gboolean
start_pictures_cb(gpointer data)
{
  VitrineMixingPane *self = data;
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  int n = self->shown_sources, ws = self->num_ws;

  self->idle = 0;
  if (!r || !ws || r->num_sources != n)
    return G_SOURCE_REMOVE;
  guint count = (guint)(n + 1 + (n + 1) * n), at = 0;
  g_autofree SgMixLayer *mixes = g_new0(SgMixLayer, count * (guint)ws);
  for (int i = 0; i <= n; i++, at++)
    cell_mix(self, i, i, mixes + at * (guint)ws);
  for (int i = 0; i <= n; i++)
    for (int j = 1; j <= n; j++, at++)
      cell_mix(self, i, j, mixes + at * (guint)ws);
  self->task =
      vitrine_mixing_pictures_start(self->session, r, count, ws, mixes, SMALL, picture_cb, self);
  return G_SOURCE_REMOVE;
}

/* ---- widgets -----------------------------------------------------------------------------------
 */

static GtkWidget *
named(GtkWidget *widget, const char *label, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *name = g_strdup_vprintf(format, args);
  va_end(args);
  gtk_widget_set_name(widget, name);
  gtk_widget_set_tooltip_text(widget, label);
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  return widget;
}

static void
set_row(GtkWidget *widget, int row)
{
  g_object_set_data(G_OBJECT(widget), "row", GINT_TO_POINTER(row));
}

static void
empty(GtkWidget *box)
{
  for (GtkWidget *child; (child = gtk_widget_get_first_child(box));)
    GTK_IS_GRID(box) ? gtk_grid_remove(GTK_GRID(box), child) : gtk_box_remove(GTK_BOX(box), child);
}

static GtkWidget *
small_picture(int size)
{
  GtkWidget *picture = gtk_picture_new();

  gtk_widget_set_size_request(picture, size, size);
  gtk_widget_set_halign(picture, GTK_ALIGN_CENTER);
  gtk_widget_set_valign(picture, GTK_ALIGN_CENTER);
  gtk_picture_set_can_shrink(GTK_PICTURE(picture), TRUE);
  return picture;
}

static GtkWidget *
icon_button(VitrineMixingPane *self, int i, const char *icon, const char *tip, const char *kind,
            GCallback func)
{
  GtkWidget *button = gtk_button_new_from_icon_name(icon);

  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
  set_row(button, i);
  g_signal_connect(button, "clicked", func, self);
  return named(button, tip, "mix-%s-%d", kind, i);
}

static GtkWidget *
source_row(VitrineMixingPane *self, int i)
{
  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 9);
  char letter[] = {(char)('A' + i), '\0'};
  GtkWidget *label = gtk_label_new(letter);
  g_autofree char *alt = g_strdup_printf(_("Face %s"), letter);

  self->thumbs[i] = named(small_picture(48), alt, "mix-thumb-%d", i);
  gtk_widget_add_css_class(label, "heading");
  gtk_box_append(GTK_BOX(row), label);
  gtk_box_append(GTK_BOX(row), self->thumbs[i]);
  if (i == 0) {
    GtkWidget *own = gtk_label_new(_("The face as edited"));
    gtk_widget_add_css_class(own, "dim-label");
    gtk_box_append(GTK_BOX(row), own);
    return row;
  }
  GtkWidget *spin = self->seeds[i] = gtk_spin_button_new_with_range(0, 4294967295.0, 1);
  set_row(spin, i);
  gtk_widget_set_hexpand(spin, TRUE);
  gtk_widget_set_valign(spin, GTK_ALIGN_CENTER);
  g_signal_connect(spin, "value-changed", G_CALLBACK(seed_cb), self);
  gtk_box_append(GTK_BOX(row), named(spin, _("Seed of this face"), "mix-seed-%d", i));
  gtk_box_append(GTK_BOX(row), icon_button(self, i, "go-top-symbolic",
                                           _("Keep: make this the face, and the face a source"),
                                           "keep", G_CALLBACK(keep_cb)));
  gtk_box_append(GTK_BOX(row), icon_button(self, i, "user-trash-symbolic", _("Remove this face"),
                                           "remove", G_CALLBACK(remove_cb)));
  return row;
}

static void
build_grid(VitrineMixingPane *self, int n)
{
  int size = CLAMP(340 / (n + 2) - 12, 28, 64);

  empty(self->grid);
  memset(self->heads, 0, sizeof self->heads);
  for (int j = 0; j <= n; j++) {
    self->heads[1][j] = small_picture(size);
    gtk_grid_attach(GTK_GRID(self->grid), self->heads[1][j], 0, j + 1, 1, 1);
    if (j == 0)
      continue;
    self->heads[0][j] = small_picture(size);
    gtk_grid_attach(GTK_GRID(self->grid), self->heads[0][j], j, 0, 1, 1);
  }
  for (int i = 0; i <= n; i++)
    for (int j = 1; j <= n; j++) {
      GtkWidget *button = gtk_button_new();
      g_autofree char *tip =
          g_strdup_printf(_("Face %c with the mixed styles of %c"), 'A' + i, 'A' + j);
      self->cells[i][j] = small_picture(size);
      gtk_button_set_child(GTK_BUTTON(button), self->cells[i][j]);
      gtk_widget_add_css_class(button, "flat");
      gtk_widget_add_css_class(button, "mix-cell");
      set_row(button, i * MAX_ORIGINS + j);
      g_signal_connect(button, "clicked", G_CALLBACK(cell_cb), self);
      gtk_grid_attach(GTK_GRID(self->grid), named(button, tip, "mix-cell-%d-%d", i, j), j, i + 1, 1,
                      1);
    }
}

static void
build_sources(VitrineMixingPane *self, const SgRecipe *r)
{
  guint had = g_list_model_get_n_items(G_LIST_MODEL(self->names));
  guint n = (guint)r->num_sources + 1;

  while (had > n)
    gtk_string_list_remove(self->names, --had);
  for (; had < n; had++) {
    char letter[] = {(char)('A' + had), '\0'};
    gtk_string_list_append(self->names, letter);
  }
  empty(self->sources);
  for (int i = 0; i <= r->num_sources; i++)
    gtk_box_append(GTK_BOX(self->sources), source_row(self, i));
  build_grid(self, r->num_sources);
  if (r->num_sources > 0 && self->shown_sources <= 0) {
    gtk_drop_down_set_selected(GTK_DROP_DOWN(self->to), 1);
    for (int k = 0; k < self->num_ws; k++)
      gtk_drop_down_set_selected(GTK_DROP_DOWN(self->b[k]), 1);
  }
  self->shown_sources = r->num_sources;
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
build_rows(VitrineMixingPane *self)
{
  int resolutions[SG_RECIPE_MAX_LAYERS];

  empty(self->rows);
  sg_style_resolutions(vitrine_session_get_model(self->session), resolutions);
  for (int k = 0; k < self->num_ws; k++) {
    g_autofree char *text = g_strdup_printf("%d×%d · w%d", resolutions[k], resolutions[k], k);
    g_autofree char *a = g_strdup_printf(_("Where w%d comes from"), k);
    g_autofree char *b = g_strdup_printf(_("What w%d is blended with"), k);
    g_autofree char *blend = g_strdup_printf(_("Blend of w%d"), k);
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    self->a[k] = named(origin_drop(self), a, "mix-a-%d", k);
    self->b[k] = named(origin_drop(self), b, "mix-b-%d", k);
    self->blend[k] = named(blend_scale(1, 0.01), blend, "mix-blend-%d", k);
    set_row(self->a[k], k);
    set_row(self->b[k], k);
    set_row(self->blend[k], k);
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

/* ---- bringing the widgets up to date ------------------------------------------------------------
 */

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

static void
show_recipe(VitrineMixingPane *self, const SgRecipe *r)
{
  gboolean room = r->num_sources < SG_RECIPE_MAX_SOURCES;

  for (int i = 1; i <= r->num_sources; i++)
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(self->seeds[i]), r->sources[i - 1]->seed);
  for (int k = 0; k < self->num_ws; k++) {
    SgMixLayer l = r->mix ? r->mix[k] : (SgMixLayer){0};
    gtk_drop_down_set_selected(GTK_DROP_DOWN(self->a[k]), (guint)l.a);
    if (l.blend != 0)
      gtk_drop_down_set_selected(GTK_DROP_DOWN(self->b[k]), (guint)l.b);
    gtk_range_set_value(GTK_RANGE(self->blend[k]), l.blend);
  }
  show_crossover(self, r);
  gtk_widget_set_sensitive(self->add_seed, room);
  gtk_widget_set_sensitive(self->add_face, room);
  gtk_widget_set_sensitive(self->add_file, room);
  gtk_widget_set_sensitive(self->shuffle, r->num_sources > 0);
  gtk_widget_set_visible(self->mixing, r->num_sources > 0);
}

static void
update(VitrineMixingPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  gtk_widget_set_sensitive(GTK_WIDGET(self), r != NULL);
  stop_pictures(self);
  if (!r)
    return;
  self->syncing = TRUE;
  if (r->num_sources != self->shown_sources)
    build_sources(self, r);
  show_recipe(self, r);
  update_takes(self, r);
  self->syncing = FALSE;
  if (gtk_widget_get_mapped(GTK_WIDGET(self)))
    self->idle = g_idle_add_full(G_PRIORITY_LOW, start_pictures_cb, self, NULL);
}

static void
update_model(VitrineMixingPane *self)
{
  SgModel *model = vitrine_session_get_model(self->session);

  self->syncing = TRUE;
  self->num_ws = model ? MIN(model->info.num_ws, SG_RECIPE_MAX_LAYERS) : 0;
  self->shown_sources = -1;
  if (model) {
    g_autoptr(SgRecipe) plain = sg_recipe_new(1, 1);
    build_rows(self);
    update_takes(self, plain);
  }
  self->syncing = FALSE;
  update(self);
}

/* ---- life --------------------------------------------------------------------------------------
 */

static GtkWidget *
text_button(VitrineMixingPane *self, GtkWidget *box, const char *text, const char *tip,
            const char *name, int row, GCallback func)
{
  GtkWidget *button = gtk_button_new_with_label(text);

  set_row(button, row);
  g_signal_connect(button, "clicked", func, self);
  gtk_widget_set_hexpand(button, TRUE);
  gtk_box_append(GTK_BOX(box), button);
  gtk_widget_set_name(button, name);
  gtk_widget_set_tooltip_text(button, tip);
  return button;
}

static GtkWidget *
heading(const char *text)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_widget_add_css_class(label, "heading");
  gtk_widget_set_halign(label, GTK_ALIGN_START);
  return label;
}

static GtkWidget *
row_box(GtkWidget *parent, int spacing)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, spacing);
  gtk_box_append(GTK_BOX(parent), box);
  return box;
}

static void
make_sources(VitrineMixingPane *self, GtkWidget *box)
{
  gtk_box_append(GTK_BOX(box), heading(_("Faces")));
  self->sources = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  gtk_widget_set_name(self->sources, "mix-sources");
  gtk_box_append(GTK_BOX(box), self->sources);
  GtkWidget *seeds = row_box(box, 6);
  self->seed =
      named(gtk_spin_button_new_with_range(0, 4294967295.0, 1), _("Seed to add"), "mix-new-seed");
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(self->seed), 1);
  gtk_widget_set_hexpand(self->seed, TRUE);
  gtk_box_append(GTK_BOX(seeds), self->seed);
  self->add_seed = text_button(self, seeds, _("Add Seed"), _("Add the face of this seed"),
                               "mix-add-seed", 0, G_CALLBACK(add_seed_cb));
  GtkWidget *more = row_box(box, 6);
  self->add_face =
      text_button(self, more, _("Add This Face"), _("Add the face as it is edited now"),
                  "mix-add-face", 0, G_CALLBACK(add_face_cb));
  self->add_file = text_button(self, more, _("Add File…"),
                               _("Add a saved picture or a vector; files can be dropped here too"),
                               "mix-add-file", 0, G_CALLBACK(add_file_cb));
  self->shuffle = text_button(self, more, _("Shuffle"), _("Other random seeds for all sources"),
                              "mix-shuffle", 0, G_CALLBACK(shuffle_cb));
}

static void
make_mixing(VitrineMixingPane *self, GtkWidget *box)
{
  gtk_box_append(GTK_BOX(box), heading(_("Styles")));
  GtkWidget *cross = row_box(box, 6);
  self->from = named(origin_drop(self), _("Low layers come from"), "mix-from");
  self->crossover =
      named(blend_scale(1, 1), _("Crossover: the first layer of the other face"), "mix-crossover");
  self->to = named(origin_drop(self), _("The other face, for crossover and presets"), "mix-to");
  g_signal_connect(self->crossover, "value-changed", G_CALLBACK(crossover_cb), self);
  gtk_range_set_round_digits(GTK_RANGE(self->crossover), 0);
  gtk_box_append(GTK_BOX(cross), self->from);
  gtk_box_append(GTK_BOX(cross), self->crossover);
  gtk_box_append(GTK_BOX(cross), self->to);
  GtkWidget *groups = row_box(box, 6);
  text_button(self, groups, _("Coarse"), _("4 and 8 pixels: pose, shape; from the other face"),
              "mix-coarse", SG_STYLES_COARSE, G_CALLBACK(group_cb));
  text_button(self, groups, _("Middle"), _("16 and 32 pixels: features; from the other face"),
              "mix-middle", SG_STYLES_MIDDLE, G_CALLBACK(group_cb));
  text_button(self, groups, _("Fine"), _("64 pixels and up: colours; from the other face"),
              "mix-fine", SG_STYLES_FINE, G_CALLBACK(group_cb));
  GtkWidget *tools = row_box(box, 6);
  text_button(self, tools, _("Swap"), _("Exchange the two faces in all layers"), "mix-swap", 0,
              G_CALLBACK(swap_cb));
  text_button(self, tools, _("Clear Mixing"), _("All layers from the face itself"), "mix-clear", 0,
              G_CALLBACK(clear_cb));
  self->rows = gtk_grid_new();
  gtk_grid_set_column_spacing(GTK_GRID(self->rows), 6);
  gtk_grid_set_row_spacing(GTK_GRID(self->rows), 3);
  gtk_box_append(GTK_BOX(box), self->rows);
  gtk_box_append(GTK_BOX(box), heading(_("All combinations")));
  self->grid = gtk_grid_new();
  gtk_widget_set_name(self->grid, "mix-grid");
  gtk_widget_set_halign(self->grid, GTK_ALIGN_CENTER);
  gtk_box_append(GTK_BOX(box), self->grid);
}

static void
vitrine_mixing_pane_init(VitrineMixingPane *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
  GtkDropTarget *drop = gtk_drop_target_new(G_TYPE_FILE, GDK_ACTION_COPY);

  self->names = gtk_string_list_new((const char *const[]){"A", NULL});
  self->shown_sources = -1;
  gtk_widget_set_name(GTK_WIDGET(self), "mixing-pane");
  gtk_widget_set_size_request(GTK_WIDGET(self), 380, -1);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER,
                                 GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand(scroller, TRUE);
  gtk_widget_set_hexpand(scroller, TRUE);
  gtk_widget_set_margin_top(box, 12);
  gtk_widget_set_margin_bottom(box, 12);
  gtk_widget_set_margin_start(box, 12);
  gtk_widget_set_margin_end(box, 12);
  make_sources(self, box);
  self->mixing = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
  gtk_box_append(GTK_BOX(box), self->mixing);
  make_mixing(self, self->mixing);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), box);
  gtk_box_append(GTK_BOX(self), scroller);
  g_signal_connect(drop, "drop", G_CALLBACK(drop_cb), self);
  gtk_widget_add_controller(self->sources, GTK_EVENT_CONTROLLER(drop));
}

static void
vitrine_mixing_pane_map(GtkWidget *widget)
{
  GTK_WIDGET_CLASS(vitrine_mixing_pane_parent_class)->map(widget);
  update(VITRINE_MIXING_PANE(widget)); /* nothing was drawn while nobody looked */
}

static void
vitrine_mixing_pane_unmap(GtkWidget *widget)
{
  stop_pictures(VITRINE_MIXING_PANE(widget));
  GTK_WIDGET_CLASS(vitrine_mixing_pane_parent_class)->unmap(widget);
}

static void
vitrine_mixing_pane_dispose(GObject *object)
{
  VitrineMixingPane *self = VITRINE_MIXING_PANE(object);

  self->syncing = TRUE; /* a spin button writes back what was typed when it goes */
  stop_pictures(self);
  g_clear_object(&self->session);
  g_clear_object(&self->names);
  G_OBJECT_CLASS(vitrine_mixing_pane_parent_class)->dispose(object);
}

static void
vitrine_mixing_pane_class_init(VitrineMixingPaneClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_mixing_pane_dispose;
  GTK_WIDGET_CLASS(class)->map = vitrine_mixing_pane_map;
  GTK_WIDGET_CLASS(class)->unmap = vitrine_mixing_pane_unmap;
}

GtkWidget *
vitrine_mixing_pane_new(VitrineSession *session)
{
  VitrineMixingPane *self = g_object_new(VITRINE_TYPE_MIXING_PANE, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(update_model), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  update_model(self);
  return GTK_WIDGET(self);
}
