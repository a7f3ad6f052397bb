/* What somebody who trains for the first time should know about a run. Each rule looks at a few
 * facts, says what is seen and what it means in one sentence, and what to try in another; it says
 * nothing as long as it is not sure. */
#include "engine/runs/run-reader-private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ticks in a row: 40 kimg with the usual ticks of 4. */
#define SUSTAINED 10
/* The usual first five ticks. */
#define EARLY_KIMG 20

void
sg_advice_free(SgAdvice *a)
{
  if (!a)
    return;
  g_free(a->text);
  g_free(a->what_to_try);
  g_free(a);
}

SgAdvice *
sg_advice_copy(const SgAdvice *a)
{
  SgAdvice *copy = g_new(SgAdvice, 1);
  *copy = *a;
  copy->text = g_strdup(a->text);
  copy->what_to_try = g_strdup(a->what_to_try);
  return copy;
}

static void
advice_free(gpointer a)
{
  sg_advice_free(a);
}

/* Takes both texts. */
static void
add(GPtrArray *to, const char *id, SgAdviceLevel level, char *text, char *what_to_try)
{
  SgAdvice *a = g_new(SgAdvice, 1);
  *a = (SgAdvice){id, level, text, what_to_try};
  g_ptr_array_add(to, a);
}

/* The last n values of a curve; FALSE if it has not so many. */
static gboolean
last_values(SgSeries *s, guint n, double *values)
{
  gsize length = s ? sg_series_length(s) : 0;
  double x;

  if (length < n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!sg_series_point(s, length - n + i, &x, &values[i]))
      return FALSE; /* it was cut just now */
  return TRUE;
}

/* Two networks that have just met say nothing about how they get on. */
static gboolean
is_early(SgSeries *s)
{
  gsize n = s ? sg_series_length(s) : 0;
  double x, y;
  return n == 0 || !sg_series_point(s, n - 1, &x, &y) || x < EARLY_KIMG;
}

/* ---- divergence ------------------------------------------------------------------------------ */

static gboolean
ends_in_gap(SgSeries *s)
{
  double v;
  return last_values(s, 1, &v) && !isfinite(v);
}

static void
diverged(const SgRunFacts *f, GPtrArray *to)
{
  if (f->state != SG_RUN_DIVERGED && !ends_in_gap(f->loss_g) && !ends_in_gap(f->loss_d))
    return;
  add(to, "diverged", SG_ADVICE_ERROR,
      g_strdup("The losses are not numbers any more: the training diverged, and nothing that it "
               "learns from here on is of use."),
      g_strdup("Resume from an older snapshot with half the learning rate (lr-g and lr-d) or a "
               "larger gamma."));
}

/* ---- the two networks against each other ----------------------------------------------------- */

static gboolean
all_signs_right(const SgRunFacts *f)
{
  double real[SUSTAINED], fake[SUSTAINED];

  if (is_early(f->signs_real) || !last_values(f->signs_real, SUSTAINED, real) ||
      !last_values(f->signs_fake, SUSTAINED, fake))
    return FALSE;
  for (int i = 0; i < SUSTAINED; i++)
    if (!(real[i] >= 0.9 && fake[i] <= -0.9))
      return FALSE;
  return TRUE;
}

/* 0.02: the softplus of a right answer that is certain to 99 %, for real and fake. */
static gboolean
loss_is_nothing(const SgRunFacts *f)
{
  double loss[SUSTAINED];

  if (is_early(f->loss_d) || !last_values(f->loss_d, SUSTAINED, loss))
    return FALSE;
  for (int i = 0; i < SUSTAINED; i++)
    if (!(fabs(loss[i]) < 0.02))
      return FALSE;
  return TRUE;
}

static void
discriminator_wins(const SgRunFacts *f, GPtrArray *to)
{
  if (!all_signs_right(f) && !loss_is_nothing(f))
    return;
  add(to, "d-wins", SG_ADVICE_WARNING,
      g_strdup("The discriminator has told nearly every real picture from a generated one for a "
               "while: it wins, and the generator gets little to learn from."),
      g_strdup(f->ada ? "Add more pictures if you can, or resume with a larger gamma, which holds "
                        "the discriminator back."
                      : "Resume with --aug=ada, which makes it harder to learn the pictures by "
                        "heart, or with more pictures or a larger gamma."));
}

/* Samples/variance is the mean over the pixels of the variance from picture to picture. At first
 * every training is grey. */
