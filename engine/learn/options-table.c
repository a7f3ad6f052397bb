/* One row an option: type, range, default and help. Names are those of NVlabs' train.py where it
 * has the option. The defaults themselves are in options-presets.c; a test compares the texts here
 * with them. */
#include "engine/learn/options-private.h"
#include "engine/metrics/metric.h"

static const char *const archs[] = {"skip", "orig", "resnet", NULL};
static const char *const augs[] = {"noaug", "ada", "fixed", NULL};
static const char *const precisions[] = {"fp32", "tf32", "bf16", "fp16", NULL};

#define AT(field) G_STRUCT_OFFSET(SgTrainOptions, field)
#define INT(name, field, lo, hi, d, h)                                                             \
  {                                                                                                \
    name, SG_OPTION_INT, AT(field), lo, hi, NULL, d, h, GROUP                                      \
  }
#define REAL(name, field, lo, hi, d, h)                                                            \
  {                                                                                                \
    name, SG_OPTION_REAL, AT(field), lo, hi, NULL, d, h, GROUP                                     \
  }
#define BOOL(name, field, d, h)                                                                    \
  {                                                                                                \
    name, SG_OPTION_BOOL, AT(field), 0, 1, NULL, d, h, GROUP                                       \
  }
#define SEED(name, field, d, h)                                                                    \
  {                                                                                                \
    name, SG_OPTION_SEED, AT(field), 0, 0, NULL, d, h, GROUP                                       \
  }
#define TEXT(name, field, words, d, h)                                                             \
  {                                                                                                \
    name, SG_OPTION_TEXT, AT(field), 0, 0, words, d, h, GROUP                                      \
  }

/* Large enough for anything sensible, small enough that products of two fit an int. */
#define MANY 32768
/* Adam divides by 1 - beta^t. */
#define BETA_MAX 0.999999999

