/* What a run will need, said before it starts; what cannot fit is refused. */
#include "engine/base/room.h"
#include "engine/learn/learn-share.h"
#include "engine/learn/rounds.h"
#include "engine/train/trainer-private.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *
sg_format_time(double seconds)
{
  gint64 s = seconds >= 0 ? (gint64)(MIN(seconds, 1e12) + 0.5) : 0;
  if (s < 60)
    return g_strdup_printf("%ds", (int)s);
  if (s < 3600)
    return g_strdup_printf("%dm %02ds", (int)(s / 60), (int)(s % 60));
  if (s < 86400)
    return g_strdup_printf("%dh %02dm %02ds", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
  return g_strdup_printf("%dd %02dh %02dm", (int)(s / 86400), (int)(s / 3600 % 24),
                         (int)(s / 60 % 60));
}

/* A number of /proc/self/statm or /proc/meminfo, in bytes; 0 if it cannot be read. */
static double
read_resident(void)
{
  g_autofree char *text = NULL;
  long total, resident;
  if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL) ||
      sscanf(text, "%ld %ld", &total, &resident) != 2)
    return 0;
  return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

double
sg_resident_gib(void)
{
  return read_resident() / (1 << 30);
}

static double
read_available(void)
{
  g_autofree char *text = NULL;
  const char *at;
  if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL) ||
      !(at = strstr(text, "MemAvailable:")))
    return 0;
  return g_ascii_strtod(at + strlen("MemAvailable:"), NULL) * 1024;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Floats of activations that D's forward pass keeps per picture: input of the filter, of both
 * convolutions and the skip. */
static double
d_activations(const SgNetwork *n)
{
  double sum = 0;
  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->kind == SG_KIND_CONV && l->kernel > 1 && l->stride_down > 1)
      sum += (double)l->in_h * l->in_w * (3 * l->in) +
             (double)l->out_h * l->out_w * (3 * l->out + l->in);
  }
  return sum;
}

/* The same of G: a block's last convolution speaks for all that is as large. */
static double
g_activations(const SgNetwork *n)
{
  double sum = 0;
  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->kind == SG_KIND_MODULATED && l->stride_up == 1)
      sum += (double)l->out_h * l->out_w * (4.5 * l->out + 3.0 * n->channels);
  }
  return sum;
}

/* How many processes share the memory: a device is one process's. */
static int
sharers(const SgTrainer *t)
{
  return t->l->backend->device_info ? 1 : sg_group_local_size(t->group);
}

static double
weight_memory(const SgTrainer *t)
{
  const SgLearn *l = t->l;
  return 4.0 * sharers(t) *
         (double)(l->g->total * 2 + l->g->learnt * 3 + l->d->total + l->d->learnt * 3);
}

/* What a phase has of all its pictures while it computes some: what is drawn for them, real and
 * generated ones. */
static double
batch_memory(const SgTrainer *t)
{
  const SgLearn *l = t->l;
  const SgModelInfo *i = &l->shape.info;
  double each = 2.0 * i->img_channels * i->img_resolution * i->img_resolution;

  for (int k = 0; k < sg_generator_noise_layers(l->g); k++)
    each += (double)sg_generator_noise_size(l->g, k) * sg_generator_noise_size(l->g, k);
  return 4 * each * sg_share_of(l->share, t->o->batch) * sharers(t);
}

/* Peak over the phases, of all processes on this machine or of this one's device, when a process
 * computes `at_once` pictures at a time. The factors for second order and for what a sweep has in
 * flight were measured (README, decisions). */
static double
estimate_memory(const SgTrainer *t, int at_once)
{
  const SgLearn *l = t->l;
  double n = at_once, d = 4 * n * d_activations(l->d->network),
         g = 4 * n * g_activations(l->g->network);
  double whole = at_once < sg_share_of(l->share, t->o->batch) ? batch_memory(t) : 0;
  double dreg = t->o->r1_gamma > 0 ? 2.2 * d : 0;
  double greg = t->o->pl_weight > 0 ? 2.4 * g / MAX(1, t->o->pl_batch_shrink) : 0;
  double gmain = g + 1.25 * d;
  return weight_memory(t) + whole + MAX(MAX(dreg, greg), gmain) * sharers(t);
}