static void
collapse(const SgRunFacts *f, GPtrArray *to)
{
  double fake[3], real[3], most = 0;

  if (is_early(f->variance) || !last_values(f->variance, 3, fake) ||
      !last_values(f->variance_real, 3, real))
    return;
  for (int i = 0; i < 3; i++) {
    if (!(real[i] > 0) || !(fake[i] < 0.35 * real[i]))
      return;
    most = MAX(most, fake[i] / real[i]);
  }
  add(to, "collapse", SG_ADVICE_WARNING,
      g_strdup_printf("Generated pictures differ from each other by %.0f %% of what real ones do: "
                      "the generator collapses to a few pictures.",
                      100 * most),
      g_strdup("Look at the newest grid; if it repeats itself, resume from a snapshot before that "
               "with a larger gamma or a lower learning rate."));
}

/* From the first line on: softplus losses are of the order of 1, an untrained pair's below 20. */
static gboolean
is_exploding(SgSeries *s)
{
  double v;
  return last_values(s, 1, &v) && isfinite(v) && fabs(v) > 100;
}

static void
exploding(const SgRunFacts *f, GPtrArray *to)
{
  double v, worst = 0;

  if (last_values(f->loss_g, 1, &v) && is_exploding(f->loss_g))
    worst = fabs(v);
  if (last_values(f->loss_d, 1, &v) && is_exploding(f->loss_d))
    worst = MAX(worst, fabs(v));
  if (!(worst > 0))
    return;
  add(to, "exploding", SG_ADVICE_WARNING,
      g_strdup_printf(
          "A loss is %.0f, where about 1 is usual: the training explodes and will end in "
          "values that are not numbers.",
          worst),
      g_strdup(
          "Stop it and start again, or from an older snapshot, with a lower learning rate (lr-g "
          "and lr-d) or a larger gamma."));
}

/* The paper's runs stay below 0.85, from where on augmentations leak into what is generated (ADA,
 * section 3.2). */
static void
augmented(const SgRunFacts *f, GPtrArray *to)
{
  double p;

  if (!f->ada || !last_values(f->augment, 1, &p) || !(p >= 0.85))
    return;
  add(to, "ada-high", SG_ADVICE_WARNING,
      g_strdup_printf(
          "ADA augments with a probability of %.2f: the discriminator knows the pictures by "
          "heart, and augmentations soon show in what is generated.",
          p),
      g_strdup("Add pictures, show them flipped too (mirror), or start from a model of similar "
               "pictures (resume); the best snapshot may be an older one."));
}

/* The same score for everything: ln 4 is what guessing costs. Networks that have just met guess. */
static void
blind(const SgRunFacts *f, GPtrArray *to)
{
  double real[3], fake[3], loss[3], x, y;
  gsize n = f->loss_d ? sg_series_length(f->loss_d) : 0;

  if (n == 0 || !sg_series_point(f->loss_d, n - 1, &x, &y) || x < 4 ||
      !last_values(f->scores_real, 3, real) || !last_values(f->scores_fake, 3, fake) ||
      !last_values(f->loss_d, 3, loss))
    return;
  for (int i = 0; i < 3; i++)
    if (!(fabs(real[i] - fake[i]) < 1e-3) || !(fabs(loss[i] - log(4)) < 0.01))
      return;
  add(to, "d-dead", SG_ADVICE_WARNING,
      g_strdup("The discriminator gives real and generated pictures the same score: it has learnt "
               "nothing, or forgotten everything, and the generator learns nothing from it."),
      g_strdup(
          "Start again with a smaller gamma or another learning rate (lr-d); from a model, see "
          "that it has its discriminator."));
}

static void
waiting(const SgRunFacts *f, GPtrArray *to)
{
  if (!f->waiting || (f->state != SG_RUN_RUNNING && f->state != SG_RUN_PAUSED))
    return;
  add(to, "waiting", SG_ADVICE_WARNING,
      g_strdup_printf("The training stands still. %s.", f->waiting),
      g_strdup("Give it what it waits for and it goes on by itself."));
}

/* ---- the surroundings ------------------------------------------------------------------------ */

static char *
size_text(double bytes)
{
  return bytes >= 1e9 ? g_strdup_printf("%.1f GB", bytes / 1e9)
                      : g_strdup_printf("%.0f MB", MAX(bytes / 1e6, bytes > 0 ? 1 : 0));
}

