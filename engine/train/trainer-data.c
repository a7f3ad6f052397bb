/* Pictures for an iteration, and a data set that cannot be reached for a while: a stick that was
 * pulled, a folder of the network that is gone. */
#include "engine/learn/learn-share.h"
#include "engine/record/run-dir-private.h"
#include "engine/train/trainer-private.h"
#include <glib/gstdio.h>
#include <stdio.h>

/* So long it may be away. */
#define PATIENCE (30 * 60.0)
/* Pictures that are tried to see whether any can be read. */
#define PROBES 8

void
sg_trainer_open_loader(SgTrainer *t)
{
  sg_loader_free(t->loader);
  t->loader = sg_loader_new_part(
      t->ds, (t->o->mirror ? SG_MIRROR_X : 0) | (t->o->mirror_y ? SG_MIRROR_Y : 0), t->o->seed,
      t->l->iteration * (guint64)t->o->batch, t->o->batch, sg_group_rank(t->group),
      sg_group_size(t->group), 4, t->o->workers);
}

/* Images that could not be decoded when their turn came: another one is shown in their place. */
static void
tell_refused(SgTrainer *t)
{
  for (; t->told < t->ds->refused->len; t->told++) {
    const SgRefusal *r = t->ds->refused->pdata[t->told];
    if (t->dir)
      sg_run_dir_log(t->dir, "Not used: %s: %s\n", r->name, r->reason);
    else /* the log is rank 0's */
      fprintf(stderr, "vitrine train: not used: %s: %s\n", r->name, r->reason);
  }
}

static guint
probe(const SgTrainer *t)
{
  g_autofree guint8 *pixels = g_try_malloc(sg_trainer_picture_size(t));
  guint read = pixels ? 0 : 1; /* what is short is memory */

  for (guint i = 0; pixels && i < MIN(PROBES, t->ds->n); i++)
    read += sg_dataset_read(t->ds, (guint)((guint64)i * t->ds->n / MIN(PROBES, t->ds->n)), pixels,
                            NULL);
  return read;
}

/* Pictures that failed just now are not there at all, and nor are others: the set is gone, while a
 * picture that is broken, or was deleted alone, is replaced by another one. */
static gboolean
is_gone(const SgTrainer *t)
{
  GStatBuf st;

  if (t->told == t->ds->refused->len)
    return FALSE;
  for (guint i = t->told; i < t->ds->refused->len && i < t->told + PROBES; i++) {
    const SgRefusal *r = t->ds->refused->pdata[i];
    g_autofree char *path = g_build_filename(t->ds->path, r->name, NULL);
    if (g_stat(t->ds->path, &st) == 0 && (!S_ISDIR(st.st_mode) || g_stat(path, &st) == 0))
      return FALSE;
  }
  return probe(t) == 0;
}

/* FALSE: it does not come back, or somebody asks to stop. What the loader has read meanwhile is
 * thrown away: the pictures are those of a run that was not disturbed. */
static gboolean
wait_for_data(SgTrainer *t)
{
  gint64 since = g_get_monotonic_time();
  g_autofree char *text =
      g_strdup_printf("Waiting for the data set %s, of which nothing can be read any more; stop to "
                      "end with what has been learnt",
                      t->ds->path);
  gboolean back = FALSE;

  if (t->dir && !t->group && t->l->nimg > t->saved_nimg && sg_trainer_save_networks(t, NULL))
    sg_run_dir_log(t->dir, "Saved as %s\n", t->last_good);
  while (!back && !t->stopped_waiting && sg_seconds_since(since) < PATIENCE) {
    if (t->dir)
      sg_trainer_set_waiting(t, text);
    g_usleep(G_USEC_PER_SEC / 4);
    t->stopped_waiting = t->control ? (sg_control_take(t->control) & SG_CONTROL_STOP) != 0
                                    : sg_control_signals_seen();
    back = probe(t) == MIN(PROBES, t->ds->n);
  }
  if (t->dir)
    sg_trainer_set_waiting(t, NULL);
  if (!back)
    return FALSE;
  if (t->dir)
    sg_run_dir_log(t->dir, "The data set is there again\n");
  g_ptr_array_set_size(t->ds->refused, (gint)t->told);
  sg_trainer_open_loader(t);
  return TRUE;
}

gboolean
sg_trainer_load(SgTrainer *t, GError **error)
{
  for (;;) {
    GError *why = NULL;
    gboolean ok =
        sg_loader_next(t->loader, t->pixels, t->l->shape.info.c_dim ? t->labels : NULL, &why);
    if (!is_gone(t)) {
      tell_refused(t);
      if (!ok)
        g_propagate_error(error, why);
      return ok;
    }
    g_clear_error(&why);
    if (!wait_for_data(t)) {
      g_ptr_array_set_size(t->ds->refused, (gint)t->told); /* not the pictures' fault */
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                  "nothing of the data set %s can be read any more", t->ds->path);
      return FALSE;
    }
  }
}
