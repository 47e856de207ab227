// A desktop's side of the tray on the session bus: StatusNotifierWatcher and notification daemon.
// Reads commands from stdin and prints one line of JSON for each:
//   item          the tray's item: {"status","title","tooltip","icon":{"width","height","argb"}}
//   menu          its menu: [{"id","label","enabled","checked"}]
//   click ID      chooses an entry of the menu
//   activate      a click on the icon
//   notices       what was notified: [{"summary","body"}]
// An item that is not there is null.

#include <QCoreApplication>
#include <QDBusArgument>
#include <QDBusConnection>
#include <QDBusConnectionInterface>
#include <QDBusMessage>
#include <QDBusMetaType>
#include <QDBusServiceWatcher>
#include <QDBusVariant>
#include <QDBusVirtualObject>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSocketNotifier>
#include <iostream>
#include <string>

namespace {

constexpr auto kItem = "org.kde.StatusNotifierItem";
constexpr auto kWatcher = "org.kde.StatusNotifierWatcher";
constexpr auto kMenu = "com.canonical.dbusmenu";
constexpr auto kProperties = "org.freedesktop.DBus.Properties";

QDBusMessage call(const QString& service, const QString& path, const QString& interface,
                  const QString& method, const QVariantList& arguments) {
  QDBusMessage message = QDBusMessage::createMethodCall(service, path, interface, method);
  message.setArguments(arguments);
  return QDBusConnection::sessionBus().call(message, QDBus::Block, 5'000);
}

QVariant property(const QString& service, const QString& path, const QString& interface,
                  const QString& name) {
  const auto reply = call(service, path, kProperties, "Get", {interface, name});
  return reply.arguments().isEmpty() ? QVariant()
                                     : reply.arguments().front().value<QDBusVariant>().variant();
}

// The watcher that a desktop's panel is: items register, and are forgotten when they go.
class Watcher final : public QDBusVirtualObject {
 public:
  // Qt looks here for the property before it reads it.
  QString introspect(const QString&) const override {
    return R"(<interface name="org.kde.StatusNotifierWatcher">
      <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
      <property name="ProtocolVersion" type="i" access="read"/>
      <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
      <method name="RegisterStatusNotifierItem"><arg name="service" type="s" direction="in"/></method>
      <method name="RegisterStatusNotifierHost"><arg name="service" type="s" direction="in"/></method>
    </interface>)";
  }

  bool handleMessage(const QDBusMessage& message, const QDBusConnection& bus) override {
    const QString member = message.member();
    if (member == "RegisterStatusNotifierItem") {
      item_ = message.arguments().value(0).toString();
      if (item_.startsWith('/')) item_ = message.service();
      return bus.send(message.createReply());
    }
    if (member == "RegisterStatusNotifierHost") return bus.send(message.createReply());
    if (member == "Get") {
      return bus.send(message.createReply(
          QVariant::fromValue(QDBusVariant(value_of(message.arguments().value(1).toString())))));
    }
    if (member == "GetAll") {
      QVariantMap all;
      for (const char* name :
           {"IsStatusNotifierHostRegistered", "ProtocolVersion", "RegisteredStatusNotifierItems"}) {
        all[name] = value_of(name);
      }
      return bus.send(message.createReply(all));
    }
    return false;
  }
  // The service of the item that is registered and still there.
  QString item() const {
    const auto* names = QDBusConnection::sessionBus().interface();
    return !item_.isEmpty() && names->isServiceRegistered(item_) ? item_ : QString();
  }

 private:
  QVariant value_of(const QString& name) const {
    if (name == "ProtocolVersion") return 0;
    if (name == "IsStatusNotifierHostRegistered") return true;
    return QStringList{item_};
  }

  QString item_;
};

class NoticeDaemon final : public QDBusVirtualObject {
 public:
  QString introspect(const QString&) const override { return {}; }

  bool handleMessage(const QDBusMessage& message, const QDBusConnection& bus) override {
    const QString member = message.member();
    if (member == "GetCapabilities") {
      return bus.send(message.createReply(QStringList{"body", "actions"}));
    }
    if (member == "GetServerInformation") {
      return bus.send(message.createReply(QVariantList{"test", "test", "1", "1.2"}));
    }
    if (member == "Notify") {
      notices_.append(QJsonObject{{"summary", message.arguments().value(3).toString()},
                                  {"body", message.arguments().value(4).toString()}});
      return bus.send(message.createReply(static_cast<uint>(notices_.size())));
    }
    return member == "CloseNotification" && bus.send(message.createReply());
  }
  const QJsonArray& notices() const { return notices_; }

