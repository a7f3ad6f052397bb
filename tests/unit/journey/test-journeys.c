/* From keyframe to keyframe: a keyframe is its own picture bit for bit, between them every number
 * moves, and what is recorded is what is drawn. */
#include "engine/data/square.h"
#include "engine/journey/blend.h"
#include "engine/journey/frame.h"
#include "engine/journey/recording.h"
#include "engine/pictures/picture.h"
#include "tests/support/models.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define MODEL "sg2.safetensors"

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  SgKeyframe keys[3];
} Case;

static void
case_init(Case *c)
{
  c->model = test_load_model(MODEL);
  c->renderer = test_renderer_new(c->model, NULL, 0);
  for (int i = 0; i < 3; i++) {
    SgRecipe *r = sg_recipe_new_for(&c->model->info);
    r->seed = (guint32)(10 + i);
    r->psi = 0.5 + 0.2 * i;
    r->w_offset[1] = i;
    c->keys[i] = (SgKeyframe){r, 1.5 * i, SG_EASE_LINEAR};
  }
  sg_recipe_set_s_offset(c->keys[1].recipe, 0, 2, 3);
  c->keys[2].recipe->prune.threshold = 0.2;
}

static void
case_clear(Case *c)
{
  for (int i = 0; i < 3; i++)
    sg_recipe_free(c->keys[i].recipe);
  sg_renderer_free(c->renderer);
  sg_model_unref(c->model);
}

static SgJourney *
journey(Case *c, int n, SgSpace space, SgCurve curve, gboolean closed)
{
  const SgJourneyOptions o = {space, curve, closed, 1.5 * n};
  g_autoptr(GError) error = NULL;
  SgJourney *j = sg_journey_new(c->renderer, n, c->keys, &o, &error);

  g_assert_no_error(error);
  return j;
}

static SgTensor *
picture_at(Case *c, const SgJourney *j, double second)
{
  g_autoptr(SgRecipe) r = sg_journey_recipe(j, second);
  return test_render(c->renderer, r);
}

/* At a keyframe, and next to it nearly. */
static void
check_keyframes(Case *c, int n, SgSpace space, SgCurve curve, gboolean closed)
{
  g_autoptr(SgJourney) j = journey(c, n, space, curve, closed);

  for (int i = 0; i < n; i++) {
    g_autoptr(SgTensor) own = test_render(c->renderer, c->keys[i].recipe),
                        at = picture_at(c, j, 1.5 * i), near = picture_at(c, j, 1.5 * i + 1e-5),
                        between = picture_at(c, j, 1.5 * i + 0.75);
    g_assert_cmpmem(at->data, at->numel * sizeof(float), own->data, own->numel * sizeof(float));
    g_assert_cmpfloat(test_difference(near, own), <, 1e-2);
    if (closed || i + 1 < n)
      g_assert_cmpfloat(test_difference(between, own), >, 1e-3);
  }
  g_assert_cmpfloat_with_epsilon(sg_journey_duration(j), closed ? 1.5 * n : 1.5 * (n - 1), 1e-12);
}

static void
test_keyframes(void)
{
  Case c;

  case_init(&c);
  check_keyframes(&c, 3, SG_SPACE_W, SG_CURVE_LINEAR, FALSE);
  check_keyframes(&c, 3, SG_SPACE_W, SG_CURVE_CUBIC, TRUE);
  check_keyframes(&c, 3, SG_SPACE_Z, SG_CURVE_CUBIC, TRUE);
  case_clear(&c);
}

/* Half of the way in w by hand: w', and the numbers. */
static void
test_half_way(void)
{
  Case c;

  case_init(&c);
  g_autoptr(SgJourney) j = journey(&c, 2, SG_SPACE_W, SG_CURVE_LINEAR, FALSE);
  g_autoptr(SgRecipe) r = sg_journey_recipe(j, 0.75);
  g_autoptr(GError) error = NULL;
  double *w[3];
  for (int i = 0; i < 3; i++) {
    g_autoptr(SgRecipe) plain = sg_recipe_copy(i < 2 ? c.keys[i].recipe : r);
    plain->psi = 1;
    w[i] = sg_renderer_ws(c.renderer, plain, &error);
    g_assert_no_error(error);
  }
  for (int d = 0; d < c.model->info.num_ws * c.model->info.w_dim; d++)
    g_assert_cmpfloat_with_epsilon(w[2][d], (w[0][d] + w[1][d]) / 2, 1e-6);
  g_assert_cmpfloat_with_epsilon(r->psi, 0.6, 1e-12);
  g_assert_cmpfloat(sg_layer_offset_get(r->s_offset, 0, 2), ==, 1.5);
  for (int i = 0; i < 3; i++)
    g_free(w[i]);
  case_clear(&c);
}

