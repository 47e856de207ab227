#include "gateway/tray/qt_desktop.h"

#include <QApplication>
#include <QDesktopServices>
#include <QUrl>
#include <algorithm>

#include "gateway/tray/icon_painter.h"

namespace holdfast::tray {
namespace {

constexpr int kNoticeMilliseconds = 10'000;

// Menus take & for a key's mark.
QString menu_text(const std::string& text) {
  return QString::fromStdString(text).replace(QLatin1Char('&'), QLatin1String("&&"));
}

}  // namespace

QtDesktop::QtDesktop(std::function<void(Command)> run) : run_(std::move(run)) {
  icon_.setContextMenu(&menu_);
  QObject::connect(&icon_, &QSystemTrayIcon::activated, &menu_,
                   [this](QSystemTrayIcon::ActivationReason reason) {
                     const bool left = reason == QSystemTrayIcon::Trigger;
                     if (left) run_(Command::kOpenDashboard);
                   });
  QObject::connect(&icon_, &QSystemTrayIcon::messageClicked, &menu_,
                   [this] { run_(clicked_notice_); });
}

void QtDesktop::show(const Face& face) {
  if (std::pair paint{face.symbol, face.badge}; paint != painted_) {
    icon_.setIcon(paint_icon(face.symbol, face.badge));
    painted_ = std::move(paint);
  }
  icon_.setToolTip(QString::fromStdString(face.tooltip));
  if (!fits(face.menu)) rebuild(face.menu);
  relabel(face.menu);
  icon_.show();
}

bool QtDesktop::fits(const std::vector<MenuItem>& items) const {
  return std::equal(items.begin(), items.end(), items_.begin(), items_.end(),
                    [](const MenuItem& a, const MenuItem& b) { return a.id == b.id; });
}

void QtDesktop::rebuild(const std::vector<MenuItem>& items) {
  menu_.clear();
  actions_.clear();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].text.empty()) {
      actions_.push_back(menu_.addSeparator());
      continue;
    }
    actions_.push_back(menu_.addAction(QString()));
    actions_.back()->setObjectName(QString::fromStdString(items[i].id));
    // By the item of that moment: pausing and resuming share one.
    QObject::connect(actions_.back(), &QAction::triggered, &menu_,
                     [this, i] { run_(items_[i].command); });
  }
}

void QtDesktop::relabel(const std::vector<MenuItem>& items) {
  items_ = items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].text.empty()) continue;
    actions_[i]->setText(menu_text(items[i].text));
    actions_[i]->setEnabled(items[i].enabled);
    actions_[i]->setCheckable(items[i].checked.has_value());
    actions_[i]->setChecked(items[i].checked.value_or(false));
  }
}

void QtDesktop::notify(const Notice& notice) {
  clicked_notice_ = notice.opens;
  icon_.showMessage(QString::fromStdString(notice.title), QString::fromStdString(notice.text),
                    icon_.icon(), kNoticeMilliseconds);
}

void QtDesktop::open(const std::string& url) {
  QDesktopServices::openUrl(QUrl(QString::fromStdString(url)));
}

void QtDesktop::quit() {
  icon_.hide();
  QApplication::quit();
}

}  // namespace holdfast::tray
