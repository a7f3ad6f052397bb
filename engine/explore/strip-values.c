/* Parameters and values of strips as people write them. */
#include "engine/explore/strip.h"
#include <math.h>
#include <string.h>

static const char *const kind_names[] = {
    [SG_STRIP_SCALE] = "scale", [SG_STRIP_PRUNE] = "prune", [SG_STRIP_DIMENSION] = NULL,
    [SG_STRIP_PSI] = "psi",     [SG_STRIP_BLEND] = "blend", [SG_STRIP_NOISE] = "noise",
};

gboolean
sg_strip_parse_parameter(const char *text, SgStripParameter *p)
{
  guint64 dim;

  for (guint i = 0; i < G_N_ELEMENTS(kind_names); i++)
    if (g_strcmp0(text, kind_names[i]) == 0) {
      *p = (SgStripParameter){.kind = (SgStripKind)i};
      return TRUE;
    }
  if ((*text != 'z' && *text != 'w') ||
      !g_ascii_string_to_unsigned(text + 1, 10, 0, G_MAXINT, &dim, NULL))
    return FALSE;
  *p = (SgStripParameter){SG_STRIP_DIMENSION, *text == 'z' ? SG_SPACE_Z : SG_SPACE_W, (int)dim};
  return TRUE;
}

char *
sg_strip_parameter_name(const SgStripParameter *p)
{
  if (p->kind == SG_STRIP_DIMENSION)
    return g_strdup_printf("%c%d", p->space == SG_SPACE_Z ? 'z' : 'w', p->dim);
  return g_strdup(kind_names[p->kind]);
}

/* ---- values ---------------------------------------------------------------------------------- */

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
fail(GError **error, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED, text);
  return FALSE;
}

static gboolean
parse_number(const char *text, double *value)
{
  char *end;

  *value = g_ascii_strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*value);
}

/* from + i * step as a person would write it: -1 + 13 * 0.1 is 0.3, not 0.30000000000000004. */
static double
nth_value(double from, double step, int i)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  double value = from + i * step;

  if (fabs(value) < fabs(step) * 1e-9)
    return 0;
  return g_ascii_strtod(g_ascii_formatd(text, sizeof text, "%.12g", value), NULL);
}

static gboolean
append_range(GArray *values, char **parts, GError **error)
{
  double from, to, step;

  if (g_strv_length(parts) != 3 || !parse_number(g_strstrip(parts[0]), &from) ||
      !parse_number(g_strstrip(parts[1]), &to) || !parse_number(g_strstrip(parts[2]), &step))
    return fail(error, "expected from:to:step like -10:10:2.5, found “%s:%s…”", parts[0],
                parts[1] ? parts[1] : "");
  double steps = (to - from) / step;
  if (!(step != 0) || !(steps >= 0))
    return fail(error, "a step of %g does not lead from %g to %g", step, from, to);
  if (steps + 1 + values->len > SG_STRIP_MAX_VALUES + 1e-9)
    return fail(error, "%.0f values are more than the %d a strip may have", floor(steps) + 1,
                SG_STRIP_MAX_VALUES);
  for (int i = 0; i <= (int)floor(steps + 1e-9); i++) {
    double value = nth_value(from, step, i);
    g_array_append_val(values, value);
  }
  return TRUE;
}

static gboolean
append_part(GArray *values, char *part, GError **error)
{
  double value;

  if (strchr(part, ':')) {
    g_auto(GStrv) parts = g_strsplit(part, ":", -1);
    return append_range(values, parts, error);
  }
  if (!parse_number(g_strstrip(part), &value))
    return fail(error, "expected numbers like 0.5,1,2 or -10:10:2.5, found “%s”", part);
  if (values->len == SG_STRIP_MAX_VALUES)
    return fail(error, "more than the %d values a strip may have", SG_STRIP_MAX_VALUES);
  g_array_append_val(values, value);
  return TRUE;
}

GArray *
sg_strip_parse_values(const char *text, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));

  for (char **part = parts; *part; part++)
    if (!append_part(values, *part, error))
      return NULL;
  if (values->len == 0) {
    fail(error, "expected numbers like 0.5,1,2 or -10:10:2.5, found nothing");
    return NULL;
  }
  return g_steal_pointer(&values);
}

GArray *
sg_strip_default_values(const SgStripParameter *p)
{
  static const char *const defaults[] = {
      [SG_STRIP_SCALE] = "0.05,0.1,0.25,0.5,1,1.5,2.5,5,10",
      [SG_STRIP_PRUNE] = "0:1:0.1",
      [SG_STRIP_DIMENSION] = "-10:10:2.5",
      [SG_STRIP_PSI] = "0:1:0.125",
      [SG_STRIP_BLEND] = "0:1:0.125",
      [SG_STRIP_NOISE] = "0:2:0.25",
  };
  return sg_strip_parse_values(defaults[p->kind], NULL);
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* A change of z, or a factor of it, comes before w, which is loaded and does not follow. */
static gboolean
is_hidden_by_loaded_w(const SgStripParameter *p, const SgRecipe *base)
{
  return base->w_base && base->faces == 1 &&
         ((p->kind == SG_STRIP_DIMENSION && p->space == SG_SPACE_Z) ||
          (p->kind == SG_STRIP_SCALE && base->scale_space == SG_SPACE_Z));
}

static gboolean
check_parameter(const SgStripParameter *p, const SgRecipe *base, GError **error)
{
  gboolean z = p->space == SG_SPACE_Z;
  int dims = z ? base->z_dim : base->w_dim;
  gboolean blends = FALSE;

  for (int k = 0; k < base->num_mix; k++)
    blends = blends || base->mix[k].a != base->mix[k].b;
  if (p->kind == SG_STRIP_DIMENSION && (p->dim < 0 || p->dim >= dims))
    return fail(error, "%c%d: this model's %c has dimensions 0 to %d", z ? 'z' : 'w', p->dim,
                z ? 'z' : 'w', dims - 1);
  if (is_hidden_by_loaded_w(p, base))
    return fail(error, "this face has a w that was loaded: its z changes nothing");
  if (p->kind == SG_STRIP_BLEND && !blends)
    return fail(error, "no layer of this face mixes two sources, so there is nothing to blend");
  if (p->kind == SG_STRIP_NOISE && base->noise_mode == SG_NOISE_NONE)
    return fail(error, "this face is drawn without noise");
  return TRUE;
}

gboolean
sg_strip_check(const SgStripParameter *p, const SgRecipe *base, int n, const double *values,
               GError **error)
{
  if (!check_parameter(p, base, error))
    return FALSE;
  if (n < 1 || n > SG_STRIP_MAX_VALUES)
    return fail(error, "a strip has from 1 to %d values, found %d", SG_STRIP_MAX_VALUES, n);
  for (int i = 0; i < n; i++) {
    if (!isfinite(values[i]) || fabs(values[i]) > 1e6)
      return fail(error, "values must lie within ±1,000,000, found %g", values[i]);
    if (p->kind == SG_STRIP_PRUNE && values[i] < 0)
      return fail(error, "a threshold must not be negative, found %g", values[i]);
  }
  return TRUE;
}
