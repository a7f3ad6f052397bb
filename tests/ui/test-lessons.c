/* Lessons: every step of every file is there in German too and sets a scene that the bundled model
 * can show, with one click, in the real window; undo leads back. */
#include "tests/support/window-fixture.h"
#include "app/work/vitrine-noise-map.h"
#include "ui/lessons/vitrine-lesson-bar.h"
#include "ui/parts/vitrine-pane.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-window-private.h"
#include <glib/gstdio.h>

/* ---- files ------------------------------------------------------------------------------- */

static void
check_group(GKeyFile *file, const char *path, const char *group)
{
  const char *keys[] = {"Title", "Paper", "Text", "Saw"};
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_autofree char *english = g_key_file_get_string(file, group, keys[i], NULL);
    g_autofree char *german = g_key_file_get_locale_string(file, group, keys[i], "de", NULL);
    g_autofree char *key = g_strdup_printf("%s[de]", keys[i]);
    if (!english)
      continue;
    n++;
    if (!g_key_file_has_key(file, group, key, NULL) || !*german)
      g_error("%s: [%s] %s has no German", path, group, keys[i]);
  }
  g_assert_cmpuint(n, ==, 2);
}

static void
test_files(void)
{
  g_autofree char *model = vitrine_application_bundled_model();
  g_autofree char *models = g_path_get_dirname(model), *data = g_path_get_dirname(models);
  g_autofree char *folder = g_build_filename(data, "lessons", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;
  guint found = 0;

  while ((name = g_dir_read_name(dir))) {
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (!g_str_has_suffix(name, ".lesson"))
      continue;
    found++;
    g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_TRANSLATIONS, &error);
    g_assert_no_error(error);
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++)
      check_group(file, path, *group);
    g_autoptr(VitrineLesson) lesson = vitrine_lesson_read(path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(lesson->steps->len, ==, g_strv_length(groups) - 1);
  }
  g_assert_cmpuint(found, ==, 9);
}

static void
test_bad_files(void)
{
  const char *bad[] = {"nonsense", "[Lesson]\nTitle=T\n", "[Lesson]\nTitle=T\nPaper=P\n",
                       "[Lesson]\nTitle=T\nPaper=P\n[Step 1]\nText=A\nSaw=B\n",
                       "[Lesson]\nTitle=\xff\nPaper=P\n[Step 1]\nText=A\nSaw=B\nScene=seed=1\n"};
  g_autofree char *path = fixture_path("bad.lesson");

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, bad[i], -1, NULL));
    g_assert_null(vitrine_lesson_read(path, &error));
    g_assert_nonnull(strstr(error->message, path));
  }
  g_remove(path);
}

static void
test_scenes(void)
{
  const SgModelInfo info = {
      .z_dim = 16, .w_dim = 16, .num_ws = 6, .img_resolution = 32, .img_channels = 3};
  const char *bad[] = {"seed",        "seed=x",         "nobody=3",  "z16=1",    "mix=1",
                       "mix=1:-2-3",  "noise-mode=odd", "prune=-1",  "faces=0",  "faces=999",
                       "z-towards=3", "scale=nan",      "w3:9-12=1", "trunc=1x", "mix=1:0-3:x"};

  g_autoptr(SgRecipe) r =
      vitrine_lesson_recipe("seed=5 faces=4  z3=10 scale=0.5 noise-mode=none prune=0.25 "
                            "mix=7:2-99:0.5",
                            &info, NULL);
  g_assert_nonnull(r);
  g_assert_true(r->seed == 5 && r->faces == 4 && r->z_offset[3] == 10 && r->scale == 0.5);
  g_assert_true(r->noise_mode == SG_NOISE_NONE && r->prune.threshold == 0.25);
  g_assert_true(r->num_sources == 1 && r->sources[0]->seed == 7 && r->num_mix == 6);
  g_assert_true(r->mix[1].blend == 0 && r->mix[2].b == 1 && r->mix[5].blend == 0.5);
  g_autoptr(SgRecipe) half = vitrine_lesson_recipe("z-towards=4:0", &info, NULL);
  double z[16];
  g_autoptr(SgRecipe) plain = sg_recipe_new_for(&info);
  sg_recipe_base_z(plain, 0, z);
  for (int i = 0; i < 16; i++)
    g_assert_cmpfloat_with_epsilon(half->z_base[i], z[i], 1e-9);
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    if (vitrine_lesson_recipe(bad[i], &info, &error))
      g_error("%s was taken for a scene", bad[i]);
    g_assert_nonnull(strstr(error->message, bad[i]));
  }
}

