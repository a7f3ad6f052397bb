/* Where something acts, which faces excite a channel, and what becomes of a picture when channels
 * are changed in a part of it. */
#include "engine/explore/causes/channel-edit.h"
#include "engine/explore/causes/channel-sample.h"
#include "engine/explore/causes/heat-map.h"
#include "engine/explore/nets.h"
#include "engine/explore/probe.h"
#include "tests/support/models.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define SG2 "sg2.safetensors"

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *face;
  const SgSynthesis *net;
} Setup;

static void
setup_init(Setup *s, const char *fixture)
{
  const SgPrune as_stored = {0};

  s->model = test_load_model(fixture);
  s->renderer = test_renderer_new(s->model, NULL, SG_RENDERER_BUDGET);
  s->face = sg_recipe_new(s->model->info.z_dim, s->model->info.w_dim);
  s->face->seed = 7;
  s->net = sg_renderer_nets(s->renderer, &as_stored, NULL)->net;
}

static void
setup_clear(Setup *s)
{
  sg_recipe_free(s->face);
  sg_renderer_free(s->renderer);
  sg_model_unref(s->model);
}

/* ---- heat maps ------------------------------------------------------------------------------- */

/* Its root mean square over a region is what influence.h says of half the difference, and over two
 * faces the root of the mean of both. */
static void
test_heat_map(void)
{
  enum { C = 3, H = 6, W = 5 };
  float up[2][C * H * W], down[2][C * H * W], zero[C * H * W] = {0}, half[C * H * W];
  const SgRegion r = {1, 2, 3, 3};
  double squares = 0, found = 0;
  g_autoptr(SgHeatMap) m = sg_heat_map_new(H, W);

  for (int f = 0; f < 2; f++) {
    for (int i = 0; i < C * H * W; i++) {
      up[f][i] = (float)sin(i + f);
      down[f][i] = (float)cos(3 * i - f);
      half[i] = (up[f][i] - down[f][i]) / 2;
    }
    sg_heat_map_add(m, C, up[f], down[f]);
    squares += pow(sg_region_change(&r, C, H, W, half, zero), 2) / 2;
  }
  for (int y = r.y; y < r.y + r.h; y++)
    for (int x = r.x; x < r.x + r.w; x++)
      found += m->change[y * W + x] * m->change[y * W + x] / (r.w * r.h);
  g_assert_cmpfloat_with_epsilon(found, squares, 1e-3);
}

static void
test_heat_stats(void)
{
  g_autoptr(SgHeatMap) m = sg_heat_map_new(4, 5);
  float up[20] = {0}, down[20] = {0};
  guint8 white[60];

  memset(white, 255, sizeof white);
  up[2 * 5 + 3] = 1;
  down[2 * 5 + 3] = -1;
  sg_heat_map_add(m, 1, up, down);
  SgHeatStats s = sg_heat_map_stats(m);
  g_assert_cmpfloat_with_epsilon(s.most, 127.5, 1e-9);
  g_assert_cmpfloat_with_epsilon(s.mean, 127.5 / sqrt(20), 1e-9);
  g_assert_true(s.x == 3 && s.y == 2 && s.cx == 3 && s.cy == 2 && s.tenth == 1);
  g_autofree guint8 *rgb = sg_heat_map_draw(m, white, s.most);
  for (int i = 0; i < 20; i++) /* white where it acts, dark grey elsewhere */
    for (int c = 0; c < 3; c++)
      g_assert_cmpint(rgb[3 * i + c], ==, i == 13 ? 255 : 85);
}

/* ---- channels over faces --------------------------------------------------------------------- */

static int
last_conv(const SgSynthesis *net)
{
  int found = -1;

  for (guint i = 0; i < net->stages->len; i++)
    if (sg_synthesis_stage(net, i)->kind == SG_STAGE_CONV)
      found = (int)i;
  return found;
}

