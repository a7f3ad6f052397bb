#include "ui/explore/vitrine-components-page.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/explore/vitrine-cloud.h"
#include "app/explore/vitrine-face-pictures.h"
#include "ui/charts/vitrine-plot.h"
#include "ui/charts/vitrine-scatter.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-pixels.h"
#include "ui/parts/vitrine-dialogs.h"

#define ENDS (2 * VITRINE_CLOUD_ENDS)
#define TILE 64

struct _VitrineComponentsPage {
  AdwWindow parent_instance;
  VitrineShelf *shelf;
  VitrineFacePictures *pictures;
  VitrineCloud *cloud;       /* NULL: not yet */
  GCancellable *cancellable; /* of the newest question, NULL: it is answered */

  VitrinePlot *curve;
  VitrineScatter *scatter;
  GtkDropDown *view;
  GtkAdjustment *first, *second;
  GtkWidget *first_spin, *second_spin;
  GtkLabel *state, *which;
  GtkProgressBar *progress;
  GtkBox *ends;
  GtkWidget *tiles[ENDS], *faces[ENDS]; /* buttons and their pictures, borrowed */
};

G_DEFINE_FINAL_TYPE(VitrineComponentsPage, vitrine_components_page, ADW_TYPE_WINDOW)

/* ---- what is shown ----------------------------------------------------------------------- */

static GdkPaintable *
paintable(VitrineComponentsPage *self, guint32 seed)
{
  GdkTexture *texture = vitrine_face_pictures_get(self->pictures, seed);

  return texture ? vitrine_pixels_new(texture) : NULL;
}

static void
show_end(VitrineComponentsPage *self, guint i)
{
  guint32 seed = self->cloud->ends[i];
  g_autoptr(GdkPaintable) pixels = paintable(self, seed);
  g_autofree char *text =
      g_strdup_printf(_("Open the face of seed %u, at %+.1f σ"), seed, self->cloud->x[seed]);

  gtk_picture_set_paintable(GTK_PICTURE(self->faces[i]), pixels);
  gtk_widget_set_tooltip_text(self->tiles[i], text);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->tiles[i]), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 text, -1);
}

static void
show_pointed(VitrineComponentsPage *self, int seed)
{
  g_autoptr(GdkPaintable) pixels = seed < 0 ? NULL : paintable(self, (guint32)seed);
  g_autofree char *text = seed < 0
                              ? NULL
                              : g_strdup_printf(_("Face of seed %d, at %+.1f and %+.1f σ"), seed,
                                                self->cloud->x[seed], self->cloud->y[seed]);

  vitrine_scatter_set_picture(self->scatter, pixels, text);
}

/* The face that is pointed at comes first. */
static void
want(VitrineComponentsPage *self)
{
  int pointed = vitrine_scatter_get_pointed(self->scatter);
  guint32 seeds[ENDS + 1];
  gsize n = 0;

  if (pointed >= 0)
    seeds[n++] = (guint32)pointed;
  for (guint i = 0; self->cloud && i < ENDS; i++)
    seeds[n++] = self->cloud->ends[i];
  vitrine_face_pictures_want(self->pictures, n, seeds);
}

static void
drawn_cb(VitrineComponentsPage *self, guint seed)
{
  for (guint i = 0; self->cloud && i < ENDS; i++)
    if (self->cloud->ends[i] == seed)
      show_end(self, i);
  if (self->cloud && vitrine_scatter_get_pointed(self->scatter) == (int)seed)
    show_pointed(self, (int)seed);
}

static void
show_curves(VitrineComponentsPage *self)
{
  const VitrineCloud *c = self->cloud;
  gsize n = (gsize)c->dim + 1;
  g_autofree double *x = g_new(double, n), *y = g_new(double, n);
  const char *names[] = {_("of w"), _("of the styles")};

  for (gsize k = 0; k < n; k++)
    x[k] = (double)k;
  for (guint view = 0; view < 2; view++) {
    for (gsize k = 0; k < n; k++)
      y[k] = 100 * c->cumulative[view][k];
    vitrine_plot_set_series(self->curve, view, names[view], VITRINE_PLOT_LINE, n, x, y);
  }
  for (guint i = 0; i < VITRINE_CLOUD_SHARES; i++) {
    const double ends[] = {0, c->dim}, level = 100 * vitrine_cloud_shares[i];
    vitrine_plot_set_series(self->curve, 2 + i, NULL, VITRINE_PLOT_DASHED, 2, ends,
                            (const double[]){level, level});
  }
}

