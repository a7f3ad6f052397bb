/* The report as a page. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "app/examine/examine-report.h"
#include "app/examine/examine-words.h"
#include "engine/base/visible.h"
#include "engine/directions/ranks.h"
#include "engine/formats/writer.h"
#include "engine/pictures/picture.h"

#define WIDTH     460
#define HEIGHT    120
#define BINS      24
#define REAL      "#1a5fb4"
#define GENERATED "#c64600"

static const char style[] =
    "body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#241f31;"
    "background:#fff}h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em}h3{font-size:1em;"
    "margin:1.4em 0 .2em}img{image-rendering:pixelated;width:128px;height:128px;margin-right:8px}"
    "figure{display:inline-block;margin:0 8px 8px 0}figcaption{font-size:.85em;max-width:128px;"
    "overflow-wrap:anywhere}.verdict{font-weight:bold}code,pre{white-space:pre-wrap;"
    "overflow-wrap:anywhere}.faint{color:#5e5c64}table{border-collapse:collapse}td,th{padding:2px "
    "10px 2px 0;text-align:left}svg{max-width:100%}";

/* ---- pieces ---------------------------------------------------------------------------------- */

static void
add_text(GString *s, const char *text)
{
  g_autofree char *visible = sg_visible_lines(text);
  g_autofree char *escaped = g_markup_escape_text(visible, -1);

  g_string_append(s, escaped);
}

static void
add_element(GString *s, const char *tag, const char *text)
{
  g_string_append_printf(s, "<%s>", tag);
  add_text(s, text);
  g_string_append_printf(s, "</%s>\n", tag);
}

/* Numbers in files have a point, whatever the language. */
static void
add_number(GString *s, const char *before, double v, const char *after)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf(s, "%s%s%s", before, g_ascii_formatd(text, sizeof text, "%.4g", v), after);
}

static void
add_picture(GString *s, const SgModel *model, const guint8 *planes, const char *caption)
{
  int r = model->info.img_resolution, c = model->info.img_channels;
  gsize n = (gsize)r * (gsize)r;
  g_autofree guint8 *pixels = g_malloc(n * (gsize)c);

  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < (gsize)c; k++)
      pixels[i * (gsize)c + k] = planes[k * n + i];
  g_autoptr(GBytes) png = sg_png_encode_channels(pixels, r, r, c, NULL, NULL);
  if (!png)
    return;
  gsize size;
  const guint8 *data = g_bytes_get_data(png, &size);
  g_autofree char *base64 = g_base64_encode(data, size);
  g_string_append_printf(s, "<figure><img alt=\"\" src=\"data:image/png;base64,%s\">", base64);
  add_element(s, "figcaption", caption);
  g_string_append(s, "</figure>");
}

/* ---- charts ---------------------------------------------------------------------------------- */

typedef struct {
  double low, high; /* of x */
} Range;

static void
widen(Range *r, int n, const double *v)
{
  for (int i = 0; i < n; i++)
    if (isfinite(v[i])) {
      r->low = MIN(r->low, v[i]);
      r->high = MAX(r->high, v[i]);
    }
}

static Range
range_of(const SgEvidence *e, double value)
{
  Range r = {INFINITY, -INFINITY};

  widen(&r, e->n_real, e->real);
  widen(&r, e->n_generated, e->generated);
  widen(&r, 1, &value);
  if (!(r.high > r.low))
    r = (Range){r.low - 0.5, r.low + 0.5};
  return r;
}

static double
place(const Range *r, double v, double size)
{
  return (v - r->low) / (r->high - r->low) * size;
}

/* Bars from below to half of the height at most; two humps over each other can both be seen. */
static void
add_bars(GString *s, const Range *r, int n, const double *v, const char *colour)
{
  int counts[BINS] = {0}, most = 1;

  for (int i = 0; i < n; i++)
    if (isfinite(v[i])) {
      int k = CLAMP((int)place(r, v[i], BINS), 0, BINS - 1);
      most = MAX(most, ++counts[k]);
    }
  for (int k = 0; k < BINS; k++) {
    double h = (double)counts[k] / most * (HEIGHT - 34);
    if (counts[k] == 0)
      continue;
    add_number(s, "<rect x=\"", (double)k * WIDTH / BINS, "\" ");
    add_number(s, "y=\"", HEIGHT - 20 - h, "\" ");
    add_number(s, "width=\"", (double)WIDTH / BINS - 1, "\" ");
    add_number(s, "height=\"", h, "\" ");
    g_string_append_printf(s, "fill=\"%s\" fill-opacity=\"0.55\"/>", colour);
  }
}

static void
add_label(GString *s, double x, double y, const char *anchor, const char *colour, const char *text)
{
  add_number(s, "<text x=\"", x, "\" ");
  add_number(s, "y=\"", y, "\" ");
  g_string_append_printf(s, "text-anchor=\"%s\" font-size=\"12\" fill=\"%s\">", anchor, colour);
  add_text(s, text);
  g_string_append(s, "</text>");
}

