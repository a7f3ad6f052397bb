/* Every hyper-parameter of a training, with its documented default; presets by the names users
 * know. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  /* what and where */
  char *data, *outdir, *resume, *preset; /* preset: "auto" … */
  char *name;                            /* of the data set, for the run directory */
  char *desc;                            /* added to it, or NULL */
  char *licence;                         /* of the data set, for the card, or NULL */
  int resolution, channels, label_dim;   /* from the data set */
  gboolean cond, mirror, mirror_y;
  int subset;      /* so many pictures of the set; 0: all */
  int subset_seed; /* which draws them; -1: the first ones */
  guint64 seed;

  /* networks */
  int z_dim, w_dim, mapping_layers;
  double mapping_lr_mul;
  int channel_base, channel_max;
  char *g_arch, *d_arch; /* skip orig resnet */
  double conv_clamp;     /* < 0: none */
  int d_mapping_layers;  /* conditional only */
  int mbstd_group, mbstd_channels;
  int freezed; /* layers of the discriminator that do not learn */

  /* losses and optimisers */
  int batch, batch_gpu; /* batch_gpu: so many pictures at a time; 0: the whole batch */
  double lr_g, lr_d, beta1, beta2, eps;
  double r1_gamma;
  int r1_interval;  /* 16; 0: R1 in every step's main phase is not offered: 0 means never */
  double pl_weight; /* 2 */
  int pl_interval, pl_batch_shrink; /* 4, 2 */
  double pl_decay;                  /* 0.01 */
  double style_mixing;              /* 0.9 */
  double w_avg_beta;                /* 0.995 */
  double ema_kimg, ema_rampup;      /* ramp-up 0: none */

  /* augmentation */
  char *aug;                /* noaug ada fixed */
  char *aug_pipe;           /* bgc, or any of blit geom color bg */
  double ada_target, ada_p; /* 0.6; fixed p or start of ada */
  int ada_interval;         /* 4 */
  double ada_kimg;          /* 500 */

  /* run */
  double kimg;                       /* length */
  double tick_kimg;                  /* 4 */
  double tick_seconds, snap_minutes; /* a line and a snapshot at least so often; 0: not */
  int snap;                          /* ticks between snapshots (networks and picture grid), 50 */
  int keep;                          /* newest snapshots kept, 0: all */
  char *metrics;                     /* sg_metric_parse() */
  int metric_images;
  int threads;     /* 0: all */
  int workers;     /* loader threads, 0: half of the cores */
  char *device;    /* auto cpu cuda cuda:N */
  char *precision; /* fp32 tf32 bf16 fp16 */
  int nice;        /* 0…19 */

  guint64 set[2];   /* bit i: row i of the table was set, and resolve leaves it alone */
  guint64 given[2]; /* bit i: …on the command line that resumes a run, whose recorded changes of it
                       do not count any more */
} SgTrainOptions;

/* Preset names, NULL-terminated: auto stylegan2 paper256 paper512 paper1024 cifar cybersecurity128
 * narrow. */
extern const char *const sg_train_presets[];
/* The preset of a new training for which none was asked, on `device` ("auto" or NULL: the first
 * CUDA device if there is one, "cpu", "cuda", "cuda:N"): "narrow" where a processor computes, for
 * NVlabs' widths would take it months; "auto" on a CUDA device. */
const char *sg_train_preset_default(const char *device, gboolean has_cuda);

/* Fresh options with every default of `preset` that does not depend on the data set. */
SgTrainOptions *sg_train_options_new(const char *preset, GError **error);
void sg_train_options_free(SgTrainOptions *o);
/* Sets one by its command-line name ("gamma", "batch", "cfg"…); remembers that the user set it.
 * Error: which name, what is expected, what was given. */
gboolean sg_train_options_set(SgTrainOptions *o, const char *name, const char *value,
                              GError **error);
/* Whether the user has set it. */
gboolean sg_train_options_is_set(const SgTrainOptions *o, const char *name);
/* The value as text, to be freed; NULL if it is not set or there is no such option. */
char *sg_train_options_text(const SgTrainOptions *o, const char *name);
/* Paths among the options are absolute, so that a run can be resumed from anywhere, and UTF-8, as
 * JSON wants it: one that is not UTF-8 is a file:// URI. To be freed; NULL gives NULL. */
char *sg_train_path_to_text(const char *path);
char *sg_train_path_from_text(const char *text);
/* See SgTrainOptions.given. */
void sg_train_options_give(SgTrainOptions *o, const char *name);
gboolean sg_train_options_is_given(const SgTrainOptions *o, const char *name);
/* Fills in what the user did not set once resolution, channels and label_dim are known (the
 * formulas of `auto`), and checks the whole for consistency. */
gboolean sg_train_options_resolve(SgTrainOptions *o, GError **error);
/* Whether N processes can share the batch so that each gets as many pictures, whole groups of the
 * minibatch standard deviation, whole rounds of batch-gpu, and one of path length's at least.
 * Resolved options. */
gboolean sg_train_options_check_processes(const SgTrainOptions *o, int processes, GError **error);
/* training_options.json and back (all fields; unknown keys are an error, absent ones keep
 * defaults). */
char *sg_train_options_to_json(const SgTrainOptions *o);
/* A training_options.json of more bytes is none. */
#define SG_TRAIN_OPTIONS_MAX ((gsize)1 << 20)
SgTrainOptions *sg_train_options_from_json(const char *name, const char *json, GError **error);

/* The table behind it, for --help, documentation and the training dialog. */
typedef enum {
  SG_OPTION_INT,
  SG_OPTION_REAL,
  SG_OPTION_BOOL,
  SG_OPTION_TEXT,
  SG_OPTION_SEED
} SgOptionType;
typedef struct {
  const char *name; /* "gamma" */
  SgOptionType type;
  gsize offset;             /* into SgTrainOptions */
  double min, max;          /* numbers */
  const char *const *words; /* allowed texts, or NULL */
  const char *default_text; /* "0.0002 · resolution² / batch (auto)" */
  const char *help;         /* one sentence with the term's paper where there is one */
  const char *group;        /* "Data", "Networks", "Losses", "Augmentation", "Run" */
} SgTrainOption;
extern const SgTrainOption sg_train_option_table[];
extern const guint sg_train_option_count;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgTrainOptions, sg_train_options_free)

G_END_DECLS
