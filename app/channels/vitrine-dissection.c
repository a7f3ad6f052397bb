#include "app/channels/vitrine-dissection.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/figures/figure.h"
#include "app/grid/vitrine-picture.h"
#include "engine/kernels/element.h"

static void
query_free(gpointer data)
{
  VitrineDissectionQuery *q = data;

  sg_recipe_free(q->recipe);
  g_free(q->layer);
  g_free(q);
}

static VitrineDissectionQuery *
query_copy(const VitrineDissectionQuery *q)
{
  VitrineDissectionQuery *copy = g_memdup2(q, sizeof *q);

  copy->recipe = sg_recipe_copy(q->recipe);
  copy->layer = g_strdup(q->layer);
  return copy;
}

static void
clear(gpointer data)
{
  VitrineDissection *d = data;

  query_free(d->query);
  sg_tensor_unref(d->before);
  sg_tensor_unref(d->after);
  g_clear_object(&d->texture);
  g_free(d->error);
}

VitrineDissection *
vitrine_dissection_ref(VitrineDissection *d)
{
  return g_atomic_rc_box_acquire(d);
}

void
vitrine_dissection_unref(VitrineDissection *d)
{
  if (d)
    g_atomic_rc_box_release_full(d, clear);
}

/* ---- on the render thread ---------------------------------------------------------------- */

static gboolean
score(SgRenderer *r, const SgTensor *picture, const SgRecipe *recipe, double *logit, GError **error)
{
  *logit = NAN;
  return !sg_renderer_model(r)->info.has_d ||
         sg_renderer_score(r, picture, &recipe->label, 1, logit, error);
}

static GdkTexture *
texture_of(const SgTensor *picture)
{
  int h = (int)picture->shape[2], w = (int)picture->shape[3];
  int bytes = (int)k_drawn_bytes((unsigned)picture->shape[1]);
  g_autofree guint8 *rgb = g_malloc((gsize)h * (gsize)w * (gsize)bytes);
  const SgPicture one = {.faces = 1, .width = w, .height = h, .bytes = bytes, .rgb = rgb};

  sg_image_to_rgb8(picture, rgb);
  return vitrine_picture_texture(&one);
}

static gboolean
dissect(VitrineDissection *d, SgRenderer *r, GError **error)
{
  const VitrineDissectionQuery *q = d->query;
  const SgModelInfo *info = &sg_renderer_model(r)->info;
  g_autoptr(SgMask) mask =
      q->region.w > 0 ? sg_mask_new_region(sg_info_height(info), sg_info_width(info), &q->region)
                      : NULL;
  const SgChannelEdit edit = {.stage = q->stage,
                              .act = q->act,
                              .n = 1,
                              .channels = &q->channel,
                              .amount = q->amount,
                              .mask = mask};

  d->before = sg_renderer_render_float(r, q->recipe, error);
  d->after = d->before ? sg_channel_edit_draw(r, q->recipe, &edit, error) : NULL;
  if (!d->after || !score(r, d->before, q->recipe, &d->logit_before, error) ||
      !score(r, d->after, q->recipe, &d->logit, error))
    return FALSE;
  d->inside = sg_mask_change(mask, d->after, d->before, TRUE);
  d->outside = sg_mask_change(mask, d->after, d->before, FALSE);
  d->texture = texture_of(d->after);
  return TRUE;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  VitrineDissection *d = g_atomic_rc_box_new0(VitrineDissection);
  g_autoptr(GError) error = NULL;

  d->query = query_copy(data);
  if (!dissect(d, renderer, &error))
    d->error = g_strdup(error->message);
  *news = d;
  return FALSE;
}

static void
news_free(gpointer news)
{
  vitrine_dissection_unref(news);
}

guint
vitrine_dissection_start(VitrineView *view, VitrineDissectionQuery *query,
                         void (*news)(gpointer, gboolean, gpointer), gpointer user_data)
{
  const VitrineTaskClass class = {
      .step = step, .news = news, .free_news = news_free, .free_data = query_free, .resumes = TRUE};

  return vitrine_view_start_task(view, &class, query, user_data);
}

/* ---- for people -------------------------------------------------------------------------- */

