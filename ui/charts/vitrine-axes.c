#include "ui/charts/vitrine-axes.h"
#include <math.h>

#define FONT 0.85 /* of the widget's */

/* Two sets that stay apart from each other and from the background, in grey as well. */
static const char *const light_colours[VITRINE_AXES_COLOURS] = {
    "#1c71d8", "#c64600", "#26a269", "#813d9c", "#a51d2d", "#0f7b8a", "#865e3c", "#5e5c64"};
static const char *const dark_colours[VITRINE_AXES_COLOURS] = {
    "#78aeed", "#ffa348", "#57e389", "#dc8add", "#ff7b72", "#5bc8d6", "#cdab8f", "#c0bfbc"};

/* ---- numbers ----------------------------------------------------------------------------- */

double
vitrine_axes_step(double range, int most)
{
  double rough = range / MAX(most, 1);
  double power = pow(10, floor(log10(rough)));
  double parts = rough / power;

  return power * (parts <= 1.0000001 ? 1 : parts <= 2 ? 2 : parts <= 5 ? 5 : 10);
}

int
vitrine_axes_decimals(double step)
{
  return CLAMP((int)ceil(-log10(step) - 1e-9), 0, 12);
}

double
vitrine_axes_first_tick(double min, double step)
{
  return ceil(min / step - 1e-6) * step;
}

char *
vitrine_axes_tick_text(double value, double step)
{
  if (fabs(value) < step * 1e-6)
    value = 0;
  if (fabs(value) >= 1e6 || step < 1e-6)
    return g_strdup_printf("%.3g", value);
  return g_strdup_printf("%.*f", vitrine_axes_decimals(step), value);
}

char *
vitrine_axes_number(double value, double range)
{
  if (range < 1e-3)
    return g_strdup_printf("%.4g", value);
  return g_strdup_printf("%.*f", CLAMP(3 - (int)floor(log10(range)), 0, 6), value);
}

/* ---- places ---------------------------------------------------------------------------- */

double
vitrine_axes_to_x(const VitrineAxesFrame *f, double x)
{
  return f->left + (x - f->x_min) / (f->x_max - f->x_min) * f->width;
}

double
vitrine_axes_to_y(const VitrineAxesFrame *f, double y)
{
  double part = (y - f->y_min) / (f->y_max - f->y_min);
  return f->top + f->height - CLAMP(part, -10, 11) * f->height;
}

/* ---- colours ----------------------------------------------------------------------------- */

const char *
vitrine_axes_colour(guint i, gboolean dark)
{
  return (dark ? dark_colours : light_colours)[i % VITRINE_AXES_COLOURS];
}

GdkRGBA
vitrine_pen_colour(const VitrinePen *pen, guint i)
{
  GdkRGBA colour;
  gdk_rgba_parse(&colour, vitrine_axes_colour(i, pen->dark));
  return colour;
}

GdkRGBA
vitrine_pen_faint(const VitrinePen *pen, float alpha)
{
  GdkRGBA colour = pen->text;
  colour.alpha *= alpha;
  return colour;
}

static void
theme_colour(GtkWidget *widget, GdkRGBA *colour)
{
#if GTK_CHECK_VERSION(4, 10, 0)
  gtk_widget_get_color(widget, colour);
#else
  gtk_style_context_get_color(gtk_widget_get_style_context(widget), colour);
#endif
}

VitrinePen
vitrine_pen(GtkWidget *widget, GtkSnapshot *snapshot)
{
  VitrinePen pen = {widget, snapshot, gtk_widget_get_width(widget), gtk_widget_get_height(widget)};

  theme_colour(widget, &pen.text);
  pen.dark = pen.text.red + pen.text.green + pen.text.blue > 1.5f;
  return pen;
}

/* ---- drawing ----------------------------------------------------------------------------- */

PangoLayout *
vitrine_pen_layout(const VitrinePen *pen, const char *text)
{
  PangoLayout *layout = gtk_widget_create_pango_layout(pen->widget, text);
  PangoAttrList *list = pango_attr_list_new();

  pango_attr_list_insert(list, pango_attr_scale_new(FONT));
  pango_attr_list_insert(list, pango_attr_font_features_new("tnum"));
  pango_layout_set_attributes(layout, list);
  pango_attr_list_unref(list);
  return layout;
}

void
vitrine_pen_layout_size(PangoLayout *layout, double *width, double *height)
{
  int w, h;
  pango_layout_get_pixel_size(layout, &w, &h);
  *width = w;
  *height = h;
}

void
vitrine_pen_put(const VitrinePen *pen, PangoLayout *layout, double x, double y, GdkRGBA colour)
{
  gtk_snapshot_save(pen->snapshot);
  gtk_snapshot_translate(pen->snapshot, &GRAPHENE_POINT_INIT((float)round(x), (float)round(y)));
  gtk_snapshot_append_layout(pen->snapshot, layout, &colour);
  gtk_snapshot_restore(pen->snapshot);
}