/* Means are those of the activations that a probe shows of each face. */
static void
test_sample(gconstpointer fixture)
{
  enum { FACES = 11 };
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("vitrine-channels-XXXXXX", &error);
  g_autofree char *path = g_build_filename(dir, "c.safetensors", NULL);
  int faces[FACES], stage;
  double mean, deviation, sum = 0;
  Setup s;

  setup_init(&s, fixture);
  stage = last_conv(s.net);
  g_autoptr(SgChannelSample) all = sg_channel_sample_new(s.renderer, FACES, -1, NULL, NULL, &error);
  g_assert_no_error(error);
  int channels = all->first[all->stages];
  for (int i = 0; i < FACES; i++) {
    s.face->seed = (guint32)i;
    g_autoptr(SgProbe) p = sg_probe_run(s.renderer, s.face, (guint)stage, &error);
    g_assert_no_error(error);
    g_autofree SgChannelStats *stats = sg_activation_stats(p->activation);
    double found = (double)all->mean[i * channels + all->first[stage] + 1];
    g_assert_cmpfloat_with_epsilon(found, stats[1].mean, 1e-5 * (1 + fabs(stats[1].mean)));
    sum += found / FACES;
  }
  sg_channel_sample_moments(all, (guint)stage, 1, &mean, &deviation);
  g_assert_cmpfloat_with_epsilon(mean, sum, 1e-9 * (1 + fabs(sum)));
  g_assert_cmpint(sg_channel_sample_extremes(all, (guint)stage, 1, TRUE, 100, faces), ==, FACES);
  for (int i = 1; i < FACES; i++)
    g_assert_cmpfloat(all->mean[faces[i - 1] * channels + all->first[stage] + 1], >=,
                      all->mean[faces[i] * channels + all->first[stage] + 1]);
  int most = faces[FACES - 1];
  sg_channel_sample_extremes(all, (guint)stage, 1, FALSE, 1, faces);
  g_assert_cmpint(faces[0], ==, most);

  g_assert_true(sg_channel_sample_save(all, path, s.model->hash, &error));
  g_autoptr(SgChannelSample) again = sg_channel_sample_load(path, s.renderer, FACES, -1);
  g_assert_cmpmem(again->mean, sizeof(float) * FACES * (gsize)channels, all->mean,
                  sizeof(float) * FACES * (gsize)channels);
  g_assert_null(sg_channel_sample_load(path, s.renderer, FACES - 1, -1));
  g_assert_null(sg_channel_sample_load(path, s.renderer, FACES, 0));
  g_assert_true(sg_channel_sample_save(all, path, "another", &error));
  g_assert_null(sg_channel_sample_load(path, s.renderer, FACES, -1));
  g_assert_true(g_file_set_contents(path, "no such thing", -1, NULL));
  g_assert_null(sg_channel_sample_load(path, s.renderer, FACES, -1));
  g_unlink(path);
  g_rmdir(dir);
  setup_clear(&s);
}

/* ---- edits ----------------------------------------------------------------------------------- */

static SgTensor *
edited(const Setup *s, SgChannelEdit e)
{
  g_autoptr(GError) error = NULL;
  SgTensor *t = sg_channel_edit_draw(s->renderer, s->face, &e, &error);

  g_assert_no_error(error);
  return t;
}

static gboolean
same(const SgTensor *a, const SgTensor *b)
{
  return a->numel == b->numel && memcmp(a->data, b->data, a->numel * sizeof(float)) == 0;
}

