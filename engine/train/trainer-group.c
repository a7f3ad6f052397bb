/* A training of several processes: rank 0 decides, the others do what it orders. */
#include "engine/backend/backend-device.h"
#include "engine/learn/learn-share.h"
#include "engine/record/run-dir-private.h"
#include "engine/train/trainer-private.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- meeting --------------------------------------------------------------------------------- */

gboolean
sg_trainer_meet(SgTrainer *t, GError **error)
{
  GError *why = NULL;
  const SgDataset *ds = t->ds;

  if (!t->group)
    return TRUE;
  g_autofree char *options = sg_train_options_to_json(t->o);
  g_autofree char *mine =
      g_strdup_printf("%s %s, %u images, %d×%d, %d channels, labels of %d", SG_VERSION, options,
                      ds->n, ds->resolution, ds->resolution, ds->channels, ds->label_dim);
  g_autofree char *first = sg_group_broadcast_text(t->group, 0, mine);
  if (!g_str_equal(mine, first))
    g_set_error(&why, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "has other options or another data set than rank 0 (%u images, %d×%d)", ds->n,
                ds->resolution, ds->resolution);
  else
    sg_train_options_check_processes(t->o, sg_group_size(t->group), &why);
  return sg_group_agree(t->group, why, error);
}

/* "auto" in a group: the device of the process's number if all have theirs, the CPU if none has. */
static SgBackend *
open_automatic(const char *name, SgGroup *group, GError **error)
{
  g_autoptr(GError) none = NULL;
  SgBackend *found = sg_backend_open(name, &none);
  double have = found != NULL;

  sg_group_sum(group, &have, 1);
  if (have == 0)
    return sg_backend_open("cpu", error);
  if (!found)
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE,
                "%s, while other processes have theirs: start fewer, or choose --device",
                none->message);
  return found;
}

SgBackend *
sg_trainer_open_device(const SgTrainOptions *o, SgGroup *group, GError **error)
{
  g_autofree char *own = g_strdup_printf("cuda:%d", sg_group_local_rank(group));

  if (!sg_backend_set_precision(o->precision, error))
    return NULL;
  if (group && g_str_equal(o->device, "auto"))
    return open_automatic(own, group, error);
  return sg_backend_open(group && g_str_equal(o->device, "cuda") ? own : o->device, error);
}

/* ---- signals --------------------------------------------------------------------------------- */

/* Rank 0's control has taken them. The others' wake is nobody's: whether a signal came is asked at
 * each step. */
void
sg_trainer_take_signals(SgTrainer *t)
{
  int nowhere = t->control ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);

  if (nowhere >= 0 && !sg_control_signals_take(nowhere))
    close(nowhere);
}

gboolean
sg_trainer_is_told_to_stop(const SgTrainer *t)
{
  return t->l->share && t->l->share->all_stop;
}

/* ---- orders ---------------------------------------------------------------------------------- */

void
sg_trainer_order(SgTrainer *t, SgOrder order, const char *text)
{
  int number = (int)order;

  if (!t->leading)
    return;
  sg_group_broadcast(t->group, 0, &number, sizeof number);
  if (order == SG_ORDER_SET || order == SG_ORDER_END)
    g_free(sg_group_broadcast_text(t->group, 0, text));
}

static void
set(SgTrainer *t, const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text ? text : "", "=", 2);

  if (parts[0] && parts[1] && sg_train_options_set(t->o, parts[0], parts[1], NULL))
    sg_learn_set_rates(t->l);
}

/* FALSE: the training has ended, with *ok or an error. */
static gboolean
obey(SgTrainer *t, SgOrder order, const char *text, gboolean *ok, GError **error)
{
  switch (order) {
  case SG_ORDER_ITERATE:
    t->l->share->stop = sg_control_signals_seen();
    *ok = sg_trainer_iterate(t, error);
    return *ok;
  case SG_ORDER_SET:
    set(t, text);
    return TRUE;
  case SG_ORDER_VARIANCES:
    sg_share_variances(t->l);
    return TRUE;
  case SG_ORDER_COMPARE:
    sg_share_compare(t->l, NULL); /* rank 0 finds the same */
    return TRUE;
  default:
    sg_group_set_ended(t->group);
    if (text)
      g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, text);
    *ok = !text;
    return FALSE;
  }
}

gboolean
sg_trainer_obey(SgTrainer *t, GError **error)
{
  gboolean ok = TRUE;
  int number;

  do {
    sg_group_broadcast(t->group, 0, &number, sizeof number);
    g_autofree char *text = number == SG_ORDER_SET || number == SG_ORDER_END
                                ? sg_group_broadcast_text(t->group, 0, NULL)
                                : NULL;
    if (!obey(t, (SgOrder)number, text, &ok, error))
      break;
  } while (TRUE);
  return ok;
}