/* As the options have it. */
static double
needed_memory(const SgTrainer *t)
{
  return estimate_memory(t, sg_rounds_size(t->o, sg_share_of(t->l->share, t->o->batch)));
}

/* The memory that what computes has: its own, or the computer's. What this program holds of a
 * device already (the weights, by now) is for the training. 0: not known. */
static double
available_memory(const SgTrainer *t, SgDeviceInfo *info)
{
  if (sg_backend_device_info(t->l->backend, info))
    return (double)(info->available + info->reserved);
  return info->id[0] ? 0 : read_available();
}

/* "26 MiB", "3.1 GiB"; to be freed. */
static char *
memory_text(double bytes)
{
  return bytes < 0.95 * (1 << 30) ? g_strdup_printf("%.0f MiB", ceil(bytes / (1 << 20)))
                                  : g_strdup_printf("%.1f GiB", bytes / (1 << 30));
}

/* The largest batch of whole groups that fits; 0: none does. */
static int
fitting_batch(const SgTrainer *t, double need, double have)
{
  int group = MAX(1, t->o->mbstd_group) * sg_group_size(t->group);
  double weights = weight_memory(t), one = (need - weights) / t->o->batch;
  int batch = have * 0.9 > weights ? (int)((have * 0.9 - weights) / one) : 0;

  return MIN(batch, t->o->batch) / group * group;
}

/* The largest round of whole groups that fits; 0: none does. */
static int
fitting_round(const SgTrainer *t, double have)
{
  int group = t->o->mbstd_channels > 0 ? MAX(1, t->o->mbstd_group) : 1;
  int batch = sg_share_of(t->l->share, t->o->batch);

  for (int n = batch - 1; n > 0; n--)
    if (batch % n == 0 && n % group == 0 && estimate_memory(t, n) <= 0.9 * have)
      return n;
  return 0;
}

/* What would fit instead; to be freed. */
static char *
fitting_text(const SgTrainer *t, double need, double have, gboolean on_gpu)
{
  int batch = t->o->batch_gpu > 0 ? 0 : fitting_batch(t, need, have),
      round = fitting_round(t, have);

  if (batch > 0 && round > 0)
    return g_strdup_printf("a batch of %d (--batch) would fit, or this one in rounds of %d "
                           "(--batch-gpu)",
                           batch, round);
  if (batch > 0)
    return g_strdup_printf("a batch of %d (--batch) would fit", batch);
  if (round > 0)
    return g_strdup_printf("rounds of %d (--batch-gpu) would fit", round);
  return g_strdup_printf("no batch would fit%s", on_gpu ? ", on the CPU perhaps" : "");
}

gboolean
sg_trainer_fits(SgTrainer *t, GError **error)
{
  SgDeviceInfo info;
  double need = needed_memory(t), have = available_memory(t, &info);

  if (have <= 0 || need <= have)
    return TRUE;
  g_autofree char *where =
      info.id[0] ? g_strdup_printf("GPU memory (%s, %s)", info.id, info.name) : g_strdup("memory");
  g_autofree char *hint = fitting_text(t, need, have, info.id[0]);
  g_autofree char *needed = memory_text(need), *found = memory_text(have);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
              "this training needs about %s of %s, but %s are free; %s", needed, where, found,
              hint);
  return FALSE;
}

/* ---- time ------------------------------------------------------------------------------------ */

#define LONG_SECONDS 1.0

/* Seconds of one phase's gradients, measured; the state is as before. Together: the same in all. */
static gboolean
time_phase(SgTrainer *t, SgPhase phase, SgBuf *real, SgBuf *real_c, double *seconds, GError **error)
{
  gint64 start = g_get_monotonic_time();
  GError *why = NULL;
  SgDraw *draw = sg_draw_new(t->l, phase, t->ds, 0, real, real_c, &why);
  gboolean ok = draw ? sg_learn_gradients(t->l, phase, draw, error)
                     : sg_share_give_up(t->l, phase, why, error);
  sg_draw_free(draw);
  *seconds = sg_seconds_since(start) / sg_group_size(t->group);
  if (ok)
    sg_group_sum(t->group, seconds, 1);
  return ok;
}