/* ---- the window -------------------------------------------------------------------------- */

static gboolean
has_lessons(Fixture *f, gpointer data)
{
  return vitrine_lesson_bar_get_lessons(f->window->lessons) != NULL;
}

static gboolean
is_pane(const char *name)
{
  guint n;
  const VitrinePaneInfo *panes = vitrine_panes(&n);

  for (guint i = 0; i < n; i++)
    if (g_str_equal(panes[i].name, name))
      return TRUE;
  return FALSE;
}

static void
check_step(Fixture *f, const VitrineLessonStep *step)
{
  const SgModel *model = vitrine_session_get_model(f->session);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRecipe) wanted = vitrine_lesson_recipe(step->scene, &model->info, &error);
  gboolean mapped;

  g_assert_no_error(error);
  g_assert_true(sg_recipe_equal(wanted, fixture_recipe(f)));
  g_object_get(vitrine_noise_map_of(f->session), "active", &mapped, NULL);
  g_assert_true(mapped == step->noise_map);
  if (!step->pane)
    return;
  g_assert_true(is_pane(step->pane));
  g_assert_cmpstr(vitrine_side_get_page(VITRINE_SIDE(f->window->pane)), ==, step->pane);
}

/* Through all of them by "Next", as a person would. */
static void
test_walk(void)
{
  Fixture f;
  guint steps = 0;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "lessons", NULL);
  fixture_wait(&f, has_lessons, NULL, 20);
  GtkWidget *next = fixture_part(&f, "lesson-next");
  GPtrArray *lessons = vitrine_lesson_bar_get_lessons(f.window->lessons);
  /* To look at the first page changes nothing. */
  g_assert_false(sg_recipe_is_modified(fixture_recipe(&f)) || fixture_recipe(&f)->faces != 1);
  g_signal_emit_by_name(fixture_part(&f, "lesson-scene"), "clicked");
  for (guint i = 0; i < lessons->len; i++) {
    const VitrineLesson *lesson = lessons->pdata[i];
    for (guint k = 0; k < lesson->steps->len; k++) {
      if (steps++ > 0) {
        g_assert_true(gtk_widget_get_sensitive(next));
        g_signal_emit_by_name(next, "clicked");
      }
      check_step(&f, lesson->steps->pdata[k]);
    }
  }
  g_assert_false(gtk_widget_get_sensitive(next));
  fixture_settle(&f);
  g_autoptr(SgRecipe) last = sg_recipe_copy(fixture_recipe(&f));
  g_signal_emit_by_name(fixture_part(&f, "lesson-back"), "clicked");
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_true(sg_recipe_equal(last, fixture_recipe(&f)));
  fixture_close(&f);
}

/* What a lesson has switched on goes with it. */
static void
test_leave(void)
{
  Fixture f;
  gboolean mapped;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "lessons", NULL);
  fixture_wait(&f, has_lessons, NULL, 20);
  vitrine_lesson_bar_go(f.window->lessons, 6, 1);
  g_object_get(vitrine_noise_map_of(f.session), "active", &mapped, NULL);
  g_assert_true(mapped);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "lessons", NULL);
  g_object_get(vitrine_noise_map_of(f.session), "active", &mapped, NULL);
  g_assert_false(mapped);
  fixture_settle(&f);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/lessons/files", test_files);
  g_test_add_func("/lessons/bad-files", test_bad_files);
  g_test_add_func("/lessons/scenes", test_scenes);
  g_test_add_func("/lessons/walk", test_walk);
  g_test_add_func("/lessons/leave", test_leave);
  return g_test_run();
}
