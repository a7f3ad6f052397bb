#include "app/explore/vitrine-face-pictures.h"
#include "app/grid/vitrine-picture.h"
#include "engine/directions/seeds.h"
#include "engine/explore/nets.h"
#include "engine/explore/preview.h"
#include "engine/kernels/element.h"

/* Enough for a tile on a screen of double density. */
#define RESOLUTION 128
/* Drawn at once: some ten milliseconds where the model is small. */
#define BATCH 4
/* Of one model, so many are kept: 50 MB. */
#define KEPT 1000

struct _VitrineFacePictures {
  GObject parent_instance;
  VitrineSession *session; /* NULL: closed */
  GHashTable *textures;    /* seed -> GdkTexture */
  GArray *wanted;          /* of guint32 */
  VitrineTaskClass class;
  guint task;
  gboolean failed;
};

static guint drawn_signal, failed_signal;

G_DEFINE_FINAL_TYPE(VitrineFacePictures, vitrine_face_pictures, G_TYPE_OBJECT)

/* ---- on the render thread ---------------------------------------------------------------- */

typedef struct {
  int n;
  guint32 seeds[BATCH];
} Job;

typedef struct {
  int n;
  guint32 seeds[BATCH];
  GdkTexture *textures[BATCH];
  char *error;
} News;

static void
news_free(gpointer data)
{
  News *news = data;

  for (int i = 0; i < news->n; i++)
    g_clear_object(&news->textures[i]);
  g_free(news->error);
  g_free(news);
}

static GdkTexture *
texture_of(guint8 *rgb, int h, int w, int bytes)
{
  const SgPicture one = {.faces = 1, .width = w, .height = h, .bytes = bytes, .rgb = rgb};

  return vitrine_picture_texture(&one);
}

static gboolean
draw(const Job *job, SgRenderer *renderer, News *news, GError **error)
{
  const SgModelInfo *info = &sg_renderer_model(renderer)->info;
  const SgPrune as_stored = {0};
  const SgNets *nets = sg_renderer_nets(renderer, &as_stored, error);
  g_autoptr(GPtrArray) recipes = g_ptr_array_new_with_free_func((GDestroyNotify)sg_recipe_free);

  if (!nets)
    return FALSE;
  for (int i = 0; i < job->n; i++) {
    SgRecipe *r = sg_recipe_new(info->z_dim, info->w_dim);
    r->seed = job->seeds[i];
    r->label = sg_seeds_label(nets->mapping, -1, job->seeds[i]);
    g_ptr_array_add(recipes, r);
  }
  g_autoptr(SgTensor) pictures =
      sg_preview_pictures(renderer, job->n, (SgRecipe **)recipes->pdata, RESOLUTION, error);
  if (!pictures)
    return FALSE;
  int h = (int)pictures->shape[2], w = (int)pictures->shape[3];
  int bytes = (int)k_drawn_bytes((unsigned)pictures->shape[1]);
  gsize face = (gsize)h * (gsize)w * (gsize)bytes;
  g_autofree guint8 *rgb = g_malloc((gsize)job->n * face);
  sg_image_to_rgb8(pictures, rgb);
  for (news->n = 0; news->n < job->n; news->n++) {
    news->seeds[news->n] = job->seeds[news->n];
    news->textures[news->n] = texture_of(rgb + (gsize)news->n * face, h, w, bytes);
  }
  return TRUE;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  News *news = g_new0(News, 1);
  g_autoptr(GError) error = NULL;

  if (!draw(data, renderer, news, &error))
    news->error = g_strdup(error->message);
  *out = news;
  return FALSE;
}

/* ---- on the main thread ------------------------------------------------------------------ */

static gpointer
key_of(guint32 seed)
{
  return GUINT_TO_POINTER(seed);
}

