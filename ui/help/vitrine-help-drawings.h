/* The small drawings of "What is this?". */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Logical pixels of every drawing. */
#define VITRINE_HELP_WIDTH  280
#define VITRINE_HELP_HEIGHT 110

typedef void (*VitrineHelpDrawFunc)(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);

void vitrine_help_draw_z(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);
void vitrine_help_draw_w(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);
void vitrine_help_draw_style(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);
void vitrine_help_draw_truncation(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);
void vitrine_help_draw_noise(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);
void vitrine_help_draw_score(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);
void vitrine_help_draw_pruning(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent);

G_END_DECLS
