/* VitrineDeviceRow: a choice of what computes: automatic, the CPU, each CUDA device that is found.
 * What is chosen stays in the list where it is missing, and says so. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_DEVICE_ROW (vitrine_device_row_get_type())
G_DECLARE_FINAL_TYPE(VitrineDeviceRow, vitrine_device_row, VITRINE, DEVICE_ROW, AdwComboRow)

/* Signal "chosen" (string device): by the person. Devices are looked for on a worker; "found" when
 * they are known. */
GtkWidget *vitrine_device_row_new(const char *choice);
void vitrine_device_row_set_choice(VitrineDeviceRow *self, const char *device);
const char *vitrine_device_row_get_choice(VitrineDeviceRow *self); /* borrowed */

G_END_DECLS
