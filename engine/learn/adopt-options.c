/* The architecture of a model as training options. */
#include "engine/base/number.h"
#include "engine/formats/format-error.h"
#include "engine/learn/adopt.h"
#include "engine/learn/options-private.h"
#include "engine/models/family.h"
#include <string.h>

#define POWERS SG_MAX_BLOCKS /* blocks of 4×4 … by their power of two */

/* ---- widths ---------------------------------------------------------------------------------- */

static gboolean
put_width(int width[POWERS], int pixels, int channels)
{
  int k = pixels > 0 ? g_bit_nth_msf((gulong)pixels, -1) : POWERS;

  if (k >= POWERS || (width[k] && width[k] != channels))
    return FALSE;
  width[k] = channels;
  return TRUE;
}

/* Channels of each block: what the generator's convolutions give and the discriminator's take. The
 * last of those takes the deviation of the minibatch, too. FALSE: two layers of a block differ, as
 * pruning leaves them. */
static gboolean
read_widths(const SgNetwork *n, int width[POWERS])
{
  gboolean even = TRUE;

  for (guint i = 0; even && i < n->layers->len; i++) {
    const SgLayer *l = sg_network_layer(n, (int)i);
    if (l->kernel != 3)
      continue;
    if (l->section == SG_SECTION_DISCRIMINATOR)
      even = put_width(width, l->in_h, l->in_h > 4 ? l->in : l->out);
    else
      even = put_width(width, l->out_h, l->out);
  }
  return even;
}

/* channel-base and channel-max give these widths. */
static gboolean
gives(int base, int max, const int width[POWERS])
{
  for (int k = 2; k < POWERS; k++)
    if (width[k] && MIN(base >> k, max) != width[k])
      return FALSE;
  return base > 0 && max > 0;
}

/* Those that the user has or this program's snapshot says if they fit, else the least. */
static gboolean
find_channels(const SgTrainOptions *o, const SgModel *m, const int width[POWERS], int *base,
              int *max)
{
  const char *json = g_hash_table_lookup(m->metadata, "train.options");
  g_autoptr(SgTrainOptions) said = json ? sg_train_options_from_json(m->path, json, NULL) : NULL;
  const SgTrainOptions *first[] = {sg_train_options_is_set(o, "channel-base") ? o : said, said, o};
  int last = 2;

  for (guint i = 0; i < G_N_ELEMENTS(first); i++) {
    *base = first[i] ? first[i]->channel_base : 0;
    *max = first[i] ? first[i]->channel_max : 0;
    if (gives(*base, *max, width))
      return TRUE;
  }
  for (int k = 2; k < POWERS; k++)
    last = width[k] ? k : last;
  *max = width[2];
  *base = width[last] << last;
  if (*max == width[last]) /* nowhere is it the base that decides: larger ones would do, too */
    *base = MAX(*base, sg_train_auto_channel_base("auto", 1 << last));
  return gives(*base, *max, width) || (*base = width[last] << last, gives(*base, *max, width));
}

/* ---- options --------------------------------------------------------------------------------- */

static const char *
arch_name(SgArch arch)
{
  static const char *const names[] = {"skip", "orig", "resnet"};
  return names[arch];
}

/* Takes `value` unless the user has said something else. */
static gboolean G_GNUC_PRINTF(5, 6) take(SgTrainOptions *o, const SgModel *m, const char *name,
                                         GError **error, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *value = g_strdup_vprintf(format, args), *was = sg_train_options_text(o, name);
  va_end(args);
  if (!sg_train_options_is_set(o, name))
    return sg_train_options_fill(o, name, value, error);
  g_autoptr(SgTrainOptions) scratch = sg_train_options_new("auto", error);
  g_autofree char *same = scratch && sg_train_options_fill(scratch, name, value, error)
                              ? sg_train_options_text(scratch, name)
                              : NULL;
  if (!same || g_str_equal(was, same))
    return same != NULL;
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
              "--%s is %s, but the model %s has %s: leave it out, or start without --resume", name,
              was, m->path, same);
  return FALSE;
}

static gboolean
take_real(SgTrainOptions *o, const SgModel *m, const char *name, double value, GError **error)
{
  g_autofree char *text = sg_number_text(value);
  return take(o, m, name, error, "%s", text);
}

static gboolean
take_channels(SgTrainOptions *o, const SgModel *m, GError **error)
{
  int width[POWERS] = {0}, base, max;

  gboolean even = read_widths(sg_model_generator(m), width) &&
                  (!m->info.has_d || read_widths(sg_model_discriminator(m), width));
  if (!even || !find_channels(o, m, width, &base, &max))
    return sg_unsupported(error,
                          "%s: its layers have numbers of channels that no channel-base and "
                          "channel-max give, as pruning leaves them: training cannot go on from it",
                          m->path);
  return take(o, m, "channel-base", error, "%d", base) &&
         take(o, m, "channel-max", error, "%d", max);
}

static gboolean
take_discriminator(SgTrainOptions *o, const SgModel *m, GError **error)
{
  const SgModelInfo *i = &m->info;

  if (!i->has_d)
    return TRUE;
  if (i->d_conv_clamp != i->g_conv_clamp)
    return sg_unsupported(error,
                          "%s: its generator clamps activations to %g and its discriminator to %g, "
                          "which is not trained here",
                          m->path, i->g_conv_clamp, i->d_conv_clamp);
  return take(o, m, "d-arch", error, "%s", arch_name(i->d_arch)) &&
         take(o, m, "mbstd-channels", error, "%d", i->mbstd_num_channels) &&
         (i->c_dim == 0 || take(o, m, "d-mapping-layers", error, "%d", i->d_mapping_layers));
}

/* Where a training may differ from the model. */
static gboolean
follow(SgTrainOptions *o, const SgModel *m, GError **error)
{
  const SgModelInfo *i = &m->info;

  if (!sg_info_require_square(i, "training", error))
    return FALSE;
  if (!sg_train_options_is_set(o, "resolution") &&
      !take(o, m, "resolution", error, "%d", i->img_resolution))
    return FALSE;
  if (!sg_train_options_is_set(o, "channels") &&
      !take(o, m, "channels", error, "%d", i->img_channels))
    return FALSE;
  return sg_train_options_is_set(o, "cond") || take(o, m, "cond", error, "%d", i->c_dim > 0);
}

gboolean
sg_train_options_adopt(SgTrainOptions *o, const SgModel *m, GError **error)
{
  const SgModelInfo *i = &m->info;

  if (!i->family->trainable)
    return sg_unsupported(error,
                          "%s: training goes on from a StyleGAN2; this file has another "
                          "network",
                          m->path);
  if (!take(o, m, "z-dim", error, "%d", i->z_dim) || !take(o, m, "w-dim", error, "%d", i->w_dim) ||
      !take(o, m, "mapping-layers", error, "%d", i->mapping_layers) ||
      !take_real(o, m, "mapping-lr-mul", i->mapping_lr_mul, error) ||
      !take(o, m, "g-arch", error, "%s", arch_name(i->g_arch)) ||
      !take_real(o, m, "conv-clamp", i->g_conv_clamp < 0 ? -1 : i->g_conv_clamp, error) ||
      !take_discriminator(o, m, error) || !take_channels(o, m, error))
    return FALSE;
  return follow(o, m, error);
}