static void
show_counts(VitrineComponentsPage *self)
{
  const VitrineCloud *c = self->cloud;
  const int *w = c->count[0], *s = c->count[1];
  g_autofree char *text = g_strdup_printf(
      _("80, 90, 95 and 99 %% of the variance lie in %d, %d, %d and %d components of w (as many as "
        "%.0f equal ones would be), and in %d, %d, %d and %d of the styles (%.0f), of %d, among "
        "%d faces."),
      w[0], w[1], w[2], w[3], c->participation[0], s[0], s[1], s[2], s[3], c->participation[1],
      c->dim, c->n);

  gtk_label_set_text(self->state, text);
}

static void
show_cloud(VitrineComponentsPage *self)
{
  const VitrineCloud *c = self->cloud;
  int first = (int)gtk_adjustment_get_value(self->first);
  g_autofree char *x = g_strdup_printf(_("component %d, σ"), first);
  g_autofree char *y =
      g_strdup_printf(_("component %d, σ"), (int)gtk_adjustment_get_value(self->second));
  g_autofree char *which = g_strdup_printf(_("component %d"), first);

  gtk_adjustment_set_upper(self->first, c->dim);
  gtk_adjustment_set_upper(self->second, c->dim);
  vitrine_scatter_set_labels(self->scatter, x, y);
  vitrine_scatter_set_points(self->scatter, (gsize)c->n, c->x, c->y);
  gtk_label_set_text(self->which, which);
  for (guint i = 0; i < ENDS; i++)
    show_end(self, i);
  show_curves(self);
  show_counts(self);
  want(self);
}

/* ---- asking ------------------------------------------------------------------------------ */

static void
show_progress(VitrineComponentsPage *self)
{
  double progress = -1;
  g_autofree char *trouble = NULL;
  gboolean there = vitrine_shelf_get_sample(self->shelf) != NULL;

  g_object_get(self->shelf, "progress", &progress, "trouble", &trouble, NULL);
  gtk_widget_set_visible(GTK_WIDGET(self->progress), !there && progress >= 0);
  gtk_progress_bar_set_fraction(self->progress, CLAMP(progress, 0, 1));
  if (!self->cloud && trouble)
    gtk_label_set_text(self->state, trouble);
  else if (!self->cloud && !there && progress < 0)
    gtk_label_set_text(self->state, _("Components are found while the Explore pane is shown."));
  else if (!self->cloud)
    gtk_label_set_text(self->state, _("Looking for components"));
}

static void
answered_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(VitrineComponentsPage) self = data;
  g_autoptr(GError) error = NULL;
  VitrineCloud *cloud = vitrine_cloud_finish(result, &error);

  if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || !self->pictures)
    return vitrine_cloud_free(cloud); /* a newer question, or closed */
  g_clear_object(&self->cancellable);
  if (!cloud) {
    gtk_label_set_text(self->state, error->message);
    return;
  }
  g_clear_pointer(&self->cloud, vitrine_cloud_free);
  self->cloud = cloud;
  show_cloud(self);
}

/* The newest question counts. */
static void
ask(VitrineComponentsPage *self)
{
  VitrineSample *sample = self->shelf ? vitrine_shelf_get_sample(self->shelf) : NULL;

  if (!self->shelf)
    return; /* the template is being built */
  show_progress(self);
  g_cancellable_cancel(self->cancellable);
  g_clear_object(&self->cancellable);
  if (!sample)
    return;
  self->cancellable = g_cancellable_new();
  vitrine_cloud_ask(sample, (int)gtk_drop_down_get_selected(self->view),
                    (int)gtk_adjustment_get_value(self->first) - 1,
                    (int)gtk_adjustment_get_value(self->second) - 1, self->cancellable, answered_cb,
                    g_object_ref(self));
}

gboolean
vitrine_components_page_is_current(VitrineComponentsPage *self)
{
  g_return_val_if_fail(VITRINE_IS_COMPONENTS_PAGE(self), FALSE);
  return self->cloud && !self->cancellable;
}

/* ---- what the person does ---------------------------------------------------------------- */

static void
pointed_cb(VitrineComponentsPage *self, int seed)
{
  if (!self->cloud)
    return;
  show_pointed(self, seed);
  if (seed >= 0)
    want(self);
}

/* The face of that seed, as an edit like any other. */
static void
chosen_cb(VitrineComponentsPage *self, int seed)
{
  VitrineSession *session = vitrine_shelf_get_session(self->shelf);

  vitrine_editor_set_seed(vitrine_session_get_editor(session), (guint32)seed);
}

