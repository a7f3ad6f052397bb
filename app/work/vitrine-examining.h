/* Examining a picture, for the window: the data set is opened on a worker, the witnesses are asked
 * on the render thread, between pictures, and the report is written on a worker. */
#pragma once

#include <gio/gio.h>
#include "app/session/vitrine-tasks.h"
#include "engine/examine/examine.h"

G_BEGIN_DECLS

/* An examination that is done, to be read only. Reference counted. */
typedef struct _VitrineExamination VitrineExamination;
VitrineExamination *vitrine_examination_ref(VitrineExamination *x);
void vitrine_examination_unref(VitrineExamination *x);
const SgExamination *vitrine_examination_get(const VitrineExamination *x);

/* The data set that was last chosen for the model of that hash; to be freed, NULL: none. */
char *vitrine_examining_data(const char *hash);
void vitrine_examining_keep_data(const char *hash, const char *path);

typedef struct {
  int references, steps; /* of each kind; of each projection */
  int scan;              /* pictures of the data set that are looked through */
  guint seed;            /* which references */
  gboolean stress;       /* after every damage as well */
} VitrineExamineHow;

/* Opens the data set at `data` (NULL: what the model's training used, if that is known) for the
 * picture at `path` (NULL: only references are wanted). `done` gets `source`. */
void vitrine_examining_prepare(SgModel *model, const char *path, const char *data,
                               const VitrineExamineHow *how, GObject *source,
                               GAsyncReadyCallback done, gpointer user_data);
/* The task's data, NULL and error. */
gpointer vitrine_examining_prepare_finish(GAsyncResult *result, GError **error);
/* Whether there is a data set. */
gboolean vitrine_examining_job_has_data(gpointer job);
/* Of what was prepared and is not started. */
void vitrine_examining_job_free(gpointer job);

typedef struct {
  double share;            /* done, 0…1 */
  double seconds;          /* left, as it looks; NaN: not known */
  VitrineExamination *all; /* the end, to be referenced; else NULL */
  char *error;             /* the end as well */
} VitrineExamineNews;

VitrineTaskClass vitrine_examining_class(void (*news)(gpointer, gboolean, gpointer));

/* The page to `file`, and the numbers as JSON beside it. */
void vitrine_examination_save(VitrineExamination *x, GFile *file, GObject *source,
                              GAsyncReadyCallback done, gpointer user_data);
gboolean vitrine_examination_save_finish(GAsyncResult *result, GError **error);

G_END_DECLS
