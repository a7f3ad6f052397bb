/* How strongly many faces excite every channel of the synthesis network: what a channel is for is
 * seen from the faces that it answers to most and least. */
#pragma once

#include "engine/directions/moments.h"
#include "engine/explore/renderer.h"

G_BEGIN_DECLS

typedef struct {
  int n;      /* face i is that of seed i, nothing edited */
  int label;  /* class of all; -1: none, or of a conditional model face i has class i mod classes */
  int stages; /* of the network */
  int *first; /* [stages + 1]: where a stage's channels begin; toRGB's have none */
  float *mean; /* [n, first[stages]]: mean activation over the pixels, after the nonlinearity */
} SgChannelSample;

/* Draws the faces. Errors: memory, cancelled. */
SgChannelSample *sg_channel_sample_new(SgRenderer *r, int n, int label,
                                       SgDirectionProgress progress, gpointer data, GError **error);
/* The same in steps: with nothing drawn yet, and the next faces after `drawn` of them. Returns how
 * many are drawn then, or -1: memory. */
SgChannelSample *sg_channel_sample_begin(SgRenderer *r, int n, int label, GError **error);
int sg_channel_sample_draw(SgChannelSample *s, SgRenderer *r, int drawn, GError **error);
void sg_channel_sample_free(SgChannelSample *s);
/* A file of it that is only good for the model it was drawn with; appears whole or not at all. */
gboolean sg_channel_sample_save(const SgChannelSample *s, const char *path, const char *hash,
                                GError **error);
/* NULL, without an error, for a file that is not there, broken, or of another model, number or
 * class. */
SgChannelSample *sg_channel_sample_load(const char *path, SgRenderer *r, int n, int label);

/* Where the user's cache has it; to be freed. */
char *sg_channel_sample_path(const char *hash, int n, int label);

/* The faces that excite a channel of a stage most (or least), at most `count` of them to faces.
 * Returns how many. */
int sg_channel_sample_extremes(const SgChannelSample *s, guint stage, int channel, gboolean most,
                               int count, int *faces);
/* Mean and standard deviation of a channel's means over the faces. */
void sg_channel_sample_moments(const SgChannelSample *s, guint stage, int channel, double *mean,
                               double *deviation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgChannelSample, sg_channel_sample_free)

G_END_DECLS
