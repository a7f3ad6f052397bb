#include "app/explore/vitrine-direction-exchange.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* ---- writing ----------------------------------------------------------------------------- */

typedef struct {
  VitrineSession *session; /* owned, let go on the main thread */
  SgDirectionSet *set;
  char *key;  /* the person's own; or */
  char *path; /* a file */
} Writing;

static void
writing_free(gpointer data)
{
  Writing *w = data;

  sg_direction_set_free(w->set);
  g_free(w->key);
  g_free(w->path);
  g_free(w);
}

static void
write_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Writing *w = data;
  GError *error = NULL;
  gboolean ok = w->path ? sg_direction_set_save(w->set, w->path, &error)
                        : vitrine_direction_files_keep_yours(w->set, w->key, &error);

  if (ok)
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Writing *w = g_task_get_task_data(G_TASK(result));
  g_autoptr(VitrineSession) session = g_steal_pointer(&w->session);
  g_autoptr(GError) error = NULL;

  vitrine_saver_add(vitrine_session_get_saver(session), -1);
  if (!g_task_propagate_boolean(G_TASK(result), &error))
    vitrine_session_error(session, _("Directions could not be saved"), error->message);
  else if (w->path) {
    g_autofree char *name = g_filename_display_basename(w->path);
    g_autofree char *text = g_strdup_printf(_("Saved %s"), name);
    vitrine_session_say(session, text, FALSE);
  }
}

/* One after the other: the newest list has to win. */
static void
write_next(gpointer data, gpointer user_data)
{
  g_autoptr(GTask) task = data;

  write_thread(task, NULL, g_task_get_task_data(task), NULL);
}

static void
start(VitrineShelf *shelf, Writing *w)
{
  static GThreadPool *writer;
  GTask *task = g_task_new(NULL, NULL, written_cb, NULL);

  w->session = g_object_ref(vitrine_shelf_get_session(shelf));
  vitrine_saver_add(vitrine_session_get_saver(w->session), 1);
  g_task_set_task_data(task, w, writing_free);
  if (!writer)
    writer = g_thread_pool_new(write_next, NULL, 1, FALSE, NULL);
  g_thread_pool_push(writer, task, NULL);
}

static int
w_dim_of(VitrineShelf *shelf)
{
  SgModel *model = vitrine_session_get_model(vitrine_shelf_get_session(shelf));

  return model->info.w_dim;
}

static SgDirectionSet *
set_of(VitrineShelf *shelf, VitrineDirection *only)
{
  GListModel *yours = vitrine_shelf_get_list(shelf, VITRINE_DIRECTION_YOURS);
  SgDirectionSet *set =
      sg_direction_set_new(w_dim_of(shelf), vitrine_shelf_get_key(shelf), "window", "");

  if (only)
    sg_direction_set_add_copy(set, vitrine_direction_get_facts(only), NULL);
  for (guint i = 0; !only && i < g_list_model_get_n_items(yours); i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(yours, i);
    sg_direction_set_add_copy(set, vitrine_direction_get_facts(d), NULL);
  }
  return set;
}

void
vitrine_direction_exchange_keep(VitrineShelf *shelf)
{
  g_return_if_fail(VITRINE_IS_SHELF(shelf));
  Writing *w = g_new0(Writing, 1);

  w->set = set_of(shelf, NULL);
  w->key = g_strdup(vitrine_shelf_get_key(shelf));
  start(shelf, w);
}

void
vitrine_direction_exchange_export(VitrineShelf *shelf, VitrineDirection *direction, GFile *file)
{
  g_return_if_fail(VITRINE_IS_SHELF(shelf));
  g_autofree char *path = g_file_get_path(file);

  if (!path) {
    vitrine_session_error(vitrine_shelf_get_session(shelf), _("Directions could not be saved"),
                          _("That place is not a file here."));
    return;
  }
  Writing *w = g_new0(Writing, 1);
  w->set = set_of(shelf, direction);
  w->path = g_steal_pointer(&path);
  start(shelf, w);
}

/* ---- reading ----------------------------------------------------------------------------- */

struct _VitrineImport {
  VitrineShelf *shelf;
  char *key, *path; /* of the model that was open */
  SgDirectionSet *set;
  VitrineImportAsk ask;
  gpointer data;
  GDestroyNotify free_data;
};

