#include "app/session/vitrine-view.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/session/vitrine-pace.h"
#include "app/session/vitrine-sizes.h"
#include "app/grid/vitrine-picture.h"

/* A finger that rests for so long sees the picture grow, although it is still down. */
#define REST_MS 60
/* Who waits longer is told that something happens. */
#define BUSY_MS 300
/* Larger pictures have a score when it is asked for. */
#define SCORED_UNASKED 512

struct _VitrineView {
  GObject parent_instance;
  VitrineEditor *editor;
  VitrineDeviceChoice *device;
  VitrineMessages *messages;
  VitrineRenderThread *render; /* NULL: closed */

  int face_width, face_height; /* of the open model's pictures; 0: none is open */
  guint submit_source;         /* a request for the current recipe is to be made */
  gboolean stale;              /* the newest picture is not of the current recipe */
  VitrineSizes *sizes;         /* of pictures; NULL: no model yet */
  gboolean no_rough;           /* what moves is to be exact, too */
  gboolean rough;              /* the newest picture is not exact */
  int shown_size;              /* of one face in the newest picture */
  double needed;               /* pixels of one face on the screen; 0: not known */
  int drawn, drawn_of;         /* faces of the newest picture that are there, if others follow */
  gboolean busy;
  guint busy_source;
  gboolean refine;   /* the next request is for the same recipe, one size larger */
  guint rest_source; /* the finger may be resting */

  SgRecipe *shown;       /* of the newest whole picture */
  SgRecipe *part;        /* of a newer one that is not whole; or NULL */
  SgRecipe *original_of; /* what `original` shows */
  GdkTexture *texture, *original;
  int width, height;
  double seconds;
  gboolean overflow;
  char *score_text;
  double score; /* NaN: none */
  gboolean unscored;
  double *w_base; /* [w_dim], of the newest picture */
  double *influence[2];
};

enum {
  PROP_0,
  PROP_TEXTURE,
  PROP_ORIGINAL,
  PROP_RENDER_SECONDS,
  PROP_SCORE_TEXT,
  PROP_OVERFLOW,
  PROP_ROUGH,
  PROP_BUSY,
  PROP_UNSCORED,
  N_PROPS
};
enum { PICTURE_CHANGED, INFLUENCE_CHANGED, N_SIGNALS };

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineView, vitrine_view, G_TYPE_OBJECT)

static void
notify(VitrineView *self, int prop)
{
  g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

static void
set_texture(VitrineView *self, GdkTexture **place, GdkTexture *texture, int prop)
{
  if (g_set_object(place, texture))
    notify(self, prop);
}

static void
set_score_text(VitrineView *self, const char *text)
{
  if (g_strcmp0(self->score_text, text) == 0)
    return;
  g_free(self->score_text);
  self->score_text = g_strdup(text);
  notify(self, PROP_SCORE_TEXT);
}

static void
set_unscored(VitrineView *self, gboolean unscored)
{
  vitrine_render_thread_score(self->render, !unscored);
  if (self->unscored == unscored)
    return;
  self->unscored = unscored;
  notify(self, PROP_UNSCORED);
}

/* ---- asking for pictures ----------------------------------------------------------------- */

gboolean
vitrine_view_can_be_rough(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), FALSE);
  return !self->no_rough && sg_backend_rough(vitrine_device_choice_get_backend(self->device));
}

/* A first answer to a change within a frame; then the same picture larger, step by step, which
 * goes on from what the smaller one left. */
static gboolean
submit_cb(gpointer data)
{
  VitrineView *self = data;
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  VitrinePictureWish wish = {.refines = self->refine};
  gint64 now = g_get_monotonic_time();

  self->submit_source = 0;
  if (!recipe || !self->sizes)
    return G_SOURCE_REMOVE;
  vitrine_sizes_set_faces(self->sizes, recipe->faces, now);
  int size =
      vitrine_sizes_first(self->sizes, vitrine_view_can_be_rough(self), &wish.will_be_rough, now);
  wish.first_resolution = size < vitrine_sizes_whole(self->sizes) ? size : 0;
  if (self->refine)
    size = vitrine_sizes_next(self->sizes, self->shown_size);
  wish.rough = wish.will_be_rough && !self->refine;
  wish.settles = size == vitrine_sizes_last(self->sizes) && !wish.rough;
  wish.max_resolution = size < vitrine_sizes_whole(self->sizes) ? size : 0;
  vitrine_render_thread_request(self->render, recipe, wish);
  return G_SOURCE_REMOVE;
}

