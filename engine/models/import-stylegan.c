/* NVlabs' TensorFlow pickles of StyleGAN, versions 2 and 3 (docs/formats.md, StyleGAN). A
 * progressive network holds all resolutions from the first day on; those that are not trained yet
 * stay out. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include "engine/models/tensorflow-names.h"
#include <math.h>
#include <string.h>

#define MAX_LOG2 12

static gboolean
is_generator(const SgArchive *a, const char *network)
{
  return sg_tf_lookup(a, network, "synthesis.4x4/Const/const") &&
         sg_tf_lookup(a, network, "synthesis.4x4/Const/StyleMod/weight");
}

static gboolean
matches(const SgArchive *a)
{
  return is_generator(a, "Gs.") || is_generator(a, "G.");
}

/* The argument of a network or of the part of it that draws. */
static const char *
stated(const SgArchive *a, const char *network, const char *name)
{
  g_autofree char *part = g_strconcat(network, "synthesis.", NULL);
  const char *text = sg_tf_argument(a, network, name);
  return text ? text : sg_tf_argument(a, part, name);
}

/* ---- how far it is trained ------------------------------------------------------------------- */

/* log2 of the pictures of a network, whose blocks have this variable. */
static int
log2_of(const SgArchive *a, const char *network, const char *before, const char *after)
{
  int k = 2;

  for (; k < MAX_LOG2; k++) {
    g_autofree char *name = g_strdup_printf("%s%dx%d%s", before, 2 << k, 2 << k, after);
    if (!sg_tf_lookup(a, network, name))
      break;
  }
  return k;
}

typedef struct {
  int first;  /* the last doubling that is trained */
  int full;   /* that of a whole picture */
  double lod; /* as stored */
} Progress;

/* FALSE: lod is no number of resolutions. */
static gboolean
read_progress(const SgArchive *a, const char *network, gboolean d, Progress *p, GError **error)
{
  const SgTensor *lod = sg_tf_lookup(a, network, "lod");

  if (g_strcmp0(stated(a, network, "structure"), "fixed") == 0) /* takes no notice of it */
    lod = NULL;
  p->full = d ? log2_of(a, network, "", "/Conv0/weight")
              : log2_of(a, network, "synthesis.", "/Conv0_up/weight");
  p->lod = lod && lod->numel == 1 ? (double)lod->data[0] : 0;
  if (!(p->lod >= 0 && p->lod <= p->full))
    return sg_broken(error,
                     "%slod is %g, which should be from 0 to %d: how many doublings are not "
                     "trained yet",
                     network, p->lod, p->full - 2);
  p->first = p->full - MIN((int)p->lod, p->full - 2);
  return TRUE;
}

/* ---- names ----------------------------------------------------------------------------------- */

typedef struct {
  SgTfMapping names;
  Progress progress;
  gboolean noise;
} Mapping;

static void
map_layer(const Mapping *m, const char *from, int noise, const char *to)
{
  const SgTfMapping *n = &m->names;

  sg_tf_copy_conv(n, from, to);
  sg_tf_copy_part(n, SG_TF_TRANSPOSE, from, "StyleMod/weight", to, "affine.weight");
  sg_tf_copy_part(n, SG_TF_AS_IS, from, "StyleMod/bias", to, "affine.bias");
  if (!m->noise)
    return;
  g_autofree char *source = g_strdup_printf("synthesis.noise%d", noise);
  g_autofree char *target = g_strconcat(to, ".noise_const", NULL);
  sg_tf_copy_part(n, SG_TF_AS_IS, from, "Noise/weight", to, "noise_strength");
  sg_tf_copy(n, SG_TF_DROP_ONES, source, target);
}

static void
map_g_block(const Mapping *m, int k)
{
  int r = 1 << k;
  g_autofree char *conv0 = g_strdup_printf("synthesis.%dx%d/Conv0_up", r, r);
  g_autofree char *conv1 = g_strdup_printf("synthesis.%dx%d/Conv1", r, r);
  g_autofree char *to0 = g_strdup_printf("synthesis.b%d.conv0", r);
  g_autofree char *to1 = g_strdup_printf("synthesis.b%d.conv1", r);

  map_layer(m, conv0, 2 * k - 4, to0);
  map_layer(m, conv1, 2 * k - 3, to1);
}

/* The picture of block k, and while the next one is blended in that of the block before it. */
static void
map_pictures(const Mapping *m, const char *from_name, const char *to_block, const char *to_name)
{
  const Progress *p = &m->progress;
  gboolean blended = p->lod != floor(p->lod) && p->first > 2;

  for (int k = p->first; k >= p->first - (blended ? 1 : 0); k--) {
    g_autofree char *from = g_strdup_printf("%s%d", from_name, p->full - k);
    g_autofree char *to = g_strdup_printf("%s%d.%s", to_block, 1 << k, to_name);
    sg_tf_copy_conv(&m->names, from, to);
  }
}