/* The same with the first `part` pictures of a batch. */
static gboolean
time_part(SgTrainer *t, SgPhase phase, int part, SgBuf *real, SgBuf *real_c, double *seconds,
          GError **error)
{
  int whole = t->o->batch;
  g_autoptr(SgBuf) some = sg_buf_view(real, 0, part, real->c, real->h, real->w);
  g_autoptr(SgBuf) some_c = real_c ? sg_buf_view(real_c, 0, part, real_c->c, 1, 1) : NULL;

  t->o->batch = part;
  gboolean ok = time_phase(t, phase, some, some_c, seconds, error);
  t->o->batch = whole;
  return ok;
}

/* How many pictures tell what a batch takes: one group of the minibatch standard deviation. A
 * device is quick, and has to show that a whole batch fits. */
static int
telling_part(const SgTrainer *t, int batch)
{
  int group = MAX(1, t->o->mbstd_group); /* whole groups only */
  return t->group || t->l->backend->device_info ? batch : MIN(batch, (3 + group) / group * group);
}

/* Each phase twice: the first time packs and allocates, which does not count where it takes long.
 * What takes long is not measured with the whole batch either, only counted up to it. */
static gboolean
time_batch(SgTrainer *t, SgPhase phase, SgBuf *real, SgBuf *real_c, double *seconds, GError **error)
{
  int n = real->n, part = telling_part(t, n);

  *seconds = 0;
  if (part < n && !time_part(t, phase, part, real, real_c, seconds, error))
    return FALSE;
  if (*seconds >= LONG_SECONDS) {
    *seconds *= (double)n / part;
    return TRUE;
  }
  for (int k = 0; k < 2 && *seconds < LONG_SECONDS; k++)
    if (!time_phase(t, phase, real, real_c, seconds, error))
      return FALSE;
  return TRUE;
}

/* Each phase once: a phase that is recorded takes its memory from what all of them have had. */
static gboolean
touch_all(SgTrainer *t, SgBuf *real, SgBuf *real_c, GError **error)
{
  double seconds;

  for (int phase = 0; phase < SG_PHASES; phase++)
    if (sg_learn_interval(t->l, (SgPhase)phase) > 0 &&
        !time_phase(t, (SgPhase)phase, real, real_c, &seconds, error))
      return FALSE;
  return TRUE;
}

static gboolean
time_iteration(SgTrainer *t, double *seconds, GError **error)
{
  SgLearn *l = t->l;
  const SgModelInfo *i = &l->shape.info;
  int n = sg_share_of(l->share, t->o->batch), r = i->img_resolution;
  GError *why = NULL;
  double pl_mean = l->pl_mean, total = 0;
  SgBuf *avg = sg_weights_average(l->g);
  g_autofree float *saved = sg_room((gsize)i->w_dim, sizeof *saved);
  g_autofree float *zero = sg_room0((gsize)n * (gsize)MAX(1, i->c_dim), sizeof *zero);
  g_autoptr(SgBuf) real = sg_room_check(&why)
                              ? sg_buf_new(l->backend, SG_FMT_PLAIN, n, i->img_channels, r, r, &why)
                              : NULL;
  g_autoptr(SgBuf) real_c =
      real && i->c_dim ? sg_buf_from_floats(l->backend, zero, n, i->c_dim, 1, 1, &why) : NULL;

  if (real && (real_c || !i->c_dim))
    sg_buf_fill(real, 0, &why);
  if (!sg_group_agree(t->group, why, error))
    return FALSE;
  l->backend->download(avg, saved);
  if (l->backend->record_begin && !touch_all(t, real, real_c, error))
    return FALSE;
  for (int phase = 0; phase < SG_PHASES; phase++) {
    int interval = sg_learn_interval(l, (SgPhase)phase);
    double each = 0;
    if (interval > 0 && !time_batch(t, (SgPhase)phase, real, real_c, &each, error))
      return FALSE;
    total += interval > 0 ? each / interval : 0;
  }
  l->backend->upload(avg, saved);
  l->pl_mean = pl_mean;
  *seconds = total;
  return TRUE;
}