/* Half of the way in z: the middle of the great circle, and w is what the network makes of it. */
static void
test_half_way_z(void)
{
  Case c;

  case_init(&c);
  g_autoptr(SgJourney) j = journey(&c, 2, SG_SPACE_Z, SG_CURVE_LINEAR, FALSE);
  g_autoptr(SgRecipe) r = sg_journey_recipe(j, 0.75);
  int n = r->z_dim;
  g_autofree double *a = g_new(double, n), *b = g_new(double, n), *m = g_new(double, n);
  double la = 0, lb = 0, lm = 0, am = 0, bm = 0;
  sg_recipe_base_z(c.keys[0].recipe, 0, a);
  sg_recipe_base_z(c.keys[1].recipe, 0, b);
  sg_recipe_base_z(r, 0, m);
  for (int i = 0; i < n; i++) {
    la += a[i] * a[i];
    lb += b[i] * b[i];
    lm += m[i] * m[i];
    am += a[i] * m[i];
    bm += b[i] * m[i];
  }
  g_assert_cmpfloat_with_epsilon(sqrt(lm), (sqrt(la) + sqrt(lb)) / 2, 1e-9);
  g_assert_cmpfloat_with_epsilon(am / sqrt(la * lm), bm / sqrt(lb * lm), 1e-9);
  g_assert_cmpfloat_with_epsilon(r->w_offset[1], 0.5, 1e-12); /* edits of w stay edits */
  case_clear(&c);
}

static void
test_blend(void)
{
  SgRecipe *keys[2];
  const double weights[] = {0.75, 0.25}, gain[] = {2, 0}, vector[] = {1, 0, 0, 0};
  const SgMixLayer low[] = {{0, 1, 0.2}, {0, 1, 1}}, high[] = {{0, 1, 0.6}, {0, 1, 1}};

  for (int i = 0; i < 2; i++) {
    g_autoptr(SgRecipe) source = sg_recipe_new(3, 4);
    keys[i] = sg_recipe_new(3, 4);
    keys[i]->seed = (guint32)i;
    sg_recipe_add_source(keys[i], source);
    sg_recipe_set_mix(keys[i], 2, i ? high : low);
    sg_recipe_lock(keys[i], SG_SPACE_Z, -1, 1, i);
    sg_recipe_add_direction(keys[i], "same", vector, 2, i + 1, SG_ALL_LAYERS);
  }
  sg_recipe_set_noise_gain(keys[1], 2, gain);
  sg_recipe_add_direction(keys[1], "own", vector, 1, 4, 1);
  sg_recipe_set_w_layer_offset(keys[0], 1, 2, 8);
  sg_recipe_set_w_layer_offset(keys[1], 0, 2, 8);
  sg_prune_set_layer(&keys[0]->prune, "conv", 1);
  keys[1]->prune.threshold = 0.4;
  keys[1]->rotate = 40;
  g_autoptr(SgRecipe) r = sg_recipe_blend(2, keys, weights, 1);
  g_assert_cmpuint(r->seed, ==, 1);
  g_assert_cmpfloat_with_epsilon(r->rotate, 10, 1e-12);
  g_assert_cmpfloat_with_epsilon(r->mix[0].blend, 0.3, 1e-12);
  g_assert_cmpfloat_with_epsilon(sg_recipe_get_lock(r, SG_SPACE_Z, -1, 1)->value, 0.25, 1e-12);
  g_assert_cmpuint(r->directions->len, ==, 2);
  g_assert_cmpfloat_with_epsilon(((SgDirection *)r->directions->pdata[0])->strength, 1.25, 1e-12);
  g_assert_cmpfloat_with_epsilon(((SgDirection *)r->directions->pdata[1])->strength, 1, 1e-12);
  g_assert_cmpfloat_with_epsilon(r->noise_gain[0], 1.25, 1e-12);
  g_assert_cmpfloat_with_epsilon(r->noise_gain[1], 0.75, 1e-12);
  g_assert_cmpfloat_with_epsilon(sg_layer_offset_get(r->w_layer_offset, 1, 2), 6, 1e-12);
  g_assert_cmpfloat_with_epsilon(sg_layer_offset_get(r->w_layer_offset, 0, 2), 2, 1e-12);
  g_assert_cmpfloat_with_epsilon(r->prune.threshold, 0.1, 1e-12);
  /* Where one has no threshold of its own, its global one counts. */
  g_assert_cmpfloat_with_epsilon(sg_prune_layer_threshold(&r->prune, "conv"), 0.85, 1e-12);
  sg_recipe_free(keys[0]);
  sg_recipe_free(keys[1]);
}

