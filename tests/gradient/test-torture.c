/* Memory that runs out at any point of a training's step: an error, nothing left behind, the state
 * as it was, and the same step works afterwards. The back end is the CPU's with a buf_alloc that
 * fails when it is told to. */
#include "engine/backend/cpu/cpu-private.h"
#include "network-case.h"
#include <string.h>

static SgCpuBackend weak;
static struct {
  int countdown; /* allocations until one fails, < 0: none does */
  int made, live;
} memory = {-1, 0, 0};

static gboolean
weak_alloc(SgBuf *buf, GError **error)
{
  memory.made++;
  if (memory.countdown >= 0 && memory.countdown-- == 0) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "allocation %d fails", memory.made);
    return FALSE;
  }
  memory.live++;
  return sg_backend_cpu()->buf_alloc(buf, error);
}

static void
weak_release(SgBuf *buf)
{
  memory.live--;
  sg_backend_cpu()->buf_release(buf);
}

static SgBackend *
weak_backend(void)
{
  weak = *CPU(sg_backend_cpu());
  weak.base.buf_alloc = weak_alloc;
  weak.base.buf_release = weak_release;
  return &weak.base;
}

static const NetCase nets[] = {
    {.name = "skip-resnet",
     .g_arch = "skip",
     .d_arch = "resnet",
     .widths = {"4:3", "8:2"},
     .resolution = 8,
     .channels = 3,
     .c_dim = 2,
     .batch = 2,
     .group = 2,
     .features = 1,
     .cutoff = 2,
     .clamp = 2,
     .pipe = SG_AUG_BLIT | SG_AUG_COLOR},
    {.name = "resnet-skip",
     .g_arch = "resnet",
     .d_arch = "skip",
     .widths = {"4:3", "8:2"},
     .resolution = 8,
     .channels = 1,
     .batch = 2,
     .group = 2,
     .features = 1,
     .clamp = -1},
    /* large enough for Winograd, which takes memory of its own */
    {.name = "winograd",
     .g_arch = "orig",
     .d_arch = "orig",
     .widths = {"4:2", "8:16", "16:16"},
     .resolution = 16,
     .channels = 1,
     .batch = 1,
     .group = 1,
     .clamp = -1},
};

/* ---- a state, to be compared ----------------------------------------------------------------- */

typedef struct {
  float *numbers; /* weights of G with buffers, then m and v; of D likewise */
  gsize n;
  double pl_mean;
  guint64 steps[2];
} State;

static gsize
append(State *s, gsize at, const SgBuf *b)
{
  s->numbers = g_renew(float, s->numbers, at + sg_buf_count(b));
  b->backend->download(b, s->numbers + at);
  return at + sg_buf_count(b);
}

static State
state_of(const SgLearn *l)
{
  State s = {.pl_mean = l->pl_mean, .steps = {l->opt_g.adam.step, l->opt_d.adam.step}};
  const SgBuf *all[] = {l->g->flat, l->opt_g.m, l->opt_g.v, l->d->flat, l->opt_d.m, l->opt_d.v};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    s.n = append(&s, s.n, all[i]);
  return s;
}

static void
assert_same_state(const State *a, const SgLearn *l)
{
  State b = state_of(l);
  g_assert_cmpmem(a->numbers, a->n * sizeof(float), b.numbers, b.n * sizeof(float));
  g_assert_cmpfloat(a->pl_mean, ==, b.pl_mean);
  g_assert_cmpmem(a->steps, sizeof a->steps, b.steps, sizeof b.steps);
  g_free(b.numbers);
}

static void
put_back(const State *s, SgLearn *l)
{
  SgBuf *all[] = {l->g->flat, l->opt_g.m, l->opt_g.v, l->d->flat, l->opt_d.m, l->opt_d.v};
  gsize at = 0;
  for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
    l->backend->upload(all[i], s->numbers + at);
    at += sg_buf_count(all[i]);
  }
  l->pl_mean = s->pl_mean;
  l->opt_g.adam.step = s->steps[0];
  l->opt_d.adam.step = s->steps[1];
}

/* ---- every allocation of something fails once ------------------------------------------------ */

typedef gboolean (*Attempt)(NetSetup *s, int which, GError **error);