/* "3.02 M", "12.5 k", "640": three digits that say something; to be freed. */
static char *
count_text(double n)
{
  return n >= 1e6   ? g_strdup_printf("%.2f M", n / 1e6)
         : n >= 1e4 ? g_strdup_printf("%.1f k", n / 1e3)
                    : g_strdup_printf("%.0f", n);
}

/* ---- saying ---------------------------------------------------------------------------------- */

static void
say(SgTrainer *t, const char *line)
{
  if (t->dir)
    sg_run_dir_log(t->dir, "%s", line);
  else if (sg_group_rank(t->group) == 0)
    fputs(line, stdout);
}

static void
say_device(SgTrainer *t)
{
  SgDeviceInfo info;
  g_autofree char *need = memory_text(needed_memory(t));
  g_autofree char *have = memory_text(available_memory(t, &info));
  g_autofree char *title = sg_backend_title(t->l->backend);
  g_autofree char *size = g_strdup_printf(", %.1f GiB", (double)info.total / (1 << 30));
  g_autofree char *device = g_strdup_printf("Device:        %s%s\n", title, info.total ? size : "");
  g_autofree char *memory = g_strdup_printf("Memory:        about %s of %s %s\n", need, have,
                                            info.id[0] ? "free on the GPU" : "available");

  say(t, device);
  say(t, memory);
}

/* Which was chosen, where nobody has; not once it has begun. */
static void
say_preset(SgTrainer *t)
{
  const SgTrainOptions *o = t->o;

  gboolean chosen =
      sg_train_options_is_set(o, "cfg") ||
      (sg_train_options_is_set(o, "channel-base") && sg_train_options_is_set(o, "channel-max"));
  if (!g_str_equal(o->preset, "narrow") || chosen || t->l->nimg)
    return;
  g_autofree char *text = g_strdup_printf(
      "Preset:        narrow, in widths for a CPU (up to %d channels); NVlabs': --cfg=auto\n",
      o->channel_max);
  say(t, text);
}

gboolean
sg_trainer_preflight(SgTrainer *t, GError **error)
{
  SgLearn *l = t->l;
  gboolean leads = sg_group_rank(t->group) == 0;
  GError *why = NULL, *failed = NULL;
  double iteration;
  g_autofree char *generator = count_text((double)l->g->learnt);
  g_autofree char *discriminator = count_text((double)l->d->learnt);
  g_autofree char *nets = g_strdup_printf(
      "Networks:      generator %s, discriminator %s parameters\n", generator, discriminator);

  say_preset(t);
  say(t, nets);
  say_device(t);
  sg_trainer_fits(t, &why);
  if (!sg_group_agree(t->group, why, error))
    return FALSE;
  if (!time_iteration(t, &iteration, &failed)) {
    if (g_error_matches(failed, G_FILE_ERROR, G_FILE_ERROR_NOMEM))
      g_prefix_error(&failed, "a batch of %d is too large (--batch, --batch-gpu): ", t->o->batch);
    g_propagate_error(error, failed);
    return FALSE;
  }
  double per_kimg = iteration * 1000 / t->o->batch, left = t->o->kimg - (double)l->nimg / 1000;
  double per_snapshot = per_kimg * t->o->tick_kimg * t->o->snap;
  if (t->o->snap_minutes > 0 && !(per_snapshot > 0 && per_snapshot < 60 * t->o->snap_minutes))
    per_snapshot = 60 * t->o->snap_minutes; /* the clock asks first */
  g_autofree char *a = sg_format_time(per_kimg), *b = sg_format_time(per_snapshot);
  g_autofree char *c = sg_format_time(per_kimg * MAX(left, 0));
  g_autofree char *time = g_strdup_printf(
      "Time:          %s per kimg (%.1f images/s), a snapshot every %s, %s to %.0f kimg\n", a,
      t->o->batch / iteration, b, c, t->o->kimg);
  say(t, time);
  g_autofree char *disk = leads ? sg_trainer_disk_text(t, &failed) : NULL;
  if (disk)
    say(t, disk);
  return sg_group_agree(t->group, failed, error);
}
