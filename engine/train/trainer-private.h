/* Shared by the files of the trainer. */
#pragma once

#include "engine/learn/adopt.h"
#include "engine/learn/draws.h"
#include "engine/learn/group.h"
#include "engine/record/run-dir.h"
#include "engine/learn/snapshot.h"
#include "engine/train/trainer.h"

G_BEGIN_DECLS

typedef struct _SgTrainerMetrics SgTrainerMetrics;

typedef struct {
  gboolean line, tick; /* a line of statistics; a tick ends with it */
  gboolean snap;       /* a snapshot… */
  gboolean clock;      /* …which only the clock asks for */
  gboolean look;       /* grid, histograms and metrics of a snapshot that is saved are to come */
} SgDue;

typedef struct {
  SgTrainOptions *o; /* borrowed */
  SgDataset *ds;     /* borrowed */
  SgAugPipe pipe;
  SgGroup *group; /* borrowed; NULL: alone. Only rank 0 has what follows from `dir` on */
  SgLearn *l;
  SgLoader *loader;
  float *pixels, *labels; /* of a batch, or of this process's part of it */
  SgRunDir *dir;
  SgControl *control;
  SgPublisher *publisher;
  gboolean resumed; /* in its own directory */
  gboolean exact;   /* …from a snapshot of its own */

  /* picture grid: fixed latents */
  int grid_n, grid_columns;
  float *grid_z, *grid_c;

  SgTrainerMetrics *metrics; /* prepared at the first snapshot */
  GPid beside;               /* the process that measures what needs more than pictures; 0: none */
  SgAdopted *adopted;        /* what the model gave that the weights start from, or NULL */
  char *last_good;           /* newest snapshot on disk */
  gboolean owed;             /* a snapshot could not be written: try again at the next tick */
  const char *broken;        /* why the weights are none any more, or NULL */
  gboolean leading;          /* other processes wait for orders */
  guint told;                /* so many of ds->refused are known to the user */
  GPtrArray *changes; /* of SgChange: what was set while the resumed run ran; NULL: nothing */
  guint next_change;

  gint64 started, line_started; /* monotonic microseconds */
  /* Where the tick of so many images began, the line, and the line in this process. */
  guint64 tick_nimg, line_nimg, timed_nimg;
  int tick;
  double sec_per_kimg; /* of the last line, 0 before */
  SgDue due;           /* at this place of the loop */
  char *note;          /* of the snapshot that is resumed from */
  char *passing;       /* a snapshot that goes when a newer one is there */
  gint64 saved;        /* the networks, when, and where */
  guint64 saved_nimg;
  double metric_seconds; /* the last time; 0: never yet */
  char *waiting;         /* what for, or NULL */
  gboolean stopped_waiting, ending, diverged;
  gint64 told_status;
  double maintenance; /* seconds spent on snapshots since the last line */
  double phase_seconds[SG_PHASES];
} SgTrainer;