/* Random noise does not flicker where one seed gives way to the next. */
static void
test_noise(void)
{
  Case c;

  case_init(&c);
  for (int i = 0; i < 3; i++) {
    c.keys[i].recipe->noise_mode = SG_NOISE_RANDOM;
    c.keys[i].recipe->noise_seed = (guint32)(5 * i);
  }
  g_autoptr(SgJourney) j = journey(&c, 3, SG_SPACE_W, SG_CURVE_CUBIC, TRUE);
  for (double t = 0; t < 4.5; t += 0.25) {
    g_autoptr(SgRecipe) r = sg_journey_recipe(j, t);
    g_assert_cmpuint(sg_recipe_face_noise_seed(r, 0), ==, 10);
  }
  case_clear(&c);
}

/* A circle in w goes round the mean; both keyframes are on it, and their opposites. */
static void
test_circle(void)
{
  Case c;
  double w, z;
  g_autoptr(GError) error = NULL;

  case_init(&c);
  const SgJourneyOptions o = {SG_SPACE_W, SG_CURVE_CIRCLE, TRUE, 6};
  g_autoptr(SgJourney) j = sg_journey_new(c.renderer, 2, c.keys, &o, &error);
  g_assert_no_error(error);
  g_autoptr(SgRecipe) first = sg_journey_recipe(j, 0), opposite = sg_journey_recipe(j, 3);
  g_assert_true(sg_recipe_equal(first, c.keys[0].recipe));
  g_assert_nonnull(opposite->w_base);
  g_assert_true(sg_journey_length(j, c.renderer, 0, 3, 40, &w, &z, &error));
  double whole;
  g_assert_true(sg_journey_length(j, c.renderer, 0, 6, 80, &whole, &z, &error));
  g_assert_cmpfloat_with_epsilon(whole, 2 * w, 1e-3 * w); /* round one centre */
  case_clear(&c);
}

static void
test_length(void)
{
  Case c;
  double w, z, sum = 0;
  g_autoptr(GError) error = NULL;

  case_init(&c);
  g_autoptr(SgJourney) straight = journey(&c, 2, SG_SPACE_W, SG_CURVE_LINEAR, FALSE);
  g_assert_true(sg_journey_length(straight, c.renderer, 0, 1.5, 16, &w, &z, &error));
  double *ends[2];
  int n = c.model->info.w_dim;
  for (int i = 0; i < 2; i++) {
    g_autoptr(SgRecipe) plain = sg_recipe_copy(c.keys[i].recipe);
    plain->psi = 1;
    ends[i] = sg_renderer_ws(c.renderer, plain, NULL);
  }
  for (int d = 0; d < n; d++)
    sum += (ends[1][d] - ends[0][d]) * (ends[1][d] - ends[0][d]);
  g_assert_cmpfloat_with_epsilon(w, sqrt(sum), 1e-4 * w);
  g_assert_cmpfloat(z, ==, 0);
  g_autoptr(SgJourney) curved = journey(&c, 2, SG_SPACE_Z, SG_CURVE_LINEAR, FALSE);
  double longer;
  g_assert_true(sg_journey_length(curved, c.renderer, 0, 1.5, 16, &longer, &z, &error));
  g_assert_cmpfloat(longer, >, w * 0.999); /* nothing is shorter than straight */
  g_assert_cmpfloat(z, >, 0);
  g_free(ends[0]);
  g_free(ends[1]);
  case_clear(&c);
}

static void
test_refusals(void)
{
  Case c;
  GError *error = NULL;
  const SgJourneyOptions o = {SG_SPACE_Z, SG_CURVE_CUBIC, FALSE, 0};

  case_init(&c);
  g_autofree double *w = g_new0(double, c.model->info.w_dim);
  sg_recipe_set_w(c.keys[1].recipe, 1, w);
  g_assert_null(sg_journey_new(c.renderer, 3, c.keys, &o, &error));
  g_assert_nonnull(strstr(error->message, "keyframe 2 is a loaded w"));
  g_clear_error(&error);
  c.keys[2].recipe->label = 7;
  g_assert_null(sg_journey_new(c.renderer, 3, c.keys, &o, &error));
  g_assert_nonnull(strstr(error->message, "keyframe 3: the recipe asks for class 7"));
  g_clear_error(&error);
  case_clear(&c);
}

