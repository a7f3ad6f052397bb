/* SgArchive: what a checkpoint file holds, as stored and before any interpretation.
 *
 * A flat list of named tensors plus the plain attributes found beside them (ints, floats, strings).
 * Every container ends here: safetensors, NVlabs persistence pickles, torch zips, legacy torch
 * streams. Nothing in a file is ever executed; see formats/pickle.h for the machine that reads it.
 *
 * Names are paths joined with '.', as docs/formats.md writes them:
 *   NVlabs pickle   G.synthesis.b4.const   G_ema.mapping.fc0.weight   D.b4.out.bias
 *   rosinality      g.style.1.weight       g_ema.conv1.conv.weight    latent_avg
 *   mystylegan      G.const                G.Src_Net.0.conv.bias      D.dense.weight_orig
 *   safetensors     as stored */
#pragma once

#include "engine/base/tensor.h"

G_BEGIN_DECLS

#define SG_FORMAT_ERROR (sg_format_error_quark())
GQuark sg_format_error_quark(void);
typedef enum {
  SG_FORMAT_ERROR_BROKEN,      /* truncated, inconsistent, hostile */
  SG_FORMAT_ERROR_UNSUPPORTED, /* sound, but not something Vitrine reads; the message says what it
                                  is */
} SgFormatError;

typedef enum {
  SG_CONTAINER_SAFETENSORS,
  SG_CONTAINER_PICKLE,
  SG_CONTAINER_TORCH_ZIP,
  SG_CONTAINER_TORCH_LEGACY,
  SG_CONTAINER_NPZ,
} SgContainer;

typedef struct {
  char *name;       /* path as above */
  char *dtype;      /* as stored: "float32", "float16", "bfloat16", "int64", "bool"… */
  SgTensor *tensor; /* converted to float32, C order */
} SgEntry;

typedef struct {
  gatomicrefcount ref;
  char *path; /* as given; for messages */
  SgContainer container;
  char *kind;             /* one sentence for people: "NVlabs StyleGAN2-ADA pickle, protocol 3" */
  GPtrArray *entries;     /* of SgEntry, in file order */
  GHashTable *by_name;    /* char* -> SgEntry, borrowed from entries */
  GHashTable *attributes; /* char* -> char*: path + '.' + attribute -> text, e.g.
                             "G_ema.img_resolution" -> "16", "G_ema.synthesis.b4.conv1.conv_clamp"
                             -> "256" or "None", safetensors "__metadata__.num_ws" -> "10" */
} SgArchive;

/* Reads the whole of `path`. Errors: G_FILE_ERROR when it cannot be read, SG_FORMAT_ERROR
 * otherwise; the message names the file, what was expected and what was found. Any thread. */
SgArchive *sg_archive_open(const char *path, GError **error);
/* The same from memory (tests, fuzzing); `path` is only for messages. `data` is not kept. */
SgArchive *sg_archive_open_memory(const char *path, const guint8 *data, gsize size, GError **error);
/* An archive without tensors, for whoever arranges what another one holds; `kind` is copied. */
SgArchive *sg_archive_new(const char *path, SgContainer container, const char *kind);
/* Appends a tensor, of which it takes a reference; FALSE if the name is taken already. */
gboolean sg_archive_add(SgArchive *a, const char *name, const char *dtype, SgTensor *tensor);
SgArchive *sg_archive_ref(SgArchive *a);
void sg_archive_unref(SgArchive *a);
/* Borrowed, NULL if absent. */
SgTensor *sg_archive_tensor(const SgArchive *a, const char *name);
const char *sg_archive_attribute(const SgArchive *a, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgArchive, sg_archive_unref)

G_END_DECLS
