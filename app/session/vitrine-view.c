#include "app/session/vitrine-view.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/session/vitrine-pace.h"
#include "app/grid/vitrine-picture.h"

/* What moves is shown as large as it can be within a frame, where the model has smaller
 * pictures. */
#define FRAME_SECONDS  0.016
#define MIN_RESOLUTION 32
/* A finger that rests for so long sees the picture grow, although it is still down. */
#define REST_MS 60
/* Who waits longer is told that something happens. */
#define BUSY_MS 300
/* All faces of a grid together have at most so many pixels: 16 whole faces of 1024×1024. */
#define MOST_PIXELS ((gint64)1 << 24)
/* A model that draws more than that many pixels a side begins with a small picture, before it is
 * known what any takes. */
#define SMALL_FIRST 256

struct _VitrineView {
  GObject parent_instance;
  VitrineEditor *editor;
  VitrineDeviceChoice *device;
  VitrineMessages *messages;
  VitrineRenderThread *render; /* NULL: closed */

  int face_width, face_height; /* of the open model's pictures; 0: none is open */
  guint submit_source;         /* a request for the current recipe is to be made */
  gboolean stale;              /* the newest picture is not of the current recipe */
  VitrinePace *pace;           /* what each size costs; NULL: no renderer yet */
  VitrinePace *rough_pace;     /* the same in bf16 */
  gboolean no_rough;           /* what moves is to be exact, too */
  gboolean rough;              /* the newest picture is not exact */
  int faces;                   /* that it knows of */
  int n_sizes, sizes[VITRINE_PACE_MAX];
  double shares[VITRINE_PACE_MAX];
  int shown_size;      /* of one face in the newest picture */
  double needed;       /* pixels of one face on the screen; 0: not known */
  int drawn, drawn_of; /* faces of the newest picture that are there, if others follow */
  gboolean busy;
  guint busy_source;
  gboolean refine;   /* the next request is for the same recipe, one size larger */
  guint rest_source; /* the finger may be resting */

  SgRecipe *shown;       /* of the newest picture */
  SgRecipe *original_of; /* what `original` shows */
  GdkTexture *texture, *original;
  int width, height;
  double seconds;
  gboolean overflow;
  char *score_text;
  double score;   /* NaN: none */
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

/* ---- asking for pictures ----------------------------------------------------------------- */

static void
renew(VitrineView *self, VitrinePace **pace, int faces)
{
  VitrinePace *old = *pace;
  gint64 now = g_get_monotonic_time();
  int whole = self->sizes[self->n_sizes - 1];

  *pace = vitrine_pace_new(self->n_sizes, self->sizes, self->shares);
  if (old && self->faces > 0)
    vitrine_pace_took(*pace, whole, vitrine_pace_expect(old, whole, now) * faces / self->faces,
                      now);
  vitrine_pace_free(old);
}

/* What each size costs for that many faces; what was learnt with another number is the first
 * guess. */
static void
new_pace(VitrineView *self, int faces)
{
  renew(self, &self->pace, faces);
  renew(self, &self->rough_pace, faces);
  self->faces = faces;
}

/* Costs change with the weights. */
static void
forget_speed(VitrineView *self)
{
  g_clear_pointer(&self->pace, vitrine_pace_free);
  g_clear_pointer(&self->rough_pace, vitrine_pace_free);
  self->faces = 0;
}

/* The size that a picture ends with: no smaller than the screen shows it, as far as memory goes. 0:
 * no model. */
static int
last_size(const VitrineView *self)
{
  int last = self->n_sizes - 1, i = 0;

  if (self->n_sizes == 0)
    return 0;
  while (i < last && (self->needed <= 0 || self->sizes[i] < self->needed - 0.5))
    i++;
  while (i > 0 && self->faces * (gint64)self->sizes[i] * self->sizes[i] > MOST_PIXELS)
    i--;
  return self->sizes[i];
}

gboolean
vitrine_view_can_be_rough(VitrineView *self)
{
  g_return_val_if_fail(VITRINE_IS_VIEW(self), FALSE);
  return !self->no_rough && vitrine_device_choice_get_backend(self->device) == sg_backend_cpu() &&
         sg_backend_cpu_bf16(NULL);
}

/* In bf16 where that gives a larger picture within a frame than float does. Until it was tried it
 * is expected to take half as long. */
static int
choose_size(VitrineView *self, gboolean *rough)
{
  gint64 now = g_get_monotonic_time();
  int whole = vitrine_pace_whole(self->pace), last = last_size(self);
  int exact = MIN(vitrine_pace_choose(self->pace, FRAME_SECONDS, MIN_RESOLUTION, now), last);

  if (exact == last || !vitrine_view_can_be_rough(self))
    return exact;
  if (vitrine_pace_expect(self->rough_pace, whole, now) <= 0)
    vitrine_pace_took(self->rough_pace, whole, vitrine_pace_expect(self->pace, whole, now) / 2,
                      now);
  int size = MIN(vitrine_pace_choose(self->rough_pace, FRAME_SECONDS, MIN_RESOLUTION, now), last);
  *rough = size > exact;
  return MAX(size, exact);
}

/* Nothing has been drawn yet of a large model. */
static gboolean
is_unknown(const VitrineView *self)
{
  return vitrine_pace_whole(self->pace) > SMALL_FIRST &&
         vitrine_pace_expect(self->pace, vitrine_pace_whole(self->pace), g_get_monotonic_time()) <=
             0;
}

/* A first answer to a change within a frame; then the same picture larger, step by step, which
 * goes on from what the smaller one left. */
static int
wanted_size(VitrineView *self, gboolean *rough)
{
  *rough = FALSE;
  if (!self->pace)
    return 0;
  if (is_unknown(self))
    return MIN(vitrine_pace_smallest(self->pace, MIN_RESOLUTION), last_size(self));
  if (self->refine)
    return MIN(vitrine_pace_larger(self->pace, self->shown_size), last_size(self));
  return choose_size(self, rough);
}

static gboolean
submit_cb(gpointer data)
{
  VitrineView *self = data;
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);