static gboolean
busy_cb(gpointer data)
{
  VitrineView *self = data;

  self->busy_source = 0;
  self->busy = TRUE;
  notify(self, PROP_BUSY);
  return G_SOURCE_REMOVE;
}

/* Whether somebody waits. */
static void
set_waiting(VitrineView *self, gboolean waiting)
{
  if (waiting && !self->busy && !self->busy_source)
    self->busy_source = g_timeout_add(BUSY_MS, busy_cb, self);
  if (waiting)
    return;
  g_clear_handle_id(&self->busy_source, g_source_remove);
  if (self->busy) {
    self->busy = FALSE;
    notify(self, PROP_BUSY);
  }
}

/* After the events that are waiting, before GTK draws: at most one request a frame. */
static void
queue_request(VitrineView *self, gboolean refine)
{
  self->stale = TRUE;
  self->refine = refine;
  g_clear_handle_id(&self->rest_source, g_source_remove);
  if (self->sizes)
    set_waiting(self, TRUE);
  if (!self->submit_source && self->render)
    self->submit_source = g_idle_add_full(G_PRIORITY_HIGH_IDLE + 5, submit_cb, self, NULL);
}

static void
queue_submit(VitrineView *self)
{
  queue_request(self, FALSE);
}

static gboolean
rest_cb(gpointer data)
{
  VitrineView *self = data;

  self->rest_source = 0;
  queue_request(self, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
is_reduced(const VitrineView *self)
{
  return self->sizes && self->texture &&
         (self->rough || self->shown_size < vitrine_sizes_last(self->sizes));
}

static void
gesture_cb(VitrineView *self)
{
  if (!vitrine_editor_in_gesture(self->editor) && is_reduced(self) && !self->stale)
    queue_request(self, TRUE);
}

/* ---- what comes back --------------------------------------------------------------------- */

/* Learns what the picture took, and asks for a larger one of the same recipe where there is one.
 * `refined`: it went on from a smaller one, or from itself, and says nothing about its size. */
static void
take_speed(VitrineView *self, const VitrineFrame *frame, gboolean refined)
{
  gint64 now = g_get_monotonic_time();

  vitrine_sizes_set_faces(self->sizes, self->shown->faces, now);
  if (!refined)
    vitrine_sizes_took(self->sizes, frame->size, frame->rough, frame->seconds, now);
  self->shown_size = frame->size;
  if ((!frame->rough && frame->size >= vitrine_sizes_last(self->sizes)) || self->stale)
    return;
  if (!vitrine_editor_in_gesture(self->editor))
    queue_request(self, TRUE);
  else if (!self->rest_source)
    self->rest_source = g_timeout_add(REST_MS, rest_cb, self);
}

static gboolean
is_part(const VitrineFrame *frame)
{
  return !frame->error && frame->drawn < frame->recipe->faces;
}

static void
take_layout(VitrineView *self, const SgRecipe *recipe)
{
  int columns, rows;

  vitrine_picture_layout(recipe->faces, &columns, &rows);
  self->width = columns * self->face_width;
  self->height = rows * self->face_height;
}

static void
set_rough(VitrineView *self, gboolean rough)
{
  if (self->rough == rough)
    return;
  self->rough = rough;
  notify(self, PROP_ROUGH);
}

/* Some faces of a picture. What one takes is learnt of it only if it is likely to be given up:
 * otherwise the whole one says it better. */
static void
take_part(VitrineView *self, const VitrineFrame *frame)
{
  gboolean first = !self->shown || !sg_recipe_equal(self->shown, frame->recipe);

  if (first && self->stale && vitrine_sizes_get_faces(self->sizes) == frame->recipe->faces)
    vitrine_sizes_took(self->sizes, frame->size, frame->rough, frame->seconds,
                       g_get_monotonic_time());
  take_layout(self, frame->recipe);
  sg_recipe_free(self->part);
  self->part = sg_recipe_copy(frame->recipe);
  self->drawn = frame->drawn;
  self->drawn_of = frame->recipe->faces;
  self->stale = TRUE;
  set_texture(self, &self->texture, frame->texture, PROP_TEXTURE);
  set_rough(self, frame->rough);
}

static void
take_whole(VitrineView *self, VitrineFrame *frame)
{
  vitrine_device_choice_drew(self->device, &frame->device);
  take_layout(self, frame->recipe);
  self->drawn = self->drawn_of = 0;
  g_free(self->w_base);
  self->w_base = g_steal_pointer(&frame->w);
  self->seconds = frame->seconds;
  gboolean other = self->overflow != frame->overflow;
  self->overflow = frame->overflow;
  self->stale = !sg_recipe_equal(frame->recipe, vitrine_editor_get_recipe(self->editor)) ||
                frame->weights != vitrine_render_thread_get_weights(self->render);
  gboolean was_rough = self->rough;
  gboolean refined =
      self->shown && sg_recipe_equal(self->shown, frame->recipe) && was_rough == frame->rough;
  self->rough = frame->rough;
  sg_recipe_free(self->shown);
  self->shown = g_steal_pointer(&frame->recipe);
  g_clear_pointer(&self->part, sg_recipe_free);
  if (!self->busy) /* what comes is not waited for yet */
    set_waiting(self, FALSE);
  take_speed(self, frame, refined);
  if (!self->stale)
    set_waiting(self, FALSE);
  set_texture(self, &self->texture, frame->texture, PROP_TEXTURE);
  notify(self, PROP_RENDER_SECONDS);
  if (was_rough != self->rough)
    notify(self, PROP_ROUGH);
  if (other)
    notify(self, PROP_OVERFLOW);
}

static void
take_frame(VitrineView *self, VitrineFrame *frame)
{
  if (frame->error)
    set_waiting(self, FALSE);
  if (frame->error && vitrine_device_choice_take_error(self->device, frame->error))
    return;
  if (frame->error)
    vitrine_messages_error(self->messages, _("The picture could not be made"),
                           frame->error->message);
  else if (is_part(frame))
    take_part(self, frame);
  else
    take_whole(self, frame);
}

/* NULL beside a new picture: not known yet. One of older weights stays until then: whoever compares
 * sees no gap. */
static void
take_original(VitrineView *self, GdkTexture *original)
{
  SgRecipe *plain = self->shown ? sg_recipe_unmodified(self->shown) : NULL;

  if (!original && plain && self->original_of && sg_recipe_equal(plain, self->original_of)) {
    sg_recipe_free(plain);
    return;
  }
  sg_recipe_free(self->original_of);
  self->original_of = plain;
  set_texture(self, &self->original, original, PROP_ORIGINAL);
}

static void
deliver(VitrineReport *report, gpointer user_data)
{
  g_autoptr(VitrineView) self = g_object_ref(user_data);

  gboolean part = report->frame && is_part(report->frame);

  if (report->frame)
    take_frame(self, report->frame);
  if ((report->frame && !part) || report->original)
    take_original(self, report->original);
  if (report->frame)
    g_signal_emit(self, signals[PICTURE_CHANGED], 0);
  if (report->score_text) {
    self->score = report->score;
    set_score_text(self, report->score_text);
  }
  if (report->influence) {
    for (guint i = 0; i < report->influence->len; i++) {
      VitrineInfluence *one = &g_array_index(report->influence, VitrineInfluence, i);
      self->influence[one->space][one->dim] = one->value;
    }
    g_signal_emit(self, signals[INFLUENCE_CHANGED], 0);
  }
}

/* ---- renderers --------------------------------------------------------------------------- */

static double *
unmeasured(int n)
{
  double *v = g_new(double, n);
  for (int i = 0; i < n; i++)
    v[i] = NAN;
  return v;
}

void
vitrine_view_set_renderer(VitrineView *self, SgRenderer *renderer)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  const SgModelInfo *info = &sg_renderer_model(renderer)->info;

  self->face_width = sg_info_width(info);
  self->face_height = sg_info_height(info);
  g_clear_pointer(&self->original_of, sg_recipe_free);
  g_clear_pointer(&self->w_base, g_free);
  int sizes[VITRINE_PACE_MAX];
  double shares[VITRINE_PACE_MAX];
  int n = sg_renderer_sizes(renderer, VITRINE_PACE_MAX, sizes, shares);
  g_clear_pointer(&self->sizes, vitrine_sizes_free);
  self->sizes = vitrine_sizes_new(n, sizes, shares);
  vitrine_sizes_set_needed(self->sizes, self->needed);
  for (int space = 0; space < 2; space++) {
    g_free(self->influence[space]);
    self->influence[space] = unmeasured(space == SG_SPACE_Z ? info->z_dim : info->w_dim);
  }
  set_unscored(self, info->has_d && info->img_resolution > SCORED_UNASKED);
  vitrine_render_thread_set_renderer(self->render, renderer);
  set_texture(self, &self->original, NULL, PROP_ORIGINAL);
  self->score = NAN;
  set_score_text(self, "");
}

void
vitrine_view_set_weights(VitrineView *self, SgRenderer *renderer, gboolean faster)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  if (faster && self->sizes)
    vitrine_sizes_forget(self->sizes);
  vitrine_render_thread_set_weights(self->render, renderer);
  queue_submit(self);
}