void
vitrine_pen_rect(const VitrinePen *pen, double x, double y, double width, double height,
                 GdkRGBA colour)
{
  gtk_snapshot_append_color(pen->snapshot, &colour,
                            &GRAPHENE_RECT_INIT((float)x, (float)y, (float)width, (float)height));
}

void
vitrine_pen_rounded(const VitrinePen *pen, graphene_rect_t rect, float radius, GdkRGBA colour)
{
  GskRoundedRect rounded;

  gsk_rounded_rect_init_from_rect(&rounded, &rect, radius);
  gtk_snapshot_push_rounded_clip(pen->snapshot, &rounded);
  gtk_snapshot_append_color(pen->snapshot, &colour, &rect);
  gtk_snapshot_pop(pen->snapshot);
}

void
vitrine_pen_box(const VitrinePen *pen, PangoLayout *layout, double x, double y, double width,
                double height)
{
  graphene_rect_t box = GRAPHENE_RECT_INIT((float)x, (float)y, (float)width, (float)height);
  graphene_rect_t edge = box;
  GdkRGBA paper = pen->dark ? (GdkRGBA){0.22f, 0.22f, 0.22f, 1} : (GdkRGBA){1, 1, 1, 1};

  graphene_rect_inset(&edge, -1, -1);
  vitrine_pen_rounded(pen, edge, 7, paper);
  vitrine_pen_rounded(pen, edge, 7, vitrine_pen_faint(pen, 0.2f));
  vitrine_pen_rounded(pen, box, 6, paper);
  vitrine_pen_put(pen, layout, x + 8, y + 5, pen->text);
}

double
vitrine_pen_widest_tick(const VitrinePen *pen, const VitrineAxesFrame *f)
{
  double widest = 0, width, height;

  for (double y = vitrine_axes_first_tick(f->y_min, f->y_step); y <= f->y_max + f->y_step * 1e-6;
       y += f->y_step) {
    g_autofree char *text = vitrine_axes_tick_text(y, f->y_step);
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, text);
    vitrine_pen_layout_size(layout, &width, &height);
    widest = fmax(widest, width);
  }
  return widest;
}

void
vitrine_pen_axes(const VitrinePen *pen, const VitrineAxesFrame *f, const char *x_label)
{
  double width, height;

  for (double y = vitrine_axes_first_tick(f->y_min, f->y_step); y <= f->y_max + f->y_step * 1e-6;
       y += f->y_step) {
    g_autofree char *text = vitrine_axes_tick_text(y, f->y_step);
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, text);
    double at = round(vitrine_axes_to_y(f, y));
    vitrine_pen_layout_size(layout, &width, &height);
    vitrine_pen_rect(pen, f->left, at, f->width, 1, vitrine_pen_faint(pen, 0.12f));
    vitrine_pen_put(pen, layout, f->left - VITRINE_AXES_GAP - width, at - height / 2,
                    vitrine_pen_faint(pen, 0.7f));
  }
  double bottom = f->top + f->height;
  for (double x = vitrine_axes_first_tick(f->x_min, f->x_step); x <= f->x_max + f->x_step * 1e-6;
       x += f->x_step) {
    g_autofree char *text = vitrine_axes_tick_text(x, f->x_step);
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, text);
    double at = round(vitrine_axes_to_x(f, x));
    vitrine_pen_layout_size(layout, &width, &height);
    vitrine_pen_rect(pen, at, bottom, 1, 4, vitrine_pen_faint(pen, 0.4f));
    vitrine_pen_put(pen, layout, CLAMP(at - width / 2, 0, fmax(pen->width - width, 0)),
                    bottom + VITRINE_AXES_GAP, vitrine_pen_faint(pen, 0.7f));
  }
  vitrine_pen_rect(pen, f->left, round(bottom), f->width, 1, vitrine_pen_faint(pen, 0.4f));
  if (!x_label || !*x_label)
    return;
  g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, x_label);
  vitrine_pen_layout_size(layout, &width, &height);
  vitrine_pen_put(pen, layout, f->left + (f->width - width) / 2, pen->height - height,
                  vitrine_pen_faint(pen, 0.7f));
}

void
vitrine_pen_focus(const VitrinePen *pen)
{
  GdkRGBA colour = vitrine_pen_colour(pen, 0);
  GskRoundedRect edge;

  if (!gtk_widget_has_visible_focus(pen->widget))
    return;
  colour.alpha = 0.5f;
  gsk_rounded_rect_init_from_rect(
      &edge, &GRAPHENE_RECT_INIT(0, 0, (float)pen->width, (float)pen->height), 6);
  gtk_snapshot_append_border(pen->snapshot, &edge, (float[]){2, 2, 2, 2},
                             (GdkRGBA[]){colour, colour, colour, colour});
}
