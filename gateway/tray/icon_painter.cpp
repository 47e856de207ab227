#include "gateway/tray/icon_painter.h"

#include <QPainter>
#include <QPixmap>

#include "gateway/tray/glyphs.h"

namespace holdfast::tray {
namespace {

constexpr double kField = 32;
constexpr double kLine = 3.6;
constexpr double kBadgeHeight = 17;
constexpr double kBadgeFont = 15;

void paint_square(QPainter& painter, const Glyph& glyph) {
  const QColor colour(QRgb(glyph.colour));
  if (glyph.filled) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawRoundedRect(QRectF(0, 0, kField, kField), 8, 8);
  } else {
    painter.setPen(QPen(colour, 3));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(1.5, 1.5, kField - 3, kField - 3), 7, 7);
  }
}

void paint_strokes(QPainter& painter, const Glyph& glyph) {
  const QColor colour = glyph.filled ? QColor(Qt::white) : QColor(QRgb(glyph.colour));
  painter.setPen(QPen(colour, kLine, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  painter.setBrush(Qt::NoBrush);
  for (const auto& stroke : glyph.strokes) {
    QPolygonF line;
    for (const Point& point : stroke) line << QPointF(point.x, point.y);
    painter.drawPolyline(line);
  }
}

// In the lower right corner, as wide as its number, set off from the square by a rim.
void paint_badge(QPainter& painter, const QString& text) {
  QFont font(QStringLiteral("sans-serif"));
  font.setBold(true);
  font.setPixelSize(static_cast<int>(kBadgeFont - 2.0 * static_cast<double>(text.size() - 1)));
  const double width =
      std::max(kBadgeHeight, QFontMetricsF(font).horizontalAdvance(text) + kBadgeHeight / 2);
  const QRectF pill(kField - width, kField - kBadgeHeight, width, kBadgeHeight);
  painter.setPen(QPen(Qt::white, 1.5));
  painter.setBrush(QColor(0x14, 0x18, 0x1f));
  painter.drawRoundedRect(pill.adjusted(0.75, 0.75, -0.75, -0.75), kBadgeHeight / 2,
                          kBadgeHeight / 2);
  painter.setFont(font);
  painter.drawText(pill, Qt::AlignCenter, text);
}

}  // namespace

QImage paint_image(Symbol symbol, const std::string& badge, int size) {
  QImage image(size, size, QImage::Format_ARGB32_Premultiplied);
  image.fill(Qt::transparent);
  QPainter painter(&image);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.scale(size / kField, size / kField);
  const Glyph& glyph = glyph_of(symbol);
  paint_square(painter, glyph);
  paint_strokes(painter, glyph);
  if (!badge.empty()) paint_badge(painter, QString::fromStdString(badge));
  return image;
}

QIcon paint_icon(Symbol symbol, const std::string& badge) {
  QIcon icon;
  for (const int size : {16, 22, 24, 32, 48, 64}) {
    icon.addPixmap(QPixmap::fromImage(paint_image(symbol, badge, size)));
  }
  return icon;
}

}  // namespace holdfast::tray
