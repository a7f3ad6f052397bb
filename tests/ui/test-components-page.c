/* The overview of components in the real window: curves and ends are those that the sampled faces
 * have, points show their faces, and a face that is chosen is an edit like any other. */
#include "tests/support/window-fixture.h"
#include <math.h>
#include <string.h>
#include "ui/charts/vitrine-plot.h"
#include "ui/charts/vitrine-scatter.h"
#include "ui/explore/vitrine-components-page.h"
#include "ui/explore/vitrine-explore-pane.h"

static VitrineShelf *
shelf(Fixture *f)
{
  return vitrine_explore_pane_get_shelf(VITRINE_EXPLORE_PANE(fixture_part(f, "explore-pane")));
}

static gboolean
has_sample(Fixture *f, gpointer data)
{
  return vitrine_shelf_get_sample(shelf(f)) != NULL;
}

static gboolean
is_current(Fixture *f, gpointer page)
{
  return vitrine_components_page_is_current(page);
}

static GtkWidget *
open_page(Fixture *f)
{
  fixture_forget_state();
  fixture_open_as_is(f, NULL);
  fixture_wait(f, has_sample, NULL, 60);
  gtk_widget_activate_action(fixture_part(f, "explore-pane"), "explore.components", NULL);
  GtkWidget *page = g_object_get_data(G_OBJECT(shelf(f)), "vitrine-components-page");
  g_assert_nonnull(page);
  return page;
}

/* Score of a seed's face on a component, by its definition. */
static double
score(const VitrineSample *s, const SgPca *pca, int k, guint32 seed)
{
  double sum = 0;

  for (int j = 0; j < s->w_dim; j++)
    sum += pca->score[(gsize)k * (gsize)s->w_dim + (gsize)j] *
           ((double)s->w[(gsize)seed * (gsize)s->w_dim + (gsize)j] - s->moments->mean[j]);
  return sum;
}

static guint32
extreme(const VitrineSample *s, const SgPca *pca, int k, double sign)
{
  guint32 best = 0;

  for (guint32 i = 1; i < (guint32)s->n; i++)
    if (sign * score(s, pca, k, i) > sign * score(s, pca, k, best))
      best = i;
  return best;
}

static gboolean
has_face(Fixture *f, gpointer tile)
{
  return gtk_picture_get_paintable(GTK_PICTURE(gtk_button_get_child(GTK_BUTTON(tile)))) != NULL;
}

static guint32
seed(Fixture *f)
{
  return fixture_recipe(f)->seed;
}

static void
test_ends(void)
{
  Fixture f;
  GtkWidget *page = open_page(&f);
  fixture_wait(&f, is_current, page, 60);
  VitrineSample *s = vitrine_shelf_get_sample(shelf(&f));
  const SgPca *of_styles = vitrine_sample_pca(s, 1, NULL), *of_w = vitrine_sample_pca(s, 0, NULL);
  GtkWidget *last = fixture_find(page, "components-end-9");
  fixture_wait(&f, has_face, last, 60);
  guint32 before = seed(&f), first = extreme(s, of_styles, 0, 1);
  g_signal_emit_by_name(last, "clicked");
  g_assert_cmpuint(seed(&f), ==, first);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpuint(seed(&f), ==, before);
  /* Another view, another component. */
  gtk_drop_down_set_selected(GTK_DROP_DOWN(fixture_find(page, "components-view")), 0);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_find(page, "components-first")), 3);
  g_assert_false(is_current(&f, page));
  fixture_wait(&f, is_current, page, 60);
  g_signal_emit_by_name(fixture_find(page, "components-end-0"), "clicked");
  g_assert_cmpuint(seed(&f), ==, extreme(s, of_w, 2, -1));
  gtk_window_close(GTK_WINDOW(page));
  fixture_close(&f);
}

static void
test_curves(void)
{
  Fixture f;
  GtkWidget *page = open_page(&f);
  fixture_wait(&f, is_current, page, 60);
  VitrineSample *s = vitrine_shelf_get_sample(shelf(&f));
  const SgPca *of_w = vitrine_sample_pca(s, 0, NULL);
  double sum = 0;
  int n = 0;
  while (sum < 0.9 * of_w->total)
    sum += of_w->variance[n++];
  g_autofree char *number = g_strdup_printf(" %d, ", n);
  const char *text = gtk_label_get_text(GTK_LABEL(fixture_find(page, "components-state")));
  g_assert_nonnull(strstr(text, number));
  g_autofree char *said =
      vitrine_plot_describe(VITRINE_PLOT(fixture_find(page, "components-curve")), n);
  g_autofree char *share = g_strdup_printf("of w %.1f", 100 * sum / of_w->total);
  g_assert_nonnull(strstr(said, share));
  gtk_window_close(GTK_WINDOW(page));
  fixture_close(&f);
}

static int pictures;

static void
notice_cb(VitrineScatter *scatter)
{
  pictures++;
}

static void
press(GtkWidget *widget, guint key)
{
  g_autoptr(GListModel) all = gtk_widget_observe_controllers(widget);
  gboolean used = FALSE;

  for (guint i = 0; !used && i < g_list_model_get_n_items(all); i++) {
    g_autoptr(GtkEventController) one = g_list_model_get_item(all, i);
    if (GTK_IS_EVENT_CONTROLLER_KEY(one))
      g_signal_emit_by_name(one, "key-pressed", key, 0u, (GdkModifierType)0, &used);
  }
  g_assert_true(used);
}

static void
test_scatter(void)
{
  Fixture f;
  GtkWidget *page = open_page(&f);
  fixture_wait(&f, is_current, page, 60);
  VitrineScatter *scatter = VITRINE_SCATTER(fixture_find(page, "components-scatter"));
  const VitrineSample *s = vitrine_shelf_get_sample(shelf(&f));
  const SgPca *pca = vitrine_sample_pca((VitrineSample *)s, 1, NULL);
  fixture_run_for(0.3); /* it is painted */
  g_signal_connect(scatter, "pointed", G_CALLBACK(notice_cb), NULL);
  press(GTK_WIDGET(scatter), GDK_KEY_Right); /* from nowhere to the middle */
  int middle = vitrine_scatter_get_pointed(scatter);
  g_assert_cmpint(middle, >=, 0);
  press(GTK_WIDGET(scatter), GDK_KEY_Up);
  int above = vitrine_scatter_get_pointed(scatter);
  g_assert_cmpfloat(score(s, pca, 1, (guint32)above), >, score(s, pca, 1, (guint32)middle));
  press(GTK_WIDGET(scatter), GDK_KEY_Return);
  g_assert_cmpuint(seed(&f), ==, (guint)above);
  g_assert_cmpint(pictures, ==, 2);
  gtk_window_close(GTK_WINDOW(page));
  /* Closed while it looks: nothing comes back. */
  gtk_widget_activate_action(fixture_part(&f, "explore-pane"), "explore.components", NULL);
  page = g_object_get_data(G_OBJECT(shelf(&f)), "vitrine-components-page");
  gtk_window_close(GTK_WINDOW(page));
  fixture_settle(&f);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/components-page/ends", test_ends);
  g_test_add_func("/components-page/curves", test_curves);
  g_test_add_func("/components-page/scatter", test_scatter);
  return g_test_run();
}
