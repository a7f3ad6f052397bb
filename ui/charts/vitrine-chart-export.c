/* A chart's picture and its points, for files. */
#include <gio/gio.h>
#include <math.h>
#include "ui/charts/vitrine-chart-private.h"

/* ---- picture ----------------------------------------------------------------------------- */

static cairo_status_t
write_cb(void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append(closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

/* The chart's nodes once more, with black text and the colours for paper. */
static GskRenderNode *
paper_node(VitrineChart *self, double scale, int *width, int *height)
{
  VitrinePen pen = vitrine_pen(GTK_WIDGET(self), gtk_snapshot_new());
  VitrineChartFrame frame = self->frame;

  pen.text = (GdkRGBA){0, 0, 0, 1};
  pen.dark = FALSE;
  pen.width = *width = pen.width > 0 ? pen.width : 640;
  pen.height = *height = pen.height > 0 ? pen.height : 280;
  vitrine_chart_paint(self, &pen, scale);
  self->frame = frame;
  vitrine_chart_redraw(self); /* its columns are those of the paper now */
  return gtk_snapshot_free_to_node(pen.snapshot);
}

GBytes *
vitrine_chart_to_png(VitrineChart *self, double scale)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), NULL);
  const double margin = 8;
  int width, height;

  scale = CLAMP(isfinite(scale) ? scale : 1, 0.25, 16);
  g_autoptr(GskRenderNode) node = paper_node(self, scale, &width, &height);
  cairo_surface_t *surface =
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil((width + 2 * margin) * scale),
                                 (int)ceil((height + 2 * margin) * scale));
  cairo_t *cr = cairo_create(surface);
  cairo_set_source_rgb(cr, 1, 1, 1);
  cairo_paint(cr);
  cairo_scale(cr, scale, scale);
  cairo_translate(cr, margin, margin);
  if (node)
    gsk_render_node_draw(node, cr);
  cairo_destroy(cr);
  GByteArray *png = g_byte_array_new();
  cairo_surface_write_to_png_stream(surface, write_cb, png);
  cairo_surface_destroy(surface);
  return g_byte_array_free_to_bytes(png);
}

/* ---- points ------------------------------------------------------------------------------ */

/* One column of the table. */
typedef struct {
  char *label;
  SgSeries *series;
  gsize at;
  double x, y; /* point `at`; x is INFINITY at the end */
} Field;

typedef struct {
  GArray *fields; /* Field */
  char *x_label;
  double x0, x1;
} Table;

static void
field_clear(gpointer data)
{
  Field *field = data;
  g_free(field->label);
  sg_series_unref(field->series);
}

static void
table_free(gpointer data)
{
  Table *table = data;
  g_array_unref(table->fields);
  g_free(table->x_label);
  g_free(table);
}

static void
add_field(Table *table, char *label, SgSeries *series)
{
  Field field = {label, sg_series_ref(series)};
  g_array_append_val(table->fields, field);
}

static Table *
table_new(VitrineChart *self)
{
  Table *table = g_new0(Table, 1);

  table->fields = g_array_new(FALSE, FALSE, sizeof(Field));
  g_array_set_clear_func(table->fields, field_clear);
  table->x_label = g_strdup(*self->x_label ? self->x_label : "x");
  vitrine_chart_get_range(self, &table->x0, &table->x1);
  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (curve->hidden)
      continue;
    add_field(table, g_strdup(curve->label), curve->series);
    if (curve->band)
      add_field(table, g_strconcat(curve->label, " std", NULL), curve->band);
  }
  return table;
}

static void
append_name(GString *csv, const char *name)
{
  if (!strpbrk(name, ",\"\r\n")) {
    g_string_append(csv, name);
    return;
  }
  g_string_append_c(csv, '"');
  for (; *name; name++)
    g_string_append_printf(csv, *name == '"' ? "\"\"" : "%c", *name);
  g_string_append_c(csv, '"');
}

/* The shortest of 6, 9 (which tell floats apart) and 17 digits that is the same number. */
static void
append_number(GString *csv, double value)
{
  static const char *const formats[] = {"%.6g", "%.9g", "%.17g"};
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  /* A float's nine digits name it exactly, not the double that it is here. */
  gboolean single = (double)(float)value == value;

  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    g_ascii_formatd(text, sizeof text, formats[i], value);
    double read = g_ascii_strtod(text, NULL);
    if (read == value || (single && (float)read == (float)value))
      break;
  }
  g_string_append(csv, text);
}

static void
read_point(Field *field, double x1)
{
  if (!sg_series_point(field->series, field->at, &field->x, &field->y) || field->x > x1)
    field->x = INFINITY;
}

static void
seek(Field *field, double x0, double x1)
{
  gsize low = 0, high = sg_series_length(field->series);
  double x, y;

  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if (sg_series_point(field->series, middle, &x, &y) && x < x0)
      low = middle + 1;
    else
      high = middle;
  }
  field->at = low;
  read_point(field, x1);
}

/* The next row; FALSE when there is none. */
static gboolean
append_row(GString *csv, Table *table)
{
  double x = INFINITY;

  for (guint i = 0; i < table->fields->len; i++)
    x = fmin(x, g_array_index(table->fields, Field, i).x);
  if (isinf(x))
    return FALSE;
  append_number(csv, x);
  for (guint i = 0; i < table->fields->len; i++) {
    Field *field = &g_array_index(table->fields, Field, i);
    g_string_append_c(csv, ',');
    if (field->x != x)
      continue;
    if (isfinite(field->y))
      append_number(csv, field->y);
    field->at++;
    read_point(field, table->x1);
  }
  g_string_append_c(csv, '\n');
  return TRUE;
}

/* NULL when cancelled. */
static GBytes *
table_to_csv(Table *table, GCancellable *cancellable)
{
  GString *csv = g_string_new(NULL);
  guint rows = 0;

  append_name(csv, table->x_label);
  for (guint i = 0; i < table->fields->len; i++) {
    Field *field = &g_array_index(table->fields, Field, i);
    g_string_append_c(csv, ',');
    append_name(csv, field->label);
    seek(field, table->x0, table->x1);
  }
  g_string_append_c(csv, '\n');
  while (append_row(csv, table))
    if (++rows % 4096 == 0 && g_cancellable_is_cancelled(cancellable)) {
      g_string_free(csv, TRUE);
      return NULL;
    }
  return g_string_free_to_bytes(csv);
}

GBytes *
vitrine_chart_to_csv(VitrineChart *self)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), NULL);
  Table *table = table_new(self);
  GBytes *csv = table_to_csv(table, NULL);

  table_free(table);
  return csv;
}

static void
csv_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GBytes *csv = table_to_csv(data, cancellable);

  if (csv)
    g_task_return_pointer(task, csv, (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error_if_cancelled(task);
}

void
vitrine_chart_to_csv_async(VitrineChart *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  g_autoptr(GTask) task = g_task_new(self, cancellable, callback, data);

  g_task_set_task_data(task, table_new(self), table_free);
  g_task_run_in_thread(task, csv_thread);
}

GBytes *
vitrine_chart_to_csv_finish(VitrineChart *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), NULL);
  return g_task_propagate_pointer(G_TASK(result), error);
}