/* ---- what is read ------------------------------------------------------------------------ */

GdkTexture *
vitrine_view_get_texture(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), NULL);
  return self->texture;
}

GdkTexture *
vitrine_view_get_original(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), NULL);
  return self->original;
}

void
vitrine_view_get_picture_size(VitrineView *self, int *width, int *height)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  *width = self->width;
  *height = self->height;
}

const SgRecipe *
vitrine_view_get_drawn(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), NULL);
  return self->part ? self->part : self->shown;
}

gboolean
vitrine_view_is_current(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), FALSE);
  return self->texture && !self->stale && !self->rough && !self->submit_source;
}

gboolean
vitrine_view_get_rough(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), FALSE);
  return self->rough;
}

gboolean
vitrine_view_get_busy(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), FALSE);
  return self->busy;
}

void
vitrine_view_get_progress(VitrineView *self, int *drawn, int *faces)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  *drawn = self->drawn;
  *faces = self->drawn_of;
}

void
vitrine_view_set_shown_size(VitrineView *self, double pixels)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  self->needed = pixels;
  if (self->sizes)
    vitrine_sizes_set_needed(self->sizes, pixels);
  if (is_reduced(self) && !self->stale && !vitrine_editor_in_gesture(self->editor))
    queue_request(self, TRUE);
}

