#pragma once

#include <cstdint>
#include <vector>

#include "gateway/tray/face.h"

namespace holdfast::tray {

struct Point {
  double x = 0;
  double y = 0;
};

// A symbol as lines on a field of 32 by 32, white on a rounded square of its colour.
struct Glyph {
  std::uint32_t colour = 0;  // 0xRRGGBB
  bool filled = true;        // else only the square's border is drawn, and the lines in its colour
  std::vector<std::vector<Point>> strokes;
};

const Glyph& glyph_of(Symbol symbol);

}  // namespace holdfast::tray