static void
begin(VitrineFacePictures *self)
{
  Job job = {0};

  if (!self->session || self->task || self->failed)
    return;
  guint at = 0;
  for (; at < self->wanted->len && job.n < BATCH; at++) {
    guint32 seed = g_array_index(self->wanted, guint32, at);
    if (!g_hash_table_contains(self->textures, key_of(seed)))
      job.seeds[job.n++] = seed;
  }
  if (at)
    g_array_remove_range(self->wanted, 0, at);
  if (job.n > 0)
    self->task = vitrine_view_start_task(vitrine_session_get_view(self->session), &self->class,
                                         g_memdup2(&job, sizeof job), self);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineFacePictures *self = user_data;
  News *news = data;

  if (finished) {
    self->task = 0;
    begin(self);
    return;
  }
  if (g_hash_table_size(self->textures) > KEPT)
    g_hash_table_remove_all(self->textures);
  g_object_ref(self); /* who hears of it may be closed by it */
  for (int i = 0; i < news->n; i++) {
    g_hash_table_insert(self->textures, key_of(news->seeds[i]), g_object_ref(news->textures[i]));
    g_signal_emit(self, drawn_signal, 0, (guint)news->seeds[i]);
  }
  if (news->error) {
    self->failed = TRUE; /* it would only fail again */
    g_signal_emit(self, failed_signal, 0, news->error);
  }
  g_object_unref(self);
}

GdkTexture *
vitrine_face_pictures_get(VitrineFacePictures *self, guint32 seed)
{
  g_return_val_if_fail(VITRINE_IS_FACE_PICTURES(self), NULL);
  return g_hash_table_lookup(self->textures, key_of(seed));
}

void
vitrine_face_pictures_want(VitrineFacePictures *self, gsize n, const guint32 *seeds)
{
  g_return_if_fail(VITRINE_IS_FACE_PICTURES(self));
  g_array_set_size(self->wanted, 0);
  g_array_append_vals(self->wanted, seeds, (guint)n);
  begin(self);
}

/* ---- models ------------------------------------------------------------------------------ */

static void
stop(VitrineFacePictures *self)
{
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
}

static void
forget_cb(VitrineFacePictures *self)
{
  stop(self);
  self->failed = FALSE;
  g_hash_table_remove_all(self->textures);
  g_array_set_size(self->wanted, 0);
}

void
vitrine_face_pictures_close(VitrineFacePictures *self)
{
  g_return_if_fail(VITRINE_IS_FACE_PICTURES(self));
  if (!self->session)
    return;
  stop(self);
  g_signal_handlers_disconnect_by_data(self->session, self);
  g_clear_object(&self->session);
}

static void
vitrine_face_pictures_dispose(GObject *object)
{
  VitrineFacePictures *self = VITRINE_FACE_PICTURES(object);

  vitrine_face_pictures_close(self);
  g_clear_pointer(&self->textures, g_hash_table_unref);
  g_clear_pointer(&self->wanted, g_array_unref);
  G_OBJECT_CLASS(vitrine_face_pictures_parent_class)->dispose(object);
}

static void
vitrine_face_pictures_class_init(VitrineFacePicturesClass *class)
{
  GType type = G_TYPE_FROM_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_face_pictures_dispose;
  drawn_signal = g_signal_new("drawn", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                              G_TYPE_UINT);
  failed_signal = g_signal_new("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                               1, G_TYPE_STRING);
}

static void
vitrine_face_pictures_init(VitrineFacePictures *self)
{
  self->class = (VitrineTaskClass){
      .step = step, .news = news_cb, .free_news = news_free, .free_data = g_free, .resumes = TRUE};
  self->textures = g_hash_table_new_full(NULL, NULL, NULL, g_object_unref);
  self->wanted = g_array_new(FALSE, FALSE, sizeof(guint32));
}

VitrineFacePictures *
vitrine_face_pictures_new(VitrineSession *session)
{
  VitrineFacePictures *self = g_object_new(VITRINE_TYPE_FACE_PICTURES, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(forget_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(forget_cb), self,
                          G_CONNECT_SWAPPED);
  return self;
}
