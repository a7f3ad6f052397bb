/* VitrineNoiseList: how strong each convolution's noise is, one row a convolution, and groups that
 * switch coarse and fine noise together. 1 is as stored, 0 is none. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_NOISE_LIST (vitrine_noise_list_get_type())
G_DECLARE_FINAL_TYPE(VitrineNoiseList, vitrine_noise_list, VITRINE, NOISE_LIST, GtkBox)

GtkWidget *vitrine_noise_list_new(VitrineSession *session);
/* The model's stages (of SgProbeStage, borrowed): rows are made for its convolutions. NULL:
 * none. */
void vitrine_noise_list_set_stages(VitrineNoiseList *self, const GArray *stages);

G_END_DECLS
