#include "engine/models/foreign.h"
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <string.h>

/* Networks by parts of their tensors' names: a file that has both parts is one. The surest come
 * first, and the larger model before the network that is a part of it. */
static const struct {
  const char *parts[2];
  const char *name;
} known[] = {
    {{"synthesis.input.freqs", "mapping.embed_proj"}, "a StyleGAN-XL generator"},
    {{"synthesis.input.freqs", "feature_networks."}, "a StyleGAN-XL generator"},
    {{"magnitude_ema", NULL}, "a part of a StyleGAN3 generator"},
    {{"backbone.synthesis.", "superresolution."}, "an EG3D generator"},
    {{"stylegan_decoder.", NULL}, "a GFPGAN, which restores faces and draws none"},
    {{"MainLayers.0.Layers.0.Basis", NULL}, "an R3GAN"},
    {{"to_big.", "feat_8."}, "a FastGAN generator"},
    {{"synthesis.4x4/", NULL}, "a TensorFlow StyleGAN in a layout that Vitrine does not read"},
    {{"4x4/Dense/weight", "ToRGB_lod"}, "a Progressive GAN (TensorFlow)"},
    {{"initial_block", NULL}, "a model of lucidrains' stylegan2-pytorch, which is another network"},
    {{"progression.0.conv", NULL}, "a StyleGAN1 model (style-based-gan-pytorch)"},
    {{"init_block.const", NULL}, "a StyleGAN1 model (StyleGAN.pytorch)"},
    {{"synthesis.layer0.const", NULL}, "a StyleGAN1 model (genforce)"},
    {{"style_mapping.", "constant_input.input"}, "a StyleGAN2 of mmgeneration, in another layout"},
    {{"style_mlp.", "style_conv1."}, "a StyleGAN2 of BasicSR, in another layout"},
    {{"dwt.", "iwt."}, "a SWAGAN, StyleGAN2 in wavelets"},
    {{"model.diffusion_model.", NULL}, "a Stable Diffusion model, not a GAN"},
};

static gboolean
contains(const SgArchive *a, const char *part)
{
  for (guint i = 0; part && i < a->entries->len; i++)
    if (strstr(((SgEntry *)a->entries->pdata[i])->name, part))
      return TRUE;
  return !part;
}

gboolean
sg_name_unknown_network(const SgArchive *a, const SgUnwrapped *u, GError **error)
{
  static const char reads[] = "Vitrine reads NVlabs' StyleGAN, "
                              "StyleGAN2 and StyleGAN3, rosinality's and mystylegan";

  for (gsize k = 0; k < G_N_ELEMENTS(known); k++)
    if (contains(a, known[k].parts[0]) && contains(a, known[k].parts[1]))
      return sg_unsupported(error, "this is %s; %s", known[k].name, reads);
  if (u->discriminator && !u->generator)
    return sg_unsupported(error, "this is a StyleGAN2 discriminator without a generator");
  const SgEntry *first = a->entries->pdata[0];
  return sg_unsupported(error,
                        "no StyleGAN2 that Vitrine knows: %s of %u tensors, the first is “%s”",
                        a->kind, a->entries->len, first->name);
}

void
sg_warn_of_unknown_discriminator(const SgArchive *a, SgModel *m)
{
  static const char *const words[] = {"D.", "d.", "discriminator.", "netD.", "D_ema."};

  for (guint i = 0; i < a->entries->len; i++) {
    const char *name = ((SgEntry *)a->entries->pdata[i])->name;
    for (gsize k = 0; k < G_N_ELEMENTS(words); k++) {
      const char *at = strstr(name, words[k]);
      if (!at || (at > name && at[-1] != '.'))
        continue;
      sg_model_warn(m,
                    "The discriminator in “%.*s” is of a kind that Vitrine does not know%s, so "
                    "nothing can be scored",
                    (int)(at - name + (int)strlen(words[k]) - 1), name,
                    contains(a, "feature_networks.") ? " (a projected GAN's)" : "");
      return;
    }
  }
}
