/* Weights that change under the window: the picture is another, what the person did stays. */
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "app/runs/vitrine-run.h"
#include "engine/base/random.h"
#include "engine/pictures/picture.h"
#include "engine/record/run-dir.h"
#include "ui/parts/vitrine-pixels.h"

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

  vitrine_opener_update_weights(vitrine_session_get_opener(f->session), load(path));
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
texture_cb(VitrineView *view, GParamSpec *pspec, guint *gaps)
{
  *gaps += !vitrine_view_get_texture(view) || !vitrine_view_get_original(view);
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
  g_signal_connect(vitrine_session_get_view(f.session), "notify::texture", G_CALLBACK(texture_cb),
                   &gaps);
  g_signal_connect(vitrine_session_get_view(f.session), "notify::original-texture",
                   G_CALLBACK(texture_cb), &gaps);

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
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_autofree char *undone = fixture_screen_hash(&f);
  g_assert_cmpstr(undone, ==, unedited);
  sg_recipe_free(recipe);
  fixture_close(&f);
}

/* ---- a picture says which weights drew it ------------------------------------------------ */

static void
save_cb(VitrineSession *session, GFile *file)
{
  vitrine_saver_save_picture(vitrine_session_get_saver(session), file, NULL);
}

/* The render thread is busy: when it is free both the new weights and the picture to save wait. */
static gboolean
sleep_step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  g_usleep(2 * G_USEC_PER_SEC);
  return FALSE;
}

static void
no_news_cb(gpointer news, gboolean finished, gpointer data)
{
}

static const VitrineTaskClass sleeping = {.urgent = TRUE, .step = sleep_step, .news = no_news_cb};

static gboolean
is_saved(Fixture *f, gpointer path)
{
  gboolean saving;

  g_object_get(vitrine_session_get_saver(f->session), "saving", &saving, NULL);
  return !saving && g_file_test(path, G_FILE_TEST_EXISTS);
}

static gboolean
not_loading(Fixture *f, gpointer data)
{
  return !vitrine_opener_is_loading(vitrine_session_get_opener(f->session));
}

/* Saved in the very moment in which new weights arrive: whichever of the two drew it, opened again
 * it brings the model it names, and that model draws the same pixels. */
static void
test_saved(void)
{
  Fixture f;
  g_autofree char *first = fixture_path("first.png"), *again = fixture_path("again.png");
  g_autoptr(GFile) first_file = g_file_new_for_path(first);
  g_autoptr(GFile) again_file = g_file_new_for_path(again);
  g_autofree guint8 *a = NULL, *b = NULL;
  int width, height, width2, height2;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autofree char *path = other_weights(vitrine_session_get_model(f.session), 1, 12.3);
  gtk_adjustment_set_value(dimension(&f, 3), 4);
  fixture_settle(&f);
  gulong id = g_signal_connect(f.session, "weights-changed", G_CALLBACK(save_cb), first_file);
  vitrine_view_start_task(vitrine_session_get_view(f.session), &sleeping, NULL, NULL);
  update(&f, path);
  g_signal_handler_disconnect(f.session, id);
  fixture_wait(&f, is_saved, first, 20);

  vitrine_opener_open(vitrine_session_get_opener(f.session), first_file);
  fixture_wait(&f, not_loading, NULL, 20);
  fixture_settle(&f);
  vitrine_saver_save_picture(vitrine_session_get_saver(f.session), again_file, NULL);
  fixture_wait(&f, is_saved, again, 20);
  g_assert_true(sg_picture_read(first, &a, &width, &height, NULL));
  g_assert_true(sg_picture_read(again, &b, &width2, &height2, NULL));
  g_assert_cmpmem(a, (gsize)width * (gsize)height * 3, b, (gsize)width2 * (gsize)height2 * 3);
  fixture_close(&f);
}

/* ---- panes ------------------------------------------------------------------------------- */

