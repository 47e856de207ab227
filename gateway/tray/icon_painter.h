#pragma once

#include <QIcon>
#include <QImage>

#include "gateway/tray/face.h"

namespace holdfast::tray {

// The icon of a face, in every size that trays ask for.
QIcon paint_icon(Symbol symbol, const std::string& badge);
// One of these, `size` by `size`.
QImage paint_image(Symbol symbol, const std::string& badge, int size);

}  // namespace holdfast::tray
