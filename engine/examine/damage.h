/* What happens to pictures on their way: saved as JPEG, made smaller and larger again, blurred. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { SG_DAMAGE_NONE, SG_DAMAGE_JPEG, SG_DAMAGE_RESIZE, SG_DAMAGE_BLUR } SgDamageKind;

typedef struct {
  SgDamageKind kind;
  double amount; /* JPEG: quality 1…100 of libjpeg, colours at half size; resize: the factor,
                    there and back (Lanczos-3); blur: the Gaussian's deviation in pixels */
} SgDamage;

/* The ones that a witness is tried with: each kind from light to strong. */
#define SG_STRESS_COUNT 8
extern const SgDamage sg_stress[SG_STRESS_COUNT];

#define SG_STRESS_ALL ((1u << SG_STRESS_COUNT) - 1)
/* What references of the logit and of the spectrum are measured after: whatever these look like
 * then is no evidence. The first is nothing. */
#define SG_TREATMENTS 4
extern const SgDamage sg_treatments[SG_TREATMENTS];

/* The names below, separated by commas, or "all": bit k for the k-th. FALSE with SG_FORMAT_ERROR
 * for others. */
gboolean sg_stress_parse(const char *text, guint *stress, GError **error);

/* What it is called in files: "jpeg90", "resize0.5", "blur1". To be freed. */
char *sg_damage_name(const SgDamage *d);
/* A copy of planes [channels, r, r] that it has happened to; alpha stays. NULL and error:
 * memory. */
guint8 *sg_damage(const SgDamage *d, int channels, int r, const guint8 *planes, GError **error);

G_END_DECLS