/* ---- recordings ------------------------------------------------------------------------------ */

static void
check_recorded(Case *c, const SgJourney *j, const char *folder, int frames)
{
  for (int i = 0; i < frames; i++) {
    g_autofree char *name = g_strdup_printf("%s/frame%06d.png", folder, i);
    g_autofree char *json = sg_png_read_recipe(name, NULL);
    g_autoptr(SgRecipe) r = sg_recipe_from_json(json, -1, NULL, NULL, NULL),
                        wanted = sg_journey_recipe(j, 4.5 * i / frames);
    g_autoptr(SgPicture) p = sg_renderer_render(c->renderer, r, 0, NULL);
    g_auto(SgPixels) found = {0};
    g_assert_true(sg_recipe_equal(r, wanted));
    g_assert_true(sg_pixels_load(&found, name, NULL));
    g_assert_cmpmem(found.pixels, p->width * p->height * 3, p->rgb, p->width * p->height * 3);
    g_unlink(name);
  }
}

static void
test_recording(void)
{
  Case c;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("vitrine-journey-XXXXXX", NULL);

  case_init(&c);
  g_autoptr(SgJourney) j = journey(&c, 3, SG_SPACE_W, SG_CURVE_CUBIC, TRUE);
  SgJourney *journeys[] = {j};
  const SgRecordingOptions o = {
      .columns = 1, .rows = 1, .closed = TRUE, .film = {.fps_n = 2, .fps_d = 1}};
  SgRecording *rec = sg_recording_new(c.renderer, journeys, &o, folder, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(sg_recording_frames(rec), ==, 9);
  while (sg_recording_done(rec) < 9)
    g_assert_true(sg_recording_step(rec, &error));
  sg_recording_free(rec);
  check_recorded(&c, j, folder, 9);
  g_assert_cmpint(g_rmdir(folder), ==, 0);
  case_clear(&c);
}

/* Enlarged by the data sets' filter, whichever way round it is gone through. */
static void
test_frame(void)
{
  Case c;

  case_init(&c);
  g_autoptr(SgPicture) p = sg_renderer_render(c.renderer, c.keys[0].recipe, 0, NULL);
  g_auto(SgFrame) smooth = {0}, sharp = {0};
  int size = 2 * p->width + 1;
  g_assert_true(sg_frame_init(&smooth, &c.model->info, 2, 1, size, FALSE, NULL));
  g_assert_true(sg_frame_init(&sharp, &c.model->info, 1, 1, 3 * p->width, TRUE, NULL));
  sg_frame_put(&smooth, 1, p);
  sg_frame_put(&sharp, 0, p);
  for (int y = 0; y < 3 * p->width; y++)
    for (int x = 0; x < 3 * p->width; x++)
      g_assert_cmpmem(sharp.pixels + 3 * (y * 3 * p->width + x), 3,
                      p->rgb + 3 * (y / 3 * p->width + x / 3), 3);
  g_autofree guint8 *square = g_malloc((gsize)size * (gsize)size * 3);
  SgPixels whole = {.pixels = p->rgb, .width = p->width, .height = p->height, .channels = 3};
  sg_picture_square(&whole, 3, size, SG_TRANSFORM_STRETCH, square);
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      for (int k = 0; k < 3; k++) {
        int found = smooth.pixels[3 * (y * 2 * size + size + x) + k];
        g_assert_cmpint(ABS(found - square[(k * size + y) * size + x]), <=, 1);
      }
  case_clear(&c);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/journeys/keyframes", test_keyframes);
  g_test_add_func("/journeys/half-way", test_half_way);
  g_test_add_func("/journeys/half-way-z", test_half_way_z);
  g_test_add_func("/journeys/blend", test_blend);
  g_test_add_func("/journeys/noise", test_noise);
  g_test_add_func("/journeys/circle", test_circle);
  g_test_add_func("/journeys/length", test_length);
  g_test_add_func("/journeys/refusals", test_refusals);
  g_test_add_func("/journeys/recording", test_recording);
  g_test_add_func("/journeys/frame", test_frame);
  return g_test_run();
}