static void
tile_cb(GtkButton *tile, VitrineComponentsPage *self)
{
  for (guint i = 0; self->cloud && i < ENDS; i++)
    if (self->tiles[i] == GTK_WIDGET(tile))
      chosen_cb(self, (int)self->cloud->ends[i]);
}

static void
model_cb(VitrineComponentsPage *self)
{
  gtk_window_destroy(GTK_WINDOW(self));
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_components_page_dispose(GObject *object)
{
  VitrineComponentsPage *self = VITRINE_COMPONENTS_PAGE(object);

  g_cancellable_cancel(self->cancellable);
  g_clear_object(&self->cancellable);
  if (self->pictures)
    vitrine_face_pictures_close(self->pictures);
  g_clear_object(&self->pictures);
  g_clear_object(&self->shelf);
  g_clear_pointer(&self->cloud, vitrine_cloud_free);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_COMPONENTS_PAGE);
  G_OBJECT_CLASS(vitrine_components_page_parent_class)->dispose(object);
}

static void
vitrine_components_page_class_init(VitrineComponentsPageClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  g_type_ensure(VITRINE_TYPE_PLOT);
  g_type_ensure(VITRINE_TYPE_SCATTER);
  G_OBJECT_CLASS(class)->dispose = vitrine_components_page_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-components-page.ui");
#define CHILD(name) gtk_widget_class_bind_template_child(widget_class, VitrineComponentsPage, name)
  CHILD(curve);
  CHILD(scatter);
  CHILD(view);
  CHILD(first);
  CHILD(second);
  CHILD(first_spin);
  CHILD(second_spin);
  CHILD(state);
  CHILD(which);
  CHILD(progress);
  CHILD(ends);
#undef CHILD
  gtk_widget_class_bind_template_callback(widget_class, ask);
  gtk_widget_class_bind_template_callback(widget_class, pointed_cb);
  gtk_widget_class_bind_template_callback(widget_class, chosen_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
add_tile(VitrineComponentsPage *self, guint i)
{
  GtkWidget *button = gtk_button_new(), *picture = gtk_picture_new();
  g_autofree char *name = g_strdup_printf("components-end-%u", i);

  gtk_widget_set_size_request(picture, TILE, TILE);
  gtk_button_set_child(GTK_BUTTON(button), picture);
  gtk_widget_set_name(button, name);
  gtk_widget_add_css_class(button, "flat");
  gtk_widget_add_css_class(button, "face-tile");
  gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Face at an end of the component"), -1);
  g_signal_connect(button, "clicked", G_CALLBACK(tile_cb), self);
  gtk_box_append(self->ends, button);
  self->tiles[i] = button;
  self->faces[i] = picture;
}

static void
vitrine_components_page_init(VitrineComponentsPage *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  for (guint i = 0; i < ENDS; i++)
    add_tile(self, i);
  vitrine_plot_set_labels(self->curve, _("components"), _("share of the variance, %"));
  vitrine_plot_set_y_range(self->curve, 0, 100);
  vitrine_scatter_set_labels(self->scatter, _("component 1, σ"), _("component 2, σ"));
}

static void
start(VitrineComponentsPage *self, VitrineShelf *shelf)
{
  VitrineSession *session = vitrine_shelf_get_session(shelf);

  self->shelf = g_object_ref(shelf);
  self->pictures = vitrine_face_pictures_new(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->pictures, "drawn", G_CALLBACK(drawn_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(shelf, "sampled", G_CALLBACK(ask), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(shelf, "notify::progress", G_CALLBACK(show_progress), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(shelf, "notify::trouble", G_CALLBACK(show_progress), self,
                          G_CONNECT_SWAPPED);
  vitrine_accessible_name_all(GTK_WIDGET(self));
  vitrine_numeric_all(GTK_WIDGET(self));
  ask(self);
}

static void
forget(GtkWidget *window, GObject *shelf)
{
  g_object_set_data(shelf, "vitrine-components-page", NULL);
}

GtkWidget *
vitrine_components_page_present(GtkWindow *parent, VitrineShelf *shelf)
{
  VitrineComponentsPage *self = g_object_get_data(G_OBJECT(shelf), "vitrine-components-page");

  if (!self) {
    self = g_object_new(VITRINE_TYPE_COMPONENTS_PAGE, NULL);
    vitrine_dialogs_attach(GTK_WINDOW(self), parent);
    start(self, shelf);
    g_object_set_data(G_OBJECT(shelf), "vitrine-components-page", self);
    g_signal_connect_object(self, "destroy", G_CALLBACK(forget), shelf, 0);
  }
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