/* With `keep` the oldest goes when a new one is whole, so one more has to fit for a moment. */
static void
disk(const SgRunFacts *f, GPtrArray *to)
{
  gboolean runs = f->state == SG_RUN_RUNNING || f->state == SG_RUN_PAUSED;
  double left = f->total_kimg - f->kimg;

  if (!runs || !isfinite(f->free_bytes) || !(f->snapshot_bytes > 0) || !(left > 0))
    return;
  double coming = f->snapshot_kimg > 0 ? ceil(left / f->snapshot_kimg) : 1;
  if (f->keep > 0)
    coming = MIN(coming, MAX(0, f->keep - f->snapshots) + 1);
  double needed = coming * f->snapshot_bytes;
  if (needed <= f->free_bytes)
    return;
  g_autofree char *need = size_text(needed), *have = size_text(f->free_bytes);
  add(to, "disk", SG_ADVICE_WARNING,
      g_strdup_printf("The snapshots still to come take %s and the disk has %s left: it fills up "
                      "before the training ends.",
                      need, have),
      g_strdup("Make room, or let the run keep only the newest few snapshots (keep)."));
}

static void
little_data(const SgRunFacts *f, GPtrArray *to)
{
  if (f->images <= 0 || f->images >= 1000 || f->ada)
    return;
  add(to, "little-data", SG_ADVICE_WARNING,
      g_strdup_printf("The data set has %" G_GINT64_FORMAT
                      " pictures, so few that the discriminator soon knows them by heart and "
                      "the generator stops getting better.",
                      f->images),
      g_strdup("Train with --aug=ada (and --mirror if left and right do not matter), or start from "
               "a model of similar pictures; some thousand pictures are a good start."));
}

static int
ascending(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The median of at most about 1000 finite values, taken evenly from all but the newest `but`; NAN
 * without any. */
static double
median(SgSeries *s, gsize but)
{
  gsize n = sg_series_length(s);
  gsize step = MAX(1, n / 1000);
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
  double x, y;

  for (gsize i = 0; i + but < n && sg_series_point(s, i, &x, &y); i += step)
    if (isfinite(y))
      g_array_append_val(values, y);
  g_array_sort(values, ascending);
  return values->len > 0 ? g_array_index(values, double, values->len / 2) : NAN;
}

static void
slow(const SgRunFacts *f, GPtrArray *to)
{
  double now[3], least = INFINITY;

  if (f->state != SG_RUN_RUNNING || !f->sec_per_kimg || sg_series_length(f->sec_per_kimg) < 10 ||
      !last_values(f->sec_per_kimg, 3, now))
    return;
  double usual = median(f->sec_per_kimg, 3);
  for (int i = 0; i < 3; i++)
    least = isfinite(now[i]) ? MIN(least, now[i]) : 0;
  if (!(usual > 0) || !(least > 2 * usual))
    return;
  add(to, "slow", SG_ADVICE_NOTE,
      g_strdup_printf("A thousand pictures take %.1f seconds now and took %.1f before: the "
                      "training is slower than it was.",
                      least, usual),
      g_strdup("See whether another program uses the processor, the memory is full, or the machine "
               "is too hot."));
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
ended(const SgRunFacts *f, GPtrArray *to)
{
  gboolean failed = f->log_line && g_str_has_prefix(f->log_line, "Failed: ");
  const char *reason = f->reason ? f->reason : failed ? f->log_line + strlen("Failed: ") : NULL;

  if (f->state != SG_RUN_DIED)
    return;
  if (reason)
    add(to, "failed", SG_ADVICE_ERROR,
        failed ? g_strdup_printf("The training ended with an error: %s.", reason)
               : g_strdup_printf("The training ended after it had said: %s.", reason),
        g_strdup(f->snapshots > 0 ? "Remove the cause, then resume: it goes on from the newest "
                                    "snapshot."
                                  : "Remove the cause, then start again: there is no snapshot to "
                                    "go on from."));
  else
    add(to, "died", SG_ADVICE_WARNING,
        g_strdup("The training ended without a word: it was killed, ran out of memory, or the "
                 "machine was switched off."),
        g_strdup(f->snapshots > 0 ? "Resume: it goes on from the newest snapshot."
                                  : "Start again: there is no snapshot to go on from."));
}

GPtrArray *
sg_run_advice(const SgRunFacts *f)
{
  GPtrArray *all = g_ptr_array_new_with_free_func(advice_free);

  diverged(f, all);
  ended(f, all);
  waiting(f, all);
  exploding(f, all);
  discriminator_wins(f, all);
  blind(f, all);
  augmented(f, all);
  collapse(f, all);
  disk(f, all);
  little_data(f, all);
  slow(f, all);
  return all;
}
