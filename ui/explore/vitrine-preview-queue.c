#include "ui/explore/vitrine-preview-queue.h"
#include "app/explore/vitrine-direction-previews.h"

/* After the events that wait, and after what GTK has to draw. */
#define WAKE_MSEC 60

struct _VitrinePreviewQueue {
  GObject parent_instance;
  VitrineSession *session; /* NULL: closed */
  GtkWidget *viewport;     /* borrowed */
  GPtrArray *rows;         /* borrowed, weak */
  VitrineTaskClass class;
  guint task, wake_source, count;
  VitrineDirectionRow *row; /* whose previews are being made; NULL: it is gone */
  SgRecipe *of;
  double step;
};

G_DEFINE_FINAL_TYPE(VitrinePreviewQueue, vitrine_preview_queue, G_TYPE_OBJECT)

static gboolean
is_seen(VitrinePreviewQueue *self, GtkWidget *row)
{
  graphene_rect_t bounds;

  return gtk_widget_get_mapped(row) && gtk_widget_compute_bounds(row, self->viewport, &bounds) &&
         bounds.origin.y < (float)gtk_widget_get_height(self->viewport) &&
         bounds.origin.y + bounds.size.height > 0;
}

/* The one to draw next, *of what it will be of (to be freed); NULL: all are there. */
static VitrineDirectionRow *
choose(VitrinePreviewQueue *self, const SgRecipe *recipe, SgRecipe **of)
{
  VitrineDirectionRow *best = NULL;

  for (guint i = 0; i < self->rows->len; i++) {
    VitrineDirectionRow *row = self->rows->pdata[i];
    if (!is_seen(self, GTK_WIDGET(row)))
      continue;
    SgRecipe *wants = vitrine_direction_row_wants(row, recipe);
    if (wants &&
        (!best || vitrine_direction_row_get_stamp(row) > vitrine_direction_row_get_stamp(best))) {
      sg_recipe_free(*of);
      *of = wants;
      best = row;
    } else {
      sg_recipe_free(wants);
    }
  }
  return best;
}

static void
begin(VitrinePreviewQueue *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  SgRecipe *of = NULL;
  VitrineDirectionRow *row = recipe ? choose(self, recipe, &of) : NULL;

  if (!row)
    return;
  self->step = vitrine_direction_row_get_step(row);
  gpointer query = vitrine_preview_query(vitrine_direction_row_get_direction(row), of, self->step);
  if (!query) {
    sg_recipe_free(of);
    return;
  }
  g_clear_pointer(&self->of, sg_recipe_free);
  self->of = of;
  g_set_weak_pointer(&self->row, row);
  self->task =
      vitrine_view_start_task(vitrine_session_get_view(self->session), &self->class, query, self);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrinePreviewQueue *self = user_data;
  VitrinePreviewNews *news = data;

  if (finished) {
    self->task = 0;
    vitrine_preview_queue_wake(self);
    return;
  }
  /* What cannot be drawn now is not asked for again until something changes. */
  if (self->row) {
    vitrine_direction_row_set_previews(self->row, news->strip, g_steal_pointer(&self->of),
                                       self->step);
    self->count++;
  }
}

static gboolean
wake_cb(gpointer data)
{
  VitrinePreviewQueue *self = data;

  self->wake_source = 0;
  /* A finger that is down will change the face again. */
  if (!self->task && !vitrine_editor_in_gesture(vitrine_session_get_editor(self->session)))
    begin(self);
  return G_SOURCE_REMOVE;
}

void
vitrine_preview_queue_wake(VitrinePreviewQueue *self)
{
  g_return_if_fail(VITRINE_IS_PREVIEW_QUEUE(self));
  if (self->session && !self->wake_source)
    self->wake_source = g_timeout_add(WAKE_MSEC, wake_cb, self);
}

/* The newest face is the one to draw: an older one that still waits is dropped. */
static void
recipe_cb(VitrinePreviewQueue *self)
{
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_handle_id(&self->wake_source, g_source_remove);
  vitrine_preview_queue_wake(self);
}

static void
model_cb(VitrinePreviewQueue *self)
{
  self->task = 0; /* another model ends all tasks */
  vitrine_preview_queue_wake(self);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void
gone_cb(gpointer data, GObject *row)
{
  g_ptr_array_remove(VITRINE_PREVIEW_QUEUE(data)->rows, row);
}

void
vitrine_preview_queue_add(VitrinePreviewQueue *self, VitrineDirectionRow *row)
{
  g_return_if_fail(VITRINE_IS_PREVIEW_QUEUE(self));
  g_ptr_array_add(self->rows, row);
  g_object_weak_ref(G_OBJECT(row), gone_cb, self);
  g_signal_connect_object(row, "wanted", G_CALLBACK(vitrine_preview_queue_wake), self,
                          G_CONNECT_SWAPPED);
  vitrine_preview_queue_wake(self);
}

guint
vitrine_preview_queue_get_count(VitrinePreviewQueue *self)
{
  g_return_val_if_fail(VITRINE_IS_PREVIEW_QUEUE(self), 0);
  return self->count;
}

/* ---- the object -------------------------------------------------------------------------- */

void
vitrine_preview_queue_close(VitrinePreviewQueue *self)
{
  g_return_if_fail(VITRINE_IS_PREVIEW_QUEUE(self));
  g_clear_handle_id(&self->wake_source, g_source_remove);
  if (!self->session)
    return;
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_signal_handlers_disconnect_by_data(self->session, self);
  g_signal_handlers_disconnect_by_data(vitrine_session_get_editor(self->session), self);
  g_clear_object(&self->session);
}

static void
vitrine_preview_queue_dispose(GObject *object)
{
  VitrinePreviewQueue *self = VITRINE_PREVIEW_QUEUE(object);

  vitrine_preview_queue_close(self);
  for (guint i = 0; self->rows && i < self->rows->len; i++)
    g_object_weak_unref(self->rows->pdata[i], gone_cb, self);
  g_clear_pointer(&self->rows, g_ptr_array_unref);
  g_clear_weak_pointer(&self->row);
  g_clear_pointer(&self->of, sg_recipe_free);
  G_OBJECT_CLASS(vitrine_preview_queue_parent_class)->dispose(object);
}

static void
vitrine_preview_queue_class_init(VitrinePreviewQueueClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_preview_queue_dispose;
}

static void
vitrine_preview_queue_init(VitrinePreviewQueue *self)
{
  self->class = vitrine_preview_class(news_cb);
  self->rows = g_ptr_array_new();
}

VitrinePreviewQueue *
vitrine_preview_queue_new(VitrineSession *session, GtkWidget *viewport)
{
  VitrinePreviewQueue *self = g_object_new(VITRINE_TYPE_PREVIEW_QUEUE, NULL);

  self->session = g_object_ref(session);
  self->viewport = viewport;
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(vitrine_session_get_editor(session), "notify::gesture",
                          G_CALLBACK(vitrine_preview_queue_wake), self, G_CONNECT_SWAPPED);
  return self;
}
