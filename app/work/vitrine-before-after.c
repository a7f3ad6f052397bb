/* Save Before and After: two pictures, a label under each. Drawn as a task, written by a worker. */
#include <glib/gi18n.h>
#include "app/figures/figure.h"
#include "engine/explore/picture-model.h"
#include "app/grid/vitrine-picture.h"
#include "app/work/vitrine-before-after.h"

typedef struct {
  char *path;
  /* Is saving from the click to the file; owned, let go on the main thread. */
  VitrineSession *session;
  char *hash; /* of the weights that drew */
  char *json; /* of the edited face */
  SgRecipe *recipes[2];
  SgPicture *pictures[2];
  GError *error;
} Pair;

/* Main thread. */
static gboolean
end_saving(gpointer session)
{
  vitrine_saver_add(vitrine_session_get_saver(session), -1);
  g_object_unref(session);
  return G_SOURCE_REMOVE;
}

/* Any thread: a task that another model ends lets its pair go on the render thread. */
static void
pair_free(gpointer data)
{
  Pair *pair = data;

  for (int i = 0; pair && i < 2; i++) {
    sg_recipe_free(pair->recipes[i]);
    sg_picture_free(pair->pictures[i]);
  }
  if (pair && pair->session)
    g_main_context_invoke(NULL, end_saving, g_steal_pointer(&pair->session));
  if (pair) {
    g_clear_error(&pair->error);
    g_free(pair->path);
    g_free(pair->hash);
    g_free(pair->json);
  }
  g_free(pair);
}

/* ---- drawing, on the render thread ----------------------------------------------------------- */

/* Both pictures are of the same weights: new ones of a followed training begin the pair again. */
static void
note_weights(Pair *pair, SgRenderer *renderer)
{
  const SgModel *model = sg_renderer_model(renderer);

  if (g_strcmp0(pair->hash, model->hash) == 0)
    return;
  g_clear_pointer(&pair->pictures[0], sg_picture_free);
  g_free(pair->hash);
  pair->hash = g_strdup(model->hash);
  g_free(pair->json);
  pair->json = sg_picture_recipe(pair->recipes[1], model);
}

/* Once both are drawn the pair moves from the task to its news. */
static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  Pair **slot = data, *pair = *slot;

  note_weights(pair, renderer);
  int i = pair->pictures[0] ? 1 : 0;
  pair->pictures[i] = sg_renderer_render(renderer, pair->recipes[i], 0, &pair->error);
  if (i == 0 && !pair->error)
    return TRUE;
  Pair **given = g_new(Pair *, 1);
  *given = g_steal_pointer(slot);
  *news = given;
  return FALSE;
}

static void
free_slot(gpointer data)
{
  Pair **slot = data;

  pair_free(*slot);
  g_free(slot);
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
write_pair(const Pair *pair, GError **error)
{
  int width, height;
  g_autofree guint8 *before = vitrine_picture_grid(pair->pictures[0], &width, &height);
  g_autofree guint8 *after = vitrine_picture_grid(pair->pictures[1], &width, &height);
  const VitrineTile tiles[] = {{before, "Unmodified", pair->pictures[0]->bytes == 4},
                               {after, "Edited", pair->pictures[1]->bytes == 4}};

  return vitrine_figure_tiles_with_recipe(pair->path, NULL, width, height, 2, tiles, 2, NULL,
                                          pair->json, error);
}

static void
write_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (write_pair(data, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
say(VitrineSession *session, const char *text, gboolean is_error)
{
  vitrine_session_say(session, text, is_error);
}

static void
say_error(VitrineSession *session, const GError *error)
{
  g_autofree char *text =
      g_strconcat(_("The file could not be saved"), "\n\n", error->message, NULL);

  say(session, text, TRUE);
}

static void
written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Pair *pair = g_task_get_task_data(G_TASK(result));
  g_autoptr(VitrineSession) session = g_steal_pointer(&pair->session);
  g_autofree char *name = g_filename_display_basename(pair->path);
  g_autofree char *text = g_strdup_printf(_("Saved %s"), name);
  g_autoptr(GError) error = NULL;

  if (g_task_propagate_boolean(G_TASK(result), &error))
    say(session, text, FALSE);
  else
    say_error(session, error);
  end_saving(g_steal_pointer(&session));
}

static void
news_cb(gpointer news, gboolean finished, gpointer session)
{
  Pair **slot = news;

  if (!slot)
    return;
  if ((*slot)->error) {
    say_error(session, (*slot)->error);
    return;
  }
  g_autoptr(GTask) task = g_task_new(NULL, NULL, written_cb, NULL);
  g_task_set_task_data(task, g_steal_pointer(slot), pair_free);
  g_task_run_in_thread(task, write_worker);
}

void
vitrine_save_before_after(VitrineSession *session, GFile *file)
{
  static const VitrineTaskClass class = {FALSE, step, news_cb, free_slot, free_slot};
  const SgRecipe *recipe = vitrine_session_get_recipe(session);
  g_autofree char *path = g_file_get_path(file);

  g_return_if_fail(recipe);
  if (!path) {
    g_autofree char *text =
        g_strconcat(_("This place cannot be written to"), "\n\n",
                    _("It is not on this computer. Choose a local folder."), NULL);
    say(session, text, TRUE);
    return;
  }
  Pair **slot = g_new0(Pair *, 1);
  *slot = g_new0(Pair, 1);
  (*slot)->path = g_steal_pointer(&path);
  /* Also while it is drawn: the window may close meanwhile, the program waits for the file. */
  (*slot)->session = g_object_ref(session);
  vitrine_saver_add(vitrine_session_get_saver(session), 1);
  (*slot)->recipes[0] = sg_recipe_unmodified(recipe);
  (*slot)->recipes[1] = sg_recipe_copy(recipe);
  vitrine_view_start_task(vitrine_session_get_view(session), &class, slot, session);
}
