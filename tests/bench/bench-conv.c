/* bench-conv [OPTION…]: the convolutions of a StyleGAN2 generator one by one, and how near the
 * slowest three come to what the processor could do at most.
 *
 * Each is run as rendering runs it (style, noise, bias and activation in the same call), or, with
 * --pass=input|weight, as training computes that gradient. The roofline (Williams et al. 2009): a
 * convolution takes at least its operations over the peak, and at least the bytes of its operands
 * and result over the bandwidth. Winograd's and other tricks need fewer operations than are
 * counted: a share above 1 is possible. */
#include "tests/support/tested-backend.h"
#include <stdio.h>
#include <string.h>

static int resolution = 256, batch = 1, channel_base = 32768, channel_max = 512, slowest = 3;
static double peak_tflops, peak_gbs, seconds = 0.3;
static char *pass_name;

typedef struct {
  char name[24];
  int in, out, from, to; /* channels, sizes */
  SgConvGeometry g;
  double ms[3]; /* min, median, max */
} Layer;

static int
width(int r)
{
  return MIN(channel_base / r, channel_max);
}

static SgBuf *
buffer(SgFormat fmt, int n, int c, int h, int w)
{
  GError *error = NULL;
  SgBuf *b = sg_buf_new(sg_backend_default(), fmt, n, c, h, w, &error);

  if (!b || !sg_buf_fill(b, 0.01, &error))
    g_error("%s", error->message);
  return b;
}

/* One number, which cannot be had before all that was asked for is done. */
static void
finish(SgBuf *any)
{
  float v;
  g_autoptr(SgBuf) one = sg_buf_view(any, 0, 1, 1, 1, 1);
  any->backend->download(one, &v);
}

typedef struct {
  SgBackend *b;
  SgConv *conv;
  SgConvGeometry g;
  SgConvPass pass;
  gboolean render;
  SgBuf *x, *y, *w, *style, *demod, *noise, *bias;
  float *weight;
} Job;

static Job
job_new(const Layer *l)
{
  Job j = {.b = sg_backend_default(), .g = l->g, .render = !pass_name};
  gsize count = (gsize)l->out * l->in * 9;
  int size = l->g.kind == SG_CONV_TRANSPOSED ? l->to + 1 : l->to;
  GError *error = NULL;

  j.pass = g_strcmp0(pass_name, "input") == 0    ? SG_PASS_INPUT
           : g_strcmp0(pass_name, "weight") == 0 ? SG_PASS_WEIGHT
                                                 : SG_PASS_OUTPUT;
  j.weight = g_new(float, count);
  for (gsize i = 0; i < count; i++)
    j.weight[i] = 0.01f * (float)(i % 7);
  j.x = buffer(SG_FMT_ACT, batch, l->in, l->from, l->from);
  j.y = buffer(SG_FMT_ACT, batch, l->out, size, size);
  j.w = buffer(SG_FMT_PLAIN, l->out, l->in, 3, 3);
  j.style = buffer(SG_FMT_PLAIN, batch, l->in, 1, 1);
  j.demod = buffer(SG_FMT_PLAIN, batch, l->out, 1, 1);
  j.noise = buffer(SG_FMT_PLAIN, 1, 1, l->to, l->to);
  j.bias = buffer(SG_FMT_PLAIN, 1, l->out, 1, 1);
  if (j.render && !(j.conv = j.b->conv_new(j.b, j.weight, l->out, l->in, &l->g, &error)))
    g_error("%s", error->message);
  return j;
}

static void
job_run(Job *j)
{
  GError *error = NULL;
  SgEpilogue e = {.scale = j->demod,
                  .noise = j->noise,
                  .noise_strength = 0.1f,
                  .bias = j->bias,
                  .slope = 0.2f,
                  .gain = 1.4f,
                  .clamp = -1};

  if (!(j->render ? j->b->conv_run(j->conv, j->y, j->x, j->style, &e, &error)
                  : j->b->conv(&j->g, j->pass, j->x, NULL, j->w, j->y, &error)))
    g_error("%s", error->message);
}

static void
job_clear(Job *j)
{
  SgBuf *all[] = {j->x, j->y, j->w, j->style, j->demod, j->noise, j->bias};

  if (j->conv)
    j->b->conv_free(j->conv);
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    sg_buf_unref(all[i]);
  g_free(j->weight);
}

