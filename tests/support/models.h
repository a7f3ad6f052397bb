/* The small networks of tests/fixtures and pictures of them. Every function fails the test where
 * the engine reports an error. */
#pragma once

#include "engine/explore/renderer.h"

G_BEGIN_DECLS

/* tests/fixtures/NAME; to be released with sg_model_unref(). */
SgModel *test_load_model(const char *name);
/* `backend` NULL: the default one. `budget`: bytes of the stage cache. */
SgRenderer *test_renderer_new(SgModel *model, SgBackend *backend, gsize budget);
/* [faces, C, R, R]; to be released with sg_tensor_unref(). */
SgTensor *test_render(SgRenderer *r, const SgRecipe *recipe);
/* The largest difference, as a part of the largest number of b. Both have equally many numbers. */
double test_difference(const SgTensor *a, const SgTensor *b);

G_END_DECLS
