/* The recipe's field table: a new scalar is one line here, and one where it is used.
 *
 * Of this list are made the members of SgRecipe, the JSON in saved pictures, comparison and copies,
 * the options of the commands, the parameters of strips and the names of steps in the history
 * (recipe-table.c). A row says, in this order: the member (also its JSON key), the least and the
 * greatest value that a file may hold, what a new recipe has, the JSON version that knows it, what
 * it is to sg_recipe_unmodified(), the option with its argument and help (NULL: none), the values
 * that a strip takes of it (NULL: it is no parameter of strips), and what undo calls a change of
 * it.
 *
 *   INT    an int                      SEED   a guint32, all of them allowed
 *   REAL   a double, finite            CHOICE an enum, with its words in order */
#pragma once

#include "engine/truncation/truncated-normal.h"

G_BEGIN_DECLS

typedef enum { SG_SPACE_Z, SG_SPACE_W } SgSpace;
/* RANDOM draws the planes of a face from RandomState (noise_seed + seed of the face), CONST uses
 * the planes in the file (mystylegan stores none: block i, from 1, then uses
 * RandomState (i).randn (2, r, r)). */
typedef enum { SG_NOISE_CONST, SG_NOISE_RANDOM, SG_NOISE_NONE } SgNoiseMode;

#define SG_RECIPE_VERSION     4 /* of the JSON */
#define SG_RECIPE_MAX_FACES   64
#define SG_RECIPE_MAX_SOURCES 8
#define SG_RECIPE_MAX_LAYERS  64
#define SG_RECIPE_MAX_DIM     65536
/* What a command takes: far beyond anything sensible, far within float. */
#define SG_RECIPE_FACTOR_MAX 1e6

typedef enum {
  SG_FIELD_FACE, /* which faces: stays */
  SG_FIELD_VIEW, /* how they are drawn (truncation, noise, class): stays */
  SG_FIELD_EDIT, /* goes back to what a new recipe has */
} SgFieldRole;

/* What truncation draws w towards. */
typedef enum { SG_TOWARDS_AVERAGE, SG_TOWARDS_CLUSTER } SgTowards;

/* clang-format off */
#define SG_RECIPE_SCALARS(INT, SEED, REAL, CHOICE)                                                 \
  SEED(seed, 0, 1, FACE, "seed", "N", "which face", NULL, N_("Seed"))                              \
  INT(faces, 1, SG_RECIPE_MAX_FACES, 1, 1, FACE, "faces", "N",                                     \
      "how many, from that seed on (1)", NULL, N_("Number of faces"))                              \
  INT(z_dim, 1, SG_RECIPE_MAX_DIM, 1, 1, FACE, NULL, NULL, NULL, NULL, NULL)                       \
  INT(w_dim, 1, SG_RECIPE_MAX_DIM, 1, 1, FACE, NULL, NULL, NULL, NULL, NULL)                       \
  REAL(scale, -G_MAXDOUBLE, G_MAXDOUBLE, 1, 1, EDIT, "scale", "FACTOR",                            \
       "multiplies the whole latent vector (1)", "0.05,0.1,0.25,0.5,1,1.5,2.5,5,10", N_("Scale"))  \
  CHOICE(SgSpace, scale_space, sg_space_words, SG_SPACE_W, 1, VIEW, "scale-space", "w|z",          \
         "which vector: w (default) or z", N_("Scale of"))                                         \
  REAL(psi, -G_MAXDOUBLE, G_MAXDOUBLE, 1, 1, VIEW, "trunc", "PSI", "truncation psi (1: none)",     \
       "0:1:0.125", N_("Truncation"))                                                              \
  INT(cutoff, -1, G_MAXINT32, -1, 1, VIEW, "trunc-cutoff", "N",                                    \
      "truncate only the first N layers", NULL, N_("Truncation cutoff"))                           \
  CHOICE(SgTowards, towards, sg_towards_words, SG_TOWARDS_AVERAGE, 4, VIEW, "trunc-towards",       \
         "average|cluster", "what psi draws faces towards: the average (default), or the nearest "  \
                            "of 32 clusters of w", N_("Truncation towards clusters"))               \
  REAL(tau, 0.01, SG_TAU_OFF, SG_TAU_OFF, 4, VIEW, "trunc-z", "TAU",                                \
       "z of a normal distribution that is cut off at -TAU and TAU, as BigGAN's (8: not cut)",      \
       "0.25,0.5,1,1.5,2,8", N_("Truncation of z"))                                                 \
  CHOICE(SgNoiseMode, noise_mode, sg_noise_words, SG_NOISE_CONST, 1, VIEW, "noise-mode", "MODE",   \
         "const (default), random or none", N_("Noise"))                                           \
  SEED(noise_seed, 0, 1, VIEW, "noise-seed", "N",                                                  \
       "for --noise-mode=random: added to each face's own seed (0)", NULL, N_("Noise seed"))       \
  REAL(rotate, -1e6, 1e6, 0, 2, EDIT, "rotate", "DEGREES",                                         \
       "StyleGAN3: turns what is drawn, anticlockwise (0)", "-180:180:45", N_("Rotation"))         \
  REAL(translate_x, -1e6, 1e6, 0, 2, EDIT, "translate-x", "PART",                                  \
       "StyleGAN3: moves it to the right, in parts of its width (0)", "-0.5:0.5:0.125",            \
       N_("Horizontal movement"))                                                                  \
  REAL(translate_y, -1e6, 1e6, 0, 2, EDIT, "translate-y", "PART",                                  \
       "StyleGAN3: moves it down, in parts of its height (0)", "-0.5:0.5:0.125",                   \
       N_("Vertical movement"))                                                                    \
  INT(label, -1, G_MAXINT32, -1, 1, VIEW, "class", "N|none",                                       \
      "class of a conditional model (0)", NULL, N_("Class"))
/* clang-format on */

extern const char *const sg_space_words[]; /* as SgSpace, NULL at the end; so the others */
extern const char *const sg_noise_words[];
extern const char *const sg_towards_words[];

#define SG_DECLARE_INT(name, ...)          int name;
#define SG_DECLARE_SEED(name, ...)         guint32 name;
#define SG_DECLARE_REAL(name, ...)         double name;
#define SG_DECLARE_CHOICE(type, name, ...) type name;
#define SG_RECIPE_DECLARE_SCALARS                                                                  \
  SG_RECIPE_SCALARS(SG_DECLARE_INT, SG_DECLARE_SEED, SG_DECLARE_REAL, SG_DECLARE_CHOICE)

G_END_DECLS
