/* From a SgArchive's names to canonical ones: one importer per family of files. Private to
 * models/. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

/* Importers see what sg_unwrap() has found: the prefixes are always the same few.
 *
 * An importer puts every tensor it knows into the model under its canonical name, and what the file
 * says about the architecture into `model->info` and `model->metadata`. Afterwards
 * sg_model_recognise() deduces the rest from the shapes and checks everything. */
typedef struct {
  gboolean (*matches)(const SgArchive *archive);
  gboolean (*import)(const SgArchive *archive, SgModel *model, GError **error);
} SgImporter;

extern const SgImporter sg_import_canonical; /* native, bare state dicts, NVlabs PyTorch */
extern const SgImporter sg_import_rosinality;
extern const SgImporter sg_import_mystylegan;
extern const SgImporter sg_import_genforce;
extern const SgImporter sg_import_ports;      /* StyleGAN of 2018 as others wrote it in PyTorch */
extern const SgImporter sg_import_tensorflow; /* NVlabs TensorFlow, StyleGAN2 */
extern const SgImporter sg_import_stylegan;   /* NVlabs TensorFlow, StyleGAN */

/* How StyleGAN3's layers resample: from what a file states, or from names and filters alone, to
 * model->metadata (family-stylegan3.c). `prefix` of the generator that is run; its tensors are in
 * the model already. */
gboolean sg_stylegan3_read_plan(const SgArchive *a, SgModel *m, const char *prefix, GError **error);

/* Takes `tensor`. */
void sg_model_add(SgModel *model, const char *prefix, const char *name, SgTensor *tensor);
/* The same data under another shape of equally many elements; a new reference's worth, never
 * NULL. */
SgTensor *sg_tensor_reshaped(const SgTensor *t, int ndim, const gint64 *shape);
/* Any of the FIR filters a file stores beside its layers: TRUE if it is outer ([1,3,3,1]) up to a
 * factor. Other filters make another network. */
gboolean sg_is_standard_filter(const SgTensor *t);
/* "8" -> 8. FALSE unless all of the text is a decimal number in [min, max]. */
gboolean sg_parse_int(const char *text, int min, int max, int *value);

/* What a file states in words, where NULL states nothing and leaves the value as it is. FALSE for
 * what is none: a multiplier is above 0, a clamp is a number from 0 on or "None" (< 0), an
 * architecture is "skip", "orig" or "resnet". */
gboolean sg_read_multiplier(const char *text, double *value, GError **error);
gboolean sg_read_clamp(const char *text, double *value, GError **error);
gboolean sg_read_architecture(const char *text, SgArch *arch, GError **error);

/* Says which family the model is, fills model->info from shapes, leaves what an importer has set
 * and shapes cannot tell (see sg_model_new()), describes its networks, orders model->names and
 * refuses missing, misshapen and surplus tensors. */
gboolean sg_model_recognise(SgModel *model, GError **error);

/* Adds a sentence to model->warnings. */
void sg_model_warn(SgModel *m, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* What the file says about itself: data set, kimg, licence… Attributes for which `skip` (may be
 * NULL) is true belong to layers and stay out. */
void sg_model_copy_metadata(SgModel *m, const SgArchive *a, gboolean (*skip)(const char *key));

/* Is a tensor of that name, as any family's files have it, one that gradients do not change? */
gboolean sg_import_is_buffer(const char *name);

G_END_DECLS
