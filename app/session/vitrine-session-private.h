/* What the files of VitrineSession share: session (the object, its recipe), pictures,
 * model, device, weights, follow, edits, open, save. */
#pragma once

#include <jansson.h>
#include "app/session/vitrine-follow.h"
#include "app/session/vitrine-history.h"
#include "app/session/vitrine-render-thread.h"
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

typedef enum {
  PROP_0,
  PROP_MODEL_PATH,
  PROP_LOADING,
  PROP_SAVING,
  PROP_CAN_UNDO,
  PROP_CAN_REDO,
  PROP_UNDO_LABEL,
  PROP_REDO_LABEL,
  PROP_TEXTURE,
  PROP_ORIGINAL,
  PROP_DEVICE,
  PROP_DEVICE_TROUBLE,
  PROP_RENDER_SECONDS,
  PROP_SPACE,
  PROP_SCORE_TEXT,
  PROP_FOLLOWING,
  PROP_FOLLOWING_KIMG,
  PROP_FOLLOWING_LIVE,
  PROP_FOLLOWABLE,
  N_PROPS
} VitrineSessionProp;

typedef enum {
  SIGNAL_MODEL_CHANGED,
  SIGNAL_WEIGHTS_CHANGED,
  SIGNAL_RECIPE_CHANGED,
  SIGNAL_PICTURE_CHANGED,
  SIGNAL_INFLUENCE_CHANGED,
  SIGNAL_MESSAGE,
  N_SIGNALS
} VitrineSessionSignal;

struct _VitrineSession {
  GObject parent_instance;

  SgModel *model;
  VitrineHistory *history; /* holds the current recipe; NULL without a model */
  SgSpace space;

  char *device_wanted; /* "cuda:0"; NULL: the default back end, whichever it is */
  guint device_serial; /* grows when another one is wanted */
  guint device_used;   /* the serial that `backend` is for, or could not be had for */
  SgBackend *backend;  /* what computes; NULL: nothing has yet */
  char *device;        /* its title */
  SgDeviceInfo memory; /* of the newest picture; total 0: the computer's */
  VitrineDeviceTrouble trouble;
  gboolean trouble_while_drawing;
  char *trouble_text;

  VitrineRenderThread *render;
  guint submit_source; /* a request for the current recipe is to be made */
  gboolean gesture;
  gboolean stale;         /* the newest picture is not of the current recipe */
  double full_seconds;    /* of the last full render; 0: none of this kind yet */
  int reduced_resolution; /* while dragging; 0: full */

  SgRecipe *shown;       /* of the newest picture */
  SgRecipe *original_of; /* what `original` shows */

  guint model_serial;    /* grows when another model is opened */
  SgModel *next_weights; /* waits while others are being packed, or NULL */
  gboolean packing;
  char *favourites_key;

  VitrineFollow *follow;
  char *following, *followable;
  double following_kimg;
  gboolean following_live;
  gboolean own_snapshot; /* what was open when following began is of that run */
  guint follow_serial;   /* weights that are packed for an earlier following are dropped */
  gboolean wants_first;  /* no model is open: loading until the first weights come */

  GdkTexture *texture, *original;
  int picture_width, picture_height;
  double render_seconds;
  gboolean overflow; /* of the newest picture, as SgPicture */
  char *score_text;

  double *z_base; /* [z_dim], of the current recipe; NULL: to be computed */
  double *w_base; /* [w_dim], of the newest picture */
  double *influence[2];

  guint open_serial; /* of the newest opening; results of older ones are dropped */
  gboolean loading;
  int saving;
  GPtrArray *waiting_vectors; /* of GFile*: w vectors to save once the picture is up to date */

  guint store_source;
  json_t *favourites;
};

void vitrine_session_notify(VitrineSession *self, VitrineSessionProp prop);
void vitrine_session_emit(VitrineSession *self, VitrineSessionSignal signal); /* not MESSAGE */