void
vitrine_import_free(VitrineImport *import)
{
  if (!import)
    return;
  g_clear_object(&import->shelf);
  g_free(import->key);
  g_free(import->path);
  sg_direction_set_free(import->set);
  if (import->free_data)
    import->free_data(import->data);
  g_free(import);
}

static gboolean
is_of_this_model(const VitrineImport *import, const SgNamedDirection *d)
{
  return g_str_equal(d->model ? d->model : import->set->model, import->key);
}

/* Vectors whose file does not say what one σ is: what it is among this model's w. */
static void
ask_sigma(const VitrineImport *import, SgNamedDirection *d)
{
  VitrineSample *sample = vitrine_shelf_get_sample(import->shelf);
  double sigma;

  if (!g_str_equal(import->set->method, "npy") || !sample || !sample->moments)
    return;
  sigma = sg_moments_sigma(sample->moments, d->vector);
  if (isfinite(sigma) && sigma > 0)
    d->sigma = sigma;
}

void
vitrine_import_adopt(VitrineImport *import)
{
  g_return_if_fail(import != NULL);
  const SgDirectionSet *set = import->set;

  if (g_strcmp0(vitrine_shelf_get_key(import->shelf), import->key) == 0)
    for (guint i = 0; i < set->list->len; i++) {
      SgNamedDirection *d = sg_named_direction_copy(set->list->pdata[i], set->w_dim);
      if (!d->model)
        d->model = g_strdup(set->model);
      if (!d->method)
        d->method = g_strdup(set->method);
      ask_sigma(import, d);
      vitrine_shelf_add(import->shelf, d, !is_of_this_model(import, d));
    }
  vitrine_import_free(import);
}

static void
read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  VitrineImport *import = data;
  GError *error = NULL;

  if (!g_file_test(import->path, G_FILE_TEST_IS_REGULAR)) /* a pipe would never end */
    g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED, _("%s is not a file here."),
                import->path);
  else
    import->set = sg_direction_set_load(import->path, &error);
  if (import->set)
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static char *
what_does_not_fit(const VitrineImport *import)
{
  guint foreign = 0, unknown = 0;

  for (guint i = 0; i < import->set->list->len; i++) {
    const SgNamedDirection *d = import->set->list->pdata[i];
    const char *model = d->model ? d->model : import->set->model;
    unknown += !*model;
    foreign += *model && !is_of_this_model(import, d);
  }
  if (foreign)
    return g_strdup_printf(
        _("They were found in another model than the one that is open: what they move here is "
          "anybody's guess."));
  return unknown ? g_strdup_printf(_("The file does not say which model they were found in: in "
                                     "another one they move anything."))
                 : NULL;
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineImport *import = data;
  VitrineSession *session = vitrine_shelf_get_session(import->shelf);
  g_autoptr(GError) error = NULL;

  g_task_propagate_boolean(G_TASK(result), &error);
  if (!error && import->set->w_dim != w_dim_of(import->shelf))
    g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                _("%s has directions of %d numbers, the w of this model has %d."), import->path,
                import->set->w_dim, w_dim_of(import->shelf));
  if (error) {
    vitrine_session_error(session, _("The directions could not be read"), error->message);
    vitrine_import_free(import);
    return;
  }
  g_autofree char *sentence = what_does_not_fit(import);
  if (sentence)
    import->ask(import, sentence, import->data);
  else
    vitrine_import_adopt(import);
}

void
vitrine_direction_exchange_import(VitrineShelf *shelf, GFile *file, VitrineImportAsk ask,
                                  gpointer data, GDestroyNotify free_data)
{
  g_return_if_fail(VITRINE_IS_SHELF(shelf));
  VitrineImport *import = g_new0(VitrineImport, 1);
  char *path = g_file_get_path(file);

  import->shelf = g_object_ref(shelf);
  import->key = g_strdup(vitrine_shelf_get_key(shelf));
  import->path = path ? path : g_file_get_uri(file);
  import->ask = ask;
  import->data = data;
  import->free_data = free_data;
  g_autoptr(GTask) task = g_task_new(NULL, NULL, read_cb, import);
  g_task_set_task_data(task, import, NULL);
  g_task_run_in_thread(task, read_thread);
}