/* clang-format off */
const SgTrainOption sg_train_option_table[] = {
#define GROUP "Data"
  TEXT("data", data, NULL, "required",
       "Folder or zip of images, CelebA folder or MNIST-like IDX file to train on."),
  TEXT("outdir", outdir, NULL, "required",
       "Folder in which the run's own numbered directory is made."),
  TEXT("resume", resume, NULL, "none",
       "A run directory to go on with exactly where it stopped; latest: the newest one in outdir. Or a "
       "model file, or the folder of an NVlabs run, whose newest network a new run starts from: the "
       "networks are made as the model's (ada-kimg is then 100 and ema-rampup 0 unless given)."),
  TEXT("cfg", preset, sg_train_presets, "narrow on the CPU, else auto",
       "Preset: auto is NVlabs' and follows the resolution; narrow is auto with widths and a length with "
       "which a CPU comes to an end; stylegan2 to cifar are NVlabs' of the StyleGAN2 and ADA papers; cybersecurity128 is that of "
       "\"Tackling fake images in cybersecurity\"."),
  TEXT("name", name, NULL, "the data set's file name",
       "Name of the data set in the run directory's name."),
  TEXT("desc", desc, NULL, "none", "A word that is added to the run directory's name."),
  TEXT("licence", licence, NULL, "none",
       "Under which licence the data set is, for the model's card, which snapshots carry."),
  INT("resolution", resolution, 8, 1024, "from the data set; cybersecurity128: 128",
      "Side of the pictures, a power of two; images are cropped and resized to it."),
  INT("channels", channels, 1, 3, "from the data set", "Colour channels: 1 (grey) or 3."),
  INT("label-dim", label_dim, 0, MANY, "from the data set",
      "Length of a label; 0 without labels. The data set decides it."),
  BOOL("cond", cond, "0", "Train a conditional model on the data set's labels."),
  BOOL("mirror", mirror, "0", "Show every image flipped too, which doubles the set."),
  BOOL("mirror-y", mirror_y, "0", "Show every image upside down too, which doubles the set."),
  INT("subset", subset, 0, 100000000, "0", "Only so many images of the set, the first of them; 0: all."),
  INT("subset-seed", subset_seed, -1, G_MAXINT, "-1",
      "Draws the images of the subset from all of the set; -1: the first ones."),
  SEED("seed", seed, "0", "Everything random follows from this number, 0 to 2^64 - 1."),
#undef GROUP
#define GROUP "Networks"
  INT("z-dim", z_dim, 1, 8192, "512", "Length of the input latent z."),
  INT("w-dim", w_dim, 1, 8192, "512",
      "Length of the intermediate latent w (StyleGAN, Karras et al. 2019)."),
  INT("mapping-layers", mapping_layers, 1, 64, "auto and cifar: 2; others: 8",
      "Layers of the mapping network (StyleGAN, Karras et al. 2019)."),
  REAL("mapping-lr-mul", mapping_lr_mul, 1e-6, 100, "0.01",
       "Learning rate multiplier of the mapping network (StyleGAN, Karras et al. 2019)."),
  INT("channel-base", channel_base, 8, 1 << 20,
      "auto: 32768 from 512 pixels on, else 16384; narrow: 32 · resolution; paper256: 16384; others: 32768",
      "A block at resolution r has channel-base / r channels (StyleGAN2's fmap_base)."),
  INT("channel-max", channel_max, 1, 8192, "narrow: 128; others: 512", "…but at most so many."),
  TEXT("g-arch", g_arch, archs, "skip",
       "Generator architecture (StyleGAN2, Karras et al. 2020, section 4.1)."),
  TEXT("d-arch", d_arch, archs, "resnet; cifar: orig",
       "Discriminator architecture (StyleGAN2, Karras et al. 2020, section 4.1)."),
  REAL("conv-clamp", conv_clamp, -1, 1e6, "256",
       "Activations are clamped to ± this (ADA, Karras et al. 2020); -1: not at all."),
  INT("d-mapping-layers", d_mapping_layers, 1, 64, "8",
      "Layers of a conditional discriminator's mapping network (ADA, Karras et al. 2020)."),
  INT("mbstd-group", mbstd_group, 1, 4096,
      "auto: the batch, at most 4; stylegan2, paper1024: 4; paper256, paper512, cybersecurity128: 8; "
      "cifar: 32",
      "Pictures compared by the minibatch standard deviation (progressive GAN, Karras et al. 2018)."),
  INT("mbstd-channels", mbstd_channels, 0, 512, "1",
      "Feature maps of the minibatch standard deviation; 0: none."),
  INT("freezed", freezed, 0, 1000, "0",
      "So many layers of the discriminator, from the picture on, keep the weights they begin with (freeze-D, "
      "Mo et al. 2020)."),
#undef GROUP
#define GROUP "Losses"
  INT("batch", batch, 1, 4096,
      "auto: 4096 / resolution, at most 32; stylegan2, paper1024: 32; paper256, paper512, cifar: 64; "
      "cybersecurity128: 80",
      "Images of one step, of all processes together (mpirun)."),
  INT("batch-gpu", batch_gpu, 0, 4096, "0",
      "A process computes so many images at a time, whose gradients add up to the step's, so that less memory "
      "is needed; 0: all at once."),
  REAL("lr-g", lr_g, 0, 1, "auto: 0.0025, at 1024 pixels 0.002; paper256, paper512, cifar: 0.0025; "
       "others: 0.002", "The generator's learning rate (Adam)."),
  REAL("lr-d", lr_d, 0, 1, "as lr-g", "The discriminator's learning rate (Adam)."),
  REAL("beta1", beta1, 0, BETA_MAX, "0", "Adam's beta 1 (Kingma and Ba 2015)."),
  REAL("beta2", beta2, 0, BETA_MAX, "0.99", "Adam's beta 2 (Kingma and Ba 2015)."),
  REAL("eps", eps, 0, 1, "1e-8", "Adam's epsilon (Kingma and Ba 2015)."),
  REAL("gamma", r1_gamma, 0, 1e6,
       "auto: 0.0002 · resolution² / batch; stylegan2, cybersecurity128: 10; paper256: 1; paper512: "
       "0.5; paper1024: 2; cifar: 0.01",
       "Weight of the R1 penalty (Mescheder et al. 2018); 0: none."),
  INT("r1-interval", r1_interval, 0, 10000, "16",
      "R1 is computed every so many steps (lazy regularisation, StyleGAN2); 0: never."),
  REAL("pl-weight", pl_weight, 0, 1e6, "2; cifar: 0",
       "Weight of the path length penalty (StyleGAN2, Karras et al. 2020, section 3.2); 0: none."),
  INT("pl-interval", pl_interval, 1, 10000, "4",
      "The path length penalty is computed every so many steps (lazy regularisation, StyleGAN2)."),
  INT("pl-batch-shrink", pl_batch_shrink, 1, 4096, "2",
      "…on batch / this many pictures (StyleGAN2)."),
  REAL("pl-decay", pl_decay, 0, 1, "0.01",
       "How fast the average path length follows the batch's (StyleGAN2)."),
  REAL("mixing", style_mixing, 0, 1, "0.9; cifar: 0",
       "Probability of style mixing (StyleGAN, Karras et al. 2019, section 3.1)."),
  REAL("w-avg-beta", w_avg_beta, 0, 1, "0.995",
       "Decay of the average w that truncation uses (StyleGAN, Karras et al. 2019)."),
  REAL("ema-kimg", ema_kimg, 0, 1e6,
       "auto: batch · 10 / 32; paper256, paper512: 20; cifar: 500; others: 10",
       "Half-life of the averaged generator's weights, in thousands of images (progressive GAN, "
       "Karras et al. 2018)."),
  REAL("ema-rampup", ema_rampup, 0, 1e6, "auto, cifar: 0.05; others: 0",
       "The half-life is at most this share of the images seen so far (ADA, Karras et al. 2020); 0: "
       "no ramp-up."),
#undef GROUP
#define GROUP "Augmentation"
  TEXT("aug", aug, augs, "ada",
       "ada adapts the strength of augmentation (ADA, Karras et al. 2020), fixed keeps it at p, noaug "
       "has none."),
  REAL("p", ada_p, 0, 1, "0",
       "Probability of each augmentation: the fixed one, or where ada starts."),
  REAL("target", ada_target, 0, 1, "0.6", "What ada steers r_t, the mean sign of D(real), to (ADA)."),
  TEXT("augpipe", aug_pipe, NULL, "bgc",
       "Which augmentations: bgc, or several of blit, geom, color, bg joined with + (ADA, appendix B)."),
  INT("ada-interval", ada_interval, 1, 10000, "4", "ada adjusts p every so many steps (ADA)."),
  REAL("ada-kimg", ada_kimg, 1e-3, 1e6, "500",
       "Thousands of images in which ada can take p from 0 to 1 (ADA)."),
#undef GROUP
#define GROUP "Run"
  REAL("kimg", kimg, 0, 1e9, "25000; narrow: 2000; cifar: 100000", "Length of the training, in thousands of images."),
  REAL("tick", tick_kimg, 1e-3, 1e6, "4", "A status line every so many thousand images."),
  INT("snap", snap, 1, 1000000, "50", "A snapshot and a grid of pictures every so many ticks."),
  REAL("tick-seconds", tick_seconds, 0, 1e6, "60",
       "…and a line of statistics at least every so many seconds, the first ones sooner; 0: by images "
       "alone."),
  REAL("snap-minutes", snap_minutes, 0, 1e6, "15",
       "…and a snapshot at least every so many minutes, the first ones sooner, of which only the newest "
       "is kept; 0: by images alone."),
  INT("keep", keep, 0, 1000000, "0", "Only so many newest snapshots are kept; 0: all."),
  TEXT("metrics", metrics, sg_metric_words, SG_METRIC_DEFAULT,
       "Measured at every snapshot; several are joined with commas, \"vitrine metrics --help\" tells "
       "what they are."),
  INT("metric-images", metric_images, 2, 1000000, "2048", "Pictures a metric compares."),
  INT("threads", threads, 0, 4096, "0", "Threads that compute; 0: as many as there are processors."),
  INT("workers", workers, 0, 256, "0", "Threads that read images; 0: half of the cores."),
  TEXT("device", device, NULL, "auto", "What computes: auto, cpu, cuda or cuda:N."),
  TEXT("precision", precision, precisions, "fp32",
       "How convolutions multiply: fp32, bf16 (a CUDA device, or a CPU with AMX), tf32 or fp16 (a "
       "CUDA device); sums and weights have 32 bits."),
  INT("nice", nice, 0, 19, "0",
      "Lowers the priority of the whole process, as nice does: what else runs here stays quick."),
#undef GROUP
};
/* clang-format on */

const guint sg_train_option_count = G_N_ELEMENTS(sg_train_option_table);
