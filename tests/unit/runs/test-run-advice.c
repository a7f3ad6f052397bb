/* Every piece of advice both ways: given where it is due, and not where it is nearly. */
#include "engine/runs/run-reader-private.h"
#include <math.h>
#include <string.h>

/* n ticks of 4 kimg, with one value. */
static SgSeries *
flat(guint n, double value)
{
  SgSeries *s = sg_series_new();
  for (guint i = 1; i <= n; i++) {
    double x = 4 * i;
    sg_series_append(s, 1, &x, &value);
  }
  return s;
}

static void
then(SgSeries *s, double value)
{
  double x = 4 * ((double)sg_series_length(s) + 1);
  sg_series_append(s, 1, &x, &value);
}

/* A run that nothing is wrong with. */
static SgRunFacts
sound(void)
{
  return (SgRunFacts){.state = SG_RUN_RUNNING,
                      .images = 50000,
                      .kimg = 100,
                      .total_kimg = 1000,
                      .free_bytes = 100e9,
                      .snapshot_bytes = 300e6,
                      .snapshot_kimg = 200,
                      .snapshots = 1,
                      .log_line = "tick 25"};
}

/* The text of the advice, or NULL; and that there is no other. */
static char *
advice(const SgRunFacts *f, const char *id)
{
  g_autoptr(GPtrArray) all = sg_run_advice(f);
  char *text = NULL;

  for (guint i = 0; i < all->len; i++) {
    const SgAdvice *a = all->pdata[i];
    g_assert_cmpstr(a->id, ==, id);
    g_assert_true(g_str_has_suffix(a->text, ".") && g_str_has_suffix(a->what_to_try, "."));
    g_assert_true(g_utf8_validate(a->text, -1, NULL));
    text = g_strdup(a->text);
  }
  g_assert_cmpuint(all->len, <=, 1);
  return text;
}

#define ASSERT_SAID(f, id)                                                                         \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *said_ = advice(f, id);                                                        \
    g_assert_nonnull(said_);                                                                       \
  }                                                                                                \
  G_STMT_END
#define ASSERT_SILENT(f)                                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *said_ = advice(f, "none");                                                    \
    g_assert_null(said_);                                                                          \
  }                                                                                                \
  G_STMT_END

static void
test_sound(void)
{
  SgRunFacts f = sound();
  ASSERT_SILENT(&f);
  f = (SgRunFacts){.free_bytes = NAN, .kimg = NAN, .total_kimg = NAN, .state = SG_RUN_FOREIGN};
  ASSERT_SILENT(&f);
  f.state = SG_RUN_FINISHED;
  ASSERT_SILENT(&f);
}

static void
test_d_wins(void)
{
  SgRunFacts f = sound();
  g_autoptr(SgSeries) real = flat(9, 0.97), fake = flat(10, -0.96), loss = flat(40, 0.001);

  f.signs_real = real, f.signs_fake = fake;
  ASSERT_SILENT(&f); /* for nine ticks only */
  then(real, 0.97);
  ASSERT_SAID(&f, "d-wins");
  then(real, 0.8);
  ASSERT_SILENT(&f); /* not any more */
  f.signs_real = f.signs_fake = NULL;
  f.loss_d = loss;
  ASSERT_SAID(&f, "d-wins");
  then(loss, 0.3);
  ASSERT_SILENT(&f);
  g_autoptr(SgSeries) right = flat(20, 0.99), unsure = flat(20, -0.5);
  f = sound();
  f.signs_real = right, f.signs_fake = unsure;
  ASSERT_SILENT(&f); /* real ones only: that is usual with ADA off */
  /* Ticks so short that a hundred of them are only the beginning. */
  g_autoptr(SgSeries) early = sg_series_new();
  for (int i = 1; i <= 100; i++) {
    double x = 0.1 * i, y = 0.001;
    sg_series_append(early, 1, &x, &y);
  }
  f = sound();
  f.loss_d = early;
  ASSERT_SILENT(&f);
  f.loss_d = NULL;
  f.variance = early, f.variance_real = right;
  ASSERT_SILENT(&f);
}

