/* A model's file for other programs. */
#pragma once

#include "engine/formats/view.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

typedef enum { SG_MODEL_SAFETENSORS, SG_MODEL_TORCH } SgModelForm;

/* sg_model_save() in another form: a float16 file (SG_DTYPE_FLOAT16; else SG_DTYPE_FLOAT32) is half
 * as large and draws slightly other pictures; sg_torch_write()'s is for PyTorch and holds
 * ["G_ema"], ["D"] …, and the architecture as ["__metadata__"]. Errors also those of
 * sg_stored_numbers(). */
gboolean sg_model_save_as(SgModel *model, const char *path, SgModelForm form, SgDtype dtype,
                          GError **error);

G_END_DECLS