void
vitrine_view_set_rough_allowed(VitrineView *self, gboolean allowed)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  self->no_rough = !allowed;
}

void
vitrine_view_score(VitrineView *self)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  if (self->unscored && self->render)
    set_unscored(self, FALSE);
}

gboolean
vitrine_view_get_unscored(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), FALSE);
  return self->unscored;
}

gboolean
vitrine_view_get_overflow(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), FALSE);
  return self->overflow;
}

const double *
vitrine_view_get_base(VitrineView *self, SgSpace space)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), NULL);
  if (space == SG_SPACE_Z)
    return vitrine_editor_get_base_z(self->editor);
  return vitrine_editor_get_recipe(self->editor) ? self->w_base : NULL;
}

const double *
vitrine_view_get_influence(VitrineView *self, SgSpace space)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), NULL);
  return self->influence[space];
}

void
vitrine_view_start_influence(VitrineView *self)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  vitrine_render_thread_measure(self->render, TRUE, vitrine_editor_get_space(self->editor));
}

void
vitrine_view_stop_influence(VitrineView *self)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  vitrine_render_thread_measure(self->render, FALSE, vitrine_editor_get_space(self->editor));
}

/* ---- tasks and jobs ---------------------------------------------------------------------- */

guint
vitrine_view_start_task(VitrineView *self, const VitrineTaskClass *class, gpointer data,
                        gpointer user_data)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), 0);
  if (self->face_width && self->render)
    return vitrine_render_thread_start_task(self->render, class, data, user_data);
  if (class->free_data)
    class->free_data(data);
  return 0;
}

void
vitrine_view_stop_task(VitrineView *self, guint id)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  if (self->render)
    vitrine_render_thread_stop_task(self->render, id);
}