static void
add_humps(GString *s, const SgEvidence *e, double value, const char *unit)
{
  Range r = range_of(e, value);
  double at = place(&r, value, WIDTH);
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf(s, "<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">",
                         WIDTH, HEIGHT, WIDTH, HEIGHT);
  add_bars(s, &r, e->n_real, e->real, REAL);
  add_bars(s, &r, e->n_generated, e->generated, GENERATED);
  if (isfinite(value)) {
    add_number(s, "<path d=\"M", at, " ");
    g_string_append_printf(s, "14V%d\" stroke=\"#000\" stroke-width=\"2\"/>", HEIGHT - 20);
  }
  add_label(s, 0, 11, "start", REAL, _("data set"));
  add_label(s, 80, 11, "start", GENERATED, _("the model's"));
  add_label(s, 170, 11, "start", "#000", _("this picture"));
  add_label(s, 0, HEIGHT - 5, "start", "#5e5c64",
            g_ascii_formatd(text, sizeof text, "%.3g", r.low));
  add_label(s, WIDTH / 2.0, HEIGHT - 5, "middle", "#5e5c64", unit);
  add_label(s, WIDTH, HEIGHT - 5, "end", "#5e5c64",
            g_ascii_formatd(text, sizeof text, "%.3g", r.high));
  g_string_append(s, "</svg>\n");
}

/* The middle nine tenths of one kind, as a band. */
static void
add_band(GString *s, const Range *r, int n, const double *v, const char *colour)
{
  g_autofree double *sorted = g_memdup2(v, sizeof *v * (gsize)n);

  if (n == 0)
    return;
  sg_ranks_sort((gsize)n, sorted);
  double top = HEIGHT - place(r, sorted[n - 1 - n / 20], HEIGHT);
  double bottom = HEIGHT - place(r, sorted[n / 20], HEIGHT);
  add_number(s, "<rect x=\"0\" y=\"", top, "\" ");
  g_string_append_printf(s, "width=\"%d\" ", WIDTH);
  add_number(s, "height=\"", MAX(1, bottom - top), "\" ");
  g_string_append_printf(s, "fill=\"%s\" fill-opacity=\"0.18\"/>", colour);
}

/* One curve for each kind of damage, from the picture as it is to the strongest. */
static void
add_curves(GString *s, const Range *r, const SgExamined *x, SgWitness w)
{
  double step = WIDTH / (SG_STRESS_COUNT + 1.0);

  for (int i = 0; i < SG_STRESS_COUNT; i++) {
    double v = x->stressed[w][i], px = step * (i + 1.5), before = x->value[w], bx = step / 2;
    g_autofree char *label = vitrine_damage_words(&sg_stress[i]);
    if (i > 0 && sg_stress[i].kind == sg_stress[i - 1].kind) {
      before = x->stressed[w][i - 1];
      bx = px - step;
    }
    add_label(s, px, HEIGHT + 14, "middle", "#5e5c64", label);
    if (!isfinite(v) || !isfinite(before))
      continue;
    add_number(s, "<path d=\"M", bx, " ");
    add_number(s, "", HEIGHT - place(r, before, HEIGHT), "L");
    add_number(s, "", px, " ");
    add_number(s, "", HEIGHT - place(r, v, HEIGHT), "\" stroke=\"#000\" fill=\"none\"/>");
    add_number(s, "<circle r=\"3\" cx=\"", px, "\" ");
    add_number(s, "cy=\"", HEIGHT - place(r, v, HEIGHT), "\"/>");
  }
  add_label(s, step / 2, HEIGHT + 14, "middle", "#5e5c64", _("as it is"));
}

static void
add_stress(GString *s, const SgEvidence *e, const SgExamined *x, SgWitness w)
{
  Range r = range_of(e, x->value[w]);

  widen(&r, SG_STRESS_COUNT, x->stressed[w]);
  g_string_append_printf(s, "<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">",
                         WIDTH, HEIGHT + 20, WIDTH, HEIGHT + 20);
  add_band(s, &r, e->n_real, e->real, REAL);
  add_band(s, &r, e->n_generated, e->generated, GENERATED);
  add_curves(s, &r, x, w);
  g_string_append(s, "</svg>\n");
}

/* ---- the page -------------------------------------------------------------------------------- */

static void
add_witness(GString *s, const SgExamination *e, const SgExamined *x, SgWitness w)
{
  const SgModel *model = sg_examination_model(e);
  const SgEvidence *v = sg_examination_evidence(e, w);
  const SgTestimony *t = &x->testimony[w];

  g_string_append(s, "<h3>");
  add_text(s, vitrine_witness_name(w));
  g_string_append(s, ": <span class=\"verdict\">");
  add_text(s, vitrine_verdict_word(t->verdict));
  g_string_append(s, "</span></h3>\n");
  add_element(s, "p", vitrine_witness_question(w));
  if (!v) {
    add_element(s, "p", sg_examination_absence(e, w));
    return;
  }
  g_autofree char *evidence = vitrine_evidence_words(v);
  add_element(s, "p", vitrine_reason_words(t->reason));
  add_humps(s, v, x->value[w], vitrine_witness_unit(w, model));
  g_string_append(s, "<p class=\"faint\">");
  add_number(s, "", x->value[w], ". ");
  if (evidence)
    add_text(s, evidence);
  g_string_append(s, "</p>\n");
  if (sg_examination_options(e)->stress)
    add_stress(s, v, x, w);
}

