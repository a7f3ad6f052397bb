/* Whether the snapshots to come have room on the disk, asked before the training starts. */
#include "engine/train/trainer-private.h"
#include <errno.h>
#include <math.h>
#include <sys/statvfs.h>

/* Of one snapshot: three networks, two moments of each of two. */
static double
snapshot_bytes(const SgTrainer *t)
{
  const SgLearn *l = t->l;
  return 4.0 * (double)(l->g->total + l->ema->total + l->d->total + 2 * l->g->learnt +
                        2 * l->d->learnt) +
         65536;
}

/* At the end; with `keep` the oldest goes when a new one is whole, and so does the one that the
 * clock asked for. */
static double
snapshots_to_come(const SgTrainer *t)
{
  const SgTrainOptions *o = t->o;
  double left = MAX(o->kimg - (double)t->l->nimg / 1000, 0);
  double n = o->snap > 0 ? ceil(left / (o->tick_kimg * o->snap)) : 1;

  if (o->keep > 0)
    return MIN(n, o->keep + 1);
  return n + (o->snap_minutes > 0);
}

/* Of the nearest folder that is there; NAN: nobody knows. */
static double
free_bytes(const SgTrainer *t)
{
  g_autofree char *wanted = sg_train_path_from_text(t->resumed ? t->o->resume : t->o->outdir);
  const char *at = t->dir ? sg_run_dir_path(t->dir) : wanted;
  g_autofree char *path = g_canonicalize_filename(at ? at : ".", NULL);
  struct statvfs fs;

  while (statvfs(path, &fs) != 0) {
    g_autofree char *parent = g_path_get_dirname(path);
    if ((errno != ENOENT && errno != ENOTDIR) || g_str_equal(parent, path))
      return NAN;
    g_free(path);
    path = g_steal_pointer(&parent);
  }
  return (double)fs.f_bavail * (double)fs.f_frsize;
}

static char *
size_text(double bytes)
{
  return bytes < 1e9 ? g_strdup_printf("%.0f MB", ceil(bytes / 1e6))
                     : g_strdup_printf("%.1f GB", bytes / 1e9);
}

char *
sg_trainer_disk_text(const SgTrainer *t, GError **error)
{
  double each = snapshot_bytes(t), n = snapshots_to_come(t), have = free_bytes(t);
  g_autofree char *one = size_text(each), *all = size_text(n * each), *found = size_text(have);
  GString *s = g_string_new(NULL);

  g_string_append_printf(s, "Disk:          %.0f snapshot%s of %s to come, %s in all", n,
                         n == 1 ? "" : "s", one, all);
  if (isfinite(have))
    g_string_append_printf(s, "; %s are free", found);
  if (isfinite(have) && have < each && n > 0) {
    g_set_error(
        error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
        "a snapshot takes %s and the disk has %s left: nothing that is learnt could be kept; "
        "make room, or choose another --outdir",
        one, found);
    g_string_free(s, TRUE);
    return NULL;
  }
  if (have < n * each)
    g_string_append_printf(s, ": the disk fills up before the end, --keep=%.0f would fit",
                           MAX(floor(have / each) - 1, 1));
  g_string_append_c(s, '\n');
  return g_string_free(s, FALSE);
}
