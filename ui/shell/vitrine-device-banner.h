/* VitrineDeviceBanner: a line across the window while the device that was chosen is not what
 * renders, or cannot; what is wrong, and ways out. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_DEVICE_BANNER (vitrine_device_banner_get_type())
G_DECLARE_FINAL_TYPE(VitrineDeviceBanner, vitrine_device_banner, VITRINE, DEVICE_BANNER, AdwBin)

/* Properties: "session" VitrineSession, set once. */

G_END_DECLS