void
vitrine_view_run(VitrineView *self, VitrineJobFunc run, gpointer data)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  vitrine_render_thread_run(self->render, run, data);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_view_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineView *self = VITRINE_VIEW(object);

  switch (id) {
  case PROP_TEXTURE:
    g_value_set_object(value, self->texture);
    break;
  case PROP_ORIGINAL:
    g_value_set_object(value, self->original);
    break;
  case PROP_RENDER_SECONDS:
    g_value_set_double(value, self->seconds);
    break;
  case PROP_SCORE_TEXT:
    g_value_set_string(value, self->score_text ? self->score_text : "");
    break;
  case PROP_OVERFLOW:
    g_value_set_boolean(value, self->overflow);
    break;
  case PROP_ROUGH:
    g_value_set_boolean(value, self->rough);
    break;
  case PROP_BUSY:
    g_value_set_boolean(value, self->busy);
    break;
  case PROP_UNSCORED:
    g_value_set_boolean(value, self->unscored);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

double
vitrine_view_get_score(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), NAN);
  return self->score;
}

void
vitrine_view_close(VitrineView *self)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  g_clear_handle_id(&self->submit_source, g_source_remove);
  g_clear_handle_id(&self->rest_source, g_source_remove);
  g_clear_handle_id(&self->busy_source, g_source_remove);
  g_clear_pointer(&self->render, vitrine_render_thread_free);
}

static void
vitrine_view_dispose(GObject *object)
{
  VitrineView *self = VITRINE_VIEW(object);

  vitrine_view_close(self);
  g_clear_object(&self->texture);
  g_clear_object(&self->original);
  g_clear_object(&self->editor);
  g_clear_object(&self->device);
  g_clear_object(&self->messages);
  G_OBJECT_CLASS(vitrine_view_parent_class)->dispose(object);
}

static void
vitrine_view_finalize(GObject *object)
{
  VitrineView *self = VITRINE_VIEW(object);

  vitrine_sizes_free(self->sizes);
  sg_recipe_free(self->shown);
  sg_recipe_free(self->part);
  sg_recipe_free(self->original_of);
  g_free(self->score_text);
  g_free(self->w_base);
  g_free(self->influence[0]);
  g_free(self->influence[1]);
  G_OBJECT_CLASS(vitrine_view_parent_class)->finalize(object);
}

static void
vitrine_view_class_init(VitrineViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GType type = G_TYPE_FROM_CLASS(class);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = vitrine_view_get_property;
  object_class->dispose = vitrine_view_dispose;
  object_class->finalize = vitrine_view_finalize;
  props[PROP_TEXTURE] = g_param_spec_object("texture", NULL, NULL, GDK_TYPE_TEXTURE, flags);
  props[PROP_ORIGINAL] =
      g_param_spec_object("original-texture", NULL, NULL, GDK_TYPE_TEXTURE, flags);
  props[PROP_RENDER_SECONDS] =
      g_param_spec_double("render-seconds", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  props[PROP_SCORE_TEXT] = g_param_spec_string("score-text", NULL, NULL, "", flags);
  props[PROP_OVERFLOW] = g_param_spec_boolean("overflow", NULL, NULL, FALSE, flags);
  props[PROP_ROUGH] = g_param_spec_boolean("rough", NULL, NULL, FALSE, flags);
  props[PROP_BUSY] = g_param_spec_boolean("busy", NULL, NULL, FALSE, flags);
  props[PROP_UNSCORED] = g_param_spec_boolean("unscored", NULL, NULL, FALSE, flags);
  g_object_class_install_properties(object_class, N_PROPS, props);
  signals[PICTURE_CHANGED] =
      g_signal_new("picture-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[INFLUENCE_CHANGED] = g_signal_new("influence-changed", type, G_SIGNAL_RUN_LAST, 0, NULL,
                                            NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_view_init(VitrineView *self)
{
  self->score = NAN;
  self->render = vitrine_render_thread_new(deliver, self);
}

VitrineView *
vitrine_view_new(VitrineEditor *editor, VitrineDeviceChoice *device, VitrineMessages *messages)
{
  VitrineView *self = g_object_new(VITRINE_TYPE_VIEW, NULL);

  self->editor = g_object_ref(editor);
  self->device = g_object_ref(device);
  self->messages = g_object_ref(messages);
  g_signal_connect_object(editor, "changed", G_CALLBACK(queue_submit), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(editor, "notify::gesture", G_CALLBACK(gesture_cb), self,
                          G_CONNECT_SWAPPED);
  return self;
}