static inline double
sg_seconds_since(gint64 start)
{
  return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

/* trainer-iterate.c. Together. */
gboolean sg_trainer_iterate(SgTrainer *t, GError **error);
/* trainer-group.c: what rank 0 has the others do. */
typedef enum {
  SG_ORDER_ITERATE,
  SG_ORDER_SET,       /* "lr-g=0.001" */
  SG_ORDER_VARIANCES, /* sg_share_variances() */
  SG_ORDER_COMPARE,   /* sg_share_compare() */
  SG_ORDER_END        /* the error, or nothing */
} SgOrder;
/* Nothing while no process waits. */
void sg_trainer_order(SgTrainer *t, SgOrder order, const char *text);
/* Does what rank 0 wants until the end. */
gboolean sg_trainer_obey(SgTrainer *t, GError **error);
/* Has signals end the training after its step, in every process. */
void sg_trainer_take_signals(SgTrainer *t);
/* Another process was signalled. */
gboolean sg_trainer_is_told_to_stop(const SgTrainer *t);
/* FALSE and the error in all if the processes do not mean the same training. */
gboolean sg_trainer_meet(SgTrainer *t, GError **error);
/* "cuda" is the device of the process's number on its machine. NULL and error. */
SgBackend *sg_trainer_open_device(const SgTrainOptions *o, SgGroup *group, GError **error);
/* trainer-loop.c */
gboolean sg_trainer_loop(SgTrainer *t, GError **error);
/* FALSE and the error; `what`: "weights are not numbers". */
gboolean sg_trainer_diverged(SgTrainer *t, const char *what, GError **error);
/* FALSE and the error where the run directory was moved or removed: nothing that is learnt from
 * here on could be kept. */
gboolean sg_trainer_is_kept(const SgTrainer *t, GError **error);
/* Says in log and status what it waits for; NULL: not any more. */
void sg_trainer_set_waiting(SgTrainer *t, const char *text);
/* trainer-tick.c */
/* At the place that the snapshot is of: does what was still to be done there. */
void sg_trainer_begin_ticks(SgTrainer *t);
void sg_trainer_end_line(SgTrainer *t, gboolean tick);
/* What a snapshot remembers for it, as text; to be freed. */
char *sg_trainer_note(const SgTrainer *t);
/* Something that is wanted every so many seconds is due; in the first minutes sooner: after a sixth
 * of them, and then whenever the time has doubled. 0: never. */
gboolean sg_late(double every, gint64 since, gint64 started);
/* trainer-data.c */
/* The next pictures and labels of this process's part; waits while the data set is away. */
gboolean sg_trainer_load(SgTrainer *t, GError **error);
void sg_trainer_open_loader(SgTrainer *t);
/* trainer-disk.c: the line of the preflight; NULL and error if not one snapshot fits. */
char *sg_trainer_disk_text(const SgTrainer *t, GError **error);
/* trainer-beside.c: sees to it that snapshots are measured by another process, if any metric asks
 * for that. */
void sg_trainer_measure_beside(SgTrainer *t);
/* trainer-steer.c */
/* When a run is resumed, makes the changes up to here again and remembers the later ones. */
gboolean sg_trainer_read_changes(SgTrainer *t, GError **error);
/* Between two iterations: makes the changes that belong here and, if `asked`, those that wait. */
void sg_trainer_steer(SgTrainer *t, gboolean asked);
void sg_trainer_set_status(SgTrainer *t);
void sg_trainer_refresh_status(SgTrainer *t);
/* trainer-follow.c */
/* Has "follow" answered from now on. */
void sg_trainer_be_followed(SgTrainer *t);
/* Shows the weights to followers, when that is due; `last`: or will be. */
void sg_trainer_publish(SgTrainer *t, gboolean last);
/* trainer-snapshot.c: picture grid, networks, histograms, metric. Problems of the disk are logged
 * and remembered, not errors. */
void sg_trainer_snapshot(SgTrainer *t);
/* What comes with it, without the networks. */
void sg_trainer_look(SgTrainer *t, gboolean clock);
gboolean sg_trainer_save_networks(SgTrainer *t, GError **error);
void sg_trainer_prepare_grid(SgTrainer *t);
void sg_trainer_write_reals(SgTrainer *t);
void sg_trainer_write_fakes(SgTrainer *t, const char *name);
/* How many floats a picture has. */
gsize sg_trainer_picture_size(const SgTrainer *t);
/* At most n pictures [n, C, R, R] of the data set, and their labels unless NULL; how many. Reading
 * problems of single images are the loader's business: here they are skipped. */
int sg_trainer_read_reals(SgTrainer *t, guint from, int n, float *out, float *labels);
/* trainer-metric.c: reports options->metrics of G_ema as it is. */
void sg_trainer_measure(SgTrainer *t);
void sg_trainer_metrics_clear(SgTrainer *t);
/* trainer-preflight.c */
/* Whether the memory that is free now will do; the error says which batch would fit. */
gboolean sg_trainer_fits(SgTrainer *t, GError **error);
gboolean sg_trainer_preflight(SgTrainer *t, GError **error);
/* "1h 02m 03s" */
char *sg_format_time(double seconds);
double sg_resident_gib(void);

G_END_DECLS
