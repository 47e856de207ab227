#include "gateway/tray/glyphs.h"

#include <map>

namespace holdfast::tray {
namespace {

using Strokes = std::vector<std::vector<Point>>;

// The mark: two posts and what holds them together.
const Strokes kMark = {{{10, 7}, {10, 25}}, {{22, 7}, {22, 25}}, {{10, 16}, {22, 16}}};
const Strokes kUpAndDown = {{{11, 25}, {11, 8}},
                            {{6, 13}, {11, 7.5}, {16, 13}},
                            {{21, 7}, {21, 24}},
                            {{16, 19}, {21, 24.5}, {26, 19}}};
const Strokes kCutLine = {{{5, 16}, {10, 16}}, {{22, 16}, {27, 16}}, {{12, 24}, {20, 8}}};
const Strokes kHeadOn = {{{4, 16}, {13, 16}},
                         {{8.5, 11}, {13.5, 16}, {8.5, 21}},
                         {{28, 16}, {19, 16}},
                         {{23.5, 11}, {18.5, 16}, {23.5, 21}}};
const Strokes kTwoBars = {{{12, 9}, {12, 23}}, {{20, 9}, {20, 23}}};
const Strokes kCall = {{{16, 7}, {16, 18}}, {{16, 24.4}, {16, 24.5}}};

}  // namespace

const Glyph& glyph_of(Symbol symbol) {
  static const std::map<Symbol, Glyph> glyphs = {{Symbol::kSynced, {0x0f7b6c, true, kMark}},
                                                 {Symbol::kSyncing, {0x1f6feb, true, kUpAndDown}},
                                                 {Symbol::kOffline, {0x5b6472, true, kCutLine}},
                                                 {Symbol::kConflict, {0xa64d00, true, kHeadOn}},
                                                 {Symbol::kPaused, {0x6b4fbb, true, kTwoBars}},
                                                 {Symbol::kError, {0xc0262d, true, kCall}},
                                                 {Symbol::kAbsent, {0x8a919c, false, kMark}}};
  return glyphs.at(symbol);
}

}  // namespace holdfast::tray