static int
count_allocations(NetSetup *s, int which, Attempt attempt)
{
  g_autoptr(GError) error = NULL;
  memory.made = 0;
  g_assert_true(attempt(s, which, &error));
  g_assert_no_error(error);
  return memory.made;
}

static void
fail_at(NetSetup *s, int which, int at, Attempt attempt)
{
  g_autoptr(GError) error = NULL;
  int live = memory.live;

  memory.made = 0;
  memory.countdown = at;
  gboolean ok = attempt(s, which, &error);
  memory.countdown = -1;
  if (ok)
    g_error("%s: allocation %d of attempt %d failed unnoticed", s->c->name, at, which);
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
  g_assert_cmpint(memory.live, ==, live);
  g_assert_cmpuint(sg_tape_length(s->l->tape), ==, 0);
}

/* ---- phases ---------------------------------------------------------------------------------- */

static gboolean
run_phase(NetSetup *s, int phase, GError **error)
{
  return sg_learn_phase(s->l, (SgPhase)phase, s->draw[phase], error);
}

/* All failures of the phase; the first and the last are followed by a step that must work. */
static void
torture_phase(NetSetup *s, int phase)
{
  State before = state_of(s->l);
  int n = count_allocations(s, phase, run_phase);
  State after = state_of(s->l);

  g_assert_cmpint(n, >, 50);
  g_test_message("%s, %s: %d allocations", s->c->name, sg_phase_names[phase], n);
  for (int at = 0; at < n; at++) {
    put_back(&before, s->l);
    fail_at(s, phase, at, run_phase);
    assert_same_state(&before, s->l);
    if (at % 7 == 0 || at == n - 1) {
      g_assert_cmpint(count_allocations(s, phase, run_phase), ==, n);
      assert_same_state(&after, s->l);
    }
  }
  g_free(before.numbers);
  g_free(after.numbers);
}

static void
test_phases(gconstpointer data)
{
  NetSetup s;
  net_setup_init(&s, data, weak_backend());
  for (int phase = 0; phase < SG_PHASES; phase++)
    torture_phase(&s, phase);
  net_setup_clear(&s);
  g_assert_cmpint(memory.live, ==, 0);
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* Making a state, its draws, and looking at it. */
static gboolean
do_other(NetSetup *s, int which, GError **error)
{
  SgLearn *l = s->l, *another;
  SgDraw *draw;
  float z[16] = {1, -1, 0.5}, c[16] = {1, 0, 0, 1}, pictures[1024] = {0}, scores[4];
  float *label = s->c->c_dim ? c : NULL;

  switch (which) {
  case 0:
    another = sg_learn_new_with_widths(l->backend, &s->o, s->c->widths, error);
    sg_learn_free(another);
    return another != NULL;
  case 1:
    draw = sg_draw_new(l, SG_PHASE_GREG, NULL, 0, NULL, NULL, error);
    sg_draw_free(draw);
    return draw != NULL;
  case 2:
    return sg_learn_pictures(l, z, label, 2, pictures, error);
  default:
    return sg_learn_scores(l, pictures, label, 2, scores, error);
  }
}

static void
test_others(gconstpointer data)
{
  NetSetup s;
  net_setup_init(&s, data, weak_backend());
  for (int which = 0; which < 4; which++) {
    if (which == 1 && s.c->c_dim) /* labels come from a data set */
      continue;
    int n = count_allocations(&s, which, do_other);
    g_assert_cmpint(n, >=, 5);
    for (int at = 0; at < n; at++)
      fail_at(&s, which, at, do_other);
    /* It still records: a phase has gradients. */
    g_assert_cmpint(count_allocations(&s, SG_PHASE_GMAIN, run_phase), >, 50);
  }
  net_setup_clear(&s);
  g_assert_cmpint(memory.live, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(nets); i++) {
    g_autofree char *phases = g_strdup_printf("/torture/phases/%s", nets[i].name);
    g_autofree char *others = g_strdup_printf("/torture/others/%s", nets[i].name);
    g_test_add_data_func(phases, &nets[i], test_phases);
    g_test_add_data_func(others, &nets[i], test_others);
  }
  return g_test_run();
}
