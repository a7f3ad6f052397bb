/* Parameters and values of strips as people write them. */
#include "engine/explore/strip.h"
#include "engine/explore/recipe-table.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

static const char *const kind_names[] = {
    [SG_STRIP_SCALE] = "scale", [SG_STRIP_PRUNE] = "prune", [SG_STRIP_DIMENSION] = NULL,
    [SG_STRIP_PSI] = "psi",     [SG_STRIP_BLEND] = "blend", [SG_STRIP_NOISE] = "noise",
    [SG_STRIP_AT] = NULL,       [SG_STRIP_FIELD] = NULL,
};

static gboolean
parse_field(const char *text, SgStripParameter *p)
{
  for (guint i = 0; i < sg_recipe_field_count; i++)
    if (sg_recipe_fields[i].strip && g_str_equal(sg_recipe_fields[i].name, text)) {
      *p = (SgStripParameter){.kind = SG_STRIP_FIELD, .field = i};
      return TRUE;
    }
  return FALSE;
}

gboolean
sg_strip_parse_parameter(const char *text, SgStripParameter *p)
{
  SgCoordinate c;

  for (guint i = 0; i < G_N_ELEMENTS(kind_names); i++)
    if (g_strcmp0(text, kind_names[i]) == 0) {
      *p = (SgStripParameter){.kind = (SgStripKind)i};
      return TRUE;
    }
  if (parse_field(text, p))
    return TRUE;
  if (!g_ascii_islower(*text) || !sg_coordinate_parse(text, &c))
    return FALSE;
  if (c.kind == SG_AT_Z || (c.kind == SG_AT_W && c.first < 0))
    *p = (SgStripParameter){.kind = SG_STRIP_DIMENSION,
                            .space = c.kind == SG_AT_Z ? SG_SPACE_Z : SG_SPACE_W,
                            .dim = c.index};
  else
    *p = (SgStripParameter){.kind = SG_STRIP_AT, .at = c};
  return TRUE;
}

char *
sg_strip_parameter_name(const SgStripParameter *p)
{
  if (p->kind == SG_STRIP_DIMENSION)
    return g_strdup_printf("%c%d", p->space == SG_SPACE_Z ? 'z' : 'w', p->dim);
  if (p->kind == SG_STRIP_AT)
    return sg_coordinate_name(&p->at);
  return g_strdup(p->kind == SG_STRIP_FIELD ? sg_recipe_fields[p->field].name
                                            : kind_names[p->kind]);
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

/* Of a field the values that its row has. */
static const char *
default_text(const SgStripParameter *p)
{
  switch (p->kind) {
  case SG_STRIP_SCALE:
    return sg_recipe_field_by_name("scale")->strip;
  case SG_STRIP_PSI:
    return sg_recipe_field_by_name("psi")->strip;
  case SG_STRIP_FIELD:
    return sg_recipe_fields[p->field].strip;
  case SG_STRIP_PRUNE:
    return "0:1:0.1";
  case SG_STRIP_BLEND:
    return "0:1:0.125";
  case SG_STRIP_NOISE:
    return "0:2:0.25";
  case SG_STRIP_AT:
    return p->at.kind == SG_AT_DIRECTION ? "-3:3:0.75" : "-10:10:2.5";
  case SG_STRIP_DIMENSION:
    return "-10:10:2.5";
  }
  g_return_val_if_reached(NULL);
}

GArray *
sg_strip_default_values(const SgStripParameter *p)
{
  return sg_strip_parse_values(default_text(p), NULL);
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
  if (p->kind == SG_STRIP_AT && !sg_coordinate_check(&p->at, base, SG_RECIPE_MAX_LAYERS, error))
    return FALSE;
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
    if (p->kind == SG_STRIP_FIELD &&
        (values[i] < sg_recipe_fields[p->field].min || values[i] > sg_recipe_fields[p->field].max))
      return fail(error, "%s takes values from %g to %g, found %g", sg_recipe_fields[p->field].name,
                  sg_recipe_fields[p->field].min, sg_recipe_fields[p->field].max, values[i]);
    if (p->kind == SG_STRIP_PRUNE && values[i] < 0)
      return fail(error, "a threshold must not be negative, found %g", values[i]);
  }
  return TRUE;
}
