/* The presets ("cfg") of NVlabs' stylegan2-ada-pytorch train.py, for one device, that of "Tackling
 * fake images in cybersecurity" (arXiv 2507.13722), and one for processors. */
#include "engine/learn/options-private.h"
#include "engine/metrics/metric.h"

typedef struct {
  int resolution, channel_base, channel_max, mapping_layers, batch, mbstd_group;
  double lr, r1_gamma, ema_kimg, ema_rampup, kimg;
  double pl_weight, style_mixing;
  const char *d_arch;
} Preset;

const char *const sg_train_presets[] = {"auto",      "stylegan2", "paper256",         "paper512",
                                        "paper1024", "cifar",     "cybersecurity128", "narrow",
                                        NULL};

/* clang-format off */
#define I SG_AUTO_INT
#define R SG_AUTO_REAL
static const Preset presets[] = {
  /* size, base, max, map, batch, group, lr, gamma, ema, ramp, kimg, pl, mixing, d_arch */
  /* auto */ {0, I, 512, 2, I, I, R, R, R, 0.05, 25000, 2, 0.9, "resnet"},
  /* stylegan2 */ {0, 32768, 512, 8, 32, 4, 0.002, 10, 10, 0, 25000, 2, 0.9, "resnet"},
  /* paper256 */ {0, 16384, 512, 8, 64, 8, 0.0025, 1, 20, 0, 25000, 2, 0.9, "resnet"},
  /* paper512 */ {0, 32768, 512, 8, 64, 8, 0.0025, 0.5, 20, 0, 25000, 2, 0.9, "resnet"},
  /* paper1024 */ {0, 32768, 512, 8, 32, 4, 0.002, 2, 10, 0, 25000, 2, 0.9, "resnet"},
  /* cifar */ {0, 32768, 512, 2, 64, 32, 0.0025, 0.01, 500, 0.05, 100000, 0, 0, "orig"},
  /* The paper names size, latent (512), mapping layers, batch and group; the rest is
   * stylegan2's. */
  /* cybers. */ {128, 32768, 512, 8, 80, 8, 0.002, 10, 10, 0, 25000, 2, 0.9, "resnet"},
  /* Auto's rules in widths with which a processor comes to an end: those of the bundled model. */
  /* narrow */ {0, I, 128, 2, I, I, R, R, R, 0.05, 2000, 2, 0.9, "resnet"},
};
#undef I
#undef R
/* clang-format on */

G_STATIC_ASSERT(G_N_ELEMENTS(presets) == G_N_ELEMENTS(sg_train_presets) - 1);

/* What NVlabs' configurations have in common. conv_clamp guards their half-precision layers; it is
 * kept for fp32 because it belongs to the network (a trained one is run with it). */
static const SgTrainOptions common = {
    .seed = 0,
    .z_dim = 512,
    .w_dim = 512,
    .mapping_lr_mul = 0.01,
    .g_arch = (char *)"skip",
    .subset_seed = -1,
    .conv_clamp = 256,
    .d_mapping_layers = 8,
    .mbstd_channels = 1,
    .beta1 = 0,
    .beta2 = 0.99,
    .eps = 1e-8,
    .r1_interval = 16,
    .pl_interval = 4,
    .pl_batch_shrink = 2,
    .pl_decay = 0.01,
    .w_avg_beta = 0.995,
    .aug = (char *)"ada",
    .aug_pipe = (char *)"bgc",
    .ada_target = 0.6,
    .ada_interval = 4,
    .ada_kimg = 500,
    .tick_kimg = 4,
    .snap = 50,
    .tick_seconds = 60,
    .snap_minutes = 15,
    .metrics = (char *)SG_METRIC_DEFAULT,
    .metric_images = 2048,
    .workers = 0,
    .device = (char *)"auto",
    .precision = (char *)"fp32",
};

void
sg_train_preset_defaults(guint i, SgTrainOptions *d)
{
  const Preset *p = &presets[i];

  *d = common;
  d->preset = (char *)sg_train_presets[i];
  d->resolution = p->resolution;
  d->channel_base = p->channel_base;
  d->channel_max = p->channel_max;
  d->mapping_layers = p->mapping_layers;
  d->batch = p->batch;
  d->mbstd_group = p->mbstd_group;
  d->lr_g = d->lr_d = p->lr;
  d->r1_gamma = p->r1_gamma;
  d->ema_kimg = p->ema_kimg;
  d->ema_rampup = p->ema_rampup;
  d->kimg = p->kimg;
  d->pl_weight = p->pl_weight;
  d->style_mixing = p->style_mixing;
  d->d_arch = (char *)p->d_arch;
}

int
sg_train_preset_find(const char *name)
{
  for (int i = 0; sg_train_presets[i]; i++)
    if (g_str_equal(sg_train_presets[i], name))
      return i;
  return -1;
}

const char *
sg_train_preset_default(const char *device, gboolean has_cuda)
{
  gboolean automatic = !device || g_str_equal(device, "auto");
  gboolean cpu = automatic ? !has_cuda : g_str_equal(device, "cpu");
  return cpu ? "narrow" : "auto";
}

/* max (min (gpus · min (4096 / res, 32), 64), gpus) for one GPU. */
int
sg_train_auto_batch(int resolution)
{
  return MAX(MIN(4096 / resolution, 32), 1);
}

/* Narrow: 32 channels at the picture's own size, twice as many at half of it, up to 128: as the
 * bundled model has. Auto: as NVlabs. */
int
sg_train_auto_channel_base(const char *preset, int resolution)
{
  if (g_str_equal(preset, "narrow"))
    return 32 * resolution;
  return resolution >= 512 ? 32768 : 16384;
}

double
sg_train_auto_lr(int resolution)
{
  return resolution >= 1024 ? 0.002 : 0.0025;
}

double
sg_train_auto_gamma(int resolution, int batch)
{
  return 0.0002 * ((double)resolution * resolution) / batch;
}

double
sg_train_auto_ema_kimg(int batch)
{
  return batch * 10.0 / 32.0;
}