 private:
  QJsonArray notices_;
};

// The largest of the item's pictures, as numbers from the upper left: enough to tell them apart.
QJsonObject picture_of(const QVariant& pixmaps) {
  const auto list = pixmaps.value<QDBusArgument>();
  QJsonObject largest{{"width", 0}};
  list.beginArray();
  while (!list.atEnd()) {
    int width = 0;
    int height = 0;
    QByteArray argb;
    list.beginStructure();
    list >> width >> height >> argb;
    list.endStructure();
    if (width <= largest["width"].toInt()) continue;
    largest = {
        {"width", width}, {"height", height}, {"argb", QString::fromLatin1(argb.toBase64())}};
  }
  list.endArray();
  return largest;
}

QString tooltip_of(const QVariant& tooltip) {
  const auto argument = tooltip.value<QDBusArgument>();
  QString icon;
  QString title;
  QString text;
  argument.beginStructure();
  argument >> icon;
  argument.beginArray();
  while (!argument.atEnd()) {
    int width = 0;
    int height = 0;
    QByteArray argb;
    argument.beginStructure();
    argument >> width >> height >> argb;
    argument.endStructure();
  }
  argument.endArray();
  argument >> title >> text;
  argument.endStructure();
  return title + text;
}

QJsonValue describe(const QString& item) {
  if (item.isEmpty()) return QJsonValue::Null;
  const auto get = [&](const char* name) {
    return property(item, "/StatusNotifierItem", kItem, name);
  };
  return QJsonObject{{"status", get("Status").toString()},
                     {"title", get("Title").toString()},
                     {"tooltip", tooltip_of(get("ToolTip"))},
                     {"icon", picture_of(get("IconPixmap"))}};
}

QString menu_path(const QString& item) {
  return property(item, "/StatusNotifierItem", kItem, "Menu").value<QDBusObjectPath>().path();
}

QJsonObject describe_entry(int id, const QVariantMap& properties) {
  return {{"id", id},
          {"label", properties.value("label").toString().replace("__", "_")},
          {"separator", properties.value("type").toString() == "separator"},
          {"enabled", properties.value("enabled", true).toBool()},
          {"checked", properties.value("toggle-state", -1).toInt() == 1}};
}

QJsonValue describe_menu(const QString& item) {
  if (item.isEmpty()) return QJsonValue::Null;
  const QString path = menu_path(item);
  call(item, path, kMenu, "AboutToShow", {0});
  const auto reply = call(item, path, kMenu, "GetLayout", {0, -1, QStringList()});
  if (reply.arguments().size() < 2) return QJsonValue::Null;
  const auto layout = reply.arguments()[1].value<QDBusArgument>();
  int id = 0;
  QVariantMap properties;
  QVariantList children;
  layout.beginStructure();
  layout >> id >> properties >> children;
  layout.endStructure();
  QJsonArray entries;
  for (const QVariant& child : children) {
    const auto entry = child.value<QDBusArgument>();
    QVariantList none;
    entry.beginStructure();
    entry >> id >> properties >> none;
    entry.endStructure();
    entries.append(describe_entry(id, properties));
  }
  return entries;
}

QJsonValue click(const QString& item, int id) {
  if (item.isEmpty()) return QJsonValue::Null;
  const auto reply =
      call(item, menu_path(item), kMenu, "Event",
           {id, "clicked", QVariant::fromValue(QDBusVariant(QString())), QVariant::fromValue(0U)});
  return reply.type() == QDBusMessage::ReplyMessage;
}

QJsonValue activate(const QString& item) {
  if (item.isEmpty()) return QJsonValue::Null;
  const auto reply = call(item, "/StatusNotifierItem", kItem, "Activate", {0, 0});
  return reply.type() == QDBusMessage::ReplyMessage;
}

QJsonValue answer(const std::string& line, const Watcher& watcher, const NoticeDaemon& daemon) {
  if (line == "item") return describe(watcher.item());
  if (line == "menu") return describe_menu(watcher.item());
  if (line == "activate") return activate(watcher.item());
  if (line == "notices") return daemon.notices();
  if (line.starts_with("click ")) return click(watcher.item(), std::stoi(line.substr(6)));
  return "unknown command";
}

void print(const QJsonValue& value) {
  // An array of one, since a document is an array or an object.
  const QByteArray text = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
  std::cout << text.constData() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const QCoreApplication application(argc, argv);
  auto bus = QDBusConnection::sessionBus();
  Watcher watcher;
  NoticeDaemon daemon;
  const bool ready = bus.registerVirtualObject("/StatusNotifierWatcher", &watcher) &&
                     bus.registerVirtualObject("/org/freedesktop/Notifications", &daemon) &&
                     bus.registerService(kWatcher) &&
                     bus.registerService("org.freedesktop.Notifications");
  if (!ready) return std::cerr << "the bus gives no names\n", 1;
  QSocketNotifier input(0, QSocketNotifier::Read);
  QObject::connect(&input, &QSocketNotifier::activated, &application, [&] {
    std::string line;
    if (!std::getline(std::cin, line)) return QCoreApplication::quit();
    print(answer(line, watcher, daemon));
  });
  std::cout << "ready" << std::endl;
  return QCoreApplication::exec();
}
