#include "gateway/tray/login_item.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::tray {
namespace {

namespace fs = std::filesystem;

std::string folder_in(const LoginItem::Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::string path_on(Platform platform, const LoginItem::Environment& environment) {
  const std::string home = folder_in(environment, "HOME");
  switch (platform) {
    case Platform::kLinux: {
      const std::string config = folder_in(environment, "XDG_CONFIG_HOME");
      if (config.starts_with('/')) return config + "/autostart/holdfast-tray.desktop";
      return home.empty() ? "" : home + "/.config/autostart/holdfast-tray.desktop";
    }
    case Platform::kMacos:
      return home.empty() ? "" : home + "/Library/LaunchAgents/dev.holdfast.tray.plist";
    case Platform::kWindows: {
      const std::string roaming = folder_in(environment, "APPDATA");
      return roaming.empty()
                 ? ""
                 : roaming + "/Microsoft/Windows/Start Menu/Programs/Startup/Holdfast.cmd";
    }
  }
  return "";
}

// As the Exec key wants it: quoted, and its own escapes escaped once more (Desktop Entry 1.5).
std::string desktop_word(const std::string& word) {
  std::string quoted = "\"";
  for (const char c : word) {
    if (c == '\\') {
      quoted += "\\\\\\\\";
    } else if (c == '"' || c == '`' || c == '$') {
      quoted += std::string("\\\\") + c;
    } else {
      quoted += c == '%' ? "%%" : std::string(1, c);
    }
  }
  return quoted + '"';
}

std::string xml_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return escaped;
}

std::string joined(const std::vector<std::string>& words,
                   std::string (*print)(const std::string&)) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + print(word);
  return line;
}

std::string desktop_entry(const std::vector<std::string>& command) {
  return "[Desktop Entry]\n"
         "Type=Application\n"
         "Name=Holdfast\n"
         "Comment=Shows whether your writes have reached Supabase\n"
         "Exec=" +
         joined(command, desktop_word) +
         "\n"
         "Icon=holdfast\n"
         "Terminal=false\n"
         "X-GNOME-Autostart-enabled=true\n";
}

std::string launch_agent(const std::vector<std::string>& command) {
  std::string arguments;
  for (const std::string& word : command) {
    arguments += "    <string>" + xml_text(word) + "</string>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
         "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
         "<plist version=\"1.0\">\n<dict>\n"
         "  <key>Label</key>\n  <string>dev.holdfast.tray</string>\n"
         "  <key>ProgramArguments</key>\n  <array>\n" +
         arguments +
         "  </array>\n"
         "  <key>RunAtLoad</key>\n  <true/>\n"
         "  <key>ProcessType</key>\n  <string>Interactive</string>\n"
         "</dict>\n</plist>\n";
}

std::string startup_command(const std::vector<std::string>& command) {
  const auto quoted = [](const std::string& word) {
    std::string text = "\"";
    for (const char c : word) text += c == '%' ? "%%" : std::string(1, c);
    return text + '"';
  };
  return "@start \"Holdfast\" /b " + joined(command, quoted) + "\r\n";
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Platform this_platform() {
#if defined(_WIN32)
  return Platform::kWindows;
#elif defined(__APPLE__)
  return Platform::kMacos;
#else
  return Platform::kLinux;
#endif
}

LoginItem::LoginItem(Platform platform, const Environment& environment,
                     std::vector<std::string> command)
    : platform_(platform), path_(path_on(platform, environment)), command_(std::move(command)) {}

bool LoginItem::enabled() const {
  const std::string text = read(path_);
  return !text.empty() && text.find("\nHidden=true") == std::string::npos &&
         text.find("\nX-GNOME-Autostart-enabled=false") == std::string::npos;
}

bool LoginItem::set(bool on) const {
  if (path_.empty()) return false;
  std::error_code error;
  if (!on) {
    fs::remove(path_, error);
    return !error;
  }
  fs::create_directories(fs::path(path_).parent_path(), error);
  std::ofstream file(path_, std::ios::binary | std::ios::trunc);
  file << text();
  file.close();
  return !file.fail();
}

std::string LoginItem::text() const {
  switch (platform_) {
    case Platform::kLinux:
      return desktop_entry(command_);
    case Platform::kMacos:
      return launch_agent(command_);
    case Platform::kWindows:
      return startup_command(command_);
  }
  return "";
}

}  // namespace holdfast::tray
