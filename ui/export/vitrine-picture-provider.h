/* VitrinePictureProvider: what a dragged picture is: a PNG, or a file of one, which may still be on
 * its way when it is asked for. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_PICTURE_PROVIDER (vitrine_picture_provider_get_type())
G_DECLARE_FINAL_TYPE(VitrinePictureProvider, vitrine_picture_provider, VITRINE, PICTURE_PROVIDER,
                     GdkContentProvider)

VitrinePictureProvider *vitrine_picture_provider_new(void);
/* Once. NULL: there will be none, because of `error`. */
void vitrine_picture_provider_give(VitrinePictureProvider *self, GBytes *png, GFile *file,
                                   const char *error);

G_END_DECLS
