/* SgModel: a StyleGAN whose tensors have canonical names and whose architecture is known.
 *
 * Canonical names (docs/formats.md, StyleGAN2: names and shapes) stand behind a network's prefix:
 * "G_ema." (the averaged generator, used for pictures), "G." and "D.". The mystylegan family keeps
 * its own layer names behind the same prefixes ("G_ema.0.upconv.weight_orig"). Immutable once
 * loaded and safe to share between threads. */
#pragma once

#include "engine/formats/archive.h"
#include "engine/models/network.h"

G_BEGIN_DECLS

typedef enum { SG_ARCH_SKIP, SG_ARCH_ORIG, SG_ARCH_RESNET } SgArch;

typedef struct {
  const SgFamily *family;           /* family.h */
  int z_dim, w_dim, c_dim;          /* c_dim 0: unconditional */
  int img_resolution, img_channels; /* img_resolution: of the largest block, as files call it */
  int img_height, img_width;        /* of a picture; 0: img_resolution */
  int num_ws;                       /* vectors the synthesis network takes */
  int mapping_layers;
  double mapping_lr_mul; /* 0.01; 1 for mystylegan */
  SgArch g_arch;
  double g_conv_clamp; /* < 0: none */
  double usual_psi;    /* how its authors truncate; 1: not */
  int usual_cutoff;    /* < 0: all vectors */

  gboolean has_d;
  SgArch d_arch;
  double d_conv_clamp;  /* < 0: none */
  int d_mapping_layers; /* conditional only */
  double d_mapping_lr_mul;
  int mbstd_group_size;   /* 0: the whole batch */
  int mbstd_num_channels; /* 0: no minibatch standard deviation */
} SgModelInfo;

struct _SgModel {
  gatomicrefcount ref;
  char *path;
  char *kind; /* for people, as SgArchive.kind */
  char *hash; /* SHA-256 over names, shapes and bytes of all tensors: identifies the
                 weights whatever file they came from; lower-case hex */
  SgModelInfo info;
  GPtrArray *names;     /* of char*, canonical, in a stable order */
  GHashTable *tensors;  /* char* -> SgTensor* */
  GHashTable *metadata; /* char* -> char*: kimg, dataset, licence… whatever the file said */
  GPtrArray *warnings;  /* of char*: sentences whoever opens the model has to be told */
  int asked_resolution; /* while it is imported: what a file that does not say it is opened at; 0 */
  SgNetwork *generator, *discriminator; /* of what its tensors are; NULL until asked for */
};

/* Pixels of a picture. */
static inline int
sg_info_height(const SgModelInfo *i)
{
  return i->img_height > 0 ? i->img_height : i->img_resolution;
}
static inline int
sg_info_width(const SgModelInfo *i)
{
  return i->img_width > 0 ? i->img_width : i->img_resolution;
}
/* FALSE and an error that says what works on square pictures only: "projection". */
gboolean sg_info_require_square(const SgModelInfo *i, const char *what, GError **error);

/* Vitrine draws grey, grey with alpha, RGB and RGBA. */
#define SG_MAX_COLOURS 4

/* Reads, recognises and checks a model: every tensor the architecture needs is there with its
 * shape, and every weight is finite. A discriminator that cannot be read does not keep the
 * generator from being read; model->warnings says so. Errors as sg_archive_open(). Any thread. */
SgModel *sg_model_load(const char *path, GError **error);
SgModel *sg_model_from_archive(SgArchive *archive, GError **error);
/* From now on a file that does not say how far its progressive training has come is opened at so
 * many pixels (0: as its layers tell), and one that says otherwise is an error. Before any thread
 * loads. */
void sg_model_ask_resolution(int pixels);
/* An empty model, for a training to fill and save: it has no hash. */
SgModel *sg_model_new(const char *path, const SgModelInfo *info);
/* What the model's networks are made of. Of one that was loaded they have been checked; one that
 * was put together is described when first asked for, and its tensors have to be there by then.
 * Borrowed; D only if info.has_d. Any thread. */
const SgNetwork *sg_model_generator(const SgModel *model);
const SgNetwork *sg_model_discriminator(const SgModel *model);
/* The description of a model that is put together: `from` has the same layers and sizes. */
void sg_model_share_networks(SgModel *model, const SgModel *from);
/* Appends a tensor; takes it. */
void sg_model_take(SgModel *m, const char *prefix, const char *name, SgTensor *tensor);
/* What drawing and scoring need of a training's snapshot: the averaged generator and the
 * discriminator, without the training's state. Tensors are shared. */
SgModel *sg_model_new_light(const SgModel *model);
/* Writes native safetensors (float32) with the architecture in __metadata__, to a temporary file
 * that is renamed over `path` only when all of it is on disk. */
gboolean sg_model_save(SgModel *model, const char *path, GError **error);
/* The beginning of such a file, up to the numbers of the first tensor of `names`. */
GBytes *sg_model_head(const SgModel *model);
SgModel *sg_model_ref(SgModel *model);
void sg_model_unref(SgModel *model);

/* Borrowed; NULL if absent. `prefix` is "G_ema.", "G." or "D.". */
SgTensor *sg_model_tensor(const SgModel *model, const char *prefix, const char *name);
/* printf for names: sg_model_tensorf (m, "G_ema.", "synthesis.b%d.conv%d.weight", 8, 1). */
SgTensor *sg_model_tensorf(const SgModel *model, const char *prefix, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Does it have a network of that prefix? */
gboolean sg_model_has(const SgModel *model, const char *prefix);
/* "G_ema." if the model has it, else "G.". */
const char *sg_model_generator_prefix(const SgModel *model);
/* "StyleGAN2, 64×64, skip, 512-dimensional z, 10 styles, with discriminator"; to be freed. */
char *sg_model_summary(const SgModel *model);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgModel, sg_model_unref)

G_END_DECLS