/* What changes nothing gives the bits of the plain picture; all channels alone are all of them. */
static void
test_nothing(gconstpointer fixture)
{
  Setup s;

  setup_init(&s, fixture);
  guint stage = (guint)last_conv(s.net);
  int n = sg_synthesis_stage(s.net, stage)->out_channels, *every = g_new(int, n);
  for (int i = 0; i < n; i++)
    every[i] = i;
  g_autoptr(SgTensor) plain = test_render(s.renderer, s.face);
  g_autoptr(SgMask) nowhere =
      sg_mask_new(s.model->info.img_resolution, s.model->info.img_resolution);
  g_autoptr(SgTensor) a = edited(&s, (SgChannelEdit){stage, SG_CHANNEL_MUTE, 0, every, 0, NULL});
  g_autoptr(SgTensor) b = edited(&s, (SgChannelEdit){stage, SG_CHANNEL_SOLO, n, every, 0, NULL});
  g_autoptr(SgTensor) c = edited(&s, (SgChannelEdit){0, SG_CHANNEL_ADD, 1, every, 0, NULL});
  g_autoptr(SgTensor) d = edited(&s, (SgChannelEdit){stage, SG_CHANNEL_MUTE, n, every, 0, nowhere});
  g_autoptr(SgTensor) e = edited(&s, (SgChannelEdit){0, SG_CHANNEL_MUTE, 1, every, 0, NULL});
  g_assert_true(same(plain, a) && same(plain, b) && same(plain, c) && same(plain, d));
  g_assert_false(same(plain, e));
  g_autoptr(SgTensor) after = test_render(s.renderer, s.face);
  g_assert_true(same(plain, after)); /* the renderer's own stages are as they were */
  g_free(every);
  setup_clear(&s);
}

/* Behind the last convolution stands a toRGB that mixes channels pixel by pixel: an edit stays
 * inside its mask, and twice as much does twice as much. */
static void
test_mask(void)
{
  const int channel = 2;
  Setup s;

  setup_init(&s, SG2);
  guint stage = (guint)last_conv(s.net);
  int size = s.model->info.img_resolution;
  g_autoptr(SgTensor) plain = test_render(s.renderer, s.face);
  g_autoptr(SgMask) m = sg_mask_new(size, size);
  for (int y = 3; y < 7; y++)
    for (int x = 5; x < 6; x++)
      m->weight[y * size + x] = 1;
  g_autoptr(SgTensor) once =
      edited(&s, (SgChannelEdit){stage, SG_CHANNEL_ADD, 1, &channel, 0.5, m});
  g_autoptr(SgTensor) twice = edited(&s, (SgChannelEdit){stage, SG_CHANNEL_ADD, 1, &channel, 1, m});
  for (gsize i = 0; i < plain->numel; i++) {
    int at = (int)(i % (gsize)(size * size));
    double one = (double)once->data[i] - (double)plain->data[i];
    double two = (double)twice->data[i] - (double)plain->data[i];
    if (m->weight[at] == 0)
      g_assert_true(once->data[i] == plain->data[i]);
    else
      g_assert_true(fabs(one) > 1e-6 && fabs(two - 2 * one) < 1e-4 * fabs(two) + 1e-6);
  }
  setup_clear(&s);
}

static void
refused(const Setup *s, SgChannelEdit e, const char *says)
{
  g_autoptr(GError) error = NULL;

  g_assert_null(sg_channel_edit_draw(s->renderer, s->face, &e, &error));
  g_assert_nonnull(strstr(error->message, says));
}

static void
test_refusals(void)
{
  const int far = 100000, zero = 0;
  g_autoptr(SgMask) small = sg_mask_new(3, 3);
  Setup s;

  setup_init(&s, SG2);
  refused(&s, (SgChannelEdit){0, SG_CHANNEL_MUTE, 1, &far, 0, NULL}, "has channels 0 to");
  refused(&s, (SgChannelEdit){9999, SG_CHANNEL_MUTE, 1, &zero, 0, NULL}, "of a convolution");
  refused(&s, (SgChannelEdit){0, SG_CHANNEL_MUTE, 1, &zero, 0, small}, "as large as the pictures");
  setup_clear(&s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/causes/heat-map", test_heat_map);
  g_test_add_func("/causes/heat-stats", test_heat_stats);
  g_test_add_data_func("/causes/sample/stylegan2", SG2, test_sample);
  g_test_add_data_func("/causes/sample/mystylegan", "simplerick_zip.pt", test_sample);
  g_test_add_data_func("/causes/nothing/stylegan2", SG2, test_nothing);
  g_test_add_data_func("/causes/nothing/mystylegan", "simplerick_zip.pt", test_nothing);
  g_test_add_func("/causes/mask", test_mask);
  g_test_add_func("/causes/refusals", test_refusals);
  return g_test_run();
}