  self->submit_source = 0;
  if (!recipe)
    return G_SOURCE_REMOVE;
  if (self->n_sizes && (!self->pace || self->faces != recipe->faces))
    new_pace(self, recipe->faces);
  VitrinePictureWish wish = {.refines = self->refine};
  int size = wanted_size(self, &wish.rough), last = last_size(self);
  wish.settles = size == last && !wish.rough;
  wish.max_resolution = self->pace && size < vitrine_pace_whole(self->pace) ? size : 0;
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
  if (self->n_sizes)
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
  return self->pace && self->texture && (self->rough || self->shown_size < last_size(self));
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
  if (!self->pace || self->faces != self->shown->faces)
    new_pace(self, self->shown->faces);
  if (!refined)
    vitrine_pace_took(frame->rough ? self->rough_pace : self->pace, frame->size, frame->seconds,
                      g_get_monotonic_time());
  self->shown_size = frame->size;
  if ((!frame->rough && frame->size >= last_size(self)) || self->stale)
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

  if (first && self->pace && self->faces == frame->recipe->faces && self->stale)
    vitrine_pace_took(frame->rough ? self->rough_pace : self->pace, frame->size, frame->seconds,
                      g_get_monotonic_time());
  take_layout(self, frame->recipe);
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
  forget_speed(self);
  self->n_sizes = sg_renderer_sizes(renderer, VITRINE_PACE_MAX, self->sizes, self->shares);
  for (int space = 0; space < 2; space++) {
    g_free(self->influence[space]);
    self->influence[space] = unmeasured(space == SG_SPACE_Z ? info->z_dim : info->w_dim);
  }
  vitrine_render_thread_set_renderer(self->render, renderer);
  set_texture(self, &self->original, NULL, PROP_ORIGINAL);
  self->score = NAN;
  set_score_text(self, "");
}

void
vitrine_view_set_weights(VitrineView *self, SgRenderer *renderer, gboolean faster)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  if (faster)
    forget_speed(self);
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
  if (is_reduced(self) && !self->stale && !vitrine_editor_in_gesture(self->editor))
    queue_request(self, TRUE);
}

void
vitrine_view_set_rough_allowed(VitrineView *self, gboolean allowed)
{
  g_return_if_fail(VITRINE_IS_VIEW(self));
  self->no_rough = !allowed;
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

  forget_speed(self);
  sg_recipe_free(self->shown);
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