static void
map_generator(const Mapping *m)
{
  const SgTfMapping *n = &m->names;

  sg_tf_copy(n, SG_TF_AS_IS, "dlatent_avg", "mapping.w_avg");
  sg_tf_copy(n, SG_TF_TRANSPOSE, "mapping.LabelConcat/weight", "mapping.label.weight");
  for (int i = 0; i < 64; i++) {
    g_autofree char *from = g_strdup_printf("mapping.Dense%d", i);
    g_autofree char *to = g_strdup_printf("mapping.fc%d", i);
    sg_tf_copy_dense(n, from, to);
  }
  sg_tf_copy(n, SG_TF_DROP_ONES, "synthesis.4x4/Const/const", "synthesis.b4.const");
  map_layer(m, "synthesis.4x4/Const", 0, "synthesis.b4.epilogue");
  map_layer(m, "synthesis.4x4/Conv", 1, "synthesis.b4.conv1");
  for (int k = 3; k <= m->progress.first; k++)
    map_g_block(m, k);
  map_pictures(m, "synthesis.ToRGB_lod", "synthesis.b", "torgb");
}

static void
map_discriminator(const Mapping *m)
{
  const SgTfMapping *n = &m->names;

  for (int k = 3; k <= m->progress.first; k++) {
    int r = 1 << k;
    g_autofree char *conv0 = g_strdup_printf("%dx%d/Conv0", r, r);
    g_autofree char *conv1 = g_strdup_printf("%dx%d/Conv1_down", r, r);
    g_autofree char *to0 = g_strdup_printf("b%d.conv0", r);
    g_autofree char *to1 = g_strdup_printf("b%d.conv1", r);
    sg_tf_copy_conv(n, conv0, to0);
    sg_tf_copy_conv(n, conv1, to1);
  }
  sg_tf_copy_conv(n, "4x4/Conv", "b4.conv");
  sg_tf_copy_dense(n, "4x4/Dense0", "b4.fc");
  sg_tf_copy_dense(n, "4x4/Dense1", "b4.out");
  map_pictures(m, "FromRGB_lod", "b", "fromrgb");
}

/* ---- what no tensor tells -------------------------------------------------------------------- */

static void
remember(SgModel *m, const char *key, const char *text)
{
  if (text)
    g_hash_table_replace(m->metadata, g_strdup(key), g_strdup(text));
}

static void
remember_lod(SgModel *m, const char *key, double lod)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (lod > 0)
    remember(m, key, g_ascii_dtostr(text, sizeof text, lod));
}

static gboolean
read_arguments(const SgArchive *a, const char *generator, SgModel *m, GError **error)
{
  g_autofree char *mapping = g_strconcat(generator, "mapping.", NULL);
  const char *group = sg_tf_argument(a, "D.", "mbstd_group_size");
  const char *multiplier = sg_tf_argument(a, generator, "mapping_lrmul");

  if (!multiplier)
    multiplier = sg_tf_argument(a, mapping, "mapping_lrmul");
  if (!sg_read_multiplier(multiplier, &m->info.mapping_lr_mul, error))
    return FALSE;
  if (group && !sg_parse_int(group, 0, 65536, &m->info.mbstd_group_size))
    return sg_broken(error, "its minibatch group size is “%s”, which is no count", group);
  remember(m, "fused_scale", stated(a, generator, "fused_scale"));
  remember(m, "d_fused_scale", sg_tf_argument(a, "D.", "fused_scale"));
  remember(m, "truncation_psi", sg_tf_argument(a, generator, "truncation_psi"));
  remember(m, "truncation_cutoff", sg_tf_argument(a, generator, "truncation_cutoff"));
  return TRUE;
}

static gboolean
import_generator(const SgArchive *a, SgModel *m, const char *from, const char *to, GError **error)
{
  Mapping map = {.names = {a, m, from, to}};

  if (!is_generator(a, from))
    return TRUE;
  map.noise = g_strcmp0(stated(a, from, "use_noise"), "False") != 0;
  if (!read_progress(a, from, FALSE, &map.progress, error))
    return FALSE;
  map_generator(&map);
  return TRUE;
}

static void
tell_progress(SgModel *m, const Progress *p)
{
  if (p->lod > 0)
    sg_model_warn(m,
                  "This progressive training was not finished (lod %g of pictures of %d×%d): they "
                  "have the detail of %d×%d pixels%s",
                  p->lod, 1 << p->full, 1 << p->full, 1 << p->first, 1 << p->first,
                  p->lod == floor(p->lod) ? "" : ", which is being blended in");
}

static gboolean
import(const SgArchive *a, SgModel *m, GError **error)
{
  const char *generator = is_generator(a, "Gs.") ? "Gs." : "G.";
  Mapping d = {.names = {a, m, "D.", "D."}};
  Progress p;

  if (!read_arguments(a, generator, m, error) || !read_progress(a, generator, FALSE, &p, error) ||
      !import_generator(a, m, "Gs.", "G_ema.", error) || !import_generator(a, m, "G.", "G.", error))
    return FALSE;
  remember_lod(m, "lod", p.lod);
  tell_progress(m, &p);
  if (!sg_tf_lookup(a, "D.", "4x4/Dense1/weight"))
    return TRUE;
  if (!read_progress(a, "D.", TRUE, &d.progress, error))
    return FALSE;
  remember_lod(m, "d_lod", d.progress.lod);
  map_discriminator(&d);
  return TRUE;
}

const SgImporter sg_import_stylegan = {matches, import};