static void
add_picture(GString *state, GdkPaintable *paintable)
{
  if (VITRINE_IS_PIXELS(paintable))
    paintable = GDK_PAINTABLE(vitrine_pixels_get_texture(VITRINE_PIXELS(paintable)));
  if (!GDK_IS_TEXTURE(paintable))
    return;
  int width = gdk_paintable_get_intrinsic_width(paintable);
  int height = gdk_paintable_get_intrinsic_height(paintable);
  gsize size = (gsize)width * (gsize)height * 4;
  g_autofree guint8 *pixels = g_malloc(size);

  gdk_texture_download(GDK_TEXTURE(paintable), pixels, (gsize)width * 4);
  g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, pixels, size);
  g_string_append_printf(state, "[%s]", hash);
}

/* All that a pane says and shows, apart from how far something in the background is. */
static void
add_state(GString *state, GtkWidget *widget)
{
  if (GTK_IS_PROGRESS_BAR(widget) || GTK_IS_BUTTON(widget)) {
    GtkWidget *child = GTK_IS_BUTTON(widget) ? gtk_widget_get_first_child(widget) : NULL;
    if (GTK_IS_PICTURE(child))
      add_state(state, child);
    return;
  }
  if (GTK_IS_LABEL(widget))
    g_string_append_printf(state, "|%s", gtk_label_get_text(GTK_LABEL(widget)));
  if (GTK_IS_PICTURE(widget))
    add_picture(state, gtk_picture_get_paintable(GTK_PICTURE(widget)));
  for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
       child = gtk_widget_get_next_sibling(child))
    add_state(state, child);
}

static char *
pane_state(Fixture *f, const char *pane)
{
  GString *state = g_string_new(NULL);
  add_state(state, fixture_find(GTK_WIDGET(f->window), pane));
  return g_string_free(state, FALSE);
}

typedef struct {
  const char *page, *name; /* name: of the widget that holds the pane */
} Pane;

static const Pane panes[] = {{"mixing", "mixing-pane"},
                             {"pruning", "pruning-pane"},
                             {"weights", "weights-pane"},
                             {"layers", "layers-pane"}};

/* Until the pane waits for nothing ("…") and has not changed for a second. */
static char *
settled_state(Fixture *f, const Pane *pane)
{
  char *state = pane_state(f, pane->name);
  gint64 changed = g_get_monotonic_time(), begin = changed;

  while (g_get_monotonic_time() - changed < G_USEC_PER_SEC) {
    fixture_run_for(0.1);
    char *now = pane_state(f, pane->name);
    if (strcmp(now, state) != 0 || strstr(now, "|…"))
      changed = g_get_monotonic_time();
    g_free(state);
    state = now;
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 60 * G_USEC_PER_SEC);
  }
  return state;
}

/* The pane comes to show `expected`, however slow the machine, and stays so. */
static void
assert_comes_to(Fixture *f, const Pane *pane, const char *expected)
{
  gint64 begin = g_get_monotonic_time();
  char *state = pane_state(f, pane->name);

  while (strcmp(state, expected) != 0 && g_get_monotonic_time() - begin < 60 * G_USEC_PER_SEC) {
    fixture_run_for(0.1);
    g_free(state);
    state = pane_state(f, pane->name);
  }
  g_assert_cmpstr(state, ==, expected);
  g_free(state);
  fixture_run_for(0.3);
  state = pane_state(f, pane->name);
  g_assert_cmpstr(state, ==, expected);
  g_free(state);
}

static void
show_pane(Fixture *f, const Pane *pane)
{
  gtk_widget_activate_action(GTK_WIDGET(f->window), "win.show-pane", "s", pane->page);
  fixture_run_for(0.2);
}

/* One face more, so that there is something to mix; a dial that is not at 0. */
static void
edit(Fixture *f)
{
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(f->session));
  g_autoptr(SgRecipe) face = sg_recipe_new(recipe->z_dim, recipe->w_dim);

  face->seed = 7;
  sg_recipe_add_source(recipe, face);
  recipe->prune.threshold = 0.2;
  vitrine_session_apply(f->session, recipe, "Edit", NULL);
  fixture_settle(f);
}