static void
test_collapse(void)
{
  SgRunFacts f = sound();
  g_autoptr(SgSeries) fake = flat(4, 0.02), real = flat(4, 0.1);

  f.variance = fake, f.variance_real = real;
  ASSERT_SILENT(&f); /* the first ticks */
  then(fake, 0.02), then(real, 0.1);
  g_autofree char *said = advice(&f, "collapse");
  g_assert_nonnull(strstr(said, " 20 % "));
  then(fake, 0.036), then(real, 0.1);
  ASSERT_SILENT(&f);
  then(fake, 0.034), then(real, 0.1);
  ASSERT_SILENT(&f); /* one tick is no collapse */
  then(fake, 0.034), then(real, 0.1);
  then(fake, 0.034), then(real, 0.1);
  ASSERT_SAID(&f, "collapse");
  then(fake, NAN), then(real, 0.1);
  ASSERT_SILENT(&f);
  f.variance_real = NULL;
  ASSERT_SILENT(&f);
}

static void
test_diverged(void)
{
  SgRunFacts f = sound();
  g_autoptr(SgSeries) loss = flat(3, 1);

  f.loss_g = loss;
  ASSERT_SILENT(&f);
  then(loss, NAN);
  ASSERT_SAID(&f, "diverged");
  then(loss, 1);
  ASSERT_SILENT(&f);
  f.state = SG_RUN_DIVERGED;
  f.log_line = "Failed: the training diverged";
  ASSERT_SAID(&f, "diverged");
}

/* 900 kimg more, one snapshot of 300 MB every 200: five. */
static void
test_disk(void)
{
  SgRunFacts f = sound();

  f.free_bytes = 1.51e9;
  ASSERT_SILENT(&f);
  f.free_bytes = 1.49e9;
  g_autofree char *said = advice(&f, "disk");
  g_assert_nonnull(strstr(said, "1.5 GB"));
  f.state = SG_RUN_PAUSED;
  ASSERT_SAID(&f, "disk");
  f.state = SG_RUN_STOPPED;
  ASSERT_SILENT(&f);
  f.state = SG_RUN_RUNNING;
  f.keep = 2; /* there is one: one more stays, one comes before another goes */
  f.free_bytes = 0.61e9;
  ASSERT_SILENT(&f);
  f.free_bytes = 0.59e9;
  ASSERT_SAID(&f, "disk");
  f.snapshots = 2;
  ASSERT_SILENT(&f);
  f.free_bytes = 0.29e9;
  ASSERT_SAID(&f, "disk");
  f.snapshot_kimg = 0, f.keep = 0; /* only the last */
  ASSERT_SAID(&f, "disk");
  f.free_bytes = 0.31e9;
  ASSERT_SILENT(&f);
  f.snapshot_bytes = 0;
  f.free_bytes = 0;
  ASSERT_SILENT(&f); /* how large one is, nobody knows yet */
}

static void
test_little_data(void)
{
  SgRunFacts f = sound();

  f.images = 1000;
  ASSERT_SILENT(&f);
  f.images = 999;
  g_autofree char *said = advice(&f, "little-data");
  g_assert_nonnull(strstr(said, " 999 "));
  f.ada = TRUE;
  ASSERT_SILENT(&f);
  f.ada = FALSE, f.images = 0;
  ASSERT_SILENT(&f);
}

static void
test_slow(void)
{
  SgRunFacts f = sound();
  g_autoptr(SgSeries) s = flat(20, 10);

  f.sec_per_kimg = s;
  ASSERT_SILENT(&f);
  then(s, 25), then(s, 25);
  ASSERT_SILENT(&f);
  then(s, 21);
  g_autofree char *said = advice(&f, "slow");
  g_assert_nonnull(strstr(said, "21.0 seconds"));
  g_assert_nonnull(strstr(said, "10.0 before"));
  then(s, 19);
  ASSERT_SILENT(&f);
  g_autoptr(SgSeries) few = flat(4, 10);
  then(few, 50), then(few, 50), then(few, 50);
  f.sec_per_kimg = few;
  ASSERT_SILENT(&f);
}

static void
test_ended(void)
{
  SgRunFacts f = sound();

  f.state = SG_RUN_DIED;
  ASSERT_SAID(&f, "died");
  f.log_line = NULL;
  f.snapshots = 0;
  ASSERT_SAID(&f, "died");
  g_autoptr(GPtrArray) all = sg_run_advice(&f);
  g_assert_nonnull(strstr(((SgAdvice *)all->pdata[0])->what_to_try, "no snapshot"));
  f.log_line = "Failed: /data: no such file";
  g_autofree char *said = advice(&f, "failed");
  g_assert_nonnull(strstr(said, "/data: no such file"));
  f.state = SG_RUN_STOPPED;
  ASSERT_SILENT(&f);
}

