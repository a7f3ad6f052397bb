/* Following a training: where its weights come from (vitrine-follow.h) meets where they go
 * (vitrine-session-weights.c). */
#include "app/session/vitrine-session-private.h"
#include <math.h>
#include <string.h>

static void
set_wants_first(VitrineSession *self, gboolean wants)
{
  if (self->wants_first == wants)
    return;
  self->wants_first = wants;
  vitrine_session_set_loading(self, wants);
}

static double
kimg_of(const SgModel *model)
{
  const char *text = model ? g_hash_table_lookup(model->metadata, "kimg") : NULL;
  return text ? g_ascii_strtod(text, NULL) : NAN;
}

char *
vitrine_session_weights_text(VitrineSession *self)
{
  double kimg = kimg_of(self->model);
  return isfinite(kimg) ? g_strdup_printf("%.1f kimg", kimg) : NULL;
}

void
vitrine_session_weights_in_use(VitrineSession *self)
{
  if (!self->following)
    return;
  if (strcmp(self->favourites_key, self->following) != 0)
    vitrine_session_set_favourites_key(self, self->following, self->own_snapshot);
  self->following_kimg = kimg_of(self->model);
  set_wants_first(self, FALSE);
  vitrine_session_notify_following(self);
}

static void
clear(VitrineSession *self)
{
  g_clear_pointer(&self->follow, vitrine_follow_free);
  g_clear_pointer(&self->following, g_free);
  g_clear_pointer(&self->next_weights, sg_model_unref);
  self->following_kimg = NAN;
  self->following_live = FALSE;
  self->follow_serial++;
}

/* ---- news -------------------------------------------------------------------------------- */

static void
take_model(VitrineSession *self, SgModel *model)
{
  if (vitrine_session_takes_weights(self, model))
    vitrine_session_update_weights(self, model);
  else
    vitrine_session_adopt_packed_later(self, model);
}

static void
news_cb(VitrineFollowNews *news, gpointer user_data)
{
  VitrineSession *self = user_data;

  if (news->error) {
    g_autofree char *text = g_strdup(news->error);
    clear(self);
    vitrine_session_notify_following(self);
    vitrine_session_error(self, "The training cannot be followed", text);
    set_wants_first(self, FALSE);
  } else if (news->model) {
    take_model(self, g_steal_pointer(&news->model));
  } else if (self->following_live != news->live) {
    gboolean ended = self->following_live;
    self->following_live = news->live;
    vitrine_session_notify_following(self);
    if (ended)
      vitrine_session_info(self, "The training has ended");
  }
}

/* ---- from outside ------------------------------------------------------------------------ */

const char *
vitrine_session_get_following(VitrineSession *self)
{
  return self->following;
}

void
vitrine_session_set_followable(VitrineSession *self, char *run_dir)
{
  g_free(self->followable);
  self->followable = run_dir;
  vitrine_session_notify_following(self);
}

void
vitrine_session_follow(VitrineSession *self, const char *run_dir)
{
  g_autofree char *path = g_canonicalize_filename(run_dir, NULL);

  if (g_strcmp0(path, self->following) == 0)
    return;
  clear(self);
  g_autofree char *dir = self->model ? g_path_get_dirname(self->model->path) : NULL;
  g_autofree char *open_in = dir ? g_canonicalize_filename(dir, NULL) : NULL;
  self->following = g_steal_pointer(&path);
  self->own_snapshot = g_strcmp0(open_in, self->following) == 0;
  self->follow = vitrine_follow_new(self->following, self->own_snapshot ? self->model->path : NULL,
                                    news_cb, self);
  g_clear_pointer(&self->followable, g_free);
  set_wants_first(self, !self->model);
  vitrine_session_notify_following(self);
}

void
vitrine_session_unfollow(VitrineSession *self)
{
  if (!self->following)
    return;
  g_autofree char *run_dir = g_strdup(self->following);
  gboolean live = self->following_live;
  clear(self);
  set_wants_first(self, FALSE);
  vitrine_session_set_followable(self, live ? g_steal_pointer(&run_dir) : NULL);
}

void
vitrine_session_end_following(VitrineSession *self)
{
  if (!self->following)
    return;
  g_autofree char *name = g_path_get_basename(self->following);
  clear(self);
  set_wants_first(self, FALSE);
  vitrine_session_notify_following(self);
  vitrine_session_info(self, "No longer following %s", name);
}
