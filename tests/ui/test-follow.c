/* Weights that change under the window: the picture is another, what the person did stays. */
#include "tests/ui/window-fixture.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "engine/formats/picture.h"
#include "engine/explore/random.h"

static GtkAdjustment *
dimension(Fixture *f, int dim)
{
  g_autofree char *name = g_strdup_printf("dim-scale-%d", dim);
  GtkWidget *scale = fixture_find(GTK_WIDGET(f->window), name);

  g_assert_nonnull(scale);
  return gtk_range_get_adjustment(GTK_RANGE(scale));
}

/* The bundled model with a little noise on every weight: another one of the same architecture. Its
 * path, to be freed. */
static char *
other_weights(SgModel *model, guint32 seed, double kimg)
{
  g_autofree char *name = g_strdup_printf("weights-%u.safetensors", seed);
  char *path = fixture_path(name);
  g_autoptr(SgModel) m = sg_model_new(path, &model->info);
  g_autoptr(GError) error = NULL;
  SgRandomState state;

  sg_random_state_seed(&state, seed);
  for (guint i = 0; i < model->names->len; i++) {
    const char *full = model->names->pdata[i], *dot = strchr(full, '.') + 1;
    SgTensor *t = sg_model_tensor(model, "", full);
    g_autofree char *prefix = g_strndup(full, (gsize)(dot - full));
    SgTensor *copy = sg_tensor_new(t->ndim, t->shape);
    g_autofree float *noise = g_new(float, t->numel + 1);
    gboolean weight = g_str_has_suffix(full, ".weight");
    sg_random_state_randn_f32(&state, t->numel, noise);
    for (gsize k = 0; k < t->numel; k++)
      copy->data[k] = t->data[k] + (weight ? 0.1f * noise[k] : 0);
    sg_model_take(m, prefix, dot, copy);
  }
  g_hash_table_insert(m->metadata, g_strdup("kimg"), g_strdup_printf("%.3f", kimg));
  g_assert_true(sg_model_save(m, path, &error));
  g_assert_no_error(error);
  return path;
}

static SgModel *
load(const char *path)
{
  g_autoptr(GError) error = NULL;
  SgModel *model = sg_model_load(path, &error);

  g_assert_no_error(error);
  return model;
}

static void
count_cb(guint *count)
{
  (*count)++;
}

static gboolean
counted(Fixture *f, gpointer data)
{
  return *(guint *)data > 0;
}

/* Gives the session these weights and waits for their picture. */
static void
update(Fixture *f, const char *path)
{
  guint changes = 0;
  gulong id =
      g_signal_connect_swapped(f->session, "weights-changed", G_CALLBACK(count_cb), &changes);

  vitrine_session_update_weights(f->session, load(path));
  fixture_wait(f, counted, &changes, 20);
  g_signal_handler_disconnect(f->session, id);
  fixture_settle(f);
}

/* What the window shows of `path` when it is opened with this edit: the independent way there. */
static char *
opened_fresh(const char *path)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, path);
  gtk_adjustment_set_value(dimension(&f, 3), 4);
  fixture_settle(&f);
  char *hash = fixture_screen_hash(&f);
  fixture_close(&f);
  return hash;
}

static void
texture_cb(VitrineSession *session, GParamSpec *pspec, guint *gaps)
{
  *gaps += !vitrine_session_get_texture(session) || !vitrine_session_get_original(session);
}

static void
test_weights(void)
{
  Fixture f;
  guint gaps = 0;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autofree char *bundled = g_strdup(vitrine_session_get_model(f.session)->path);
  g_autofree char *path = other_weights(vitrine_session_get_model(f.session), 1, 12.3);
  fixture_close(&f);
  g_autofree char *expected = opened_fresh(path);

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autofree char *unedited = fixture_screen_hash(&f);
  gtk_adjustment_set_value(dimension(&f, 3), 4);
  fixture_settle(&f);
  fixture_run_for(0.5); /* the original beside it */
  g_autofree char *edited = fixture_screen_hash(&f);
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(f.session));
  g_signal_connect(f.session, "notify::texture", G_CALLBACK(texture_cb), &gaps);
  g_signal_connect(f.session, "notify::original-texture", G_CALLBACK(texture_cb), &gaps);

  update(&f, path);
  g_autofree char *now = fixture_screen_hash(&f);
  g_assert_cmpstr(now, !=, edited);
  g_assert_cmpstr(now, ==, expected);
  g_assert_true(sg_recipe_equal(recipe, vitrine_session_get_recipe(f.session)));
  g_assert_cmpfloat(gtk_adjustment_get_value(dimension(&f, 3)), ==, 4);

  /* And back: bit for bit the picture of before; undo still leads to the face without the edit. */
  update(&f, bundled);
  g_autofree char *back = fixture_screen_hash(&f);
  g_assert_cmpstr(back, ==, edited);
  g_assert_cmpuint(gaps, ==, 0);
  vitrine_session_undo(f.session);
  fixture_settle(&f);
  g_autofree char *undone = fixture_screen_hash(&f);
  g_assert_cmpstr(undone, ==, unedited);
  sg_recipe_free(recipe);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/follow/weights", test_weights);
  return g_test_run();
}
