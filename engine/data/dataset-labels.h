/* SgLabels: what a list beside the pictures says about each, whatever form the list has. A reader
 * adds one entry after another and finishes; then every picture is given its row. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SG_LABELS_MAX_DIM 16384

typedef struct _SgLabelEntry SgLabelEntry;

typedef struct {
  char *source; /* what the list is called in messages: "dataset.json" */
  guint n, dim;
  gboolean one_hot;
  guint32 *classes; /* [n] if one_hot */
  float *values;    /* [n, dim] otherwise */
  char **names;     /* of the dim columns or classes, or NULL */
  char *left_out;   /* columns that hold words, as text for people, or NULL */
  char *prefix;     /* folder that the keys are relative to: "" or "set/" */
  GArray *entries;  /* of SgLabelEntry, n of them */
  GArray *vectors;  /* of float, while entries are added */
  guint vector_dim;
} SgLabels;

SgLabels *sg_labels_new(const char *source);
void sg_labels_free(SgLabels *l);

/* A name may be written for Windows, begin with ./, have another folder in front or another
 * extension; see sg_labels_match(). A class may be a number or a text; a text of digits counts as
 * the number if all are such. The errors name the entry. */
gboolean sg_labels_add_number(SgLabels *l, const char *name, double label, GError **error);
gboolean sg_labels_add_text(SgLabels *l, const char *name, const char *label, GError **error);
gboolean sg_labels_add_vector(SgLabels *l, const char *name, const float *label, gsize dim,
                              GError **error);
/* The list names the picture and says that it has no label. */
gboolean sg_labels_add_none(SgLabels *l, const char *name, GError **error);
/* Decides what the labels are: class numbers, class names (sorted; `names` then has them) or
 * vectors. An error if they are of different kinds or there are none. */
gboolean sg_labels_finish(SgLabels *l, GError **error);

typedef enum {
  SG_LABEL_MISSING = -1,   /* the list does not name the picture */
  SG_LABEL_NONE = -2,      /* it names it and gives no label */
  SG_LABEL_AMBIGUOUS = -3, /* what it names could be several pictures */
} SgLabelRow;

/* The row of each of the n pictures, or an SgLabelRow. A name fits if it is the same, then if one
 * of the two is the end of the other, then the same without extensions. What is odd about the list
 * (doubles, entries that fit no picture) is added to `warnings` as text. */
void sg_labels_match(const SgLabels *l, const char *const *pictures, guint n, int *rows,
                     GPtrArray *warnings);

/* NVlabs' dataset.json and what passes for it: {"labels": [[name, label], …]}, {"labels": {name:
 * label}}, or either without "labels" around it. NULL without error: the file says that there are
 * no labels. */
SgLabels *sg_labels_parse_json(const char *source, const char *text, gsize size, GError **error);
/* A table of names and labels with commas, semicolons, tabs or spaces between, with or without a
 * line of column names. Of many columns those count whose first line has a number; `left_out`
 * names the others. */
SgLabels *sg_labels_parse_table(const char *source, const char *text, gsize size, GError **error);
/* CelebA's list_attr_celeba.txt (or .csv): -1 and 1 become 0 and 1. */
SgLabels *sg_labels_parse_celeba(const char *source, const char *text, gsize size, GError **error);
/* The class of a picture is the first folder below what all have in common. `sure`: an error
 * unless nothing else can be meant. */
SgLabels *sg_labels_from_folders(const char *const *pictures, guint n, gboolean sure,
                                 GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLabels, sg_labels_free)

G_END_DECLS