/* A VitrineDeliverFunc with the session as user_data. */
void vitrine_session_deliver(VitrineReport *report, gpointer user_data);
/* A picture of the current recipe and weights is made soon. */
void vitrine_session_queue_submit(VitrineSession *self);
/* The original that is shown is of another model. */
void vitrine_session_drop_original(VitrineSession *self);
void vitrine_session_set_score_text(VitrineSession *self, const char *text);
/* Whatever is shown of the recipe is out of date. */
void vitrine_session_recipe_changed(VitrineSession *self);

/* Both take what they are given. The recipe may be NULL for a fresh one. */
void vitrine_session_adopt_model(VitrineSession *self, SgModel *model, SgRenderer *renderer,
                                 SgRecipe *recipe);
/* Is `model` of the same architecture as the open one? */
gboolean vitrine_session_takes_weights(VitrineSession *self, const SgModel *model);
/* Packed already; take both. */
void vitrine_session_adopt_weights(VitrineSession *self, SgModel *model, SgRenderer *renderer);
/* The names of dimensions are those of this model hash or run directory from now on; `bring`: the
 * names of now come along if there are none. */
void vitrine_session_set_favourites_key(VitrineSession *self, const char *key, gboolean bring);
/* A renderer on the device that is wanted: asked for on the main thread, made by a worker. */
typedef struct {
  char *wanted; /* NULL: `backend` */
  guint serial;
  gboolean fall_back; /* rather the CPU than none */
  SgBackend *backend; /* the one that was used */
  char *title;
  GError *trouble; /* why it is not the wanted one */
} VitrineDeviceJob;
void vitrine_device_job_init(VitrineDeviceJob *job, VitrineSession *self, gboolean fall_back);
void vitrine_device_job_clear(VitrineDeviceJob *job);
/* On a worker. Ready for `recipe` (NULL: not known); what has memory of its own has drawn once. */
SgRenderer *vitrine_device_job_renderer(VitrineDeviceJob *job, SgModel *model,
                                        const SgRecipe *recipe, GError **error);
/* What the job made is about to be used. */
void vitrine_session_use_device(VitrineSession *self, VitrineDeviceJob *job);
/* Brings the open model to the device that is wanted, if it is not there. */
void vitrine_session_check_device(VitrineSession *self);
/* NULL: none any more. */
void vitrine_session_set_trouble(VitrineSession *self, const GError *error, gboolean while_drawing);
/* TRUE: it was the device's, and is told. */
gboolean vitrine_session_take_device_error(VitrineSession *self, const GError *error);
void vitrine_session_set_memory(VitrineSession *self, const SgDeviceInfo *memory);
/* The same model on another device: recipe, history and tasks stay. Takes `renderer`. */
void vitrine_session_adopt_renderer(VitrineSession *self, SgRenderer *renderer);
/* Packs `model` on a worker and opens it as another model, with the recipe of now if it fits. */
void vitrine_session_adopt_packed_later(VitrineSession *self, SgModel *model);
/* The following's own: news of weights in use, and of what can be followed (taken, may be NULL). */
void vitrine_session_weights_in_use(VitrineSession *self);
void vitrine_session_set_followable(VitrineSession *self, char *run_dir);
/* "No longer following", if so: another model is opened. */
void vitrine_session_end_following(VitrineSession *self);
void vitrine_session_notify_following(VitrineSession *self);
/* The faces' own w and z came from a vector file; one step of the history. */
void vitrine_session_adopt_vector(VitrineSession *self, SgSpace space, const double *v);
void vitrine_session_set_loading(VitrineSession *self, gboolean loading);
void vitrine_session_write_waiting_vectors(VitrineSession *self);

/* Emits "message". */
void vitrine_session_info(VitrineSession *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
void vitrine_session_error(VitrineSession *self, const char *heading, const char *text);

/* Is this recipe one for that model? Errors name the field. */
gboolean vitrine_session_check_recipe(const SgModelInfo *info, const SgRecipe *recipe,
                                      GError **error);

G_END_DECLS