/* What each pane shows when `path` is opened with that edit. */
static void
states_of(const char *path, char **states)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, path);
  edit(&f);
  for (gsize i = 0; i < G_N_ELEMENTS(panes); i++) {
    show_pane(&f, &panes[i]);
    states[i] = settled_state(&f, &panes[i]);
  }
  fixture_close(&f);
}

/* Every pane shows the newest weights: what it would show had they been opened. One that is hidden
 * computes nothing, and catches up when it is shown. */
static void
test_panes(void)
{
  Fixture f;
  char *expected[G_N_ELEMENTS(panes)];
  const Pane latent = {"latent", NULL};

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autofree char *path = other_weights(vitrine_session_get_model(f.session), 1, 12.3);
  g_autofree char *bundled = g_strdup(vitrine_session_get_model(f.session)->path);
  fixture_close(&f);
  states_of(path, expected);

  fixture_forget_state();
  fixture_open(&f, NULL);
  edit(&f);
  for (gsize i = 0; i < G_N_ELEMENTS(panes); i++) {
    show_pane(&f, &panes[i]);
    g_autofree char *before = settled_state(&f, &panes[i]);
    g_assert_cmpstr(before, !=, expected[i]);
    update(&f, path);
    assert_comes_to(&f, &panes[i], expected[i]);
    show_pane(&f, &latent);
    update(&f, bundled);
    fixture_run_for(1);
    g_autofree char *hidden = pane_state(&f, panes[i].name);
    g_assert_cmpstr(hidden, ==, expected[i]);
    show_pane(&f, &panes[i]);
    assert_comes_to(&f, &panes[i], before);
    g_free(expected[i]);
  }
  fixture_close(&f);
}

/* Twenty new weights a second until the pane has shown something new twice: a pane that begins anew
 * with each of them never would. How long is allowed has nothing to do with speed. */
static void
flood(Fixture *f, const Pane *pane, SgModel *const weights[2])
{
  g_autofree char *last = settled_state(f, pane);
  gint64 begin = g_get_monotonic_time();
  guint changes = 0, updates = 0;

  while (changes < 2) {
    vitrine_opener_update_weights(vitrine_session_get_opener(f->session),
                                  sg_model_ref(weights[updates++ % 2]));
    fixture_run_for(0.05);
    char *now = pane_state(f, pane->name);
    changes += strcmp(now, last) != 0;
    g_free(last);
    last = now;
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 60 * G_USEC_PER_SEC);
  }
  g_test_message("%s: %u changes after %u new weights", pane->page, changes, updates);
}

/* Weights faster than any pane: each of them still shows something new now and then. */
static void
test_flood(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  SgModel *model = vitrine_session_get_model(f.session);
  g_autofree char *one = other_weights(model, 2, 1), *two = other_weights(model, 3, 2);
  g_autoptr(SgModel) a = load(one);
  g_autoptr(SgModel) b = load(two);
  edit(&f);
  for (gsize i = 0; i < G_N_ELEMENTS(panes); i++) {
    show_pane(&f, &panes[i]);
    flood(&f, &panes[i], (SgModel *[]){a, b});
  }
  fixture_settle(&f);
  fixture_close(&f);
}

/* ---- a training that runs ---------------------------------------------------------------- */

typedef struct {
  char *dir, *error;
  gboolean done;
} Started;

static void
started_cb(const char *run_dir, const char *error, gpointer data)
{
  Started *s = data;

  s->dir = g_strdup(run_dir);
  s->error = g_strdup(error);
  s->done = TRUE;
}

static gboolean
is_done(Fixture *f, gpointer data)
{
  return ((Started *)data)->done;
}

/* Noise of 8 × 8 pixels in a folder, its path to be freed. */
static char *
make_pictures(void)
{
  char *folder = fixture_path("pictures");
  guint8 rgb[8 * 8 * 3];
  g_autoptr(GRand) random = g_rand_new_with_seed(1);

  g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
  for (int i = 0; i < 24; i++) {
    g_autofree char *path = g_strdup_printf("%s/%02d.png", folder, i);
    for (gsize k = 0; k < sizeof rgb; k++)
      rgb[k] = (guint8)g_rand_int_range(random, 0, 256);
    g_assert_true(sg_png_write(path, rgb, 8, 8, NULL, NULL));
  }
  return folder;
}

