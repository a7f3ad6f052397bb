/* VitrineDeviceChoice: what computes for the session. Chosen by name, opened and tried by a worker
 * before it is used; what was asked for and cannot be had is said ("trouble"), never passed
 * over. */
#pragma once

#include "engine/explore/renderer.h"
#include <glib-object.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_DEVICE_CHOICE (vitrine_device_choice_get_type())
G_DECLARE_FINAL_TYPE(VitrineDeviceChoice, vitrine_device_choice, VITRINE, DEVICE_CHOICE, GObject)

typedef enum {
  VITRINE_DEVICE_FINE,
  VITRINE_DEVICE_MISSING, /* no module, driver or device of that name */
  VITRINE_DEVICE_FULL,    /* its memory is too small */
  VITRINE_DEVICE_FAILED,  /* something it was asked for */
  VITRINE_DEVICE_LOST,    /* it does not work any more */
} VitrineDeviceTrouble;

/* Properties, read-only: "title" string ("CPU, 2 threads"; notifies for its memory and the choice
 * too), "trouble" VitrineDeviceTrouble as int.
 * Signals: "wanted": another device or precision is wanted; who has a model brings it there. */

VitrineDeviceChoice *vitrine_device_choice_new(void);

/* "auto", "cpu", "cuda:N"; until set, the process's default. A worker makes the open model ready
 * there; until then, and if it cannot be, pictures go on as before. A model that is opened while
 * the wanted device cannot be had is shown with the CPU. Both are told. */
void vitrine_device_choice_set(VitrineDeviceChoice *self, const char *device);
const char *vitrine_device_choice_get(VitrineDeviceChoice *self); /* borrowed */
/* One of sg_precision_names, where it can be had; else fp32. In the same way. */
void vitrine_device_choice_set_precision(VitrineDeviceChoice *self, const char *name);

const char *vitrine_device_choice_get_title(VitrineDeviceChoice *self); /* borrowed, "" before */
/* Describes the device in use as of the newest picture; FALSE: its memory is the computer's. */
gboolean vitrine_device_choice_get_info(VitrineDeviceChoice *self, SgDeviceInfo *info);
/* What is wrong with the wanted device, and the engine's words for it (borrowed). `replaced`: the
 * CPU computes in its place; `drawing`: the newest picture could not be made. */
VitrineDeviceTrouble vitrine_device_choice_get_trouble(VitrineDeviceChoice *self, const char **text,
                                                       gboolean *replaced, gboolean *drawing);
/* Pictures come from something else than the CPU, or would. */
gboolean vitrine_device_choice_draws(VitrineDeviceChoice *self);

/* ---- for those who make renderers and draw ---- */

/* A renderer on the device that is wanted: asked for on the main thread, made by a worker. */
typedef struct {
  char *wanted; /* NULL: `backend` */
  guint serial;
  gboolean fall_back; /* rather the CPU than none */
  SgBackend *backend; /* the one that was used */
  char *title;
  GError *trouble; /* why it is not the wanted one */
} VitrineDeviceJob;
void vitrine_device_job_init(VitrineDeviceJob *job, VitrineDeviceChoice *device,
                             gboolean fall_back);
void vitrine_device_job_clear(VitrineDeviceJob *job);
/* On a worker. Ready for `recipe` (NULL: not known); what has memory of its own has drawn once. */
SgRenderer *vitrine_device_job_renderer(VitrineDeviceJob *job, SgModel *model,
                                        const SgRecipe *recipe, GError **error);

/* What the job made is about to be used. */
void vitrine_device_choice_use(VitrineDeviceChoice *self, VitrineDeviceJob *job);
/* The wanted device is neither in use nor known not to be had. */
gboolean vitrine_device_choice_is_open(VitrineDeviceChoice *self);
/* Still wanted as the job has it? */
gboolean vitrine_device_choice_wants(VitrineDeviceChoice *self, const VitrineDeviceJob *job);
/* The job's device could not be had: the one of before goes on, it is not asked again. */
void vitrine_device_choice_refuse(VitrineDeviceChoice *self, const VitrineDeviceJob *job,
                                  const GError *error);
/* What is in use, whatever is wanted; NULL: nothing yet. */
SgBackend *vitrine_device_choice_get_backend(VitrineDeviceChoice *self);
/* TRUE: the error was the device's, and is told as its trouble while drawing. */
gboolean vitrine_device_choice_take_error(VitrineDeviceChoice *self, const GError *error);
/* A picture was drawn; with the memory as of then (total 0: not asked). */
void vitrine_device_choice_drew(VitrineDeviceChoice *self, const SgDeviceInfo *memory);

G_END_DECLS
