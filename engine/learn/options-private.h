/* What options.c, options-table.c and options-presets.c share. */
#pragma once

#include "engine/learn/options.h"

G_BEGIN_DECLS

/* What a preset decides beyond the defaults that all have in common. In fields the data set decides
 * (`auto`) stand these values, which no user can set; sg_train_options_resolve() replaces them. */
#define SG_AUTO_INT  0
#define SG_AUTO_REAL -1.0

/* The defaults of preset number i; texts are borrowed. */
void sg_train_preset_defaults(guint i, SgTrainOptions *d);
/* Sets one as sg_train_options_set(), but as a preset would: the user has said nothing. */
gboolean sg_train_options_fill(SgTrainOptions *o, const char *name, const char *value,
                               GError **error);
/* Index in sg_train_presets, or -1. */
int sg_train_preset_find(const char *name);
/* The formulas of `auto`. batch etc. may be the user's own: what follows from them then follows
 * from the user's. */
int sg_train_auto_batch(int resolution);
int sg_train_auto_channel_base(const char *preset, int resolution);
double sg_train_auto_lr(int resolution);
double sg_train_auto_gamma(int resolution, int batch);
double sg_train_auto_ema_kimg(int batch);

G_END_DECLS