char *
vitrine_dissection_title(const VitrineDissection *d)
{
  const VitrineDissectionQuery *q = d->query;
  g_autofree char *what =
      q->act == SG_CHANNEL_MUTE ? g_strdup_printf(_("Channel %d of %s muted"), q->channel, q->layer)
      : q->act == SG_CHANNEL_SOLO
          ? g_strdup_printf(_("Channel %d of %s alone"), q->channel, q->layer)
          : g_strdup_printf(_("Channel %d of %s, %+.2f added"), q->channel, q->layer, q->amount);

  if (q->region.w == 0)
    return g_steal_pointer(&what);
  return g_strdup_printf(_("%s in %d × %d pixels at %d, %d"), what, q->region.w, q->region.h,
                         q->region.x, q->region.y);
}

typedef struct {
  VitrineDissection *d;
  char *path, *recipe;
  VitrineSession *session; /* owned, let go on the main thread */
} Save;

static guint8 *
rgb_of(const SgTensor *picture)
{
  gsize pixels = (gsize)(picture->shape[2] * picture->shape[3]);
  gsize bytes = k_drawn_bytes((unsigned)picture->shape[1]);
  g_autofree guint8 *drawn = g_malloc(bytes * pixels);
  guint8 *rgb = g_malloc(3 * pixels);

  sg_image_to_rgb8(picture, drawn);
  for (gsize i = 0; i < pixels; i++)
    memcpy(rgb + 3 * i, drawn + bytes * i, 3);
  return rgb;
}

static char *
scored(const char *name, double logit)
{
  g_autofree char *score = g_strdup_printf(_("score %.2f"), logit);

  return isnan(logit) ? g_strdup(name) : g_strdup_printf("%s\n%s", name, score);
}

/* The recipe is the face's before: that is what opens again. */
static void
write_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Save *s = data;
  const VitrineDissection *d = s->d;
  int h = (int)d->before->shape[2], w = (int)d->before->shape[3];
  g_autofree guint8 *before = rgb_of(d->before), *after = rgb_of(d->after);
  g_autofree char *title = vitrine_dissection_title(d);
  g_autofree char *first = scored(_("before"), d->logit_before);
  g_autofree char *second = scored(_("after"), d->logit);
  const VitrineTile tiles[] = {{before, first, FALSE}, {after, second, FALSE}};
  GError *error = NULL;

  if (vitrine_figure_tiles_with_recipe(s->path, title, w, h, 2, tiles, 2, NULL, s->recipe, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Save *s = data;
  g_autofree char *name = g_filename_display_basename(s->path);
  g_autofree char *text = g_strdup_printf(_("Saved %s"), name);
  g_autoptr(GError) error = NULL;

  if (g_task_propagate_boolean(G_TASK(result), &error))
    vitrine_session_say(s->session, text, FALSE);
  else
    vitrine_session_error(s->session, _("The file could not be saved"), error->message);
  vitrine_saver_add(vitrine_session_get_saver(s->session), -1);
  vitrine_dissection_unref(s->d);
  g_object_unref(s->session);
  g_free(s->path);
  g_free(s->recipe);
  g_free(s);
}

void
vitrine_dissection_save(VitrineDissection *d, VitrineSession *session, GFile *file)
{
  char *path = g_file_get_path(file);

  if (!path) {
    g_autofree char *uri = g_file_get_uri(file);
    g_autofree char *text =
        g_strdup_printf(_("%s is not on this computer. Choose a local folder."), uri);
    vitrine_session_error(session, _("This place cannot be written to"), text);
    return;
  }
  Save *s = g_new0(Save, 1);
  s->d = vitrine_dissection_ref(d);
  s->path = path;
  s->recipe = sg_recipe_to_json(d->query->recipe, vitrine_session_get_model(session)->hash, NULL);
  s->session = g_object_ref(session);
  vitrine_saver_add(vitrine_session_get_saver(session), 1);
  g_autoptr(GTask) task = g_task_new(NULL, NULL, written_cb, s);
  g_task_set_task_data(task, s, NULL);
  g_task_run_in_thread(task, write_worker);
}
