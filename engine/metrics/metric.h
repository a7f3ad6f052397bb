/* What a generator can be judged by: one table, which options, trainer, charts and the commands
 * "metrics", "stats" and "runs" loop over. A new metric is a file with its SgMetric and a line in
 * metric.c. */
#pragma once

#include "engine/metrics/feature-set.h"
#include "engine/metrics/path-length.h"

G_BEGIN_DECLS

typedef enum {
  SG_METRIC_NEEDS_REALS = 1 << 0, /* pictures of the data set */
  SG_METRIC_NEEDS_FAKES = 1 << 1, /* as many of the generator's */
  SG_METRIC_NEEDS_PATHS = 1 << 2, /* pairs of them that are a small step of latent apart */
} SgMetricNeeds;

typedef struct {
  int channels, resolution;
  int images;   /* of each side */
  guint64 seed; /* of whatever is drawn at random */
} SgMetricSetup;

#define SG_METRIC_MAX_PARTS 16

typedef struct {
  char name[24];  /* behind the metric's name in a tag: "Metrics/NAME/64" */
  char label[24]; /* for people: "64x64" */
  double value;
} SgMetricPart;

typedef struct {
  double value; /* what the metric is judged by */
  int n;
  SgMetricPart parts[SG_METRIC_MAX_PARTS];
} SgMetricResult;

typedef struct _SgMetric SgMetric;
struct _SgMetric {
  const char *name;    /* of the option and of the tag "Metrics/NAME" */
  const char *title;   /* of a chart, to be translated */
  const char *summary; /* half a sentence for --help */
  const char *unit;    /* "× 1000", or "" */
  SgMetricNeeds needs;
  gboolean less_is_better;
  gboolean grows_with_few; /* much: a Fréchet distance */
  int min_images;
  /* In JSON: {"PARTS": [{"PART": name, "PART_VALUE": value}, …], "WHOLE": value}. */
  const char *parts, *part, *part_value, *whole;

  /* Something that collects up to setup->images pictures; error: they cannot be compared, or there
   * is no memory. */
  gpointer (*prepare)(const SgMetricSetup *setup, GError **error);
  /* n pictures [n, C, R, R], floats -1…1. */
  void (*add)(gpointer set, const float *pictures, int n);
  /* What is not needed is NULL; both sides hold as many pictures. Neither changes. */
  void (*measure)(gconstpointer real, gconstpointer fake, guint64 seed, SgMetricResult *result);
  void (*release)(gpointer set);

  /* Or, in place of these four, it compares features of this source (feature-set.h), or the
   * distances that it sees along paths [n]: FALSE and error as the formulas'. */
  const char *source;
  gboolean (*judge)(const SgMetric *m, SgFeatureSource *source, const SgFeatureSet *real,
                    const SgFeatureSet *fake, guint64 seed, SgMetricResult *result, GError **error);
  gboolean (*judge_paths)(const SgMetric *m, double *distances, int n, SgMetricResult *result,
                          GError **error);

  /* What its name says besides, as NVlabs' do: "fd-d2k_full", "pr-d5k3", "ppl-d1k_zfull". */
  gboolean whole_name; /* of a row: its name has no room for a count ("ppl2_wend") */
  int count;           /* of generated pictures and of real ones; 0: as many as are asked for */
  gboolean full;       /* but all real ones */
  int neighbours;
  SgPathKind path;
  /* How pictures come to a network that has its own size (perceptual/fit-picture.h), "fid-clean":
   * part of the source's name. */
  gboolean by_mode;    /* of a row: there is such a choice */
  const char *mode;    /* NULL: the name does not say */
  const SgMetric *row; /* of the table, which it is a variant of; NULL: it is in the table */
};

/* What is measured unless somebody asks for something else. */
#define SG_METRIC_DEFAULT "swd"

/* All of them, NULL-terminated. */
extern const SgMetric *const sg_metric_table[];
/* What the option may be as one word: names of the table, and "none". NULL-terminated. */
extern const char *const sg_metric_words[];

/* The row of that name, or its variant with what the name says besides: it lives as long as the
 * process. NULL: none. */
const SgMetric *sg_metric_find(const char *name);
/* The same with a mode in its name, where there is a choice and the name does not say. */
const SgMetric *sg_metric_with_mode(const SgMetric *m, const char *mode);
#define SG_METRIC_MODE "tf" /* unless somebody asks for another one */
/* FALSE and G_OPTION_ERROR that says which metric needs the weights of a network which nobody has
 * put where they are looked for (perceptual/weights.h), and what does not. */
gboolean sg_metric_check_weights(const SgMetric *const *list, GError **error);
/* How many pictures of a side it compares (pairs, for paths), where `all` real ones are there and
 * `images` are asked for. */
int sg_metric_images(const SgMetric *m, SgMetricNeeds side, int all, int images);
/* "swd", names joined with commas, or "none": NULL-terminated, to be freed with g_free(). NULL and
 * error: which name, what there is, and of names that other programs know why this one is not
 * there. */
const SgMetric **sg_metric_parse(const char *list, GError **error);
/* The metric of a tag "Metrics/NAME", or NULL: another tag, a part's, another program's. */
const SgMetric *sg_metric_of_tag(const char *tag);
/* Which of these tags a run is judged by: the table's first, else the first of another program's
 * Fréchet distances. Borrowed from `tags`, or NULL. */
const char *sg_metric_judge(char *const *tags);
/* "Metrics/NAME" or, with a part, "Metrics/NAME/PART"; to be freed. */
char *sg_metric_tag(const SgMetric *m, const SgMetricPart *part);

G_END_DECLS