/* From the first line on. */
static void
test_first_line(void)
{
  SgRunFacts f = sound();

  f.loss_g = flat(1, 99);
  f.loss_d = flat(1, 0.7);
  ASSERT_SILENT(&f);
  then(f.loss_g, -101);
  ASSERT_SAID(&f, "exploding");
  then(f.loss_g, 3);
  ASSERT_SILENT(&f);
  then(f.loss_d, 1e6);
  ASSERT_SAID(&f, "exploding");
  sg_series_unref(f.loss_g);
  sg_series_unref(f.loss_d);
  f = sound();
  f.augment = flat(1, 0.9);
  ASSERT_SILENT(&f); /* fixed, as somebody wished */
  f.ada = TRUE;
  ASSERT_SAID(&f, "ada-high");
  then(f.augment, 0.84);
  ASSERT_SILENT(&f);
  sg_series_unref(f.augment);
}

static void
test_dead(void)
{
  SgRunFacts f = sound();

  f.loss_d = flat(3, log(4));
  f.scores_real = flat(3, 0.01);
  f.scores_fake = flat(3, 0.0105);
  ASSERT_SAID(&f, "d-dead");
  then(f.scores_fake, 0.02);
  ASSERT_SILENT(&f);
  sg_series_unref(f.scores_fake);
  f.scores_fake = flat(2, 0.01);
  ASSERT_SILENT(&f);
  sg_series_unref(f.scores_fake);
  f.scores_fake = flat(3, 0.01);
  then(f.loss_d, 1.3);
  ASSERT_SILENT(&f);
  sg_series_unref(f.loss_d);
  sg_series_unref(f.scores_real);
  sg_series_unref(f.scores_fake);
}

static void
test_waiting(void)
{
  SgRunFacts f = sound();

  f.waiting = "Waiting for the data set /faces";
  ASSERT_SAID(&f, "waiting");
  f.state = SG_RUN_STOPPED;
  ASSERT_SILENT(&f);
}

/* What the log knows of a death. */
static void
test_reason(void)
{
  static const struct {
    const char *log, *reason;
  } cases[] = {
      {"Run directory: /r\ntick 0\n", NULL},
      {"tick 0\nFailed: no device\n", "no device"},
      {"tick 0\nFailed: no device\nmpirun noticed that a process ended\n", "no device"},
      {"No snapshot at 3.0 kimg: /r: No space left on device. Training goes on and tries again.\n"
       "tick 4\ntick 5\n",
       "No snapshot at 3.0 kimg: /r: No space left on device. Training goes on and tries again."},
      {"Statistics wait in memory: /r: No space\ntick 5\n", NULL},
      {"Waiting for the data set /d, of which\nThe data set is there again\n", NULL},
      {"Waiting for space to save\n", "Waiting for space to save"},
      {"Asked to stop by a signal (Hangup)\n", "Asked to stop by a signal (Hangup)"},
      {"Failed: no device\nRun directory: /r\ntick 0\n", NULL},
      {"", NULL},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *reason = sg_run_log_reason(cases[i].log);
    g_assert_cmpstr(reason, ==, cases[i].reason);
  }
  SgRunFacts f = sound();
  f.state = SG_RUN_DIED;
  f.reason = "Waiting for space to save";
  g_autofree char *said = advice(&f, "failed");
  g_assert_true(strstr(said, "after it had said: Waiting for space") != NULL);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run-advice/sound", test_sound);
  g_test_add_func("/run-advice/d-wins", test_d_wins);
  g_test_add_func("/run-advice/collapse", test_collapse);
  g_test_add_func("/run-advice/diverged", test_diverged);
  g_test_add_func("/run-advice/disk", test_disk);
  g_test_add_func("/run-advice/little-data", test_little_data);
  g_test_add_func("/run-advice/slow", test_slow);
  g_test_add_func("/run-advice/ended", test_ended);
  g_test_add_func("/run-advice/first-line", test_first_line);
  g_test_add_func("/run-advice/dead", test_dead);
  g_test_add_func("/run-advice/waiting", test_waiting);
  g_test_add_func("/run-advice/reason", test_reason);
  return g_test_run();
}