/* A training of very small nets that ends by itself after some minutes, if nobody ends it. Its run
 * directory, to be freed. */
static char *
start_training(void)
{
  g_autofree char *data = make_pictures(), *out = fixture_path("runs");
  g_autofree char *data_arg = g_strconcat("--data=", data, NULL);
  g_autofree char *out_arg = g_strconcat("--outdir=", out, NULL);
  const char *argv[] = {data_arg,
                        out_arg,
                        "--resolution=8",
                        "--batch=4",
                        "--mbstd-group=2",
                        "--channel-base=64",
                        "--channel-max=8",
                        "--z-dim=8",
                        "--w-dim=8",
                        "--mapping-layers=2",
                        "--threads=1",
                        "--metrics=none",
                        "--tick=1",
                        "--snap=100",
                        "--kimg=100",
                        "--d-mapping-layers=2",
                        NULL};
  Started s = {0};

  vitrine_run_start(argv, started_cb, &s, NULL);
  fixture_wait(NULL, is_done, &s, 30);
  g_assert_cmpstr(s.error, ==, NULL);
  return s.dir;
}

static void
stop_training(const char *dir)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *answer = sg_control_send(dir, "stop", 10000, &error);
  g_assert_no_error(error);
}

static double
following_kimg(Fixture *f)
{
  double kimg;

  g_object_get(vitrine_session_get_following(f->session), "kimg", &kimg, NULL);
  return kimg;
}

static gboolean
has_gone_on(Fixture *f, gpointer data)
{
  return following_kimg(f) > *(double *)data;
}

static const char *
badge_text(Fixture *f)
{
  return gtk_label_get_text(GTK_LABEL(fixture_find(GTK_WIDGET(f->window), "follow-label")));
}

static gboolean
is_shown(Fixture *f, const char *name)
{
  return gtk_widget_get_mapped(fixture_find(GTK_WIDGET(f->window), name));
}

static gboolean
not_live(Fixture *f, gpointer data)
{
  gboolean live;

  g_object_get(vitrine_session_get_following(f->session), "live", &live, NULL);
  return !live;
}

static gboolean
shows_snapshot(Fixture *f, gpointer data)
{
  return g_str_has_suffix(vitrine_session_get_model(f->session)->path, ".safetensors");
}

/* Its snapshot takes the place of the published weights when it has ended. */
static void
check_end(Fixture *f, const char *dir)
{
  stop_training(dir);
  fixture_wait(f, not_live, NULL, 30);
  fixture_wait(f, shows_snapshot, NULL, 30);
  fixture_settle(f);
  g_assert_cmpstr(vitrine_following_get_directory(vitrine_session_get_following(f->session)), ==,
                  dir);
  g_autofree char *snapshot = g_strdup(vitrine_session_get_model(f->session)->path);
  g_autofree char *hash = g_strdup(vitrine_session_get_model(f->session)->hash);
  fixture_close(f);

  /* The session comes back to it. */
  fixture_open(f, NULL);
  g_assert_cmpstr(vitrine_session_get_model(f->session)->path, ==, snapshot);
  g_assert_cmpstr(vitrine_session_get_model(f->session)->hash, ==, hash);
  g_assert_cmpfloat(vitrine_session_get_recipe(f->session)->z_offset[3], ==, 0);
  g_assert_cmpuint(vitrine_session_get_recipe(f->session)->seed, ==, 5);
}

static gboolean
badge_is_gone(Fixture *f, gpointer data)
{
  return !is_shown(f, "follow-badge");
}

