#include "app/lessons/vitrine-lesson.h"
#include <glib/gi18n.h>
#include <string.h>
#include "app/config.h"

#define MOST_STEPS 50

static void
step_free(gpointer data)
{
  VitrineLessonStep *step = data;

  g_free(step->text);
  g_free(step->saw);
  g_free(step->scene);
  g_free(step->pane);
  g_free(step);
}

void
vitrine_lesson_free(VitrineLesson *l)
{
  if (!l)
    return;
  g_free(l->title);
  g_free(l->paper);
  g_ptr_array_unref(l->steps);
  g_free(l);
}

/* ---- files ------------------------------------------------------------------------------- */

static VitrineLessonStep *
step_read(GKeyFile *file, const char *group, GError **error)
{
  VitrineLessonStep *step = g_new0(VitrineLessonStep, 1);
  g_autofree char *space = g_key_file_get_string(file, group, "Space", NULL);

  step->pane = g_key_file_get_string(file, group, "Pane", NULL);
  step->noise_map = g_key_file_get_boolean(file, group, "NoiseMap", NULL);
  step->has_space = space != NULL;
  step->space = g_strcmp0(space, "w") == 0 ? SG_SPACE_W : SG_SPACE_Z;
  step->text = g_key_file_get_locale_string(file, group, "Text", NULL, error);
  step->saw = step->text ? g_key_file_get_locale_string(file, group, "Saw", NULL, error) : NULL;
  step->scene = step->saw ? g_key_file_get_string(file, group, "Scene", error) : NULL;
  if (!step->scene)
    g_clear_pointer(&step, step_free);
  return step;
}

static gboolean
read_steps(VitrineLesson *l, GKeyFile *file, GError **error)
{
  for (int i = 1; i <= MOST_STEPS; i++) {
    g_autofree char *group = g_strdup_printf("Step %d", i);
    if (i > 1 && !g_key_file_has_group(file, group))
      break;
    VitrineLessonStep *step = step_read(file, group, error);
    if (!step)
      return FALSE;
    g_ptr_array_add(l->steps, step);
  }
  return TRUE;
}

VitrineLesson *
vitrine_lesson_read(const char *path, GError **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new();
  g_autoptr(VitrineLesson) l = g_new0(VitrineLesson, 1);

  l->steps = g_ptr_array_new_with_free_func(step_free);
  if (g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_TRANSLATIONS, error) &&
      (l->title = g_key_file_get_locale_string(file, "Lesson", "Title", NULL, error)) &&
      (l->paper = g_key_file_get_locale_string(file, "Lesson", "Paper", NULL, error)) &&
      read_steps(l, file, error))
    return g_steal_pointer(&l);
  g_prefix_error(error, "%s: ", path);
  return NULL;
}

static gint
by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of the first of the places that has some. */
static GPtrArray *
find_files(void)
{
  const char *places[] = {VITRINE_SOURCE_ROOT "/data/lessons", VITRINE_PKGDATADIR "/lessons"};
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

  for (gsize i = 0; i < G_N_ELEMENTS(places) && paths->len == 0; i++) {
    g_autoptr(GDir) dir = g_dir_open(places[i], 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
      if (g_str_has_suffix(name, ".lesson"))
        g_ptr_array_add(paths, g_build_filename(places[i], name, NULL));
  }
  g_ptr_array_sort(paths, by_name);
  return paths;
}

static void
load_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr(GPtrArray) paths = find_files();
  g_autoptr(GPtrArray) lessons =
      g_ptr_array_new_with_free_func((GDestroyNotify)vitrine_lesson_free);
  GError *error = NULL;

  for (guint i = 0; i < paths->len; i++) {
    VitrineLesson *l = vitrine_lesson_read(paths->pdata[i], &error);
    if (!l) {
      g_task_return_error(task, error);
      return;
    }
    g_ptr_array_add(lessons, l);
  }
  if (lessons->len == 0)
    g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                            _("This installation has no lessons: there is nothing in %s"),
                            VITRINE_PKGDATADIR "/lessons");
  else
    g_task_return_pointer(task, g_steal_pointer(&lessons), (GDestroyNotify)g_ptr_array_unref);
}

void
vitrine_lessons_load(GCancellable *cancellable, GAsyncReadyCallback done, gpointer data)
{
  g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, data);

  g_task_run_in_thread(task, load_thread);
}

GPtrArray *
vitrine_lessons_load_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer(G_TASK(result), error);
}