static void
add_pictures(GString *s, const SgExamination *e, const SgExamined *x)
{
  const SgModel *model = sg_examination_model(e);

  add_picture(s, model, x->pixels, _("The picture as it is judged"));
  if (x->face)
    add_picture(s, model, x->face, _("The nearest face of the model"));
  for (int i = 0; i < x->n_nearest; i++) {
    g_autofree char *caption =
        g_strdup_printf("%s (%.3f)", x->nearest[i].name, x->nearest[i].distance);
    add_picture(s, model, x->nearest[i].pixels, caption);
  }
}

static void
add_examined(GString *s, const SgExamination *e, const SgExamined *x)
{
  add_element(s, "h2", x->path);
  if (x->error) {
    add_element(s, "p", x->error);
    return;
  }
  g_string_append_printf(s, "<p class=\"faint\">%d × %d, SHA-256 <code>%s</code></p>\n", x->width,
                         x->height, x->sha256);
  add_pictures(s, e, x);
  if (x->enlarged)
    add_element(s, "p",
                _("It is smaller than the model's pictures and was enlarged: its spectrum "
                  "is not looked at, and the other numbers mean less."));
  for (int w = 0; w < SG_WITNESSES; w++)
    add_witness(s, e, x, (SgWitness)w);
  add_element(s, "h3", _("What the file says"));
  g_auto(GStrv) lines = vitrine_provenance_words(x, sg_examination_model(e));
  g_string_append(s, "<ul>\n");
  for (char **l = lines; *l; l++)
    add_element(s, "li", *l);
  g_string_append(s, "</ul>\n");
}

static void
add_end(GString *s, const SgExamination *e)
{
  const SgModel *model = sg_examination_model(e);
  const SgExamineOptions *o = sg_examination_options(e);
  g_autofree char *command = sg_examination_command(e);
  const char *limit;

  add_element(s, "h2", _("What this cannot know"));
  g_string_append(s, "<ul>\n");
  for (guint i = 0; (limit = vitrine_examine_limit(i)); i++)
    add_element(s, "li", limit);
  g_string_append(s, "</ul>\n");
  add_element(s, "h2", _("To repeat it"));
  add_element(s, "pre", command);
  g_string_append(s, "<table><tr><th>");
  add_text(s, _("Model"));
  g_string_append(s, "</th><td>");
  add_text(s, model->path);
  g_string_append_printf(s, "<br><code>%s</code></td></tr>\n<tr><th>", model->hash);
  add_text(s, _("Data set"));
  g_string_append(s, "</th><td>");
  add_text(s, o->data ? o->data : _("none"));
  g_string_append(s, "</td></tr></table>\n");
}

char *
vitrine_examine_page(const SgExamination *e)
{
  GString *s = g_string_new("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta "
                            "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                            "img-src data:; style-src 'unsafe-inline'\"><title>");

  add_text(s, _("Examination of pictures"));
  g_string_append_printf(s, "</title><style>%s</style></head><body>\n", style);
  add_element(s, "h1", _("Examination of pictures"));
  add_element(s, "p",
              _("Do these pictures look like what one model draws? Each witness answers by "
                "itself."));
  for (guint i = 0; i < sg_examination_count(e); i++)
    add_examined(s, e, sg_examination_get(e, i));
  add_end(s, e);
  g_string_append(s, "</body></html>\n");
  return g_string_free(s, FALSE);
}

/* ---- files ----------------------------------------------------------------------------------- */

gboolean
vitrine_examine_check_path(const char *path, GError **error)
{
  static const char *const endings[] = {".html", ".htm", NULL};

  return sg_check_ending(path, endings, error);
}

/* "report.html" and "report.json" */
static char *
numbers_path(const char *path)
{
  const char *dot = strrchr(path, '.');
  gsize stem = dot && !strchr(dot, G_DIR_SEPARATOR) ? (gsize)(dot - path) : strlen(path);
  g_autofree char *base = g_strndup(path, stem);

  return g_strconcat(base, ".json", NULL);
}

gboolean
vitrine_examine_write(const SgExamination *e, const char *path, GError **error)
{
  g_autofree char *page = vitrine_examine_page(e), *numbers = numbers_path(path);
  char *json = vitrine_examine_json(e);
  gboolean ok = vitrine_examine_check_path(path, error) &&
                sg_write_file(numbers, json, strlen(json), error) &&
                sg_write_file(path, page, strlen(page), error);

  free(json);
  return ok;
}