/* A training that was only offered for following is no longer said to go on when it has ended. */
static void
test_offer_ends(void)
{
  Fixture f;
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = fixture_path("offered"), *data = NULL;
  g_autofree char *path = g_build_filename(dir, "network-snapshot-000001.safetensors", NULL);
  g_autofree char *from = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  gsize size;

  g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
  g_assert_true(g_file_get_contents(from, &data, &size, NULL));
  g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
  SgControl *control = sg_control_new(dir, &error);
  g_assert_no_error(error);
  g_assert_true(sg_control_answer(control, &error));
  fixture_forget_state();
  fixture_open(&f, path);
  g_assert_true(is_shown(&f, "follow-badge"));
  g_assert_nonnull(strstr(badge_text(&f), "is training"));
  sg_control_free(control);
  fixture_wait(&f, badge_is_gone, NULL, 60);
  fixture_close(&f);
}

static void
note_message_cb(VitrineSession *session, const char *text, gboolean is_error, char **last)
{
  g_free(*last);
  *last = g_strdup(text);
}

static void
test_training(void)
{
  Fixture f;
  g_autofree char *dir = start_training(), *last = NULL;

  fixture_forget_state();
  fixture_open(&f, dir); /* there is no snapshot: it is followed at once */
  g_assert_cmpstr(vitrine_following_get_directory(vitrine_session_get_following(f.session)), ==,
                  dir);
  g_assert_true(is_shown(&f, "follow-badge"));
  g_assert_nonnull(strstr(badge_text(&f), " kimg"));
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 5);
  gtk_adjustment_set_value(dimension(&f, 3), 2);
  fixture_settle(&f);
  g_autofree char *before = fixture_screen_hash(&f);
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(f.session));
  double kimg = following_kimg(&f);

  /* The training goes on, and with it the picture; nothing else does. */
  fixture_wait(&f, has_gone_on, &kimg, 20);
  kimg = following_kimg(&f);
  fixture_wait(&f, has_gone_on, &kimg, 20);
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(after, !=, before);
  g_assert_true(sg_recipe_equal(recipe, vitrine_session_get_recipe(f.session)));
  g_assert_cmpfloat(gtk_adjustment_get_value(dimension(&f, 3)), ==, 2);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpfloat(vitrine_session_get_recipe(f.session)->z_offset[3], ==, 0);
  sg_recipe_free(recipe);

  /* Stopped, it stays; the button follows again. */
  g_signal_emit_by_name(fixture_find(GTK_WIDGET(f.window), "follow-stop"), "clicked");
  g_assert_null(vitrine_following_get_directory(vitrine_session_get_following(f.session)));
  g_assert_true(isnan(following_kimg(&f)));
  fixture_settle(&f);
  g_autofree char *still = fixture_screen_hash(&f);
  fixture_run_for(1.5);
  g_autofree char *same = fixture_screen_hash(&f);
  g_assert_cmpstr(still, ==, same);
  g_signal_emit_by_name(fixture_find(GTK_WIDGET(f.window), "follow-start"), "clicked");
  kimg = 0;
  fixture_wait(&f, has_gone_on, &kimg, 20);

  check_end(&f, dir);
  /* Another model ends it, and says so. */
  vitrine_following_start(vitrine_session_get_following(f.session), dir);
  g_signal_connect(f.session, "message", G_CALLBACK(note_message_cb), &last);
  g_autofree char *other = g_build_filename(g_getenv("VITRINE_TEST_FILES"),
                                            "../../data/models/lorelei64.safetensors", NULL);
  g_autoptr(GFile) bundled = g_file_new_for_path(other);
  vitrine_opener_open(vitrine_session_get_opener(f.session), bundled);
  fixture_settle(&f);
  fixture_run_for(0.5);
  g_assert_null(vitrine_following_get_directory(vitrine_session_get_following(f.session)));
  g_assert_cmpint(vitrine_session_get_model(f.session)->info.img_resolution, ==, 64);
  g_assert_nonnull(last);
  g_assert_nonnull(strstr(last, "No longer following"));
  g_assert_false(is_shown(&f, "follow-badge"));
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/follow/weights", test_weights);
  g_test_add_func("/follow/saved", test_saved);
  g_test_add_func("/follow/panes", test_panes);
  g_test_add_func("/follow/flood", test_flood);
  g_test_add_func("/follow/offer-ends", test_offer_ends);
  g_test_add_func("/follow/training", test_training);
  return g_test_run();
}