static int
compare_doubles(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Runs that together take a measurable time, again and again until the layer's time is up. */
static void
measure(Layer *l)
{
  Job j = job_new(l);
  g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
  int runs = 1;

  for (int i = 0; i < 3; i++)
    job_run(&j);
  finish(j.bias);
  gint64 end = g_get_monotonic_time() + (gint64)(seconds * 1e6);
  while (times->len < 5 || g_get_monotonic_time() < end) {
    gint64 start = g_get_monotonic_time();
    for (int i = 0; i < runs; i++)
      job_run(&j);
    finish(j.bias);
    double us = (double)(g_get_monotonic_time() - start);
    if (us < 5000 && times->len == 0) { /* the wait at the end must not count */
      runs *= 2;
      continue;
    }
    double ms = us / 1e3 / runs;
    g_array_append_val(times, ms);
  }
  job_clear(&j);
  g_array_sort(times, compare_doubles);
  l->ms[0] = g_array_index(times, double, 0);
  l->ms[1] = g_array_index(times, double, times->len / 2);
  l->ms[2] = g_array_index(times, double, times->len - 1);
}

static GArray *
layers_new(void)
{
  GArray *a = g_array_new(FALSE, FALSE, sizeof(Layer));
  gboolean train = pass_name != NULL;

  for (int r = 4; r <= resolution; r *= 2) {
    Layer up = {.in = width(r / 2), .out = width(r), .from = r / 2, .to = r};
    Layer flat = {.in = width(r), .out = width(r), .from = r, .to = r};
    up.g = (SgConvGeometry){train ? SG_CONV_TRANSPOSED : SG_CONV_UP_FIR, 3, 2, 0, 0};
    flat.g = (SgConvGeometry){SG_CONV_FORWARD, 3, 1, 1, 1};
    g_snprintf(up.name, sizeof up.name, "b%d.conv0", r);
    g_snprintf(flat.name, sizeof flat.name, "b%d.conv1", r);
    if (r > 4)
      g_array_append_val(a, up);
    g_array_append_val(a, flat);
  }
  return a;
}

static double
operations(const Layer *l)
{
  return 2.0 * 9 * l->in * l->out * l->from * l->from * batch; /* `up` visits its input */
}

static double
bytes(const Layer *l)
{
  return 4.0 * ((double)batch * l->in * l->from * l->from + (double)batch * l->out * l->to * l->to +
                9.0 * l->in * l->out);
}

static int
compare_layers(gconstpointer a, gconstpointer b)
{
  const Layer *x = a, *y = b;
  return (y->ms[1] > x->ms[1]) - (y->ms[1] < x->ms[1]);
}

static void
print_layer(const Layer *l)
{
  double s = l->ms[1] / 1e3, least = 0;

  printf("%-12s %4d -> %4d  %4d -> %4d  %8.3f / %8.3f / %8.3f ms  %8.2f TFLOP/s  %8.1f GB/s",
         l->name, l->in, l->out, l->from, l->to, l->ms[0], l->ms[1], l->ms[2],
         operations(l) / s / 1e12, bytes(l) / s / 1e9);
  if (peak_tflops > 0 && peak_gbs > 0) {
    double compute = operations(l) / peak_tflops / 1e12, memory = bytes(l) / peak_gbs / 1e9;
    least = MAX(compute, memory);
    printf("  %4.1f %% of the roofline (%s)", 100 * least / s,
           compute > memory ? "operations" : "memory");
  }
  printf("\n");
}

int
main(int argc, char **argv)
{
  const GOptionEntry entries[] = {
      {"resolution", 0, 0, G_OPTION_ARG_INT, &resolution, "of the generator (256)", "N"},
      {"batch", 0, 0, G_OPTION_ARG_INT, &batch, "pictures at once (1)", "N"},
      {"channel-base", 0, 0, G_OPTION_ARG_INT, &channel_base, "32768", "N"},
      {"channel-max", 0, 0, G_OPTION_ARG_INT, &channel_max, "512", "N"},
      {"pass", 0, 0, G_OPTION_ARG_STRING, &pass_name, "output, input or weight, as in training",
       "PASS"},
      {"slowest", 0, 0, G_OPTION_ARG_INT, &slowest, "how many layers to show (3)", "N"},
      {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "for each layer (0.3)", "S"},
      {"peak-tflops", 0, 0, G_OPTION_ARG_DOUBLE, &peak_tflops, "the processor's", "T"},
      {"peak-gbs", 0, 0, G_OPTION_ARG_DOUBLE, &peak_gbs, "its memory's", "B"},
      {NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new(NULL);
  g_autoptr(GError) error = NULL;
  double all = 0;

  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1 || resolution < 4 ||
      batch < 1) {
    fprintf(stderr, "bench-conv: %s\n", error ? error->message : "see --help");
    return 2;
  }
  tested_backend();
  g_autoptr(GArray) layers = layers_new();
  for (guint i = 0; i < layers->len; i++) {
    measure(&g_array_index(layers, Layer, i));
    all += g_array_index(layers, Layer, i).ms[1];
  }
  g_array_sort(layers, compare_layers);
  g_autofree char *title = sg_backend_title(sg_backend_default());
  printf("%s; %d×%d, batch %d, %s: %.3f ms in %u convolutions\n", title, resolution, resolution,
         batch, pass_name ? pass_name : "rendering", all, layers->len);
  for (guint i = 0; i < layers->len && i < (guint)slowest; i++)
    print_layer(&g_array_index(layers, Layer, i));
  return 0;
}
